"""One fold: fit on the training rows, judge the test rows. The same code serves the result and its permutation null."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.errors import DataError
from neuroface.evaluate.cost import Spent
from neuroface.evaluate.many import can_predict_many, codes_of, fit_of, predict_many, refuse_nan
from neuroface.evaluate.seeds import derive_seed, seeded
from neuroface.evaluate.splits import Fold
from neuroface.evaluate.task import Task
from neuroface.evaluate.threshold import NEUTRAL, inner_scores, inner_splits, threshold_of
from neuroface.evaluate.weights import sample_weights
from neuroface.types import Parts

# What `fit` is offered: weights of the rows, who each row is of, which side is affected, where a long fit may keep its
# state and copies of what it learns; and, where a protocol accepts that leak, the rows that will be judged.
OFFERED = ("sample_weight", "groups", "side", "checkpoint", "snapshots")
TEST = ("X_test", "y_test")


Inner = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class FoldResult:
    """probabilities, dummy: (n_test, n_classes); the dummy's are the class shares of all that is judged. threshold: for
    two classes, else None. model: what was fitted.

    inner: positions of training rows of people held out inside the fold, and their probabilities (n, n_classes); None
    where there are none. An ensemble learns its weights from them. side: (n_test,) probability that the left side is
    affected, from a model that tells it. choice: settings that the model chose inside the fold, and what else it tried.
    parts: name -> (n_test, n_classes), what each part of X says by itself, NaN where it is missing; None where the
    model does not tell.
    task_weights: task -> how much it counts in a person's score, of a model over tasks.
    spent: what it cost, where somebody measured it.
    """

    name: str
    test: np.ndarray
    probabilities: np.ndarray
    dummy: np.ndarray
    threshold: float | None
    model: Any
    inner: Inner | None = None
    side: np.ndarray | None = None
    choice: dict[str, Any] | None = None
    parts: dict[str, np.ndarray] | None = None
    task_weights: dict[str, float] | None = None
    spent: Spent | None = None


def run_fold(task: Task, fold: Fold, fitted: Any = None) -> FoldResult:
    """Fit, predict, and choose a threshold, all from the training rows; and what the class sizes alone say.

    fitted: the model, where `fit_folds` has fitted it already.
    """
    seed = derive_seed(task.seed, fold.name)
    places = {"checkpoint": task.checkpoints, "snapshots": task.models}
    files = {name: place / fold.name for name, place in places.items() if place is not None}
    model = fit(task, fold.train, seed, test=fold.test, files=files) if fitted is None else fitted
    inner, threshold = _inner(task, fold, model, seed), None
    if len(task.classes) == 2:
        threshold = NEUTRAL
        if inner is not None:
            rows, p = inner
            threshold = threshold_of(
                p[:, 1],
                task.y[rows],
                task.subject[rows],
                positive=task.classes[1],
                task=None if task.tasks is None else task.tasks[rows],
                design=task.design,
            )
    probabilities = predict(model, task.X[fold.test], task.classes)
    side = None if task.side is None else model.predict_side(task.X[fold.test])
    return FoldResult(
        fold.name,
        fold.test,
        probabilities,
        np.tile(task.class_shares, (len(fold.test), 1)),
        threshold,
        model,
        inner,
        side,
        getattr(model, "choice_", None),
        _parts(model, task, fold) if task.parts else None,
        getattr(model, "task_weights_", None),
    )


def _parts(model: Any, task: Task, fold: Fold) -> dict[str, np.ndarray]:
    found = model.predict_parts(task.X[fold.test])
    return {name: _aligned(found[name], model.classes_, task.classes) for name in task.parts}


def _inner(task: Task, fold: Fold, model: Any, seed: int) -> Inner | None:
    """Predictions for people of the training fold that were held out.

    An estimator that holds people out itself says so by `held_out_`: positions in its training rows, probabilities of
    its classes. Any other is fitted anew on parts of the training fold, for a threshold between two classes.
    """
    if hasattr(model, "held_out_"):
        rows, probabilities = model.held_out_
        return fold.train[rows], _aligned(probabilities, model.classes_, task.classes)
    if len(task.classes) != 2:
        return None

    together = _inner_together(task, fold, seed) if can_predict_many(task) else None

    def fit_predict(train: np.ndarray, test: np.ndarray, inner: int) -> np.ndarray:
        if together is not None:
            return next(together)[:, 1]
        inner_model = fit(task, fold.train[train], derive_seed(seed, "inner", inner), test=fold.train[test])
        return predict(inner_model, task.X[fold.train[test]], task.classes)[:, 1]

    scores = inner_scores(fit_predict, task.y[fold.train], task.subject[fold.train], seed=seed)
    return None if scores is None else (fold.train, np.stack([1 - scores, scores], axis=1))


def _inner_together(task: Task, fold: Fold, seed: int) -> Iterator[np.ndarray]:
    """Probabilities of each inner fold, by an estimator that predicts many fits at once."""
    splits = inner_splits(task.y[fold.train], task.subject[fold.train], seed=seed) or []
    codes = codes_of(task)
    yield from predict_many(
        task,
        [
            fit_of(task, codes, fold.train[train], fold.train[test], derive_seed(seed, "inner", i))
            for i, (train, test) in enumerate(splits)
        ],
    )


def fit(
    task: Task,
    rows: np.ndarray,
    seed: int,
    *,
    test: np.ndarray | None = None,
    files: Mapping[str, Path] | None = None,
) -> Any:
    """A seeded copy of the estimator, fitted on the rows with people and classes weighing the same.

    test: rows that will be judged; they reach the estimator only where the protocol accepts that leak. files: where it
    may keep what it learns, by what OFFERED calls it.
    """
    model = seeded(task.estimator, seed)
    y, subject = task.y[rows], task.subject[rows]
    weights = sample_weights(y, subject, balance=task.balance)
    given: dict[str, Any] = {"sample_weight": weights, "groups": subject, **(files or {})}
    if task.side is not None:
        given["side"] = task.side[rows]
    if task.shows_test and test is not None:
        given |= {"X_test": task.X[test], "y_test": task.y[test]}
    accepted = fit_arguments(model, (*OFFERED, *TEST))
    return model.fit(task.X[rows], y, **{key: given[name] for name, key in accepted.items() if name in given})


def fit_folds(task: Task, folds: Sequence[Fold]) -> list[Any]:
    """What `fit` gives for each fold, by an estimator that trains them together; an error in a failed one's place."""
    seeds = [seeded(task.estimator, derive_seed(task.seed, fold.name)).random_state for fold in folds]
    weights = [sample_weights(task.y[fold.train], task.subject[fold.train], balance=task.balance) for fold in folds]
    return list(task.estimator.fit_folds(task.X, task.y, task.subject, weights, [fold.train for fold in folds], seeds))


