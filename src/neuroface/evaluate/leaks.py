"""Mistakes that published results rest on, planted on purpose: what each is worth, and whether the audit finds it.

Each is what people do, applied to honest samples before the folds are made; the run then goes its usual way.
docs/audit.md says which check finds which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from neuroface.errors import ConfigError
from neuroface.evaluate.leaky_estimators import BestOnTest, Remembering, ScaledTogether
from neuroface.evaluate.seeds import derive_seed
from neuroface.types import Samples

TWICE = 3  # people that stand under two ids
NOISE = 1e-3  # by which the second measurement of a person differs, in deviations of a column
BLUR = 0.05  # deviation of a column that is the class, give or take a little
MIXED = 0.3  # at most so far towards another person of the class lies an augmented row


@dataclass(frozen=True)
class Asked:
    """What is about to be run: the arguments of `plan`."""

    samples: Samples
    estimator: Any
    splitter: Any
    seed: int


class FrameSplit:
    """Rows dealt over 5 folds whoever they are of: the same people are learnt from and judged."""

    def __init__(self, *, n_splits: int = 5, seed: int = 0) -> None:
        self.n_splits, self.seed = n_splits, seed

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        from sklearn.model_selection import StratifiedKFold

        folds = StratifiedKFold(self.n_splits, shuffle=True, random_state=derive_seed(self.seed, "frames"))
        yield from folds.split(np.zeros(len(y)), y)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        return self.n_splits


def plant(leak: str, asked: Asked) -> Asked:
    """What is asked with one mistake in it; as it is for "refused" and "accepted".

    Errors: ConfigError where the mistake is one of tables and the samples are none.
    """
    if leak not in PLANTERS:
        return asked
    if asked.samples.view != "table" and leak not in ("frame_split", "test_epoch"):
        raise ConfigError(
            f"protocol.leak={leak} is a mistake with tables of features; this classifier sees {asked.samples.view}. "
            "Choose classifier=forest, or protocol.leak=frame_split."
        )
    return PLANTERS[leak](asked)


def _frame_split(asked: Asked) -> Asked:
    return replace(asked, splitter=FrameSplit(seed=asked.seed))


def _recording_twice(asked: Asked) -> Asked:
    return replace(asked, samples=_again(asked, noise=0.0))


def _person_twice(asked: Asked) -> Asked:
    return replace(asked, samples=_again(asked, noise=NOISE))


def _person_in_detector(asked: Asked) -> Asked:
    """The output of a network, here a linear one, that was fitted on everybody's class, as a further feature."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    samples = asked.samples
    network = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto").fit(_filled(samples.X), samples.y)
    seen = frozenset(map(str, samples.subject))
    values = network.decision_function(_filled(samples.X)).reshape(len(samples), -1)
    names = tuple(f"network.embedding_{i}" for i in range(values.shape[1]))
    added = _with_columns(samples, values, names)
    return replace(asked, samples=replace(added, fitted_on=tuple(seen | row for row in samples.fitted_on)))


def _scale_before_split(asked: Asked) -> Asked:
    X = np.asarray(asked.samples.X, dtype=float)
    deviation = np.nanstd(X, axis=0)
    scaled = (X - np.nanmean(X, axis=0)) / np.where(deviation > 0, deviation, 1.0)
    return replace(asked, samples=_prepared(replace(asked.samples, X=scaled), "normalisation"))


def _select_before_split(asked: Asked) -> Asked:
    """As many columns as there were, the best of themselves and their products by F over all people."""
    from sklearn.feature_selection import f_classif

    samples = asked.samples
    Z = _standard(_filled(samples.X))
    pairs = list(combinations_with_replacement(range(Z.shape[1]), 2))
    candidates = np.column_stack([_filled(samples.X), *(Z[:, i] * Z[:, j] for i, j in pairs)])
    names = (*samples.feature_names, *(f"{samples.feature_names[i]} x {samples.feature_names[j]}" for i, j in pairs))
    _, first, of = np.unique(np.asarray(samples.subject).astype(str), return_index=True, return_inverse=True)
    means = np.stack([np.bincount(of, column) / np.bincount(of) for column in candidates.T], axis=1)
    score = np.nan_to_num(f_classif(means, np.asarray(samples.y)[first])[0])
    best = np.sort(np.argsort(-score, kind="stable")[: Z.shape[1]])
    kept = replace(samples, X=candidates[:, best], feature_names=tuple(names[i] for i in best))
    return replace(asked, samples=_prepared(kept, "selection"))


def _augment_before_split(asked: Asked) -> Asked:
    """Everybody's rows once more under another name, each a little on the way to another row of the class (SMOTE)."""
    samples, rng = asked.samples, np.random.default_rng(derive_seed(asked.seed, "augment"))
    X, y = _filled(samples.X), np.asarray(samples.y).astype(str)
    subject = np.asarray(samples.subject).astype(str)
    mates = np.array([rng.choice(np.flatnonzero((y == y[i]) & (subject != subject[i]))) for i in range(len(y))])
    made = X + rng.uniform(0, MIXED, size=(len(X), 1)) * (X[mates] - X)
    return replace(asked, samples=_prepared(_joined(samples, np.arange(len(y)), made, "augmented"), "augmentation"))


