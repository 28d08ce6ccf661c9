from __future__ import annotations

import numpy as np
import pytest

from neuroface.evaluate import statistics
from neuroface.evaluate.auc_intervals import mean_interval, ovr_interval
from neuroface.evaluate.clustered import clustered_auc_interval


def two_groups(rng, n=11):
    positive = np.arange(2 * n) < n
    return rng.normal(size=2 * n) + positive, positive


def test_of_two_classes_and_of_one_person_all_are_delongs():
    scores, positive = two_groups(np.random.default_rng(0))
    expected, each = statistics.auc_interval(scores, positive)[:2], np.arange(22)
    assert clustered_auc_interval(scores, positive, each)[:2] == pytest.approx(expected)
    p = np.stack([-scores, scores], axis=1)
    assert ovr_interval(p, positive.astype(int), each)[:2] == pytest.approx(expected)
    assert mean_interval([(scores, positive)])[:2] == pytest.approx(expected)


def test_repeated_rows_of_a_person_are_one_person():
    rng = np.random.default_rng(1)
    y, p = np.repeat([0, 1, 2], 5), rng.dirichlet(np.ones(3), size=15)
    once = ovr_interval(p, y, np.arange(15))
    often = ovr_interval(np.repeat(p, 4, axis=0), np.repeat(y, 4), np.repeat(np.arange(15), 4))
    assert often[:2] == pytest.approx(once[:2])


def test_the_variance_of_a_mean_of_aucs_is_that_of_many_samples():
    rng = np.random.default_rng(2)

    def draw():
        return [(rng.normal(size=40) + 0.8 * (np.arange(40) < n), np.arange(40) < n) for n in (15, 20, 25)]

    values = [np.mean([statistics.auc(*one) for one in draw()]) for _ in range(800)]
    low, high, _ = mean_interval(draw())
    assert (high - low) / (2 * 1.96) == pytest.approx(np.std(values), rel=0.2)


def test_one_against_rest_is_covered():
    rng, y, centres = np.random.default_rng(3), np.repeat([0, 1, 2], 11), np.array([[0, 0], [2, 0], [1, 1.7]])

    def score(y):
        return -np.linalg.norm((centres[y] + rng.normal(size=(len(y), 2)))[:, None] - centres, axis=2)

    many = np.repeat([0, 1, 2], 8000)
    p = score(many)
    truth = np.mean([statistics.auc(p[:, c], many == c) for c in range(3)])
    found = [ovr_interval(score(y), y, np.arange(33)) for _ in range(200)]
    assert np.mean([low <= truth <= high for low, high, _ in found]) >= 0.91


def test_everybody_apart_still_leaves_room():
    samples = [(np.arange(6.0), np.arange(6) > 2)] * 3
    low, high, _ = mean_interval(samples)
    assert 0.5 < low < 0.95
    assert high == 1
    p = np.eye(3)[np.repeat([0, 1, 2], 6)]
    low, high, _ = ovr_interval(p, np.repeat([0, 1, 2], 6), np.arange(18))
    assert 0.6 < low < 0.95
    assert high == 1
