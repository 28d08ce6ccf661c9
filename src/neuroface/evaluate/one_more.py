"""Intervals of scores of decisions that cannot collapse: what one more person could have changed.

A bootstrap draws from who was seen. Where all were right it draws the same perfect score again and again, and where one
was wrong it hardly does better: its 95 % interval then covers far less often (docs/statistics.md has the numbers). Here
people are weighed by a Bayesian bootstrap (Rubin, Annals of Statistics 1981; 9:130), and one person more is added whose
decision is not known: wrong for the lower limit, right for the upper one. That is the imprecise Dirichlet model with
s = 1 (Walley, JRSS B 1996; 58:3); for a single proportion it gives the limits of Clopper & Pearson (1934).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from neuroface.evaluate import statistics

Score = Callable[[np.ndarray], np.ndarray]  # of confusion matrices (..., k, k)


class Drawn(NamedTuple):
    """(B, k, k) confusion matrices with one unit more: decided wrongly, decided rightly."""

    wrong: np.ndarray
    right: np.ndarray


def draw_confusions(
    y: np.ndarray,
    decided: np.ndarray,
    n_classes: int,
    *,
    unit: np.ndarray,
    n_draws: int,
    rng: np.random.Generator,
) -> Drawn:
    """What the confusion matrix might have been, class sizes as they were.

    y, decided: (n,) class codes. unit: (n,) what is weighed as a whole, mostly the person, whose decisions depend on
    each other. The unit that is added is shared by the classes that have members; in each it brings as many rows as
    units there do on average, and its wrong decisions are spread over the other classes.
    """
    _, code = np.unique(unit, return_inverse=True)
    seen = statistics.weighted_confusion(
        y, decided, n_classes, rng.standard_exponential((n_draws, code.max() + 1))[:, code]
    )
    members = np.bincount(y, minlength=n_classes)
    units = np.array([len(set(code[y == c])) for c in range(n_classes)])
    worth = np.divide(members, units, out=np.zeros(n_classes), where=units > 0)[:, None]
    share = np.eye(n_classes) / np.count_nonzero(members)
    elsewhere = (1 - np.eye(n_classes)) / (np.count_nonzero(members) * (n_classes - 1))
    wrong, right = (
        seen + worth * rng.gamma(np.where(mass > 0, mass, 1), size=seen.shape) * (mass > 0)
        for mass in (elsewhere, share)
    )
    return Drawn(*(_with_row_sums(one, members) for one in (wrong, right)))


def limits(score: Score, counts: np.ndarray, drawn: Drawn, *, confidence: float = statistics.CONFIDENCE) -> list[float]:
    """[low, high] of a score of the confusion matrix `counts` (k, k); the score itself is always inside."""
    ends = [statistics.percentile_interval(score(one), confidence=confidence) for one in drawn]
    value = float(score(counts))
    return [min(value, *(low for low, _ in ends)), max(value, *(high for _, high in ends))]


def _with_row_sums(matrices: np.ndarray, sums: np.ndarray) -> np.ndarray:
    rows = matrices.sum(axis=-1, keepdims=True)
    return matrices * np.divide(sums[:, None], rows, out=np.zeros(rows.shape), where=rows > 0)
