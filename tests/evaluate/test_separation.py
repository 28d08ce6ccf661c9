from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from neuroface.evaluate.separation import SPREADS, separation_limit


@pytest.mark.parametrize("sizes", [[(3, 3)], [(11, 6)], [(2, 2), (2, 2), (3, 2)]])
def test_at_the_limit_complete_separation_is_as_rare_as_a_tail(sizes):
    limit, rng, n = separation_limit(sizes, confidence=0.95), np.random.default_rng(1), 40000
    shares = []
    for spread in SPREADS:
        mean = norm.ppf(limit) * np.hypot(1, spread)
        separated = np.ones(n, dtype=bool)
        for n1, n0 in sizes:
            lowest = (mean + spread * rng.normal(size=(n, n1))).min(axis=1)
            separated &= lowest > rng.normal(size=(n, n0)).max(axis=1)
        shares.append(separated.mean())
    assert max(shares) == pytest.approx(0.025, abs=0.004)


def test_more_people_say_more():
    limits = [separation_limit([(n, n)], confidence=0.95) for n in (2, 5, 11, 100, 2000)]
    assert limits == sorted(limits)
    assert limits[-1] < 1
