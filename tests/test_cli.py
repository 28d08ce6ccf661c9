"""The command line as a person meets it: help, exit codes, messages; in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from neuroface import __version__
from neuroface.cli import VERBS


def neuroface(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "neuroface", *words], capture_output=True, text=True, cwd=cwd, check=False, timeout=120
    )


def test_version():
    assert neuroface("--version").stdout == f"neuroface {__version__}\n"


def test_help_names_every_verb_and_exit_code():
    answer = neuroface("--help")
    assert answer.returncode == 0
    assert all(re.search(rf"^  {verb} ", answer.stdout, re.MULTILINE) for verb in VERBS)
    assert "not a medical device" in answer.stdout
    assert "130 interrupted" in answer.stdout


@pytest.mark.parametrize("words", [["--help"], ["--version"], *[[verb, "--help"] for verb in VERBS]])
def test_help_loads_nothing_heavy(words):
    code = (
        "import sys; from neuroface.cli import main; main(sys.argv[1:]); "
        "heavy = {'torch', 'numpy', 'pandas', 'sklearn', 'hydra'} & set(sys.modules); "
        "print('loaded', sorted(heavy))"
    )
    run = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "loaded []"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], "neuroface: there is no verb 'trian'. Did you mean 'train'? See neuroface --help."),
        (["train", "classifer=forest"], "neuroface: there is no key 'classifer'. Did you mean 'classifier'?"),
        (
            ["train", "classifier=forrest"],
            "neuroface: classifier=forrest: there is no such option. Did you mean 'forest'?",
        ),
        (
            ["train", "protocol.permutation=3"],
            "neuroface: there is no key 'protocol.permutation'. Did you mean 'protocol.permutations'",
        ),
        (["train", "protocol.task"], "neuroface: Error parsing override 'protocol.task'"),
        (["train", "protocol.permutations=-1"], "neuroface: protocol.permutations is -1; it must be a whole number"),
        (["features"], "neuroface: out= says where the table goes: out=FILE.csv or out=FILE.parquet."),
        (["prepare"], "neuroface: out= says where the folder goes: out=DIR."),
        (["report", "run=nowhere"], "neuroface: nowhere is not a run folder: it has no run.json."),
        (["list", "feature"], "neuroface: there is no group 'feature'. Did you mean 'features'?"),
        (["check", "features=rum"], "neuroface: features=rum: there is no such option. Did you mean 'rom'?"),
        (["train", "features=[]", "run=r"], "neuroface: No features are chosen."),
        (["train", "frame=haed", "run=r"], "neuroface: Unknown frame 'haed' for features. Did you mean 'head'?"),
        (
            ["train", "protocol.classes=[HC,MS]"],
            "neuroface: Unknown group 'MS' for this cohort. Choose from ALS, HC, PS.",
        ),
        (["train", "protocol.task=SMILE"], "neuroface: Unknown task 'SMILE'"),
    ],
)
def test_usage_errors_say_what_and_return_2(words, message, tmp_path):
    answer = neuroface(*words, cwd=tmp_path)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith(message)
    assert "Traceback" not in answer.stderr
    assert not any(tmp_path.iterdir()), "a command that cannot start leaves nothing behind"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "cohort=folder", "cohort.root=nowhere"], "There is no folder"),
        (["train", "cohort=gfe", "cohort.root=."], "index.csv"),
        (["train", "cohort=table", "cohort.path=no.csv", "cohort.features=f_*"], "no.csv"),
    ],
)
def test_data_errors_return_3(words, message, tmp_path):
    answer = neuroface(*words, cwd=tmp_path)
    assert answer.returncode == 3, answer.stderr
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr


def test_works_from_any_directory(tmp_path):
    assert "rom.mouth_opening" in neuroface("list", "features", cwd=tmp_path).stdout


def test_threads_are_limited_before_numerical_libraries_load():
    code = (
        "import os, sys; from neuroface.cli import main; main(['list']); "
        "print(os.environ['OMP_NUM_THREADS'], os.environ['GOMP_SPINCOUNT'])"
    )
    clean = {k: v for k, v in os.environ.items() if k not in ("OMP_NUM_THREADS", "GOMP_SPINCOUNT")}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=clean)
    assert run.stdout.splitlines()[-1] == "1 300"
