from __future__ import annotations

import numpy as np
import pytest

from neuroface.evaluate.pooling import PRIOR, learnt_weights, pooled


def test_weights_of_two_members_against_a_search_of_every_weight():
    p = np.random.default_rng(0).uniform(0.05, 0.95, size=(2, 12))
    counts = np.linspace(0.5, 1.5, 12)
    w = np.linspace(0.001, 0.999, 2000)
    loss = -(np.log(w[:, None] * p[0] + (1 - w[:, None]) * p[1]) * counts).sum(axis=1)
    loss -= PRIOR * (np.log(w) + np.log(1 - w)) / 2
    assert learnt_weights(p, counts)[0] == pytest.approx(w[loss.argmin()], abs=0.002)


def test_who_is_missing_in_a_member_does_not_speak_for_or_against_it():
    knows, guesses = np.full(10, 0.9), np.full(10, 0.5)
    some = np.where(np.arange(10) < 5, knows, np.nan)
    assert learnt_weights(np.stack([some, guesses]), np.ones(10))[0] > 0.5
    alone = np.where(np.arange(10) < 5, np.nan, guesses)  # no person was judged by both
    assert learnt_weights(np.stack([some, alone]), np.ones(10)) == pytest.approx([0.5, 0.5])


def test_a_row_is_the_mean_of_those_that_know_it():
    p = np.array([[[0.2, 0.8], [np.nan] * 2, [np.nan] * 2], [[0.6, 0.4], [0.6, 0.4], [np.nan] * 2]])
    found = pooled(p, np.array([0.75, 0.25]))
    assert found[0] == pytest.approx([0.3, 0.7])
    assert found[1] == pytest.approx([0.6, 0.4])
    assert np.isnan(found[2]).all()
