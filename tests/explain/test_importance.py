from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from neuroface.evaluate.splits import Fold
from neuroface.evaluate.task import Task
from neuroface.explain import sanity
from neuroface.explain.importance import Judge, correlated, groups_of, importance
from neuroface.explain.question import Question, fall

NAMES = ["rom.a_mm", "rom.b_mm", "velocity.c_mm_per_s"]
PEOPLE, REPETITIONS = 12, 3


def told_by(column: int):
    """A model that reads one column: the larger, the surer of class 1."""

    def ask(X: np.ndarray) -> np.ndarray:
        p = 1 / (1 + np.exp(-X[:, column]))
        return np.stack([1 - p, p], axis=1)

    return ask


@pytest.fixture
def people():
    """X, question and judges (one per person): column 0 tells the classes, 1 is its copy, 2 knows nothing."""
    rng = np.random.default_rng(0)
    subject = np.repeat([f"P{i:02d}" for i in range(PEOPLE)], REPETITIONS)
    y = np.repeat(np.arange(PEOPLE) % 2, REPETITIONS)
    signal = 4.0 * y + 0.1 * rng.standard_normal(len(y))
    X = np.stack([signal, signal + 1.0, rng.standard_normal(len(y))], axis=1)
    question = Question.of(np.array(["HC", "ALS"])[y], subject, ["OPEN"] * len(y), ("HC", "ALS"))
    judges = [Judge(one, told_by(0), np.flatnonzero(subject == one)) for one in np.unique(subject)]
    return X, question, judges


def test_only_what_is_read_counts(people):
    X, question, judges = people
    table = importance(judges, X, question, groups_of(NAMES, X, question.subject), repeats=200).set_index("name")
    # somebody else is of the other class in 6 of 11, and of the same person in 1 of 12: an AUC of .5 is left on average
    assert table.loc["rom.a_mm", "before"] == 1.0
    assert table.loc["rom.a_mm", "importance"] == pytest.approx(0.5, abs=0.03)
    assert table.loc["rom.a_mm", "low"] > 0.2
    assert table.loc["rom.b_mm", "importance"] == table.loc["velocity.c_mm_per_s", "importance"] == 0.0
    assert table.loc["rom", "importance"] == table.loc["rom.a_mm", "importance"]


def test_copies_hide_each_other_but_not_together():
    """A model that needs both copies to be wrong before it errs: each alone is of no importance, the set is."""
    rng = np.random.default_rng(1)
    subject = np.array([f"P{i}" for i in range(20)])
    y = np.arange(20) % 2
    X = np.stack([y, y], axis=1) * 2.0 - 1 + 0.01 * rng.standard_normal((20, 2))
    question = Question.of(np.array(["HC", "ALS"])[y], subject, ["OPEN"] * 20, ("HC", "ALS"))

    def ask(rows: np.ndarray) -> np.ndarray:
        p = np.clip(0.5 + rows.sum(axis=1) / 4, 0, 1)
        return np.stack([1 - p, p], axis=1)

    judges = [Judge(one, ask, np.array([i])) for i, one in enumerate(subject)]
    groups = groups_of(["rom.a_mm", "size.b_mm"], X, subject)
    assert groups["correlated", "set 1"] == [0, 1]
    table = importance(judges, X, question, groups).set_index("name")
    assert table.loc["set 1", "importance"] > 2 * table.loc["rom.a_mm", "importance"]


def test_a_loop_over_repeats_gives_the_same(people):
    X, question, judges = people
    noise = np.random.default_rng(3)
    X = X + noise.standard_normal(X.shape) * 3  # so that the AUC is not 1
    donors = question.donors(5, 7)
    found = importance(judges, X, question, {("feature", NAMES[0]): [0]}, repeats=5, seed=7)
    weights, y, _ = question.averaged()
    was = roc_auc_score(y, weights @ told_by(0)(X)[:, 1])
    by_hand = []
    for one in donors:
        replaced = X.copy()
        replaced[:, 0] = X[one, 0]
        by_hand.append(was - roc_auc_score(y, weights @ told_by(0)(replaced)[:, 1]))
    assert found["importance"][0] == pytest.approx(np.mean(by_hand))
    assert found["before"][0] == pytest.approx(was)


