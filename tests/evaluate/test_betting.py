from __future__ import annotations

from math import comb

import numpy as np
import pytest
from scipy.integrate import quad

from neuroface.evaluate.betting import BOLDNESS, FEWEST, LOOKS, MOST, anytime_p, settled


def stake(hits: int, drawn: int, u: float) -> float:
    """What has become of 1: for each p the odds of these hits by the odds of the null, averaged over p below."""
    under_null = 1 / ((drawn + 1) * comb(drawn, hits))
    gain = quad(lambda p: p**hits * (1 - p) ** (drawn - hits) / under_null, 0, BOLDNESS * u)[0]
    return gain / (BOLDNESS * u)


@pytest.mark.parametrize("hits", [[False] * 40, [True, False, False] + [False] * 30, [False] * 20 + [True]])
def test_p_is_the_level_at_which_the_bet_has_won(hits):
    hits = np.array(hits)
    p = anytime_p(hits)
    best = max(stake(int(hits[:n].sum()), n, p) for n in range(1, len(hits) + 1))
    assert best == pytest.approx(1 / p, rel=1e-4)


def test_looking_again_never_makes_it_worse():
    hits = np.random.default_rng(0).random(200) < 0.1
    p = [anytime_p(hits[:n]) for n in range(201)]
    assert p == sorted(p, reverse=True)
    assert p[0] == 1


def test_it_is_valid_for_whoever_stops_at_the_best_moment():
    rng, n = np.random.default_rng(1), 2000
    chance = rng.random(n)
    smallest = np.array([anytime_p(rng.random(300) < c) for c in chance])
    for level in (0.01, 0.05, 0.2):
        assert np.mean(smallest <= level) <= level + 2 * np.sqrt(level / n)


def test_false_alarms_of_a_stopped_null_and_what_it_draws():
    rng, drawn, found = np.random.default_rng(2), [], []
    for chance in rng.random(1000):
        hits = rng.random(MOST) < chance
        drawn.append(next((n for n in LOOKS if settled(hits[:n])), MOST))
        found.append(anytime_p(hits[: drawn[-1]]) <= 0.05)
    assert 0.03 <= np.mean(found) <= 0.065  # .047 and two and a half standard errors
    assert np.mean(drawn) < MOST / 10


def test_a_clear_effect_is_settled_and_a_close_one_is_not():
    assert not settled(np.zeros(FEWEST - 10, dtype=bool))
    assert settled(np.zeros(FEWEST, dtype=bool))
    assert settled(np.arange(19) < 10)
    assert not settled(np.arange(199) % 18 == 0)
    assert LOOKS[-1] == MOST
