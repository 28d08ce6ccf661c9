from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import f1_score, roc_auc_score

from neuroface.evaluate import statistics as stats

RNG = np.random.default_rng(5)


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=2, max_size=30))
def test_auc_with_ties_equals_scikit_learn(pairs):
    scores, positive = (np.array(column) for column in zip(*pairs, strict=True))
    if positive.all() or not positive.any():
        assert np.isnan(stats.auc(scores, positive))
    else:
        assert stats.auc(scores, positive) == pytest.approx(roc_auc_score(positive, scores))


def test_auc_of_many_permutations_at_once():
    scores, positive = RNG.normal(size=(20, 12)), np.array([RNG.permutation(12) < 5 for _ in range(20)])
    one_by_one = [roc_auc_score(p, s) for p, s in zip(positive, scores, strict=True)]
    assert stats.auc(scores, positive) == pytest.approx(one_by_one)


def test_delong_variance_by_hand():
    # positives 3, 1; negatives 2, 0: V10 = (1, 1/2), V01 = (1/2, 1); var = (1/8)/2 + (1/8)/2 = 1/8.
    variance = stats.delong_variance(np.array([3.0, 1, 2, 0]), np.array([True, True, False, False]))
    assert variance[0, 0] == pytest.approx(1 / 8)


def test_delong_interval_against_the_definition():
    positive = np.arange(60) < 25
    a, b = RNG.normal(size=60) + positive, RNG.normal(size=60) + 0.6 * positive
    theta, covariance = _delong_by_loops(np.stack([a, b]), positive)
    assert stats.delong_variance(np.stack([a, b]), positive) == pytest.approx(covariance)
    reach = 1.959963984540054 * math.sqrt(covariance[0, 0]) / (theta[0] * (1 - theta[0]))
    logit = math.log(theta[0] / (1 - theta[0]))
    interval = stats.auc_interval(a, positive)
    assert interval[:2] == pytest.approx((1 / (1 + math.exp(reach - logit)), 1 / (1 + math.exp(-logit - reach))))


def _delong_by_loops(scores, positive):
    """DeLong et al. 1988, equations 4-6, written out."""
    theta, v10, v01 = [], [], []
    for row in scores:
        x, y = row[positive], row[~positive]
        psi = [[1.0 if xi > yj else 0.5 if xi == yj else 0.0 for yj in y] for xi in x]
        theta.append(sum(map(sum, psi)) / (len(x) * len(y)))
        v10.append([sum(line) / len(y) for line in psi])
        v01.append([sum(line[j] for line in psi) / len(x) for j in range(len(y))])

    def s(v, r, t):
        return sum((a - theta[r]) * (b - theta[t]) for a, b in zip(v[r], v[t], strict=True)) / (len(v[r]) - 1)

    m, n = int(positive.sum()), int((~positive).sum())
    return theta, np.array([[s(v10, r, t) / m + s(v01, r, t) / n for t in (0, 1)] for r in (0, 1)])


@pytest.mark.parametrize("sizes", [(2, 2), (3, 3), (6, 6), (11, 11), (14, 11), (5, 30), (2, 20), (40, 40)])
def test_limits_never_fall_as_the_order_becomes_perfect(sizes):
    n1, n0 = sizes
    perfect, positive = np.arange(float(n1 + n0)), np.arange(n1 + n0) >= n0
    tied, swapped = perfect.copy(), perfect.copy()
    tied[n0] = tied[n0 - 1]
    swapped[[n0 - 1, n0]] = swapped[[n0, n0 - 1]]
    found = [stats.auc_interval(scores, positive) for scores in (swapped, tied, perfect)]
    assert [one.low for one in found] == sorted(one.low for one in found)
    assert [one.high for one in found] == sorted(one.high for one in found)
    assert found[-1].high == 1
    assert 0.5 < found[-1].low < 1 or min(sizes) < 6
    worst = stats.auc_interval(-perfect, positive)
    assert worst[:2] == pytest.approx((0, 1 - found[-1].low))


def test_degenerate_scores():
    assert stats.auc_interval(np.ones(6), np.arange(6) < 3)[:2] == (0.5, 0.5)
    assert stats.auc_interval(np.arange(4.0), np.arange(4) < 1)[:2] == (0.0, 1.0)