def test_people_change_places_as_a_whole_and_within_their_task():
    subject = np.array(["A", "A", "B", "B", "C", "A", "B"])
    task = np.array(["OPEN"] * 5 + ["REST"] * 2)
    question = Question.of(["x", "x", "y", "y", "y", "x", "y"], subject, task, ("x", "y"))
    donors = question.donors(50, 0)
    assert (task[donors] == task).all()
    for repeat in donors:
        assert subject[repeat[0]] == subject[repeat[1]]
        assert subject[repeat[2]] == subject[repeat[3]]
    within = Question.of(["x", "y", "x", "y"], ["A", "A", "B", "B"], ["T"] * 4, ("x", "y"))
    assert (within.subject[within.donors(20, 0)] == within.subject).all()


@pytest.mark.parametrize("classes", [("x", "y"), ("x", "y", "z")])
def test_within_people_and_several_classes_have_their_own_score(classes):
    k, people = len(classes), 6
    y = np.tile(np.arange(k), people)
    subject = np.repeat([f"P{i}" for i in range(people)], k)
    question = Question.of(np.array(classes)[y], subject, ["T"] * len(y), classes)
    p = np.eye(k)[y] * 0.9 + 0.1 / k
    found = fall(question, p, np.full((4, len(y), k), 1 / k))
    chance = 0.5 if k == 2 else 1 / 3
    assert (found.before, found.value) == (1.0, pytest.approx(1 - chance))
    assert (found.low, found.high) == pytest.approx((found.value, found.value))  # everybody loses the same


def test_correlated_sets_ignore_what_nobody_has():
    X = np.stack([np.arange(9.0), np.arange(9.0) ** 2, np.full(9, np.nan), np.arange(9) % 2], axis=1)
    assert correlated(X, np.arange(9)) == [[0, 1]]


def test_both_checks_destroy_what_was_learnt(people):
    from sklearn.linear_model import LogisticRegression

    X, question, _ = people
    X = np.delete(X, 1, axis=1)
    names = np.array(question.classes)
    task = Task(X, names[question.y], question.subject, question.classes, LogisticRegression(), balance=True, seed=0)
    rows = np.arange(len(X))
    folds = [
        Fold(one, rows[question.subject != one], rows[question.subject == one]) for one in np.unique(question.subject)
    ]
    fitted = [LogisticRegression().fit(X[fold.train], question.y[fold.train]) for fold in folds]
    judges = [Judge(f.name, m.predict_proba, f.test) for f, m in zip(folds, fitted, strict=True)]
    groups = {("feature", "a"): [0], ("feature", "c"): [1]}
    real = importance(judges, X, question, groups)["importance"]
    assert real[0] > 0.4
    shuffled = sanity.with_shuffled_labels(task, folds, question, groups, times=10)
    assert shuffled.shape == (10, 2)
    assert abs(shuffled.mean(axis=0)[0]) < 0.2
    scrambled = sanity.with_scrambled_models(judges, X, question, groups, times=2, seed=0)
    assert scrambled.mean(axis=0)[0] < 0.1, "a model that looks at another column has no use for this one"


def test_many_fits_at_once_are_the_same_as_one_by_one(monkeypatch):
    from neuroface.classifiers.forest import Forest

    rng = np.random.default_rng(0)
    subject = np.repeat([f"P{i}" for i in range(6)], 2)
    y = np.repeat([0, 1] * 3, 2)
    X = rng.standard_normal((12, 2)) + y[:, None]
    question = Question.of(np.array(["HC", "ALS"])[y], subject, ["T"] * 12, ("HC", "ALS"))
    forest = Forest(n_estimators=5, random_state=0)
    task = Task(X, np.array(["HC", "ALS"])[y], subject, ("HC", "ALS"), forest, balance=True, seed=0)
    rows = np.arange(12)
    folds = [Fold(one, rows[subject != one], rows[subject == one]) for one in np.unique(subject)]
    together = sanity.with_shuffled_labels(task, folds, question, {("feature", "a"): [0]}, times=2)
    monkeypatch.setattr(sanity, "can_predict_many", lambda task: False)
    alone = sanity.with_shuffled_labels(task, folds, question, {("feature", "a"): [0]}, times=2)
    np.testing.assert_allclose(together, alone)


def test_the_table_names_every_group(people):
    X, question, judges = people
    table = importance(judges, X, question, groups_of(NAMES, X, question.subject), repeats=3)
    assert isinstance(table, pd.DataFrame)
    assert table["kind"].value_counts().to_dict() == {"feature": 3, "family": 2, "correlated": 1}
