"""Who may look at the people that will be judged: nobody, unless a protocol accepts that leak under its name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from neuroface.errors import ConfigError, LeakageError
from neuroface.evaluate import engine
from neuroface.evaluate.audit import CHOSEN
from neuroface.evaluate.plan import plan
from neuroface.evaluate.predictions import read_predictions
from neuroface.evaluate.protocol import Protocol
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.splits import Loso

from .people import ALS_HC, cohort

LEAKY = replace(ALS_HC, leak="accepted")


class Peeper(ClassifierMixin, BaseEstimator):
    """Says the very classes of the rows it was shown; the first class for any other."""

    def __init__(self, epoch_selection: str = "test_best") -> None:
        self.epoch_selection = epoch_selection

    def fit(self, X, y, X_test=None, y_test=None):
        self.classes_ = np.unique(y)
        self.shown_ = {} if X_test is None else {row.tobytes(): str(c) for row, c in zip(X_test, y_test, strict=True)}
        return self

    def predict_proba(self, X):
        said = [self.shown_.get(row.tobytes(), str(self.classes_[0])) for row in X]
        return (np.array(said)[:, None] == self.classes_).astype(float)


class SideTeller(ClassifierMixin, BaseEstimator):
    """Keeps the sides it was given; says .25 for left."""

    side_weight = 1.0

    def fit(self, X, y, side=None):
        self.classes_, self.side_ = np.unique(y), side
        return self

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)

    def predict_side(self, X):
        return np.full(len(X), 0.25)


class Transferred(SideTeller):
    side_weight = 0.0
    fitted_on = frozenset({"HC01"})


def run(estimator, folder, protocol, samples):
    planned = plan(samples, estimator, Loso(), protocol=protocol)
    with RunFolder(folder).open({"x": 1}) as opened:
        scores = engine.run(planned, opened, save_models=False)
    return planned, scores


def test_the_habit_is_refused_by_default():
    with pytest.raises(LeakageError) as told:
        plan(cohort({"HC": 3, "ALS": 3}), Peeper(), Loso(), protocol=ALS_HC)
    assert str(told.value) == (
        "classifier.epoch_selection=test_best keeps the epoch that does best on the very people who are judged. "
        "Published results rest on it; to make one again set protocol.leak=accepted, and the audit will say so. "
        "Otherwise set classifier.epoch_selection=inner_people."
    )


def test_accepted_it_is_offered_and_the_audit_says_so(tmp_path):
    planned, scores = run(Peeper(), tmp_path / "run", LEAKY, cohort({"HC": 3, "ALS": 3}))
    assert scores["subject"]["auc"] == 1.0
    assert planned.audit["verdict"] == "leaky"
    assert planned.audit["checks"][CHOSEN] == "found"


def test_accepting_a_leak_shows_nothing_to_those_who_do_not_ask(tmp_path):
    planned, scores = run(Peeper("last"), tmp_path / "run", LEAKY, cohort({"HC": 3, "ALS": 3}))
    assert scores["subject"]["auc"] == 0.5
    assert planned.audit["verdict"] == "clean"
    assert planned.audit["checks"][CHOSEN] == "passed"


def test_sides_are_learnt_from_training_rows_and_told_of_test_rows(tmp_path):
    samples = cohort({"HC": 3, "ALS": 3})
    side = np.where(np.char.startswith(samples.subject, "ALS"), "left", "")
    samples = replace(samples, meta={**samples.meta, "side": side})
    planned, scores = run(SideTeller(), tmp_path / "run", ALS_HC, samples)
    table = read_predictions(tmp_path / "run" / "predictions.csv")
    assert (table["side_left"] == 0.25).all()
    assert planned.task.side.tolist() == side.tolist()
    assert scores["side"]["accuracy"] == 0
    assert scores["side"]["n"] == {"left": 3, "right": 0}


def test_weights_that_come_from_a_person_may_not_judge_that_person():
    with pytest.raises(LeakageError, match="Values of HC01 were computed by something fitted on that very subject"):
        plan(cohort({"HC": 3, "ALS": 3}), Transferred(), Loso(), protocol=ALS_HC)
    assert plan(cohort({"HC": 3, "ALS": 3}), Transferred(), Loso(), protocol=LEAKY).audit["verdict"] == "leaky"


def test_merged_labels_have_a_class():
    protocol = Protocol(classes=("1", "2-3"), target="label", merge={"1": ["1"], "2-3": ["2", "3"]})
    assert protocol.class_of_label == {"1": "1", "2": "2-3", "3": "2-3"}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"target": "group"}, r"protocol\.merge takes labels of repetitions together; set protocol\.target=label\."),
        ({"classes": ("1", "4-6")}, r"protocol\.merge makes the classes 1, 2-3, protocol\.classes are 1, 4-6\. Give"),
    ],
)
def test_a_merge_that_cannot_be(keys, message):
    with pytest.raises(ConfigError, match=message):
        Protocol(**{"classes": ("1", "2-3"), "target": "label", "merge": {"1": ["1"], "2-3": ["2", "3"]}} | keys)
