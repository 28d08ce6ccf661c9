"""Permutation importance out of fold: what each fold's model would say if one feature were somebody else's.

Breiman, Machine Learning 2001; 45:5-32, with three changes: a row is judged by the model that never saw its person;
values change places between people, not between a person's repetitions; features that go together can change together,
because a model that may use either loses nothing by one of them alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuroface.evaluate.statistics import student_reach
from neuroface.explain.question import Question, fall, probability_lost

Ask = Callable[[np.ndarray], np.ndarray]
TOGETHER = 0.7  # mean |Spearman's rho| over people above which features are called correlated; a convention


@dataclass(frozen=True, eq=False)
class Judge:
    """One fold. ask: (m, d) -> (m, k) probabilities, columns by the question's classes. rows: (r,) it judges."""

    name: str
    ask: Ask
    rows: np.ndarray


def groups_of(names: Sequence[str], X: np.ndarray, subject: np.ndarray) -> dict[tuple[str, str], list[int]]:
    """(kind, name) -> columns: every "feature", every "family" (what stands before the dot), every "correlated" set.

    A set of one is not repeated. Correlated sets: average linkage of 1 - |Spearman's rho| of people's means.
    """
    found: dict[tuple[str, str], list[int]] = {("feature", name): [i] for i, name in enumerate(names)}
    families: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        families.setdefault(name.partition(".")[0], []).append(i)
    found |= {("family", name): columns for name, columns in families.items()}
    for number, columns in enumerate(correlated(X, subject), 1):
        found["correlated", f"set {number}"] = columns
    return found


def correlated(X: np.ndarray, subject: np.ndarray) -> list[list[int]]:
    """Sets of two or more columns that order people alike (TOGETHER); X: (n, d), NaN is missing."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    means = pd.DataFrame(X).groupby(np.asarray(subject)).mean()
    rho = means.corr(method="spearman").abs().fillna(0.0).to_numpy()
    if len(rho) < 2:
        return []
    apart = 1 - (rho + rho.T) / 2
    np.fill_diagonal(apart, 0.0)
    number = fcluster(linkage(squareform(apart, checks=False), "average"), 1 - TOGETHER, "distance")
    sets = [np.flatnonzero(number == one).tolist() for one in dict.fromkeys(number.tolist())]
    return [columns for columns in sets if len(columns) > 1]


def changed(X: np.ndarray, rows: np.ndarray, columns: Sequence[int], donors: np.ndarray) -> tuple[np.ndarray, ...]:
    """(m, d) rows to ask about, and (R, r) which of them each repeat of each row is.

    A row meets the same donor in many repeats; it is asked about once. donors: (R, n).
    """
    pair = donors[:, rows] + np.arange(len(rows)) * len(X)  # a row of its own for each taker and giver
    different, place = np.unique(pair, return_inverse=True)
    taker, giver = np.divmod(different, len(X))
    out = X[rows[taker]]
    out[:, columns] = X[giver[:, None], columns]
    return out, place.reshape(pair.shape)


def probabilities(
    judges: Sequence[Judge], X: np.ndarray, groups: Mapping[tuple[str, str], Sequence[int]], donors: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """(J, k) as they are, and (G, R, J, k) with each group's columns replaced; J: all judged rows, judge by judge.

    Every judge is asked once, about everything.
    """
    before, after = [], []
    for judge in judges:
        asked = [changed(X, judge.rows, columns, donors) for columns in groups.values()]
        told = judge.ask(np.concatenate([X[judge.rows], *(rows for rows, _ in asked)]))
        before.append(told[: len(judge.rows)])
        start, of_groups = len(judge.rows), []
        for rows, place in asked:
            of_groups.append(told[start : start + len(rows)][place])
            start += len(rows)
        after.append(np.stack(of_groups))
    return np.concatenate(before), np.concatenate(after, axis=2)


def importance(
    judges: Sequence[Judge],
    X: np.ndarray,
    question: Question,
    groups: Mapping[tuple[str, str], Sequence[int]],
    *,
    repeats: int = 100,
    seed: int = 0,
) -> pd.DataFrame:
    """One row per group: kind, name, before, importance, low, high, probability, probability_low, probability_high.

    X: (n, d) of all rows, NaN is missing. question: about the same n rows. importance: how far the score falls, a mean
    over repeats, with its interval over people (`question.fall`). probability: how much less the models give to a
    person's own class, with Student's interval; it still moves where an AUC cannot fall any further.
    """
    donors = question.donors(repeats, seed)
    before, after = probabilities(judges, X, groups, donors, len(question.classes))
    at = np.concatenate([judge.rows for judge in judges])
    judged = Question(question.y[at], question.subject[at], question.task[at], question.classes, question.design)
    rows = []
    for (kind, name), values in zip(groups, after, strict=True):
        found = fall(judged, before, values, seed=seed)
        lost = probability_lost(judged, before, values)
        rows.append((kind, name, *found, *_student(lost)))
    columns = ["kind", "name", "before", "importance", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "probability", "probability_low", "probability_high"])


def _student(values: np.ndarray) -> tuple[float, float, float]:
    """Mean and its 95 % interval; NaN ends below two values."""
    mean, reach = float(values.mean()), float(student_reach(values))
    return mean, mean - reach, mean + reach
