from __future__ import annotations

import numpy as np
import pytest

from neuroface.report.reliability import detectable_change, reliability


def test_a_table_of_shrout_and_fleiss():
    """Their table 2: six targets, four judges; ICC(1,1) is .17."""
    ratings = np.array(
        [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
    )
    found = reliability(ratings.ravel(), np.repeat(np.arange(6), 4))
    assert found.icc == pytest.approx(0.17, abs=0.005)
    assert found.sem == pytest.approx(np.sqrt(6.26), abs=0.01)
    assert (found.people, found.repetitions) == (6, 24)


def test_people_with_more_repetitions_and_gaps():
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(400), rng.integers(2, 7, 400))
    values = 2.0 * rng.standard_normal(400)[person] + rng.standard_normal(len(person))
    values[::17] = np.nan
    found = reliability(values, person)
    assert found.icc == pytest.approx(4 / 5, abs=0.03)
    assert found.sem == pytest.approx(1.0, abs=0.05)


def test_scatter_alone_exceeds_it_once_in_twenty():
    rng = np.random.default_rng(0)
    first = rng.normal(0, 3, (20_000, 5)).mean(axis=1)
    second = rng.normal(0, 3, (20_000, 4)).mean(axis=1)
    assert (np.abs(second - first) > detectable_change(3.0, 5, 4)).mean() == pytest.approx(0.05, abs=0.005)


def test_what_cannot_be_known_is_no_number():
    assert np.isnan(reliability(np.array([1.0, 2.0]), np.array(["a", "b"])).sem)
    alone = reliability(np.array([1.0, 3.0]), np.array(["a", "a"]))
    assert alone.sem == pytest.approx(np.sqrt(2))
    assert np.isnan(alone.icc)
