"""What `neuroface new` writes runs, keeps the contracts, and lands where it belongs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from neuroface.errors import ConfigError
from neuroface.verbs import check, new

KINDS = {"feature": "features", "classifier": "classifier", "cohort": "cohort"}


def test_plug_ins_of_every_kind_keep_their_contract_and_pass_their_own_tests(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "path", list(sys.path))
    for kind in KINDS:
        new.run([kind, f"fresh_{kind}", f"out={tmp_path}"])
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()} == {
        name
        for kind, group in KINDS.items()
        for name in (f"fresh_{kind}.py", f"{group}/fresh_{kind}.yaml", f"test_fresh_{kind}.py")
    }
    check.run([*(f"{group}=fresh_{kind}" for kind, group in KINDS.items()), f"hydra.searchpath=[{tmp_path}]"])
    assert "BROKEN" not in capsys.readouterr().out
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", str(tmp_path)]
    outcome = subprocess.run(tests, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert outcome.returncode == 0, outcome.stdout


def test_in_a_checkout_the_three_files_stand_among_their_kin(tmp_path, monkeypatch, capsys):
    (tmp_path / "src" / "neuroface" / "features").mkdir(parents=True)
    monkeypatch.setattr(new, "config_dir", lambda: tmp_path / "configs")
    new.run(["feature", "squint"])
    written = ["src/neuroface/features/squint.py", "configs/features/squint.yaml", "tests/features/test_squint.py"]
    told = capsys.readouterr().out.splitlines()
    assert told[:3] == [str(tmp_path / name) for name in written]
    assert told[3] == "check it: neuroface check features=squint"
    assert "_target_: neuroface.features.squint.extent" in (tmp_path / written[1]).read_text()
    test = (tmp_path / written[2]).read_text()
    assert test.index("from neuroface import") < test.index("from neuroface.features.squint import extent")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["feature"], r"^say what is new and its name: neuroface new feature\|classifier\|cohort NAME"),
        (["feture", "x"], r"^new feture: there is no such kind. Did you mean 'feature'\?$"),
        (["feature", "Blink"], r"^'Blink' cannot be a name; use small letters"),
        (["feature", "rom"], r"^features=rom exists already. Choose another name.$"),
        (["feature", "random", "out=x"], r"^random is the name of a Python module already."),
        (["feature", "x", "to=y"], r"^say what is new"),
    ],
)
def test_a_wrong_name_is_told_and_nothing_is_written(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=message):
        new.run(words)
    assert not any(tmp_path.iterdir())


def test_what_is_there_is_never_overwritten(tmp_path):
    (tmp_path / "mine_alone.py").write_text("months of work\n")
    with pytest.raises(ConfigError, match=r"mine_alone.py: there already"):
        new.run(["feature", "mine_alone", f"out={tmp_path}"])
    assert (tmp_path / "mine_alone.py").read_text() == "months of work\n"
    assert len(list(tmp_path.iterdir())) == 1