def fit_arguments(estimator: Any, offered: Sequence[str] = OFFERED) -> dict[str, str]:
    """What the estimator's fit takes beside X and y, and by what key (a pipeline's last step's)."""
    steps = getattr(estimator, "steps", None)
    last, prefix = (steps[-1][1], f"{steps[-1][0]}__") if steps else (estimator, "")
    parameters = inspect.signature(last.fit).parameters if hasattr(last, "fit") else {}
    return {name: prefix + name for name in offered if name in parameters}


def predict(model: Any, X: np.ndarray | Parts, classes: tuple[str, ...]) -> np.ndarray:
    """(n, n_classes) probabilities in the order of `classes`; a class that the model never saw gets 0."""
    raw = np.asarray(model.predict_proba(X), dtype=float)
    refuse_nan(raw, model)
    return _aligned(raw, model.classes_, classes)


def _aligned(raw: np.ndarray, seen_classes: Any, classes: tuple[str, ...]) -> np.ndarray:
    """(n, n_classes) probabilities, from the model's order of classes to ours."""
    seen = [str(c) for c in seen_classes]
    unknown = sorted(set(seen) - set(classes))
    if unknown:
        raise DataError(f"The fitted model knows the classes {unknown}, which the protocol does not: {list(classes)}.")
    aligned = np.zeros((len(raw), len(classes)))
    aligned[:, [classes.index(c) for c in seen]] = raw
    return aligned
