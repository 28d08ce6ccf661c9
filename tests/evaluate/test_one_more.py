from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from neuroface.evaluate import statistics
from neuroface.evaluate.one_more import draw_confusions, limits
from neuroface.evaluate.scores_grades import grade_error, quadratic_kappa


def drawn(y, decided, k, *, unit=None, n_draws=4000, seed=0):
    unit = np.arange(len(y)) if unit is None else unit
    return draw_confusions(y, decided, k, unit=unit, n_draws=n_draws, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("right", [0, 4, 10, 12])
def test_a_single_share_has_the_limits_of_clopper_and_pearson(right):
    y = np.repeat([0, 1], [12, 1])[:12]
    decided = np.where(np.arange(12) < right, 0, 1)
    exact = binomtest(right, 12).proportion_ci(method="exact")
    counts = statistics.confusion(y, decided, 2)
    found = limits(statistics.accuracy, counts, drawn(y, decided, 2, n_draws=20000))
    assert found == pytest.approx([exact.low, exact.high], abs=0.015)


def test_perfect_and_hopeless_decisions_keep_an_interval():
    y = np.repeat([0, 1, 2], 6)
    perfect = limits(quadratic_kappa, statistics.confusion(y, y, 3), drawn(y, y, 3))
    assert perfect[1] == 1
    assert 0.5 < perfect[0] < 0.8
    low, high = limits(grade_error, statistics.confusion(y, y, 3), drawn(y, y, 3))
    assert low == 0
    assert high > 0.1


def test_repetitions_of_a_person_are_one_person():
    y, decided = np.repeat([0, 1], 8), np.repeat([0, 0, 0, 1, 1, 1, 1, 0], 2)
    once = limits(statistics.accuracy, statistics.confusion(y, decided, 2), drawn(y, decided, 2))
    thrice = [np.repeat(a, 3) for a in (y, decided, np.arange(16))]
    often = limits(statistics.accuracy, statistics.confusion(*thrice[:2], 2), drawn(*thrice[:2], 2, unit=thrice[2]))
    assert often == pytest.approx(once, abs=0.02)


def test_class_sizes_stay_as_they_were():
    y, decided = np.repeat([0, 2], [5, 9]), np.repeat([0, 1, 2], [4, 3, 7])
    for matrices in drawn(y, decided, 3, n_draws=5):
        assert matrices.sum(axis=2) == pytest.approx(np.tile([5, 0, 9], (5, 1)))


@pytest.mark.parametrize("right", [0.6, 0.97])
def test_kappa_of_three_by_six_people_is_covered(right):
    """The percentile bootstrap covers it in about .79 and .39 (scripts/interval_coverage.py)."""
    rng, y = np.random.default_rng(3), np.repeat(np.arange(3), 6)
    wrong = np.array([[0, 0.7, 0.3], [0.5, 0, 0.5], [0.3, 0.7, 0]])
    chances = right * np.eye(3) + (1 - right) * wrong
    truth, inside = quadratic_kappa(6 * chances), []
    for i in range(150):
        decided = np.concatenate([rng.choice(3, size=6, p=row) for row in chances])
        found = drawn(y, decided, 3, n_draws=200, seed=i)
        low, high = limits(quadratic_kappa, statistics.confusion(y, decided, 3), found)
        inside.append(low <= truth <= high)
    assert np.mean(inside) >= 0.9
