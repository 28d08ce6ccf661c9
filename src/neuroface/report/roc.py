"""ROC curves as the report draws them: one curve, its bootstrap band, the null's band. Numpy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

GRID = np.linspace(0, 1, 201)  # false positive rates at which bands are given


def auc(positive: np.ndarray, score: np.ndarray) -> float:
    """Chance that a positive scores above a negative, ties counting one half (Mann-Whitney); NaN without both classes.

    positive: (n,) bool; score: (n,) any unit.
    """
    above, below = score[positive], score[~positive]
    if not (len(above) and len(below)):
        return float("nan")
    difference = above[:, None] - below[None, :]
    return float(((difference > 0).sum() + (difference == 0).sum() / 2) / difference.size)


def curve(positive: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates (k,), from (0, 0) to (1, 1), one corner per distinct score.

    positive: (n,) bool; score: (n,) any unit; the trapezoid area under the curve is `auc`.
    """
    false, true = _weighted_curves(positive, score, np.ones((1, len(score))))
    return false[0], true[0]


def on_grid(positive: np.ndarray, score: np.ndarray, grid: np.ndarray = GRID) -> np.ndarray:
    """True positive rate (len(grid),) at the false positive rates `grid`; the upper end where the curve is vertical."""
    return np.interp(grid, *curve(positive, score))


def bootstrap_band(
    positive: np.ndarray,
    score: np.ndarray,
    *,
    level: float = 0.95,
    n_bootstrap: int = 1000,
    seed: int = 0,
    grid: np.ndarray = GRID,
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper true positive rate, each (len(grid),), over resampled subjects within each class.

    Pointwise percentile band of the class-stratified bootstrap (vertical averaging of Fawcett, Pattern Recognit.
    Lett. 27 (2006) 861). Scores are kept as they are: the band is conditional on the fitted folds.
    """
    rng = np.random.default_rng(seed)
    weights = np.empty((n_bootstrap, len(score)))
    for members in (np.flatnonzero(positive), np.flatnonzero(~positive)):
        weights[:, members] = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), size=n_bootstrap)
    curves = [np.interp(grid, f, t) for f, t in zip(*_weighted_curves(positive, score, weights), strict=True)]
    tail = 50 * (1 - level)
    low, high = np.percentile(curves, [tail, 100 - tail], axis=0)
    return low, high


def band(curves: Sequence[np.ndarray], *, tail: float = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, and the `tail` and 100 - `tail` percentiles, of curves given on one grid."""
    low, high = np.percentile(curves, [tail, 100 - tail], axis=0)
    return np.mean(curves, axis=0), low, high


def _weighted_curves(positive: np.ndarray, score: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rates (b, k) of curves in which subject i counts weights[b, i] times; each class must have weight in each row."""
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)  # last of each group of tied scores
    rates = []
    for members in (~positive, positive):
        passed = np.cumsum(weights[:, order] * members[order], axis=1)[:, ends]
        rates.append(np.hstack([np.zeros((len(weights), 1)), passed / passed[:, -1:]]))
    return rates[0], rates[1]
