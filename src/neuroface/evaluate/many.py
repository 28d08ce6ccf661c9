"""Many fits of one table at once, for estimators that can share work between folds and permutations.

An estimator that can do so has two methods beside scikit-learn's:

    can_predict_many(X) -> bool              whether it does for a table of this size
    predict_many(X, fits, n_classes, *, n_jobs) -> iterator of (n_test, n_classes) probabilities

`fits` is a sequence of `Fit`; probabilities come in its order. They are those of `fit` on the rows `train` with
`sample_weight` and `random_state`, then `predict_proba` of the rows `test`, columns by the number of the class. n_jobs
threads may be used; they, and how fits are grouped into calls, must not change a single bit. Where an estimator has
both methods and the first says yes, permutations and inner folds are asked of it in this process, without workers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface.errors import DataError
from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.weights import weights_of_codes

if TYPE_CHECKING:
    from neuroface.evaluate.task import Task


@dataclass(eq=False, slots=True)  # not frozen: that takes four times as long to make, and there are 10^5 of them
class Fit:
    """One of many fits: what is learnt from, and what is judged. Nobody changes one.

    y: (n,) number of the class of every row of the table, permuted or not. train, test: positions of rows.
    weights: (n_train,) of the training rows. random_state: the seed of this fit alone.
    unit: (n,) number of what is exchanged as one: rows of a unit have one class and one weight in every permutation, so
    that sums over them can be formed once. None where nothing is known of that.
    """

    y: np.ndarray
    train: np.ndarray
    test: np.ndarray
    weights: np.ndarray
    random_state: int
    unit: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Codes:
    """Classes and people of a task as numbers. y: (n,) position in the task's classes. person: (n,)."""

    y: np.ndarray
    person: np.ndarray


def can_predict_many(task: Task) -> bool:
    """Whether the task's estimator shares work between many fits of its table."""
    asked = getattr(task.estimator, "can_predict_many", None)
    return asked is not None and hasattr(task.estimator, "predict_many") and bool(asked(task.X))


def codes_of(task: Task) -> Codes:
    number = {label: i for i, label in enumerate(task.classes)}
    return Codes(
        y=np.array([number[label] for label in task.y.tolist()], dtype=np.int64),
        person=np.unique(task.subject, return_inverse=True)[1],
    )


def fit_of(
    task: Task,
    codes: Codes,
    train: np.ndarray,
    test: np.ndarray,
    seed: int | None,
    *,
    weights: np.ndarray | None = None,
    unit: np.ndarray | None = None,
) -> Fit:
    """What `fold.fit` would be asked with this seed: people and classes weigh the same.

    seed: None where the estimator leaves nothing to chance. weights: (n_train,), where they are known already. unit:
    as in Fit.
    """
    if weights is None:
        weights = weights_of_codes(codes.y[train], codes.person[train], balance=task.balance)
    # As `seeds.seeded` sets it in the copy that is fitted.
    return Fit(codes.y, train, test, weights, 0 if seed is None else derive_seed(seed, "random_state"), unit)


def predict_many(task: Task, fits: Sequence[Fit], *, unchecked: bool = False) -> Iterator[np.ndarray]:
    """(n_test, n_classes) probabilities of each fit, in order. DataError when some are not numbers.

    unchecked: whoever asks looks for these himself, in many at once.
    """
    found = task.estimator.predict_many(task.X, fits, len(task.classes), n_jobs=task.threads)
    if unchecked:
        yield from found
        return
    for _, p in zip(fits, found, strict=True):
        refuse_nan(p, task.estimator)
        yield p


def refuse_nan(probabilities: np.ndarray, model: Any) -> None:
    """DataError when some probabilities are not numbers."""
    if isfinite(np.vdot(probabilities, probabilities)):  # in a tenth of the time: asked tens of thousands of times
        return
    if not np.isfinite(probabilities).all():
        raise DataError(
            f"{type(model).__name__} gave {np.count_nonzero(~np.isfinite(probabilities))} probabilities that are not "
            "numbers."
        )
