"""Covariates taken out, and people paired, from the words of a command to its report."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np

from neuroface import train
from neuroface.configuration.compose import compose
from neuroface.studies import digital_face
from neuroface.studies.building import build_protocol, build_samples
from neuroface.studies.finished import model_files
from neuroface.studies.kept_models import covariates_of, load_model

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


def test_features_less_covariates_say_so_and_keep_models_that_ask_for_them(tmp_path):
    run = train(*WORDS, "classifier=ridge", "protocol.residualise=[age,sex]", f"run={tmp_path / 'run'}")
    assert "age, sex taken out of the features (slopes of everyone" in (run.path / "report" / "report.html").read_text()
    assert "age, sex taken out of the features" in (run.path / "report" / "methods.md").read_text()
    files = model_files(run.path)
    assert len(files) == 22
    assert covariates_of(load_model(files[0])) == ["age", "sex"]


def test_the_digital_face_is_of_those_who_are_paired_and_of_stages():
    """Who has no partner moves no mean; a stage is drawn, though recordings know its group only."""

    class Head:
        def fit(self, landmarks, repetitions, *, mirrored):
            return SimpleNamespace(error_mm=np.zeros(1), astray=np.zeros(1)), "moved", np.zeros(1)

        def mean(self, movements):
            return movements

    few = [*WORDS, "cohort.repetitions={OPEN: 1}", "cohort.fps=10", "quality=null"]
    for words, classes in (
        (["protocol.match=[age]"], ("HC", "ALS")),
        (["protocol=als_stages", "protocol.task=OPEN"], ("HC", "early", "late")),
    ):
        config, _ = compose("train", [*few, *words])
        samples, _ = build_samples(config, build_protocol(config))
        run = SimpleNamespace(classes=classes, is_within_person=False)
        movements, _, _ = digital_face._movements(config, run, Head(), relief=False)
        asked = {name: len(set(samples.subject[samples.y == name].tolist())) for name in classes}
        assert {group: len(people) for group, people in movements.items()} == asked
