"""Two methods' decisions and errors on the same people, families of comparisons, and what so many people can tell."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.statistics import permutation_p

EXACT = 12  # people: with up to that many, all 2^n ways to swap are looked at
DRAWS = 9999
POWER = 0.8
ALPHA = 0.05

Score = Callable[[np.ndarray], np.ndarray]


class McNemar(NamedTuple):
    """only_first, only_second: people whom only that method decided rightly. p: two-sided, exact."""

    only_first: int
    only_second: int
    p: float


def mcnemar(first: np.ndarray, second: np.ndarray) -> McNemar:
    """Exact test of two methods' right decisions (n,) bool about the same people (McNemar, Psychometrika 1947; 12:153).

    p is 1 where they never differ.
    """
    from scipy.stats import binomtest

    a, b = int((first & ~second).sum()), int((second & ~first).sum())
    return McNemar(a, b, float(binomtest(a, a + b).pvalue) if a + b else 1.0)


def swapped(a: np.ndarray, b: np.ndarray, score: Score) -> tuple[float, float]:
    """Score of b less that of a, and the two-sided p of a test that swaps the two within people.

    a, b: (n,) values of the same people, such as decisions or errors; score: (..., n) -> (...). Exact for up to EXACT
    people. It takes the values as they are: fitting is not in it (see paired.py).
    """
    n = len(a)
    ways = np.array(list(itertools.product((False, True), repeat=n))) if n <= EXACT else None
    flips = np.random.default_rng(derive_seed("swap", n)).random((DRAWS, n)) < 0.5 if ways is None else ways
    observed = float(score(b) - score(a))
    differences = np.abs(score(np.where(flips, a, b)) - score(np.where(flips, b, a)))
    if ways is not None:
        return observed, float(np.mean(differences >= abs(observed) - 1e-12))
    return observed, permutation_p(abs(observed), differences)


def kappa(y: np.ndarray, decided: np.ndarray) -> np.ndarray:
    """Cohen's kappa of (..., n) decisions with the classes (n,), codes 0 .. k - 1; 0 where all is said alike."""
    k = int(max(y.max(), decided.max())) + 1
    agreed = (decided == y).mean(axis=-1)
    by_chance = sum((decided == c).mean(axis=-1) * (y == c).mean() for c in range(k))
    certain = np.isclose(by_chance, 1)
    return np.where(certain, 0.0, (agreed - by_chance) / np.where(certain, 1.0, 1 - by_chance))


def max_t(observed: np.ndarray, null: np.ndarray) -> np.ndarray:
    """(m,) p values adjusted over a family by the largest of the standardised statistics in each permutation.

    observed: (m,); null: (B, m), in each row the same permutation (Westfall & Young 1993). Less strict than Holm where
    statistics go together. A column that never varies keeps p = 1.
    """
    spread = null.std(axis=0, ddof=1)
    scale = np.where(spread > 0, spread, np.inf)
    largest = (np.abs(null) / scale).max(axis=1)
    return np.array([permutation_p(value, largest) for value in np.abs(observed) / scale])


def equivalent(difference: float, error: float, margin: float) -> bool:
    """Whether the 90 % interval of a difference lies within the margin: two one-sided tests (Schuirmann 1987)."""
    from scipy.stats import norm

    return abs(difference) + float(norm.ppf(1 - ALPHA)) * error < margin


def resolvable_auc(n_positive: int, n_negative: int, *, power: float = POWER) -> float:
    """The AUC that so many people tell from .5 at .05, two-sided, with this power; NaN where even 1 is not told.

    The spread under .5 is that of the rank sum, and elsewhere Hanley & McNeil's (Radiology 1982; 143:29).
    """
    at_half = math.sqrt((n_positive + n_negative + 1) / (12 * n_positive * n_negative))
    needed, beyond = NormalDist().inv_cdf(1 - ALPHA / 2) * at_half, NormalDist().inv_cdf(power)

    def lacking(area: float) -> float:
        return area - 0.5 - needed - beyond * hanley_mcneil(area, n_positive, n_negative)

    if lacking(1.0) <= 0:
        return math.nan
    low, high = 0.5, 1.0
    for _ in range(50):  # halved to the last digit; scipy would have to be imported for every report
        middle = (low + high) / 2
        low, high = (middle, high) if lacking(middle) < 0 else (low, middle)
    return high


def hanley_mcneil(area: float, n_positive: int, n_negative: int) -> float:
    """Standard error of an AUC of exponential scores, a common guess where there are no scores yet."""
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (n_positive - 1) * (q1 - area**2) + (n_negative - 1) * (q2 - area**2)
    return math.sqrt(max(spread, 0.0) / (n_positive * n_negative))


def resolvable_difference(error: float, *, power: float = POWER) -> float:
    """The difference that is told from none at .05, two-sided, with this power; error: its standard error."""
    return (NormalDist().inv_cdf(1 - ALPHA / 2) + NormalDist().inv_cdf(power)) * error
