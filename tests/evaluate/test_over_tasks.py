"""One score of a person over tasks: what is planted in one task is found, nothing is found in nothing, nobody leaks."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from neuroface.classifiers.least_squares import Ridge
from neuroface.errors import ConfigError, DataError, LeakageError
from neuroface.evaluate import engine
from neuroface.evaluate.many import Fit
from neuroface.evaluate.over_tasks import OverTasks, by_person
from neuroface.evaluate.permutations import run_permutation, run_permutations
from neuroface.evaluate.plan import plan
from neuroface.evaluate.predictions import read_predictions
from neuroface.evaluate.protocol import Protocol
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.splits import Loso, LosoRebalanced, StratifiedSubjectKFold
from neuroface.types import Parts, Samples

OVER = Protocol(classes=("HC", "ALS"), task="all", permutations=0)
TASKS = ("OPEN", "SPREAD", "KISS")


def cohort(n: int = 8, *, shift: float = 0.0, seed: int = 0, skip: tuple[str, ...] = ()) -> Samples:
    """n people a group, three tasks, two repetitions; ALS differs by `shift` in SPREAD. skip: who does no OPEN."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"{group}{i:02d}", group, task, repetition)
        for group in ("HC", "ALS") for i in range(n) for task in TASKS for repetition in range(2)
        if not (task == "OPEN" and f"{group}{i:02d}" in skip)
    ]  # fmt: skip
    subject, y, task, repetition = map(np.array, zip(*rows, strict=True))
    own = {key: rng.normal(size=3) for key in dict.fromkeys(zip(subject, task, strict=True))}
    X = np.stack([own[key] for key in zip(subject, task, strict=True)]) + 0.3 * rng.normal(size=(len(y), 3))
    X[(y == "ALS") & (task == "SPREAD")] += shift
    sample = np.array(["/".join(map(str, (s, t, r))) for s, t, r in zip(subject, task, repetition, strict=True)])
    meta = {"sample": sample, "group": y, "task": task, "repetition": repetition}
    return Samples(X=X, y=y, subject=subject, meta=meta, feature_names=("rom.a_mm", "rom.b_mm", "rom.c_mm"))


def run(path, samples, estimator=None, *, splitter=None, protocol=OVER):
    planned = plan(samples, estimator or Ridge(), splitter or Loso(), protocol=protocol)
    with RunFolder(path).open({"seed": 0}) as folder:
        return engine.run(planned, folder)


def test_the_order_of_rows_does_not_matter_and_no_task_is_called_all(tmp_path):
    samples = cohort(5, shift=1.0)
    rows = np.random.default_rng(1).permutation(len(samples.y))
    meta = {key: values[rows] for key, values in samples.meta.items()}
    shuffled = replace(samples, X=samples.X[rows], y=samples.y[rows], subject=samples.subject[rows], meta=meta)
    said = []
    for name, one in (("sorted", samples), ("shuffled", shuffled)):
        run(tmp_path / name, one)
        said.append(read_predictions(tmp_path / name / "predictions.csv").set_index("subject").sort_index()["p_ALS"])
    np.testing.assert_allclose(*said, atol=1e-9)
    called = replace(samples, meta={**samples.meta, "task": np.where(samples.meta["task"] == "KISS", "all", "OPEN")})
    with pytest.raises(DataError, match="called all"):
        by_person(called)


def test_an_effect_in_one_task_is_found_and_that_task_counts_most(tmp_path):
    scores = run(tmp_path, cohort(6, shift=2.5), protocol=replace(OVER, permutations=19))
    assert scores["subject"]["auc"] > 0.9
    assert scores["subject"]["auc_p"] <= 0.05
    alone = {name: of["auc"] for name, of in scores["parts"]["each"].items()}
    assert max(alone, key=alone.get) == "SPREAD"
    weights = tmp_path / "task_weights"
    assert all(max(of := json.loads(file.read_text()), key=of.get) == "SPREAD" for file in weights.glob("*.json"))
    assert sum(json.loads(next(weights.glob("*.json")).read_text()).values()) == pytest.approx(1)
    table = read_predictions(tmp_path / "predictions.csv")
    assert len(table) == 12
    assert set(table["task"]) == {"KISS+OPEN+SPREAD"}


@pytest.mark.parametrize("method", ["stack", "mean"])
def test_nothing_is_found_where_there_is_nothing(method):
    """Pairs of the two classes within a fold have no bias of left-out scores: .5 on average whatever the learner."""
    right = []
    for seed in range(30):
        people = by_person(cohort(6, seed=seed))
        y, fits = (people.y == "ALS").astype(int), []
        folds = list(StratifiedSubjectKFold(n_splits=3, seed=seed).split(None, people.y, people.subject))
        fits = [Fit(y, train, test, np.ones(len(train)), seed) for train, test in folds]
        for (_, test), p in zip(folds, OverTasks(Ridge(), method=method).predict_many(people.X, fits, 2), strict=True):
            p = p[:, 1].round(12)
            right.append((p[y[test] == 1][:, None] > p[y[test] == 0]).mean())
    assert np.mean(right) == pytest.approx(0.5, abs=3 * 0.2 / np.sqrt(30))  # sd of one cohort is about .2


