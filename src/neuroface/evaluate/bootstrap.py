"""Bootstrap limits of any score of people: percentile, and bias-corrected and accelerated (BCa)."""

from __future__ import annotations

import numpy as np

from neuroface.evaluate.statistics import CONFIDENCE, percentile_interval


def resampled(stratum: np.ndarray, n_draws: int, rng: np.random.Generator) -> np.ndarray:
    """(n_draws, n) positions drawn with replacement within each stratum (n,), whose sizes stay as they are.

    One row is one person: average repetitions first.
    """
    drawn = np.empty((n_draws, len(stratum)), dtype=int)
    for name in np.unique(stratum):
        mine = np.flatnonzero(stratum == name)
        drawn[:, mine] = rng.choice(mine, size=(n_draws, len(mine)))
    return drawn


def bca_interval(
    value: float, draws: np.ndarray, left_out: np.ndarray, *, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """BCa limits (Efron, JASA 1987; 82:171). value: of the data; draws: (B,) of resamples; left_out: (n,) jackknife.

    Draws that are not numbers are left out. Percentile limits where all draws lie on one side of the value, or where
    leaving people out changes nothing: there the correction is not defined.
    """
    from scipy.stats import norm

    draws, left_out = draws[np.isfinite(draws)], left_out[np.isfinite(left_out)]
    if not len(draws):
        return np.nan, np.nan
    below = (np.mean(draws < value) + np.mean(draws <= value)) / 2  # ties count half: an AUC has many
    moved = left_out.mean() - left_out if len(left_out) else np.zeros(1)
    spread = float((moved**2).sum()) ** 1.5
    if not 0 < below < 1 or spread == 0:
        return percentile_interval(draws, confidence=confidence)
    shift, acceleration = norm.ppf(below), float((moved**3).sum()) / (6 * spread)
    tails = shift + norm.ppf([(1 - confidence) / 2, (1 + confidence) / 2])
    low, high = np.quantile(draws, norm.cdf(shift + tails / (1 - acceleration * tails)))
    return float(low), float(high)
