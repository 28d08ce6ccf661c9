from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import rankdata

from neuroface.evaluate.paired import compare, swap_p
from neuroface.evaluate.statistics import auc


def test_swapping_is_exact_for_few_people():
    rng, positive = np.random.default_rng(0), np.arange(7) < 3
    a, b = rng.normal(size=7) + 2 * positive, rng.normal(size=7)
    ranks, reached = np.stack([rankdata(a), rankdata(b)]), []
    observed = abs(auc(a, positive) - auc(b, positive))
    for swap in itertools.product((0, 1), repeat=7):
        first, second = ranks[list(swap), np.arange(7)], ranks[[1 - s for s in swap], np.arange(7)]
        reached.append(abs(auc(first, positive) - auc(second, positive)) >= observed - 1e-12)
    assert swap_p(a, b, positive, person=np.arange(7)) == pytest.approx(np.mean(reached))


def test_scores_have_no_scale_in_common():
    rng, positive = np.random.default_rng(1), np.arange(22) < 11
    a, b = rng.normal(size=(2, 22)) + positive
    person = np.arange(22)
    assert swap_p(a, b, positive, person=person) == swap_p(np.exp(a), 1e-3 * b + 7, positive, person=person)


def test_swapping_holds_its_size_for_fixed_scores():
    rng, positive, person = np.random.default_rng(2), np.arange(10) < 5, np.arange(10)
    found = [swap_p(*(rng.normal(size=(2, 10)) + positive), positive, person=person) for _ in range(150)]
    assert np.mean(np.array(found) <= 0.05) <= 0.1  # .05 and nearly three standard errors


def test_a_person_of_both_classes_is_swapped_as_a_whole():
    positive, person = np.array([True, False, True, False]), np.array(["p", "p", "q", "q"])
    a, b = np.array([2.0, 1.0, 4.0, 3.0]), np.array([1.0, 2.0, 3.0, 4.0])
    # AUC .75 against .25; two people, four ways: as seen and all swapped reach it, one swapped does not.
    assert swap_p(a, b, positive, person=person) == 0.5


def test_the_refitted_null_leads_where_it_can_tell():
    rng, positive, person = np.random.default_rng(3), np.arange(22) < 11, np.arange(22)
    a, b = rng.normal(size=(2, 22)) + positive
    wide = compare(a, b, positive, person=person, null=np.linspace(-1, 1, 99))
    assert (
        wide.p == wide.p_refit == pytest.approx((1 + np.sum(np.abs(np.linspace(-1, 1, 99)) >= abs(wide.value))) / 100)
    )
    for null in (None, np.zeros(3)):
        found = compare(a, b, positive, person=person, null=null)
        assert np.isnan(found.p_refit)
        assert found.p == found.p_swap