@pytest.mark.parametrize("splitter", [Loso(), LosoRebalanced(), StratifiedSubjectKFold(n_splits=4)])
def test_a_person_who_is_judged_shapes_nothing_that_judges_them(splitter):
    """Rows of the judged made absurd, and their classes turned round: weights and models are the same to the bit."""
    samples = cohort(5, shift=1.0)
    planned = plan(samples, Ridge(), splitter, protocol=OVER)
    fold = planned.folds[0]
    judged = np.isin(samples.subject, planned.samples.subject[fold.test])
    X, y = samples.X.copy(), samples.y.copy()
    X[judged] = 1e6
    y[judged] = np.where(y[judged] == "HC", "ALS", "HC")
    before = OverTasks(Ridge()).fit(planned.task.X[fold.train], planned.task.y[fold.train])
    absurd = by_person(replace(samples, X=X, y=y))
    after = OverTasks(Ridge()).fit(absurd.X[fold.train], absurd.y[fold.train])
    assert before.task_weights_ == after.task_weights_
    for name in TASKS:
        assert (before.models_[name].coef_ == after.models_[name].coef_).all()


def test_weights_come_from_people_whom_the_models_of_the_inner_folds_have_not_seen():
    """One nearest neighbour knows its own training people by heart; with it, noise would look like knowledge."""
    samples = by_person(cohort(10, shift=0))
    model = OverTasks(KNeighborsClassifier(1)).fit(samples.X, samples.y)
    rows, p = model.held_out_
    right = (p.argmax(axis=1) == (samples.y[rows] == model.classes_[1])).mean()
    assert right < 0.85  # fitted on them: 1
    assert (model.predict(samples.X) == samples.y).all()


def test_many_fits_at_once_are_those_of_one_by_one():
    planned = plan(cohort(5, shift=0.5, skip=("HC01",)), Ridge(), Loso(), protocol=OVER)
    many = {b: (y, p) for b, y, p in run_permutations(planned.task, planned.splitter, [0, 1])}
    for b, (y, p) in many.items():
        y_alone, p_alone = run_permutation(planned.task, planned.splitter, b)
        assert (y == y_alone).all()
        assert p == pytest.approx(p_alone, abs=1e-9)


def test_who_misses_a_task_is_judged_by_the_others():
    people = by_person(cohort(6, shift=2, skip=("HC01", "ALS02")))
    model = OverTasks(Ridge()).fit(people.X, people.y)
    parts, at = model.predict_parts(people.X), people.subject.tolist().index("HC01")
    assert np.isnan(parts["OPEN"][at]).all()
    w = model.task_weights_
    expected = w["SPREAD"] * parts["SPREAD"][at] + w["KISS"] * parts["KISS"][at]
    assert model.predict_proba(people.X)[at] == pytest.approx(expected / (w["SPREAD"] + w["KISS"]))


def test_that_a_task_is_missing_tells_nothing(tmp_path):
    """All but two healthy people skip OPEN: whoever took that for a feature would know the class."""
    samples = cohort(8, seed=3, skip=tuple(f"HC{i:02d}" for i in range(6)))
    assert run(tmp_path, samples)["subject"]["auc"] < 0.8


def test_a_task_without_a_class_in_training_is_left_out_and_who_did_nothing_else_gets_the_shares():
    samples = by_person(cohort(4, shift=1))
    X = {name: values.copy() for name, values in samples.X.arrays.items()}
    X["OPEN"][samples.y == "HC"] = np.nan
    only_open = samples.subject.tolist().index("ALS00")
    X["SPREAD"][only_open] = X["KISS"][only_open] = np.nan
    model = OverTasks(Ridge()).fit(Parts(X), samples.y)
    assert model.task_weights_["OPEN"] == 0
    with pytest.warns(UserWarning, match="1 of 8 people who are judged did no task that could be learnt from"):
        p = model.predict_proba(Parts(X))
    assert p[only_open] == pytest.approx([0.5, 0.5])
    fit = Fit((samples.y == "ALS").astype(int), np.arange(8), np.arange(8), np.ones(8), 0)
    assert next(OverTasks(Ridge()).predict_many(Parts(X), [fit], 2))[only_open] == pytest.approx([0.5, 0.5])


def test_copies_and_values_fitted_on_who_is_judged_are_found(tmp_path):
    samples = cohort(4)
    X = samples.X.copy()
    X[samples.subject == "HC01"] = X[samples.subject == "HC00"]
    run(tmp_path, replace(samples, X=X))
    audit = json.loads((tmp_path / "audit.json").read_text())
    assert any("HC00 and HC01 share 6 of 6 rows" in text for found in audit["findings"] for text in found["found"])
    with pytest.raises(LeakageError, match="HC02"):
        plan(replace(samples, fitted_on=[frozenset({"HC02"})] * len(samples)), Ridge(), Loso(), protocol=OVER)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"target": "label"}, ConfigError, "protocol.task=all gives a person one score over tasks"),
        ({"leak": "frame_split"}, ConfigError, "protocol.leak=frame_split is planted in rows of one task"),
        ({"over_tasks": "stak"}, ConfigError, "Did you mean 'stack'"),
    ],
)
def test_what_cannot_be_asked(change, error, message):
    with pytest.raises(error, match=message):
        replace(OVER, **change)


def test_one_task_is_not_several():
    one = cohort(3)
    with pytest.raises(DataError, match=r"needs two tasks or more, and the cohort has KISS only"):
        plan(one[one.meta["task"] == "KISS"], Ridge(), Loso(), protocol=OVER)
