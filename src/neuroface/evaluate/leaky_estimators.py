"""Estimators that do what none should: choose on those who are judged, remember between folds, scale them together."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from neuroface.evaluate.seeds import derive_seed, seeded

TRIES = 8  # fits of which the best on the test rows is kept


class Wrapped(ClassifierMixin, BaseEstimator):
    """An estimator inside another; weights of rows reach it where it takes them."""

    costly = True  # its null permutes predictions: what it does to null data is what is shown

    def __init__(self, estimator: Any, *, random_state: int | None = None) -> None:
        self.estimator, self.random_state = estimator, random_state

    def _fit(self, X: np.ndarray, y: np.ndarray, seed: int, sample_weight: np.ndarray | None) -> Any:
        from neuroface.evaluate.fold import fit_arguments

        model = seeded(self.estimator, seed)
        key = fit_arguments(model, ("sample_weight",))
        return model.fit(X, y, **({key["sample_weight"]: sample_weight} if key and sample_weight is not None else {}))

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Any:
        self.model_ = self._fit(X, y, self.random_state or 0, sample_weight)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(self.model_.predict_proba(X))

    def saved(self) -> tuple[str, bytes]:
        """The kept model only."""
        from neuroface.evaluate.workers import saved

        kept = saved(self.model_)
        return kept.ending, kept.content


class BestOnTest(Wrapped):
    """TRIES fits on bootstrap samples of people-blind rows stand for epochs; the one that judges the test rows best."""

    epoch_selection = "test_best"

    def fit(
        self,
        X: np.ndarray,
        y: np.ndarray,
        sample_weight: np.ndarray | None = None,
        X_test: np.ndarray | None = None,
        y_test: np.ndarray | None = None,
    ) -> BestOnTest:
        best = -np.inf
        for i in range(TRIES):
            seed = derive_seed(self.random_state, "try", i)
            rows = np.random.default_rng(seed).integers(0, len(y), size=len(y))
            if len(set(y[rows])) < len(set(y)):
                continue
            model = self._fit(X[rows], y[rows], seed, None if sample_weight is None else sample_weight[rows])
            score = 0.0 if X_test is None or y_test is None else _sure_of(model, X_test, y_test)
            if score > best:
                best, self.model_, self.classes_ = score, model, model.classes_
        return self


class Remembering(Wrapped):
    """Keeps every row it was ever fitted on, in the class and so between folds, and answers from memory."""

    memory: ClassVar[dict[bytes, str]] = {}

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Remembering:
        super().fit(X, y, sample_weight)
        self.memory.update({row.tobytes(): str(label) for row, label in zip(np.asarray(X), y, strict=True)})
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        p = super().predict_proba(X)
        for i, row in enumerate(np.asarray(X)):
            if row.tobytes() in self.memory:
                p[i] = np.asarray(self.classes_).astype(str) == self.memory[row.tobytes()]
        return p


class ScaledTogether(Wrapped):
    """Puts the rows that are judged on the scale of each other, as a normalisation by batch does."""

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        X = np.asarray(X, dtype=float)
        deviation = np.nanstd(X, axis=0)
        scaled = (X - np.nanmean(X, axis=0)) / np.where(deviation > 0, deviation, 1.0)
        return super().predict_proba(scaled * self.spread_ + self.middle_)

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> ScaledTogether:
        super().fit(X, y, sample_weight)
        self.middle_, self.spread_ = np.nanmean(X, axis=0), np.nanstd(X, axis=0)
        return self


def _sure_of(model: Any, X: np.ndarray, y: np.ndarray) -> float:
    """Mean probability of the true class."""
    columns = {str(name): k for k, name in enumerate(model.classes_)}
    p = np.asarray(model.predict_proba(X))
    return float(np.mean([p[i, columns[str(label)]] for i, label in enumerate(y)]))
