"""The command line as a person meets it: help, exit codes, messages."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from neuroface import __version__
from neuroface.cli import VERBS, main


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
        (["list", "feature"], "neuroface: there is no group 'feature'. Did you mean 'features' or 'finetune'?"),
        (["check", "features=rum"], "neuroface: features=rum: there is no such option. Did you mean 'rom'?"),
        (["train", "features=[]", "run=r"], "neuroface: No features are chosen."),
        (["train", "frame=haed", "run=r"], "neuroface: Unknown frame 'haed' for features. Did you mean 'head'?"),
        (
            ["train", "protocol.classes=[HC,MS]"],
            "neuroface: Unknown group 'MS' for this cohort. Choose from ALS, HC, PS.",
        ),
        (["train", "protocol.task=SMILE"], "neuroface: Unknown task 'SMILE'"),
        (["train", "cohort.effect=abc"], "neuroface: cohort.effect is 'abc'; a number is wanted (default 1.0)."),
        (["train", "landmarks.median_frames=4"], "neuroface: landmarks.median_frames is 4; an odd number is wanted"),
        (["train", "seed=-1"], "neuroface: seed is -1; a whole number of at least 0 is wanted."),
        (["train", "run=/dev/null/x"], "neuroface: run=/dev/null/x: cannot write to /dev/null (is a file"),
        (["features", "out=/dev/null/x.csv"], "neuroface: out=/dev/null/x.csv: cannot write to /dev/null (is a file"),
        (["prepare", "out=/dev/null/x"], "neuroface: out=/dev/null/x: cannot write to /dev/null (is a file"),
        (["landmarks", "out=/dev/null/x"], "neuroface: out=/dev/null/x: cannot write to /dev/null (is a file"),
        (["train", "-m", "classifer=forest,dummy"], "neuroface: there is no key 'classifer'. Did you mean"),
    ],
)
def test_usage_errors_say_what_and_return_2(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(message)
    assert not any(tmp_path.iterdir()), "a command that cannot start leaves nothing behind"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "cohort=folder", "cohort.root=nowhere"], "There is no folder"),
        (["train", "cohort=gfe", "cohort.root=."], "index.csv"),
        (["train", "cohort=table", "cohort.path=no.csv", "cohort.features=f_*"], "no.csv"),
    ],
)
def test_data_errors_return_3(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 3
    assert message in capsys.readouterr().err


def test_a_process_ends_with_the_code_and_the_message(tmp_path):
    answer = neuroface("train", "cohort=folder", "cohort.root=nowhere", cwd=tmp_path)
    assert (answer.returncode, answer.stdout) == (3, "")
    assert answer.stderr.startswith("neuroface: There is no folder")
    assert answer.stderr.count("\n") == 1


def test_a_file_that_the_system_refuses_is_a_message(monkeypatch, capsys):
    """Errors of the file system can come at any moment; the disk fills up in the middle of a run."""
    import errno

    from neuroface import cli, verbs

    def full(verb, arguments):
        raise OSError(errno.ENOSPC, "No space left on device", "runs/a/folds/P1.csv")

    monkeypatch.setattr(verbs, "run_verb", full)
    assert cli.main(["train"]) == 2
    assert capsys.readouterr().err.startswith("neuroface: runs/a/folds/P1.csv: No space left on device. See that")


@pytest.mark.parametrize(
    ("sent", "code", "told"),
    [
        (signal.SIGTERM, 143, "terminated; what was finished is kept, and the same command continues"),
        (signal.SIGINT, 130, "interrupted; the same command starts again"),
    ],
)
def test_a_job_that_is_ended_from_outside_is_put_in_order_first(sent, code, told):
    """Batch systems and containers send SIGTERM: what is open is closed, as after Ctrl-C."""
    script = """
import sys, time
from neuroface import cli, verbs

def work(verb, arguments):
    try:
        print("at work", flush=True)
        time.sleep(60)
    finally:
        print("put in order", flush=True)

verbs.run_verb = work
raise SystemExit(cli.main([sys.argv[1]]))
"""
    verb = "train" if "kept" in told else "features"
    job = subprocess.Popen(
        [sys.executable, "-c", script, verb],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a shell that starts these tests in the background has them ignore Ctrl-C, and their children with them
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert job.stdout.readline() == "at work\n"
    job.send_signal(sent)
    out, err = job.communicate(timeout=60)
    assert (job.returncode, out) == (code, "put in order\n")
    assert err == f"neuroface: {told}.\n"


def test_help_of_a_verb_shows_the_keys_of_default_choices_as_hydra_composes_them():
    from omegaconf import OmegaConf

    from neuroface.configuration.compose import compose

    lines = neuroface("train", "--help").stdout.splitlines()
    shown = dict(line.split(maxsplit=1) for line in lines if re.match(r"^    \w+\.[\w.]+  ", line))
    config, _ = compose("train", [])
    groups = "protocol", "cohort", "execution", "split", "landmarks", "lift", "classifier", "repetitions", "quality"
    common = {"cohort.exclude", "cohort.skip_broken", "cohort.frontal_only"}

    def leaves(node, prefix):
        for key, value in node.items():
            if isinstance(value, dict) and "_target_" in value:
                yield from leaves(value, f"{prefix}.{key}")
            elif not key.startswith("_"):
                yield f"{prefix}.{key}", value

    composed = {k: v for g in groups for k, v in leaves(OmegaConf.to_container(config[g]), g) if k not in common}
    assert composed.keys() <= shown.keys()
    assert {key: OmegaConf.create(f"x: {shown[key]}").x for key in composed} == composed
    assert shown["protocol.permutations"] == "499"


@pytest.mark.parametrize(
    ("words", "shown", "not_shown"),
    [
        (["train", "cohort=table"], ["cohort.label_per", "protocol=as_labelled"], ["cohort.effect"]),
        (["eval"], ["bootstrap: 2000", "ensemble: mean", "# resamples of people"], ["groups and their choices"]),
        (["landmarks", "landmarks=fan"], ["landmarks.weights", "quality.gate.max_share", "overlay: false"],
         ["classifier", "protocol.", "split=", "pixel_scale"]),
        (["features"], ["pixel_scale: null", "repetitions="], ["protocol.", "classifier.", "split="]),
        (["explain"], ["panels: 24", "execution.device"], ["classifier."]),
    ],
)  # fmt: skip
def test_help_shows_what_the_verb_uses_under_the_words_given(words, shown, not_shown):
    told = neuroface(*words, "--help").stdout
    assert [text for text in shown if text not in told] == []
    assert [text for text in not_shown if text in told.split("groups and their choices")[-1]] == []


def test_examples_can_be_pasted_into_any_shell(tmp_path):
    """zsh refuses a word with brackets that match no file, bash expands braces: such words are quoted."""
    root = Path(__file__).resolve().parents[1]
    files = [root / "README.md", root / "CONTRIBUTING.md", *(root / "docs").rglob("*.md")]
    texts = {str(file.relative_to(root)): file.read_text(encoding="utf-8") for file in files}
    texts["neuroface --help"] = neuroface("--help").stdout
    bare = [
        f"{name}: {line.strip()}"
        for name, text in texts.items()
        for line in text.splitlines()
        if re.search(r"(^ *|`)neuroface [a-z]+ |^    [a-z]+\.[a-z.]+=", line)
        for command in re.findall(r"`(neuroface [^`]*)`", line) or [line]
        if re.search(r"=[^ '`]*[\[{*]", re.sub(r"'[^']*'|#.*", "", command)) and "[group=" not in command
    ]
    assert bare == []


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
