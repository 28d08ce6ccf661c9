"""A random forest for small tables, compiled: scikit-learn's forest in law, forty times faster where folds are many."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from neuroface.classifiers import array_file
from neuroface.classifiers import forest_kernels as kernels
from neuroface.classifiers.forest_kernels import MOST_ROWS, Columns, Shape, Trees
from neuroface.classifiers.forest_trees import (
    importances_of,
    joined,
    leaves_of,
    lots,
    ranked,
    room,
    scratch,
    sound,
    trimmed,
)
from neuroface.errors import ConfigError

MOST_CLASSES = 256  # uint8
NODES_AT_ONCE = 500_000  # of the room that trees are grown in
WALKS_AT_ONCE = 1_000_000  # of a row through a tree
FORMAT = "neuroface forest 1"


class Forest(ClassifierMixin, BaseEstimator):
    """Breiman's random forest as scikit-learn 1.9 grows it.

    Gini; rows drawn with replacement in proportion to their weights; thresholds midway between training rows; missing
    values sent to the side where they do better; probabilities the mean of the leaves' shares.

    n_estimators: trees. max_features: columns tried for each cut, "sqrt", "log2", a number, a share or None for all.
    min_samples_leaf, min_samples_split: least rows of a leaf, and of a node that is cut. max_depth: None for no end.
    bootstrap: False lets every tree learn from all rows, by their weights. random_state: int, RandomState or None.

    Tables of more than 65,535 rows are given to scikit-learn's forest, and a warning says so. Beside fit and
    predict_proba it can predict many fits of one table at once; see `neuroface.evaluate.many`.

    Fitted: classes_, n_features_in_, trees_ (or forest_, scikit-learn's), feature_importances_.
    Sources: Breiman, Machine Learning 2001; 45:5-32; Pedregosa et al., JMLR 2011; 12:2825-2830.
    """

    def __init__(
        self,
        *,
        n_estimators: int = 100,
        max_features: str | int | float | None = "sqrt",
        min_samples_leaf: int = 1,
        min_samples_split: int = 2,
        max_depth: int | None = None,
        bootstrap: bool = True,
        random_state: Any = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.max_features = max_features
        self.min_samples_leaf = min_samples_leaf
        self.min_samples_split = min_samples_split
        self.max_depth = max_depth
        self.bootstrap = bootstrap
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Forest:
        """X: (n, d), NaN where missing. y: (n,) classes. sample_weight: (n,), not negative.

        Errors: ConfigError for settings that cannot be; ValueError, as scikit-learn's, for data that cannot be.
        """
        X, y = validate_data(self, X, y, dtype=np.float32, ensure_all_finite="allow-nan")
        self.classes_, codes = _classes(y)
        weights = _weights(sample_weight, len(X))
        seed = int(check_random_state(self.random_state).randint(2**31))
        if not self.can_predict_many(X) or len(self.classes_) > MOST_CLASSES:
            return self._fit_large(X, y, weights, seed)
        rows = np.arange(len(X))
        self.trees_ = self._grown(ranked(X), codes.astype(np.uint8), rows, weights, seed)
        self.feature_importances_ = importances_of(self.trees_.importances)
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """(n, n_classes) in the order of classes_."""
        check_is_fitted(self, "classes_")
        X = validate_data(self, X, dtype=np.float32, ensure_all_finite="allow-nan", reset=False)
        if hasattr(self, "forest_"):
            return self.forest_.predict_proba(X)
        total = np.zeros((len(X), len(self.classes_)))
        at_once = max(1, WALKS_AT_ONCE // self.n_estimators)
        for start in range(0, len(X), at_once):
            for leaves in leaves_of(self.trees_, X[start : start + at_once]):  # tree after tree, as when judged at once
                total[start : start + at_once] += self.trees_.share[leaves]
        return total / self.n_estimators

    def predict(self, X: np.ndarray) -> np.ndarray:
        """(n,) the most probable class."""
        p = self.predict_proba(X)
        return self.classes_[p.argmax(axis=1)]

    def can_predict_many(self, X: np.ndarray) -> bool:
        """Whether the table is small enough to be ranked once for many fits."""
        return np.ndim(X) == 2 and len(X) <= MOST_ROWS

    def predict_many(
        self, X: np.ndarray, fits: Sequence[Any], n_classes: int, *, n_jobs: int = 1
    ) -> Iterator[np.ndarray]:
        """(n_test, n_classes) probabilities of each of `fits` (`neuroface.evaluate.many.Fit`), in order.

        They are those of a forest that is fitted alone on the rows `train` with the fit's weights and random_state.
        Only branches are grown that a row of `test` reaches.
        """
        columns = ranked(np.asarray(X, dtype=np.float32))
        alone = functools.partial(self._judged, columns, n_classes)
        seeds = _seeds(fits)
        if n_jobs == 1:
            yield from map(alone, fits, seeds)
            return
        pool = ThreadPoolExecutor(n_jobs)
        try:
            yield from pool.map(alone, fits, seeds)
        finally:
            pool.shutdown(cancel_futures=True)

    def saved(self) -> tuple[str, bytes]:
        """Ending and bytes of a file that `load` reads: arrays (NPZ), and JSON that says what they are."""
        if hasattr(self, "forest_"):
            import skops.io

            return "skops", skops.io.dumps(self.forest_)
        settings = {name: value for name, value in self.get_params().items() if name != "random_state"}
        about = {"format": FORMAT, "settings": settings, "classes": self.classes_.tolist()}
        return "npz", array_file.to_bytes(about, self.trees_._asdict())

    def _fit_large(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray, seed: int) -> Forest:
        from sklearn.ensemble import RandomForestClassifier

        warnings.warn(
            f"{len(X)} rows are too many for the compiled forest (at most {MOST_ROWS}); "
            "scikit-learn's is fitted instead.",
            stacklevel=3,
        )
        self.forest_ = RandomForestClassifier(**{**self.get_params(), "random_state": seed})
        self.forest_.fit(X, y, sample_weight=weights)
        self.feature_importances_ = self.forest_.feature_importances_
        return self

    def _grown(self, columns: Columns, y: np.ndarray, rows: np.ndarray, weights: np.ndarray, seed: int) -> Trees:
        """All trees with all their nodes, in as many portions as their room asks for."""
        n_classes, most = len(self.classes_), 2 * len(rows) - 1
        at_once = max(1, min(self.n_estimators, NODES_AT_ONCE // most))
        work = self._work(columns, y, rows, weights, np.empty(0, np.intp), n_classes, seed)
        portions = []
        for first in range(0, self.n_estimators, at_once):
            trees = room(min(at_once, self.n_estimators - first), most, n_classes, len(columns.valid))
            work(first, trees)
            portions.append(trimmed(trees))
        return joined(portions)

    def _judged(self, columns: Columns, n_classes: int, fit: Any, seed: int) -> np.ndarray:
        """(n_test, n_classes) probabilities of one fit, by trees that are not kept."""
        present = np.unique(fit.y[fit.train])
        codes = np.zeros(n_classes, np.uint8)
        codes[present] = np.arange(len(present))
        weights = _weights(fit.weights, len(fit.train))
        work = self._work(columns, codes[fit.y], fit.train, weights, fit.test, len(present), seed)
        total = work(0, room(self.n_estimators, 0, len(present), len(columns.valid)))
        found = np.zeros((len(fit.test), n_classes))
        found[:, present] = total[fit.test] / self.n_estimators
        return found

    def _work(
        self,
        columns: Columns,
        y: np.ndarray,
        train: np.ndarray,
        weights: np.ndarray,
        test: np.ndarray,
        n_classes: int,
        seed: int,
    ) -> Any:
        """work(first, trees): grow trees from number `first` on, as many as `trees` has room for; (n, k) sums."""
        shape = self._shape(len(columns.valid))
        train, test = train.astype(np.uint16), test.astype(np.uint16)

        def work(first: int, trees: Trees) -> np.ndarray:
            out = np.zeros((len(y), n_classes))
            kernels.grow(
                columns, y, train, weights, lots(weights), test, np.uint64(seed), first, shape,
                scratch(len(y), len(train), len(test), n_classes, len(columns.valid)), trees, out,
            )  # fmt: skip
            return out

        return work

    def _shape(self, n_features: int) -> Shape:
        """The settings as the kernels want them. Errors: ConfigError naming each that cannot be."""
        rules = {
            "n_estimators": _whole(self.n_estimators, 1),
            "min_samples_leaf": _whole(self.min_samples_leaf, 1),
            "min_samples_split": _whole(self.min_samples_split, 2),
            "max_depth": self.max_depth is None or _whole(self.max_depth, 1),
            "max_features": self.max_features in ("sqrt", "log2", None)
            or _whole(self.max_features, 1)
            or (isinstance(self.max_features, float) and 0 < self.max_features <= 1),
        }
        wrong = [f"{name}={getattr(self, name)!r}" for name, right in rules.items() if not right]
        if wrong:
            raise ConfigError(
                f"A forest cannot have {', '.join(wrong)}. Its YAML, classifier=forest, shows what it can."
            )
        asked = self.max_features
        by_name = {"sqrt": np.sqrt(n_features), "log2": np.log2(n_features)}
        if asked is None:
            tried: float = n_features
        elif isinstance(asked, str):
            tried = by_name[asked]
        else:
            tried = asked * n_features if isinstance(asked, float) else asked
        return Shape(
            tried=min(max(1, int(tried)), n_features),
            min_leaf=int(self.min_samples_leaf),
            min_rows=max(int(self.min_samples_split), 2 * int(self.min_samples_leaf)),
            deepest=2**31 if self.max_depth is None else int(self.max_depth),
            bootstrap=bool(self.bootstrap),
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def load(path: Path | str) -> Forest:
    """A forest that was saved as NPZ; nothing of the file is executed. Errors: DataError when it is none or damaged."""
    about, arrays = array_file.from_file(path)
    array_file.check_format(path, about["format"], [FORMAT])
    try:
        trees = Trees(*(arrays[name] for name in Trees._fields))
        if not sound(trees, len(about["classes"])):
            raise ValueError("trees")
        forest = Forest(**about["settings"])
    except (ValueError, KeyError, TypeError) as error:
        raise array_file.damaged(path, error) from error
    forest.classes_, forest.trees_ = np.array(about["classes"]), trees
    forest.n_features_in_ = trees.importances.shape[1]
    forest.feature_importances_ = importances_of(trees.importances)
    return forest


def _classes(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.utils.multiclass import check_classification_targets

    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    return classes, codes


def _seeds(fits: Sequence[Any]) -> Iterator[int]:
    """What `fit` draws from each random_state, by one generator that is set again: a new one each time takes longer."""
    state = np.random.RandomState(0)
    for fit in fits:
        state.seed(fit.random_state)
        yield int(state.randint(2**31))


def _weights(given: Any, n: int) -> np.ndarray:
    """(n,) float64 weights. Errors: ValueError where some cannot be weights, or all are 0."""
    weights = np.ones(n) if given is None else np.asarray(given, dtype=np.float64)
    if weights.shape != (n,):
        raise ValueError(f"sample_weight has the shape {weights.shape}, expected ({n},).")
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ValueError("sample_weight must be finite and not negative, and some must not be zero.")
    return weights


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= least)
