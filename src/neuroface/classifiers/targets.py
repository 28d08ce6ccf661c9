"""What a network learns of each row: its class, how much it counts, and, where wanted, which side is affected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuroface.errors import ConfigError, DataError, LeakageError, did_you_mean
from neuroface.types import Parts

SIDES = ("left", "right")


def class_factors(
    class_weight: str | Mapping[str, float] | None, y: np.ndarray, classes: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """(n,) factors on the rows' weights that keep the weights' sum.

    class_weight: None; "balanced", classes then weigh the same in total; or {class: factor}, 1 for those not named.
    y: (n,) of `classes`. Errors: ConfigError for anything else, or a class that is not there.
    """
    if class_weight is None:
        return np.ones(len(y))
    if isinstance(class_weight, Mapping):
        names = [str(label) for label in classes]
        unknown = sorted(set(map(str, class_weight)) - set(names))
        if unknown:
            raise ConfigError(f"classifier.class_weight names {', '.join(unknown)}." + did_you_mean(unknown[0], names))
        of_class = {str(name): float(factor) for name, factor in class_weight.items()}
        factors = np.array([of_class.get(str(label), 1.0) for label in y])
    elif class_weight == "balanced":
        totals = np.array([weights[y == label].sum() for label in classes])
        factors = 1 / totals[np.searchsorted(classes, y)]
    else:
        raise ConfigError(f"classifier.class_weight is {class_weight!r}; it must be balanced, null, or a mapping.")
    return factors * (weights.sum() / (factors * weights).sum())


def one_hot(codes: np.ndarray, n_classes: int) -> np.ndarray:
    """(n, n_classes) of 0 and 1, from class codes (n,)."""
    return np.eye(n_classes)[codes]


def with_noise(targets: np.ndarray, rows: np.ndarray, n_classes: int, *, share: float, seed: int) -> np.ndarray:
    """Targets (n, n_classes + .) of which round(share len(rows)) of `rows` have another class, each as likely.

    Symmetric label noise, on pictures and not on people: of somebody's pictures some are mislabelled.
    """
    rng = np.random.default_rng([seed, len(rows)])
    chosen = rng.permutation(rows)[: round(share * len(rows))]
    noisy = targets.copy()
    given = targets[chosen, :n_classes].argmax(axis=1)
    other = (given + rng.integers(1, n_classes, len(chosen))) % n_classes if n_classes > 1 else given
    noisy[chosen, :n_classes] = one_hot(other, n_classes)
    return noisy


def with_sides(targets: np.ndarray, side: np.ndarray | None) -> np.ndarray:
    """(n, K + 2): targets (n, K), then left and right, both 0 where the side (n,) is neither.

    Errors: DataError when not both sides are there to learn from.
    """
    known = np.full(len(targets), "") if side is None else np.asarray(side).astype(str)
    sides = np.stack([known == name for name in SIDES], axis=1).astype(float)
    if not sides.any(axis=0).all():
        raise DataError(
            "classifier.side_weight learns the affected side, and the training people do not have both sides known. "
            "Set classifier.side_weight=0, or use a cohort that tells the side."
        )
    return np.concatenate([targets, sides], axis=1)


def with_test(
    X: Any, targets: np.ndarray, weights: np.ndarray, classes: np.ndarray, X_test: Any, y_test: np.ndarray | None
) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray]:
    """X, targets and weights with the test rows after those to learn from, and (n,) bool which they are.

    Errors: LeakageError where no test rows are given.
    """
    if X_test is None or y_test is None:
        raise LeakageError(
            "epoch_selection=test_best chooses the epoch on the very people who are judged. Accept that leak with "
            "protocol.leak=accepted, or set classifier.epoch_selection=inner_people."
        )
    of_test = np.zeros((len(y_test), targets.shape[1]))
    of_test[:, : len(classes)] = one_hot(np.searchsorted(classes, y_test), len(classes))
    is_test = np.arange(len(targets) + len(of_test)) >= len(targets)
    weights = np.append(weights, np.ones(len(of_test)))
    return _joined(X, X_test), np.concatenate([targets, of_test]), weights, is_test


def _joined(X: Any, other: Any) -> Any:
    """The rows of X and then those of the other, of one view."""
    if isinstance(X, Parts):
        return Parts({name: _joined(array, other.arrays[name]) for name, array in X.arrays.items()})
    return np.concatenate([X, other])
