"""An experiment never writes beside the results of others, and `reproduce` never starts what runs for hours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neuroface.errors import ConfigError, RunMismatchError
from neuroface.studies.experiment_folder import ABOUT, check_free
from neuroface.verbs import landmarks, reproduce, train

SIX = ["als_vs_hc-BBP", "als_vs_hc-OPEN", "als_vs_hc-SPREAD", "ps_vs_hc-BBP", "ps_vs_hc-OPEN", "ps_vs_hc-SPREAD"]
TITLE = "Guarin et al., random forest on kinematics"


def held(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def experiment(folder: Path, title: str = TITLE, cells: list[str] = SIX) -> None:
    about = {"title": title, "published": None, "cells": [{"name": name, "columns": {}} for name in cells]}
    (folder / ABOUT).write_text(json.dumps(about))


@pytest.fixture
def a_run(tmp_path):
    facts = {"status": "done", "digest": "3f" * 32, "wall_s": 1.0, "choices": {"experiment": None}}
    (tmp_path / "run.json").write_text(json.dumps(facts))
    (tmp_path / "predictions.csv").write_text("sample\n")
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [["experiment=guarin_forest"], ["experiment=guarin", "size=ci"], ["experiment=neuronet", "cohort=synthetic"]],
)
def test_an_experiment_does_not_write_into_a_run(words, a_run):
    before = held(a_run)
    with pytest.raises(ConfigError, match=r"holds a run, and this experiment has several. Nothing was changed"):
        train.run([*words, f"run={a_run}"])
    assert held(a_run) == before


def test_nor_into_another_experiment_or_a_folder_of_something_else(tmp_path):
    experiment(tmp_path, title="Neuro-Net's ladder on one task")
    with pytest.raises(RunMismatchError, match=r"holds another experiment, \"Neuro-Net's ladder"):
        check_free(tmp_path, title=TITLE, cells=SIX)
    experiment(tmp_path)
    with pytest.raises(RunMismatchError, match="with cells als_vs_hc-SPREAD"):  # which would lose their place
        check_free(tmp_path, title=TITLE, cells=[name for name in SIX if name != "als_vs_hc-SPREAD"])
    (tmp_path / ABOUT).unlink()
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(ConfigError, match=r"is not a folder of this experiment: it holds thesis.docx"):
        check_free(tmp_path, title=TITLE, cells=SIX)


def test_its_own_folder_is_gone_on_with(tmp_path):
    check_free(tmp_path / "absent", title=TITLE, cells=SIX)
    for name in (*SIX[:2], "finetune", "landmarks"):  # interrupted before the table was drawn
        (tmp_path / name).mkdir()
    check_free(tmp_path, title=TITLE, cells=SIX)
    experiment(tmp_path)
    check_free(tmp_path, title=TITLE, cells=[*SIX, "one more"])


def test_landmarks_are_not_written_into_a_run(a_run):
    before = held(a_run)
    with pytest.raises(ConfigError, match="a run is kept there"):
        landmarks.run([f"out={a_run}"])
    assert held(a_run) == before


@pytest.mark.parametrize(
    ("words", "size"),
    [(["guarin"], "12 runs. It takes half an hour"), (["guarin", "size=ci"], "12 runs"), (["fan_finetune"], "one run")],
)
def test_reproduce_says_what_it_would_start_and_starts_nothing(words, size, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="holds no finished experiment, so there is nothing to show") as error:
        reproduce.run(words)
    assert size in str(error.value)
    start = " ".join([f"neuroface train experiment={words[0]}", *words[1:], f"run=runs/{words[0]}"])
    assert str(error.value).endswith(start)
    assert not any(tmp_path.iterdir())


def test_reproduce_does_not_show_another_experiment_or_run(a_run):
    with pytest.raises(RunMismatchError, match="holds a run of no experiment, not 'fan_finetune'"):
        reproduce.run(["fan_finetune", f"run={a_run}"])
    experiment(a_run)
    with pytest.raises(RunMismatchError, match="holds another experiment"):
        reproduce.run(["guarin", f"run={a_run}"])
