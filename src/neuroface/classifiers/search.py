"""Settings chosen inside each training fold, on people held out there: a small grid, or some points of it at random."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone, is_regressor

from neuroface.classifiers.calibrated import held_out_people
from neuroface.errors import ConfigError, DataError, did_you_mean

DRAWS = "draws"  # a key of the search: how many points of the grid are tried, at random
MOST = 200  # points; more is no small search, and each is fitted several times in every fold and permutation
TINY = 1e-6  # a probability is taken to be no smaller


class Searched(BaseEstimator):
    """An estimator whose settings are those that do best on held-out people of its own training fold.

    estimator: unfitted. search: setting -> the values to try, a setting by its name in the YAML ("C", "estimator.C")
    where that is unique; with `draws`, so many points of the grid, drawn at random, are tried. n_splits: parts of
    people held out in turn. Judged by log-loss, of numbers by squared error; each person weighs the same; of equally
    good points the first is taken. Where nobody can be held out (one person in a class) the first point is taken.
    Fitted: best_ (fitted on everybody), choice_ {"chosen": {...}, "tried": [{..., "loss": ..}]}, classes_.
    """

    def __init__(self, estimator: Any, search: Mapping[str, Any], *, n_splits: int = 5, random_state: int = 0) -> None:
        self.estimator, self.search = estimator, search
        self.n_splits, self.random_state = n_splits, random_state

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import get_tags

        return get_tags(self.estimator)

    def check(self) -> None:
        """ConfigError for a setting that the estimator does not have, or values that are no list."""
        points_of(self.estimator, self.search, seed=0)
        if hasattr(self.estimator, "check"):
            self.estimator.check()

    def fit(
        self, X: Any, y: np.ndarray, sample_weight: np.ndarray | None = None, groups: np.ndarray | None = None
    ) -> Searched:
        """X: (n, ...). y: (n,). groups: (n,) person of each row; None, every row is one."""
        y = np.asarray(y)
        groups = np.arange(len(y)) if groups is None else np.asarray(groups)
        weights = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
        points = points_of(self.estimator, self.search, seed=self.random_state)
        strata = np.zeros(len(y)) if is_regressor(self.estimator) else y
        splits = held_out_people(strata, groups, n_splits=self.n_splits)
        losses = [self._loss(point, X, y, weights, groups, splits) for point in points] if splits else [np.nan]
        best = points[int(np.nanargmin(losses))] if splits else points[0]
        tried = [{**_short(point), "loss": loss} for point, loss in zip(points, losses, strict=False)]
        self.choice_ = {"chosen": _short(best), "tried": tried}
        self.best_ = _fitted(clone(self.estimator).set_params(**best), X, y, weights, groups)
        if hasattr(self.best_, "classes_"):
            self.classes_ = self.best_.classes_
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        return self.best_.predict_proba(X)

    def predict(self, X: Any) -> np.ndarray:
        return self.best_.predict(X)

    def _loss(
        self,
        point: dict[str, Any],
        X: Any,
        y: np.ndarray,
        weights: np.ndarray,
        groups: np.ndarray,
        splits: Sequence[Any],
    ) -> float:
        """Weighted mean loss of held-out rows."""
        loss = np.zeros(len(y))
        for train, test in splits:
            model = clone(self.estimator).set_params(**point)
            _fitted(model, X[train], y[train], weights[train], groups[train])
            if is_regressor(self.estimator):
                loss[test] = (np.asarray(model.predict(X[test]), dtype=float) - y[test]) ** 2
            else:
                p, known = np.asarray(model.predict_proba(X[test])), list(model.classes_)
                loss[test] = -np.log(np.clip(p[np.arange(len(test)), [known.index(c) for c in y[test]]], TINY, 1))
        if not np.isfinite(loss).all():
            raise DataError(f"classifier.search: {_short(point)} predicts what is no number.")
        return float(np.average(loss, weights=weights))


def points_of(estimator: Any, search: Mapping[str, Any], *, seed: int) -> list[dict[str, Any]]:
    """The points to try, as parameters of the estimator. Errors: ConfigError, see Searched.check."""
    given = {str(name): values for name, values in search.items() if name != DRAWS}
    wrong = [name for name, values in given.items() if not isinstance(values, list | tuple) or not len(values)]
    if wrong or not given:
        raise ConfigError(
            f"classifier.search.{wrong[0] if wrong else ''} must be a list of values to try: "
            "classifier.search={C:[.1,1,10]}."
        )
    names = [_parameter(estimator, name) for name in given]
    points = [dict(zip(names, values, strict=True)) for values in product(*given.values())]
    draws = search.get(DRAWS)
    if draws is not None:
        if not isinstance(draws, int) or isinstance(draws, bool) or draws < 1:
            raise ConfigError(f"classifier.search.{DRAWS} is {draws!r}; it must be a whole number from 1.")
        chosen = np.random.default_rng(seed).permutation(len(points))[:draws]
        points = [points[i] for i in sorted(chosen)]
    if len(points) > MOST:
        raise ConfigError(f"classifier.search has {len(points)} points; give fewer values, or draws=20 of them.")
    return points


def _parameter(estimator: Any, name: str) -> str:
    """The estimator's own name of a setting: classify__C of "C"."""
    known = estimator.get_params()
    wanted = name.split(".")
    found = [key for key in known if key.split("__")[-len(wanted) :] == wanted]
    if not found:
        plain = {key.split("__")[-1] for key in known}
        raise ConfigError(f"classifier.search.{name}: the classifier has no such setting." + did_you_mean(name, plain))
    shortest = [key for key in found if key.count("__") == min(other.count("__") for other in found)]
    if len(shortest) > 1:
        told = ", ".join(key.replace("__", ".") for key in shortest)
        raise ConfigError(f"classifier.search.{name} may be any of {told}; write it in full.")
    return shortest[0]


def _fitted(model: Any, X: Any, y: np.ndarray, weights: np.ndarray, groups: np.ndarray) -> Any:
    """Fitted with what it takes of weights and people; a pipeline's last step takes them."""
    steps = getattr(model, "steps", None)
    last, prefix = (steps[-1][1], f"{steps[-1][0]}__") if steps else (model, "")
    taken = inspect.signature(last.fit).parameters
    given = {"sample_weight": weights, "groups": groups}
    return model.fit(X, y, **{prefix + name: value for name, value in given.items() if name in taken})


def _short(point: Mapping[str, Any]) -> dict[str, Any]:
    """C of classify__C."""
    return {name.split("__")[-1]: value for name, value in point.items()}
