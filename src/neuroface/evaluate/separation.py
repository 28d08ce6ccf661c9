"""How low an AUC can be when nobody overlapped: the limit of an interval at complete separation."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

# The positive group's spread over the negative one's: the least favourable of these decides.
SPREADS = (0.5, 1.0, 2.0)
WIDEST = 9.0  # standardised distance of two groups that nobody's data will tell from complete separation
GRID = np.linspace(-9.0, 9.0, 1201)


def separation_limit(sizes: Sequence[tuple[int, int]], *, confidence: float) -> float:
    """The AUC under which complete separation has probability (1 - confidence) / 2, for normal scores.

    sizes: (n_positive, n_negative) of each independent sample in which every positive is above every negative. An AUC
    that makes what was seen rarer than that is outside the interval; DeLong's variance, which is 0 there, says nothing.
    Pohar Perme & Manevski (Statistical Methods in Medical Research 2019; 28:3755) ask for such a correction; this one
    is the limit that an exact test on the number of overlaps would give, with the least favourable of SPREADS.
    """
    tail = math.log((1 - confidence) / 2)
    return min(_limit(tuple(sorted(sizes)), spread, tail) for spread in SPREADS)


@functools.lru_cache(maxsize=512)
def _limit(sizes: tuple[tuple[int, int], ...], spread: float, log_tail: float) -> float:
    from scipy.optimize import brentq
    from scipy.stats import norm

    counts = {pair: sizes.count(pair) for pair in set(sizes)}

    def excess(distance: float) -> float:
        return sum(k * _log_separated(*pair, distance, spread) for pair, k in counts.items()) - log_tail

    return float(norm.cdf(brentq(excess, -WIDEST, WIDEST, xtol=1e-6)))


def _log_separated(n_positive: int, n_negative: int, distance: float, spread: float) -> float:
    """Log of the chance that all positives are above all negatives; distance: that with AUC = Phi(distance).

    Negatives are standard normal. x runs over the highest of them, whose density is n phi(x) Phi(x)^(n - 1).
    """
    from scipy.special import logsumexp
    from scipy.stats import norm

    mean = distance * math.hypot(1, spread)
    highest = math.log(n_negative) + norm.logpdf(GRID) + (n_negative - 1) * norm.logcdf(GRID)
    above = n_positive * norm.logsf(GRID, loc=mean, scale=spread)
    return float(logsumexp(highest + above) + math.log(GRID[1] - GRID[0]))
