"""Several runs from one command: which ones there are, and that one's failure is not the others'."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from neuroface.configuration.sweep import jobs, with_flags
from neuroface.errors import AuditError, ConfigError, DataError, RunFailedError


def runner(done: list[list[str]], fail=lambda words: None):
    def run(overrides: list[str]) -> None:
        done.append(overrides)
        fail(overrides)

    return run


def test_every_combination():
    assert jobs(["classifier=forest,dummy", "seed=range(1,3)", "frame=head"]) == [
        ["classifier=forest", "seed=1", "frame=head"],
        ["classifier=forest", "seed=2", "frame=head"],
        ["classifier=dummy", "seed=1", "frame=head"],
        ["classifier=dummy", "seed=2", "frame=head"],
    ]


def test_lists_and_paths_with_special_characters():
    assert jobs(["features=[rom],[rom,velocity]"]) == [["features=[rom]"], ["features=[rom,velocity]"]]
    assert jobs(["cohort.path=a*.csv,b.csv"]) == [["cohort.path='a*.csv'"], ["cohort.path=b.csv"]]


def test_loose_folders_reach_every_run(tmp_path):
    assert jobs([f"hydra.searchpath=[{tmp_path}]", "seed=1,2"]) == [
        [f"seed={n}", f"hydra.searchpath=['{tmp_path}']"] for n in (1, 2)
    ]


def test_a_glob_runs_over_options():
    assert jobs(["split=glob(loso*)"]) == [["split=loso"], ["split=loso_rebalanced"]]


def test_one_wrong_choice_does_not_stop_the_others(capsys):
    done: list[list[str]] = []
    with pytest.raises(RunFailedError, match=r"^1 of 2 runs failed: classifier=forrest\.$"):
        with_flags("train", ["-m", "classifier=forrest,dummy"], runner(done))
    assert done == [["classifier=dummy"]]
    assert "classifier=forrest: there is no such option. Did you mean 'forest'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DataError("nobody is there."), "neuroface: seed=1: nobody is there."),
        (PermissionError(13, "Permission denied", "runs"), "neuroface: seed=1: runs: Permission denied."),
    ],
)
def test_a_run_that_fails_does_not_stop_the_others(error, said, capsys):
    def fail(words):
        if words == ["seed=1"]:
            raise error

    done: list[list[str]] = []
    with pytest.raises(RunFailedError, match=r"^1 of 2 runs failed: seed=1\.$"):
        with_flags("train", ["-m", "seed=1,2"], runner(done, fail))
    assert done == [["seed=1"], ["seed=2"]]
    assert (
        "nobody is there." if isinstance(error, DataError) else "runs: Permission denied."
    ) in capsys.readouterr().err


def test_runs_of_which_only_audits_are_not_clean_end_as_an_audit_does():
    def fail(words):
        if words != ["seed=1"]:
            raise AuditError("the audit of runs/x is LEAKY.") if words == ["seed=2"] else DataError("nobody is there.")

    with pytest.raises(AuditError, match=r"^the audits of 1 of 2 runs are not clean: seed=2\.$") as caught:
        with_flags("train", ["-m", "seed=1,2"], runner([], fail))
    assert caught.value.exit_code == 5
    with pytest.raises(RunFailedError, match=r"^2 of 3 runs failed: seed=2; seed=3\.$"):
        with_flags("train", ["-m", "seed=1,2,3"], runner([], fail))


def test_what_is_wrong_with_all_runs_is_told_once_and_none_begins():
    done: list[list[str]] = []
    with pytest.raises(ConfigError) as caught:
        with_flags("train", ["-m", "classifer=forest,dummy"], runner(done))
    assert str(caught.value) == "there is no key 'classifer'. Did you mean 'classifier'?"
    assert done == []


def test_all_runs_refused_later_are_a_configuration_error_too():
    def fail(_):
        raise ConfigError("no.")

    with pytest.raises(ConfigError, match=r"^none of the 2 runs could start, as told above\.$"):
        with_flags("train", ["-m", "seed=1,2"], runner([], fail))


def test_hydras_own_flags_answer_with_our_errors():
    with pytest.raises(ConfigError, match=r"^there is no key 'classifer'\. Did you mean 'classifier'\?$"):
        with_flags("train", ["--cfg", "job", "classifer=forest"], runner([]))


def test_another_launcher_is_hydras(capsys, tmp_path, monkeypatch):
    """The basic launcher, asked for by name, goes the way that processes and clusters go."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logging, "shutdown", lambda *_: None)  # or Hydra's logging closes streams of pytest's own
    done: list[list[str]] = []
    with_flags("train", ["-m", "hydra/launcher=basic", "seed=1,2"], runner(done))
    assert done == [["seed=1"], ["seed=2"]]

    def fail(_):
        raise DataError("nobody is there.")

    with pytest.raises(RunFailedError):
        with_flags("train", ["-m", "hydra/launcher=basic", "seed=1"], runner([], fail))
    assert "neuroface: seed=1: nobody is there." in capsys.readouterr().err


