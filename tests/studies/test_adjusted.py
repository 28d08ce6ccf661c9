"""Covariates taken out, and people paired, from the words of a command to its report."""

from __future__ import annotations

import json

import pytest

from neuroface import train
from neuroface.errors import ConfigError
from neuroface.studies.finished import model_files

WORDS = [
    "cohort.tasks=[OPEN]",
    "protocol.permutations=0",
    "execution.tensorboard=false",
]


def test_people_are_paired_and_everything_is_told_of_the_pairs(tmp_path):
    run = train(*WORDS, "classifier=ridge", "protocol.match=[age]", f"run={tmp_path / 'run'}")
    cohort = json.loads((run.path / "cohort.json").read_text())
    people = set(run.predictions["subject"])
    assert len(people) < 22
    assert len({name for name in people if name.startswith("A")}) == len(people) / 2
    assert cohort["people"] == {"HC": len(people) // 2, "ALS": len(people) // 2}
    assert {entry["what"] for entry in cohort["left_out"]} | people == {
        f"{g}{i:03d}" for g in "NA" for i in range(1, 12)
    }
    assert cohort["people_filled"] <= len(people)
    assert "people paired by age" in (run.path / "report" / "report.html").read_text()


def test_features_less_covariates_keep_no_models_and_say_so(tmp_path):
    run = train(*WORDS, "classifier=ridge", "protocol.residualise=[age,sex]", f"run={tmp_path / 'run'}")
    assert "age, sex taken out of the features (slopes of everyone" in (run.path / "report" / "report.html").read_text()
    assert "age, sex taken out of the features" in (run.path / "report" / "methods.md").read_text()
    with pytest.raises(ConfigError, match=r"protocol\.residualise\); its models are not kept"):
        model_files(run.path)
