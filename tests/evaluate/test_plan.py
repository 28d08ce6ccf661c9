from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from neuroface.errors import DataError, LeakageError
from neuroface.evaluate.plan import data_digest, plan
from neuroface.evaluate.protocol import Protocol
from neuroface.evaluate.splits import Loso

from .people import ALS_HC, cohort, logistic, table, two_classes_each


class LeaveOneClassOut:
    """What nobody should do: judges each class by the others."""

    def split(self, X, y, groups):
        for label in ("HC", "ALS"):
            yield np.flatnonzero(y != label), np.flatnonzero(y == label)


def planned(samples, *, splitter=None, protocol=ALS_HC):
    return plan(samples, logistic(), splitter or Loso(), protocol=protocol)


def test_leakage_is_refused_before_anything_is_written():
    samples = cohort({"HC": 3, "ALS": 3})
    with pytest.raises(LeakageError, match="HC01"):
        planned(replace(samples, fitted_on=[frozenset({"HC01"})] * len(samples)))


@pytest.mark.parametrize(
    ("people", "message"),
    [
        ({"HC": 4}, "the protocol tells HC from ALS, the samples hold HC (4 subjects). Choose"),
        ({"HC": 2, "ALS": 2, "PS": 2}, "the samples hold HC (2 subjects), ALS (2 subjects), PS (2 subjects). Choose"),
        ({"HC": 4, "ALS": 1}, "ALS has 1 subject (ALS00); a class needs at least 2, one to learn from and"),
    ],
)
def test_classes_that_cannot_answer(people, message):
    with pytest.raises(DataError, match=re.escape(message)):
        planned(cohort(people))


def test_a_class_within_people_needs_a_protocol_that_says_so():
    protocol = Protocol(classes=("other", "expression"), permutations=0)
    with pytest.raises(DataError, match=r"2 subjects have more than one class \(P0, P1\), but"):
        planned(two_classes_each(n_people=2), protocol=protocol)


def test_a_training_fold_without_a_class():
    with pytest.raises(DataError, match=r"^Fold fold_1 has no HC to learn from\. Choose another split=\.$"):
        planned(cohort({"HC": 4, "ALS": 4}, repetitions=1), splitter=LeaveOneClassOut())


def test_a_column_that_predictions_use_themselves():
    samples = cohort({"HC": 2, "ALS": 2})
    with pytest.raises(DataError, match="columns that predictions use themselves: p_HC"):
        planned(replace(samples, meta={**samples.meta, "p_HC": samples.y}))


def test_a_plan_knows_its_folds_and_says_what_was_checked():
    ready = planned(cohort({"HC": 2, "ALS": 3}))
    assert [fold.name for fold in ready.folds] == ["HC00", "HC01", "ALS00", "ALS01", "ALS02"]
    assert ready.audit["verdict"] == "clean"
    assert ready.header[-5:] == ("p_HC", "p_ALS", "threshold", "dummy_p_HC", "dummy_p_ALS")


def test_the_digest_feels_every_value_name_and_class():
    X, y, subject = np.arange(6.0).reshape(3, 2), np.array(["a", "a", "b"]), np.array(["p", "q", "r"])
    others = [
        table(X + np.eye(3, 2) * 1e-9, y, subject),
        table(X, y[::-1], subject),
        table(X, y, subject[::-1]),
    ]
    digests = {data_digest(samples) for samples in (table(X, y, subject), *others)}
    assert len(digests) == 4
    assert data_digest(table(X, y, subject)) in digests


@pytest.mark.parametrize(("column", "value"), [("side", "left"), ("task", "KISS"), ("repetition", 7), ("session", "2")])
def test_the_digest_feels_what_is_known_of_a_sample(column, value):
    """A network learns the affected side, scores are made per task: a run must not go on with others."""
    samples = cohort({"HC": 2, "ALS": 2})
    known = {**samples.meta, "side": np.full(len(samples), ""), "session": np.full(len(samples), "1")}
    other = {**known, column: np.array([value, *known[column][1:]])}
    assert data_digest(replace(samples, meta=known)) != data_digest(replace(samples, meta=other))


def test_the_digest_feels_which_column_is_which():
    samples = cohort({"HC": 2, "ALS": 2})
    assert data_digest(samples) != data_digest(replace(samples, feature_names=samples.feature_names[::-1]))
