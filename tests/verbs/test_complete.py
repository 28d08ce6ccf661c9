"""Completion in the shell: after the verb, of groups, options, keys and folders, at once and whatever is broken."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from neuroface.cli import VERBS
from neuroface.errors import ConfigError
from neuroface.verbs import completion
from neuroface.verbs.complete import candidates


@pytest.mark.parametrize(
    ("words", "some", "none"),
    [
        (["tr"], ["train"], ["eval"]),
        (["train", "cl"], ["classifier=", "classifier."], ["cohort="]),
        (["train", "classifier=lo"], ["classifier=logistic"], ["classifier=lstm"]),
        (["train", "classifier=lstm", "classifier.netw"], ["classifier.network."], []),
        (["train", "cohort=table", "cohort.la"], ["cohort.label=", "cohort.label_per="], []),
        (["train", "features="], ["features=["], []),
        (["train", "'features=[rom,v"], ["features=[rom,velocity"], ["features=[rom,rom"]),
        (["train", "-m", "classifier=forest,l"], ["classifier=forest,lstm"], ["classifier=forest,forest"]),
        (["train", "execution.save_models="], ["execution.save_models=true", "execution.save_models=false"], []),
        (["train", "experiment=guarin", "finetune.ep"], ["finetune.epochs="], []),
        (["eval", ""], ["bootstrap=", "run=", "ensemble="], ["classifier="]),
        (["landmarks", ""], ["landmarks=", "overlay="], ["classifier=", "protocol."]),
        (["list", "fe"], ["features"], ["train"]),
        (["check", "features=ro"], ["features=rom", "features=roundness"], ["features=velocity"]),
        (["reproduce", "gu"], ["guarin", "guarin_forest"], ["neuronet"]),
        (["completion", ""], ["bash", "zsh", "fish"], []),
        (["no_such_verb", "x"], [], []),
    ],
)
def test_candidates(words, some, none):
    found = candidates(words, VERBS)
    assert [word for word in some if word not in found] == []
    assert [word for word in none if word in found] == []


def test_folders_are_completed(tmp_path):
    (tmp_path / "runs" / "first").mkdir(parents=True)
    (tmp_path / "runs" / "first.csv").touch()
    assert candidates(["eval", f"run={tmp_path}/runs/f"], VERBS) == [
        f"run={tmp_path}/runs/first.csv", f"run={tmp_path}/runs/first/"
    ]  # fmt: skip


def test_a_broken_plug_in_still_completes(tmp_path):
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "broken.yaml").write_text("a: [1\n\t")
    word = f"hydra.searchpath=[{tmp_path}]"
    assert "features=[broken" in candidates(["train", word, "features=[br"], VERBS)
    assert "classifier=forest" in candidates(["train", word, "features=[broken]", "classifier=fo"], VERBS)


def test_nothing_heavy_is_imported_for_it():
    code = (
        "import sys; from neuroface.cli import main; main(['__complete', 'train', 'classifier.estimator.']); "
        "print(sorted({'hydra', 'omegaconf', 'numpy', 'torch', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert out[-1] == "[]"
    assert "classifier.estimator.n_estimators=" in out


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("neuroface tra", "train"),
        ("neuroface train classifier=fo", "forest"),
        ("neuroface train 'features=[als11_v1,ro", "features=[als11_v1,rom"),
        ("neuroface completion ", "fish"),
    ],
)
def test_bash_is_answered_after_the_verb_and_after_the_equals_sign(line, reply, tmp_path):
    (tmp_path / "neuroface").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m neuroface "$@"\n')
    (tmp_path / "neuroface").chmod(0o755)
    script = f"""
PATH={tmp_path}:$PATH
compopt() {{ :; }}
{completion.SCRIPTS["bash"]}
COMP_LINE={line!r} COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
COMP_POINT=${{#COMP_LINE}}
_neuroface
printf '%s\\n' "${{COMPREPLY[@]}}"
""".replace(repr(line), '"' + line + '"')
    answer = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert reply in answer.stdout.splitlines(), answer.stderr


def test_a_shell_that_is_not_known():
    with pytest.raises(ConfigError, match=r"name your shell, .*Did you mean 'bash'"):
        completion.run(["bsh"])