def _test_epoch(asked: Asked) -> Asked:
    """The epoch, or of estimators without epochs one of several fits, that does best on those who are judged."""
    estimator = asked.estimator
    if "epoch_selection" in estimator.get_params():
        from sklearn.base import clone

        return replace(asked, estimator=clone(estimator).set_params(epoch_selection="test_best"))
    return replace(asked, estimator=BestOnTest(estimator))


def _label_in_features(asked: Asked) -> Asked:
    classes = np.unique(np.asarray(asked.samples.y).astype(str), return_inverse=True)[1]
    return replace(asked, samples=_with_columns(asked.samples, classes[:, None].astype(float), ("diagnosis_code",)))


def _noisy_label(asked: Asked) -> Asked:
    """The class, give or take a little: what is left of it after it was measured, rounded or predicted elsewhere."""
    classes = np.unique(np.asarray(asked.samples.y).astype(str), return_inverse=True)[1]
    rng = np.random.default_rng(derive_seed(asked.seed, "noisy label"))
    values = classes + BLUR * rng.normal(size=len(classes))
    return replace(asked, samples=_with_columns(asked.samples, values[:, None], ("score",)))


def _row_number(asked: Asked) -> Asked:
    order = np.argsort(np.asarray(asked.samples.y).astype(str), kind="stable")  # as tables are often sorted
    samples = asked.samples[order]
    numbers = np.arange(len(samples), dtype=float)[:, None]
    return replace(asked, samples=_with_columns(samples, numbers, ("unnamed_0",)))


def _memory(asked: Asked) -> Asked:
    return replace(asked, estimator=Remembering(asked.estimator))


def _scale_on_test(asked: Asked) -> Asked:
    return replace(asked, estimator=ScaledTogether(asked.estimator))


def _as_it_is(asked: Asked) -> Asked:
    """Planted when the folds are done: a threshold chosen on their predictions, or one seed of many."""
    return asked


PLANTERS: dict[str, Callable[[Asked], Asked]] = {
    "frame_split": _frame_split,
    "recording_twice": _recording_twice,
    "person_twice": _person_twice,
    "person_in_detector": _person_in_detector,
    "scale_before_split": _scale_before_split,
    "select_before_split": _select_before_split,
    "augment_before_split": _augment_before_split,
    "test_epoch": _test_epoch,
    "threshold_on_test": _as_it_is,
    "label_in_features": _label_in_features,
    "noisy_label": _noisy_label,
    "row_number": _row_number,
    "memory": _memory,
    "scale_on_test": _scale_on_test,
    "best_seed": _as_it_is,
}


def _again(asked: Asked, *, noise: float) -> Samples:
    """The samples with TWICE people of each class once more under another id."""
    samples, rng = asked.samples, np.random.default_rng(derive_seed(asked.seed, "again"))
    subject, y = np.asarray(samples.subject).astype(str), np.asarray(samples.y).astype(str)
    chosen = [name for label in dict.fromkeys(y) for name in list(dict.fromkeys(subject[y == label]))[:TWICE]]
    rows = np.flatnonzero(np.isin(subject, chosen))
    X = np.asarray(samples.X, dtype=float)
    return _joined(samples, rows, X[rows] + noise * np.nanstd(X, axis=0) * rng.normal(size=X[rows].shape), "again")


def _joined(samples: Samples, rows: np.ndarray, X: np.ndarray, word: str) -> Samples:
    """The samples and, after them, the given rows with other values, of people and samples with `word` in their ids."""
    new = samples[rows]

    def renamed(column: np.ndarray) -> np.ndarray:
        return np.array([f"{value} {word}" for value in column])

    meta = {name: renamed(column) if name == "sample" else column for name, column in new.meta.items()}
    return replace(
        samples,
        X=np.concatenate([np.asarray(samples.X, dtype=float), X]),
        y=np.concatenate([samples.y, new.y]),
        subject=np.concatenate([np.asarray(samples.subject).astype(str), renamed(new.subject)]),
        meta={name: np.concatenate([np.asarray(column), meta[name]]) for name, column in samples.meta.items()},
        fitted_on=(*samples.fitted_on, *new.fitted_on),
    )


def _prepared(samples: Samples, kind: str) -> Samples:
    return replace(samples, prepared={**samples.prepared, kind: frozenset(map(str, samples.subject))})


def _with_columns(samples: Samples, values: np.ndarray, names: tuple[str, ...]) -> Samples:
    X = np.column_stack([np.asarray(samples.X, dtype=float), values])
    return replace(samples, X=X, feature_names=(*samples.feature_names, *names))


def _filled(X: Any) -> np.ndarray:
    """(n, d) with each gap filled by its column's median, 0 for a column without values."""
    X = np.asarray(X, dtype=float)
    middle = [np.median(column[np.isfinite(column)]) if np.isfinite(column).any() else 0.0 for column in X.T]
    return np.where(np.isfinite(X), X, middle)


def _standard(X: np.ndarray) -> np.ndarray:
    deviation = X.std(axis=0)
    return np.asarray((X - X.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0))