@pytest.mark.parametrize(("apart", "true_auc"), [(1.0, 0.76024993890652), (2.66, 0.9700097)])
def test_the_delong_interval_covers(apart, true_auc):
    """Normal scores `apart` standard deviations: Phi(apart / sqrt 2). The percentile bootstrap holds .97 in .74."""
    rng, positive = np.random.default_rng(2), np.arange(22) < 11
    found = [stats.auc_interval(rng.normal(size=22) + apart * positive, positive) for _ in range(500)]
    assert 0.93 <= np.mean([low <= true_auc <= high for low, high, _ in found]) <= 0.995


@given(st.integers(1, 40), st.data())
def test_wilson_equals_scipy(n, data):
    k = data.draw(st.integers(0, n))
    expected = binomtest(k, n).proportion_ci(method="wilson")
    assert stats.wilson(k, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_of_nine_in_eleven_and_of_nothing():
    assert [round(x, 2) for x in stats.wilson(9, 11)] == [0.52, 0.95]
    assert stats.wilson(0, 0) == (0, 1)


def test_balanced_accuracy_interval_recovers_the_variance():
    (l1, u1), (l2, u2) = stats.wilson(9, 11), stats.wilson(10, 11)
    low, high = stats.mean_of_proportions_interval((9, 10), (11, 11))
    centre = (9 / 11 + 10 / 11) / 2
    assert low == pytest.approx(centre - math.sqrt((9 / 11 - l1) ** 2 + (10 / 11 - l2) ** 2) / 2)
    assert high == pytest.approx(centre + math.sqrt((u1 - 9 / 11) ** 2 + (u2 - 10 / 11) ** 2) / 2)


def test_permutation_p_counts_the_observed_and_its_ties():
    assert stats.permutation_p(0.9, np.array([0.1, 0.9, 0.95])) == 3 / 4
    assert stats.permutation_p(0.9, np.zeros(99)) == 1 / 100


def test_confusion_and_what_follows_from_it_equal_scikit_learn():
    y, predicted = RNG.integers(0, 3, 50), RNG.integers(0, 3, 50)
    counts = stats.confusion(y, predicted, 3)
    assert counts[2, 1] == ((y == 2) & (predicted == 1)).sum()
    assert stats.macro_f1(counts) == pytest.approx(f1_score(y, predicted, average="macro"))
    assert stats.accuracy(counts) == pytest.approx((y == predicted).mean())
    assert stats.recall(counts)[0] == pytest.approx((predicted[y == 0] == 0).mean())
    assert (stats.confusion(np.stack([y, y]), np.stack([predicted, y]), 3)[0] == counts).all()


def test_weights_count_as_repeated_rows():
    y, predicted, weights = np.array([0] * 5 + [1] * 7), RNG.integers(0, 2, 12), RNG.integers(0, 3, (40, 12))
    rows = [np.repeat(np.arange(12), w) for w in weights]
    assert stats.weighted_confusion(y, predicted, 2, weights) == pytest.approx(
        np.array([stats.confusion(y[r], predicted[r], 2) for r in rows])
    )


def test_a_paired_difference_of_aucs_is_that_of_many_resamples():
    rng = np.random.default_rng(3)
    positive = np.arange(60) < 30
    common = rng.normal(size=60) + 0.9 * positive
    a, b = common + 0.5 * rng.normal(size=60), common + 0.9 * rng.normal(size=60)
    found = stats.auc_difference(a, b, positive)
    drawn = []
    for _ in range(4000):
        rows = np.r_[rng.integers(0, 30, 30), rng.integers(30, 60, 30)]
        drawn.append(stats.auc(a[rows], positive[rows]) - stats.auc(b[rows], positive[rows]))
    assert found.value == pytest.approx(stats.auc(a, positive) - stats.auc(b, positive))
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(np.std(drawn), rel=0.1)


def test_people_who_are_ordered_alike_cannot_tell_two_scores_apart():
    positive = np.arange(10) < 5
    scores = np.linspace(0, 1, 10)
    found = stats.auc_difference(scores, 2 * scores, positive)
    assert found.value == 0
    assert np.isnan([found.low, found.high, found.p]).all()