def test_a_launcher_that_is_not_installed_says_what_to_install(monkeypatch):
    monkeypatch.setattr("neuroface.configuration.sweep.EXTRAS", {"submitit_slurm": ("slurm", "no-such-distribution")})
    with pytest.raises(ConfigError, match=r"submitit_slurm needs pip install 'neuroface\[slurm\]'"):
        with_flags("train", ["-m", "hydra/launcher=submitit_slurm", "seed=1,2"], runner([]))
    monkeypatch.setattr("neuroface.configuration.sweep.EXTRAS", {})
    monkeypatch.setattr("neuroface.configuration.sweep.which", lambda name: None)
    with pytest.raises(ConfigError, match="there is no srun here"):
        with_flags("train", ["-m", "hydra/launcher=submitit_slurm", "seed=1,2"], runner([]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("launcher", "needs"),
    [
        ("submitit_local", "hydra_plugins.hydra_submitit_launcher"),
        ("joblib", "hydra_plugins.hydra_joblib_launcher"),
    ],
)
def test_runs_of_launchers_have_the_bytes_of_one_by_one_and_one_that_fails_leaves_the_other(
    launcher, needs, tmp_path: Path
):
    pytest.importorskip(needs)
    study = ["classifier=dummy", "cohort.people={HC: 3, ALS: 3}", "protocol.permutations=0", "execution.n_jobs=1"]

    def ended_with(*words: str) -> int:
        command = [sys.executable, "-m", "neuroface", "train", *study, *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode

    assert ended_with("run=alone", "seed=2") == 0
    assert ended_with("-m", f"hydra/launcher={launcher}", "protocol.task=OPEN,NOSUCH", "seed=2") == 1
    [scores] = tmp_path.glob("runs/*/scores.json")
    assert scores.read_bytes() == (tmp_path / "alone/scores.json").read_bytes()


def test_on_the_command_line_nothing_but_the_runs_is_left(tmp_path: Path):
    words = ["prepare", "-m", "cohort.people={HC: 1}", "cohort.tasks=[OPEN]", "out=made,more"]
    answer = subprocess.run(
        [sys.executable, "-m", "neuroface", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made", "more"]


@pytest.mark.parametrize(
    ("verb", "words", "says"),
    [
        (
            "train",
            ["run=x", "seed=1,2"],
            "2 of the 2 runs would write to one place, run=x: seed=1; seed=2. Nothing was ",
        ),
        (
            "train",
            ["run=x,y", "seed=1,2"],
            "2 of the 4 runs would write to one place, run=x: seed=1; seed=2",
        ),
        (
            "train",
            ["experiment=guarin", "seed=1,2"],
            "2 of the 2 runs would write to one place, run=runs/guarin: seed=1",
        ),
        (
            "features",
            ["out=x.csv", "frame=head,camera"],
            "would write to one place, out=x.csv: frame=head; frame=camera",
        ),
        (
            "landmarks",
            ["out=x", "lift=none,depth"],
            "Nothing was started; start them one by one, each with its own out=",
        ),
        (
            "train",
            ["hydra/launcher=basic", "run=x", "seed=1,2"],
            "leave run= out, which gives each a folder of its own",
        ),
    ],
)
def test_a_sweep_that_would_write_to_one_place_is_refused_before_the_first_run(verb, words, says):
    done: list[list[str]] = []
    with pytest.raises(ConfigError) as error:
        with_flags(verb, ["-m", *words], runner(done))
    assert says in str(error.value)
    assert done == []


def test_a_sweep_over_places_or_without_one_runs():
    done: list[list[str]] = []
    with_flags("train", ["-m", "run=x,y"], runner(done))
    with_flags("train", ["-m", "seed=1,2"], runner(done))
    with_flags("train", ["-m", "run=x", "seed=1"], runner(done))
    assert len(done) == 5


def test_after_several_runs_all_that_were_started_are_named(capsys):
    done, after = [], []

    def fail(words):
        if "seed=2" in words:
            raise DataError("nobody is there.")

    with pytest.raises(RunFailedError):
        with_flags("train", ["-m", "seed=1,2,-3"], runner(done, fail), after.append)
    assert after == [[["seed=1"], ["seed=2"]]]  # the last could not start
