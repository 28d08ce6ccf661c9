from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from neuroface.evaluate.mixed_model import group_difference


def repeated(counts, *, shift=0.0, sd_between=1.0, sd_within=0.5, seed=0):
    """values, second, person: as many values of each person as counts says; the second half is the second group."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(len(counts)), counts)
    second = person >= len(counts) // 2
    values = sd_between * rng.normal(size=len(counts))[person] + sd_within * rng.normal(size=len(person))
    return values + shift * second, second, person


@pytest.mark.parametrize("sd_between", [1.0, 0.0])
@pytest.mark.parametrize("seed", range(4))
def test_balanced_data_give_the_t_test_on_peoples_means(seed, sd_between):
    values, second, person = repeated([5] * 12, shift=1, seed=seed, sd_between=sd_between)
    means = values.reshape(12, 5).mean(axis=1)
    expected = stats.ttest_ind(means[6:], means[:6])
    found = group_difference(values, second, person)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-5)
    assert found.p_means == pytest.approx(expected.pvalue)
    assert found.difference == pytest.approx(means[6:].mean() - means[:6].mean())
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval()), rel=1e-5)


def test_the_icc_of_balanced_data_is_that_of_the_analysis_of_variance():
    values, second, person = repeated([4] * 10, seed=3)
    table = values.reshape(10, 4)
    means, groups = table.mean(axis=1), np.repeat([0, 1], 5)
    level = np.array([means[groups == g].mean() for g in (0, 1)])
    between = 4 * ((means - level[groups]) ** 2).sum() / 8
    within = ((table - means[:, None]) ** 2).sum() / 30
    assert group_difference(values, second, person).icc == pytest.approx(
        (between - within) / (between + 3 * within), rel=1e-5
    )


def test_unbalanced_data_give_the_maximum_of_the_likelihood_written_out_in_full():
    values, second, person = repeated([1, 2, 7, 3, 4, 9, 2, 5], shift=0.7, seed=5)
    X = np.stack([np.ones(len(values)), second], axis=1)

    def solved(logs):
        V = np.exp(logs[0]) * (person[:, None] == person) + np.exp(logs[1]) * np.eye(len(values))
        inverse = np.linalg.inv(V)
        covariance = np.linalg.inv(X.T @ inverse @ X)
        b = covariance @ X.T @ inverse @ values
        rest = values - X @ b
        return b, covariance, rest @ inverse @ rest + np.linalg.slogdet(V)[1] - np.linalg.slogdet(covariance)[1]

    best = optimize.minimize(
        lambda z: solved(z)[2], [0, 0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
    )
    b, covariance, _ = solved(best.x)
    found = group_difference(values, second, person)
    assert found.difference == pytest.approx(b[1], rel=1e-4)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(b[1]) / np.sqrt(covariance[1, 1]), 6), rel=1e-3)
    assert found.icc == pytest.approx(np.exp(best.x[0]) / np.exp(best.x).sum(), rel=1e-3)


def test_repetitions_are_not_people():
    """Ten times as many values of the same people: rows would make chance significant, people do not."""
    p = [group_difference(*repeated([20] * 10, sd_within=0.2, seed=seed)).p for seed in range(200)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 200))
    rows = [
        stats.ttest_ind(v[s], v[~s]).pvalue
        for v, s, _ in (repeated([20] * 10, sd_within=0.2, seed=k) for k in range(50))
    ]
    assert np.mean(np.array(rows) < 0.05) > 0.5


def test_who_misses_a_task_does_not_shift_the_difference():
    """One task has values ten higher; the second group has not done it."""
    person, task = np.repeat(np.arange(8), 2), np.tile(["low", "high"], 8)
    values = np.random.default_rng(0).normal(size=8)[person] + 10.0 * (task == "high")
    second = person >= 4
    kept = ~((task == "high") & second & (person < 7))
    found = group_difference(values[kept], second[kept], person[kept], task[kept])
    assert abs(found.difference) < 2
    assert values[kept & second].mean() - values[kept & ~second].mean() < -2.5


def test_what_cannot_be_known_is_not_a_number():
    values, second, person = repeated([3] * 4)
    assert np.isnan(group_difference(np.zeros(12), second, person).p)
    assert np.isnan(group_difference(values[:6], second[:6], person[:6]).p)
    assert np.isnan(group_difference(np.full(12, np.nan), second, person).difference)
    assert np.isnan(group_difference(values[::3], second[::3], person[::3]).icc)  # one value of each
