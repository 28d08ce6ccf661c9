from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from neuroface.evaluate.comparison import equivalent, hanley_mcneil, kappa, max_t, mcnemar, resolvable_auc, swapped


def test_mcnemar_counts_only_people_on_whom_the_methods_differ():
    first, second = np.array([1, 1, 1, 1, 1, 0, 1, 0], bool), np.array([1, 0, 0, 0, 0, 1, 1, 0], bool)
    found = mcnemar(first, second)
    assert (found.only_first, found.only_second) == (4, 1)
    assert found.p == pytest.approx(2 * (1 + 5) / 32)  # two-sided binomial of 1 of 5
    assert mcnemar(first, first).p == 1


def test_kappa_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    y, decided = rng.integers(0, 3, size=(2, 30))
    assert kappa(y, decided) == pytest.approx(cohen_kappa_score(y, decided))
    assert kappa(np.zeros(4, int), np.zeros(4, int)) == 0


def test_swapping_is_exact_for_few_people():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 5))
    differences = [
        abs(
            np.mean([b[i] if s else a[i] for i, s in enumerate(way)])
            - np.mean([a[i] if s else b[i] for i, s in enumerate(way)])
        )
        for way in itertools.product((0, 1), repeat=5)
    ]
    observed, p = swapped(a, b, lambda values: values.mean(axis=-1))
    assert observed == pytest.approx(b.mean() - a.mean())
    assert p == pytest.approx(np.mean(np.array(differences) >= abs(observed) - 1e-12))


def test_three_people_cannot_tell_anything():
    """Eight ways to swap three people, two of which are as extreme as can be: p is never below 1/4."""
    _, p = swapped(np.zeros(3), np.ones(3), lambda values: values.mean(axis=-1))
    assert p == 0.25


def test_the_largest_of_a_family_is_compared_with_the_largest():
    rng = np.random.default_rng(2)
    null = rng.normal(size=(999, 4)) * [1, 10, 1, 1]
    adjusted = max_t(np.array([4.0, 4.0, 0.0, 2.0]), null)
    assert adjusted[0] < 0.01 < adjusted[3] < adjusted[1] <= adjusted[2] == 1  # the second varies ten times as much
    assert max_t(np.array([1.0]), np.zeros((9, 1)))[0] == 1


def test_equivalence_needs_the_whole_interval_within_the_margin():
    assert equivalent(0.01, 0.02, 0.05)
    assert not equivalent(0.01, 0.03, 0.05)  # .01 + 1.645 x .03 = .059


def test_what_so_many_people_can_tell():
    assert hanley_mcneil(0.5, 11, 11) == pytest.approx(0.126, abs=0.002)
    assert resolvable_auc(11, 11) == pytest.approx(0.82, abs=0.02)
    assert resolvable_auc(100, 100) < resolvable_auc(30, 30) < resolvable_auc(11, 11)
    assert np.isnan(resolvable_auc(2, 2))
