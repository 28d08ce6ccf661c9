"""A decision threshold chosen inside a training fold, on people that the inner model did not see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neuroface.evaluate.design import Kind, design_of
from neuroface.evaluate.splits import Split, StratifiedSubjectKFold

INNER_FOLDS = 5  # fewer where a class has fewer people
NEUTRAL = 0.5

FitPredict = Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def youden_threshold(scores: np.ndarray, positive: np.ndarray) -> float:
    """The threshold with the largest sensitivity + specificity - 1 (Youden, Cancer 1950; 3:32-35).

    scores: (n,) 0..1, the same when equal to 12 decimals; positive: (n,) bool. Candidates are the midpoints between
    neighbouring distinct scores; of equally good ones the nearest to .5 is taken. .5 when all scores are the same or a
    class is absent.
    """
    scores, positive = np.asarray(scores, dtype=float).round(12), np.asarray(positive, dtype=bool)
    distinct = np.unique(scores)
    if len(distinct) < 2 or positive.all() or not positive.any():
        return NEUTRAL
    candidates = (distinct[1:] + distinct[:-1]) / 2
    above = scores >= candidates[:, None]
    youden = above[:, positive].mean(axis=1) - above[:, ~positive].mean(axis=1)
    best = candidates[np.isclose(youden, youden.max(), rtol=0, atol=1e-12)]
    return float(best[np.argmin(np.abs(best - NEUTRAL))])


def inner_threshold(fit_predict: FitPredict, y: np.ndarray, subject: np.ndarray, *, positive: str, seed: int) -> float:
    """Threshold for a training fold, from inner held-out predictions of its own rows; see inner_scores, threshold_of.

    .5 where the training fold is too small to hold people out.
    """
    scores = inner_scores(fit_predict, y, subject, seed=seed)
    return NEUTRAL if scores is None else threshold_of(scores, y, subject, positive=positive)


def inner_scores(fit_predict: FitPredict, y: np.ndarray, subject: np.ndarray, *, seed: int) -> np.ndarray | None:
    """(n,) the positive class's probability of each row of a training fold, from a model that did not see its person.

    fit_predict(train, test, inner_fold) returns those of the rows `test` from a model fitted on the rows `train`. With
    a single training subject its repetitions are divided instead of people. None where the fold is too small.
    """
    splits = inner_splits(y, subject, seed=seed)
    if splits is None:
        return None
    scores = np.full(len(y), np.nan)
    for i, (train, test) in enumerate(splits):
        scores[test] = fit_predict(train, test, i)
    return scores


def inner_splits(y: np.ndarray, subject: np.ndarray, *, seed: int) -> list[Split] | None:
    """(train, test) positions in a training fold, at most INNER_FOLDS: whole people, or repetitions of the only one.

    None where the fold is too small.
    """
    units = subject.astype(str) if len(set(subject)) > 1 else np.arange(len(y)).astype(str)
    n_splits = min(INNER_FOLDS, _units_of_smallest_class(y, units))
    if n_splits < 2:
        return None
    splits = list(StratifiedSubjectKFold(n_splits=n_splits, seed=seed).split(None, y, units))
    if any(len(set(y[train])) < len(set(y)) for train, _ in splits):
        return None
    return splits


def threshold_of(
    scores: np.ndarray,
    y: np.ndarray,
    subject: np.ndarray,
    *,
    positive: str,
    task: np.ndarray | None = None,
    design: Kind | None = None,
) -> float:
    """Threshold from held-out scores (n,), on the very score that is judged by it.

    Rows are averaged as for a decision: per task and then over tasks for each person (and class), or not at all in a
    question within people. task: (n,) of each row; None, all are of one. design: that of the whole question, which a
    training fold need not show; None, that of these rows.
    """
    kind, here = design or design_of(y, subject).kind, y == positive
    if kind != "within":  # a repetition is a unit of its own
        tasks = np.zeros(len(y), int) if task is None else np.unique(task, return_inverse=True)[1]
        n_tasks, unit = int(tasks.max()) + 1, 2 * np.unique(subject, return_inverse=True)[1] + here
        of_task, back = np.unique(unit * n_tasks + tasks, return_inverse=True)
        units, of_unit = np.unique(of_task // n_tasks, return_inverse=True)
        scores, here = _means(_means(scores, back), of_unit), units % 2 == 1
    return youden_threshold(scores, here)


def _means(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """(groups,) the mean of the values (n,) of each group 0, 1, ..."""
    return np.bincount(group, weights=values) / np.bincount(group)


def _units_of_smallest_class(y: np.ndarray, units: np.ndarray) -> int:
    return min(len(set(units[y == label])) for label in set(y))
