"""Hedges g: how far two groups lie apart, in standard deviations."""

from __future__ import annotations

from math import exp, lgamma, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np


class EffectSize(NamedTuple):
    """g and the ends of its interval; NaN where it is not defined."""

    g: float
    low: float
    high: float


UNDEFINED = EffectSize(float("nan"), float("nan"), float("nan"))


def hedges_g(a: np.ndarray, b: np.ndarray, *, level: float = 0.95) -> EffectSize:
    """Bias-corrected standardised mean difference of b minus a; positive where b is larger.

    a, b: (n,) one value per person, any unit; NaN is left out. Pooled standard deviation, exact correction
    J = gamma(m/2) / (sqrt(m/2) gamma((m-1)/2)) with m = n_a + n_b - 2, and the large-sample interval
    g +- z sqrt((n_a + n_b) / (n_a n_b) + g^2 / (2 (n_a + n_b))). Hedges & Olkin, Statistical Methods for
    Meta-Analysis (1985), ch. 5. Fewer than two people in a group, or no spread at all, gives NaN.
    """
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    n_a, n_b = len(a), len(b)
    if min(n_a, n_b) < 2:
        return UNDEFINED
    freedom = n_a + n_b - 2
    pooled = sqrt(((n_a - 1) * a.var(ddof=1) + (n_b - 1) * b.var(ddof=1)) / freedom)
    if pooled == 0:
        return UNDEFINED
    correction = exp(lgamma(freedom / 2) - lgamma((freedom - 1) / 2)) / sqrt(freedom / 2)
    g = correction * float(b.mean() - a.mean()) / pooled
    half = NormalDist().inv_cdf(0.5 + level / 2) * sqrt((n_a + n_b) / (n_a * n_b) + g**2 / (2 * (n_a + n_b)))
    return EffectSize(g, g - half, g + half)
