"""Probabilities from a classifier that only ranks, calibrated on people it was not fitted on."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV


class SubjectCalibrated(ClassifierMixin, BaseEstimator):
    """Platt's sigmoid, fitted on scores of people that the scoring model did not see.

    Splitting rows instead would put repetitions of one person on both sides, and the sigmoid would learn how well a
    person is recognised, not how well the class is.
    estimator: unfitted, with scikit-learn's fit and decision_function; it is fitted on everybody in the end.
    n_splits: groups of people held out in turn; fewer where a class has fewer people. With one person in a class nobody
    can be held out: the sigmoid is then 1 / (1 + exp(-score)), which keeps the ranking, and a warning says so.
    Source: Platt, Advances in Large Margin Classifiers 1999, 61-74; more than two classes one against the rest.
    """

    def __init__(self, estimator: Any, *, n_splits: int = 5) -> None:
        self.estimator = estimator
        self.n_splits = n_splits

    def fit(
        self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None, groups: np.ndarray | None = None
    ) -> SubjectCalibrated:
        """X: (n, d) without missing values. y: (n,) classes. groups: (n,) person of each row; None, every row is one.

        Sets classes_, model_, and n_splits_ (0 when nobody could be held out).
        """
        y = np.asarray(y)
        groups = np.arange(len(y)) if groups is None else np.asarray(groups)
        splits = held_out_people(y, groups, n_splits=self.n_splits)
        if splits:
            model = CalibratedClassifierCV(clone(self.estimator), cv=splits, ensemble=False)
        else:
            model = clone(self.estimator)
            warnings.warn(
                "A class has too few people to hold any out: scores are turned into probabilities uncalibrated.",
                stacklevel=2,
            )
        self.model_ = model.fit(X, y, sample_weight=sample_weight)
        self.classes_, self.n_splits_ = self.model_.classes_, len(splits)
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """(n, n_classes) in the order of classes_; rows add up to 1."""
        if self.n_splits_:
            return self.model_.predict_proba(X)
        scores = self.model_.decision_function(X)
        if scores.ndim == 1:
            scores = np.stack([-scores, scores], axis=1)
        p = 1 / (1 + np.exp(-scores))
        return p / p.sum(axis=1, keepdims=True)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """(n,) the most probable class."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def held_out_people(y: np.ndarray, groups: np.ndarray, *, n_splits: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(train, test) row positions of up to `n_splits` parts of whole people; [] where a class would lack in training.

    People are dealt like cards, class after class and by name, so that the order of rows does not matter. Someone with
    rows of several classes is dealt once, with the first of them.
    """
    class_of = {person: min(y[groups == person]) for person in np.unique(groups)}
    smallest = min(len(np.unique(groups[y == label])) for label in np.unique(y))
    n_splits = min(n_splits, smallest)
    order = sorted(class_of, key=lambda person: class_of[person])
    part_of = {person: i % max(n_splits, 1) for i, person in enumerate(order)}
    part = np.array([part_of[person] for person in groups])
    splits = [(np.flatnonzero(part != i), np.flatnonzero(part == i)) for i in range(n_splits)]
    lacking = any(len(np.unique(y[train])) < len(np.unique(y)) for train, _ in splits)
    return [] if n_splits < 2 or lacking else splits
