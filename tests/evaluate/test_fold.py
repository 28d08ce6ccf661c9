from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from neuroface.errors import DataError
from neuroface.evaluate.fold import fit, fit_arguments, predict, run_fold
from neuroface.evaluate.splits import Loso, make_folds
from neuroface.evaluate.task import Task
from neuroface.evaluate.weights import sample_weights

from .people import cohort, logistic


class Listener(ClassifierMixin, BaseEstimator):
    """Remembers what fit was given; says the first class."""

    def fit(self, X, y, sample_weight=None, groups=None):
        self.classes_, self.given_ = np.unique(y), (X, y, sample_weight, groups)
        return self

    def predict_proba(self, X):
        return np.tile([1.0, 0.0], (len(X), 1))


def task_of(samples, estimator, balance=True):
    return Task(samples.X, samples.y, samples.subject, ("HC", "ALS"), estimator, balance, 0)


def test_a_model_is_given_weights_and_the_subjects_of_its_training_rows():
    samples = cohort({"HC": 3, "ALS": 2})
    rows = np.arange(12)
    model = fit(task_of(samples, make_pipeline(StandardScaler(), Listener())), rows, seed=1)
    _, y, weights, groups = model[-1].given_
    assert weights == pytest.approx(sample_weights(samples.y[rows], samples.subject[rows]))
    assert (groups == samples.subject[rows]).all()
    assert (y == samples.y[rows]).all()


def test_what_an_estimator_takes_is_found_in_the_last_step():
    assert fit_arguments(logistic()) == {"sample_weight": "logisticregression__sample_weight"}
    assert fit_arguments(KNeighborsClassifier()) == {}


def test_probabilities_follow_the_order_of_the_protocol():
    samples = cohort({"HC": 4, "ALS": 4}, shift=6)
    model = LogisticRegression().fit(samples.X, samples.y)
    assert list(model.classes_) == ["ALS", "HC"]
    p = predict(model, samples.X, ("HC", "ALS"))
    assert p[samples.y == "ALS", 1].min() > 0.9


def test_probabilities_that_are_not_numbers_are_refused():
    class Broken(Listener):
        def predict_proba(self, X):
            return np.full((len(X), 2), np.nan)

    broken = Broken().fit(np.zeros((2, 1)), np.array(["HC", "ALS"]))
    with pytest.raises(DataError, match="Broken gave 6 probabilities that are not numbers"):
        predict(broken, np.zeros((3, 1)), ("HC", "ALS"))


def test_the_dummy_knows_the_class_sizes_whoever_is_left_out():
    samples = cohort({"HC": 3, "ALS": 5})
    folds = make_folds(Loso(), samples.X, samples.y, samples.subject)
    for fold in (folds[0], folds[-1]):
        for balance in (True, False):
            found = run_fold(task_of(samples, logistic(), balance=balance), fold).dummy
            assert found == pytest.approx(np.tile([3 / 8, 5 / 8], (3, 1)))
