"""Agreement of repeated measures, against the table of Shrout & Fleiss and against simulation."""

import numpy as np
import pytest

from neuroface.errors import DataError
from neuroface.evaluate.repeatability import detectable_change, of_repetitions, of_visits

# Shrout & Fleiss, Psychological Bulletin 1979; 86:420, table 2: six people, four judges.
RATINGS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)


def test_one_way_icc_of_the_published_example():
    found = of_repetitions(RATINGS.ravel(), np.repeat(np.arange(6), 4))
    assert found.icc == pytest.approx(0.17, abs=0.005)
    assert (found.low, found.high) == (
        pytest.approx(-0.133, abs=0.001),
        pytest.approx(0.723, abs=0.001),
    )  # as irr::icc prints them
    assert found.sem == pytest.approx(np.sqrt(RATINGS.var(axis=1, ddof=1).mean()))
    assert found.mdc == pytest.approx(1.959964 * np.sqrt(2) * found.sem)


def test_agreement_of_visits_of_the_published_example():
    found = of_visits(RATINGS)
    assert found.icc == pytest.approx(0.29, abs=0.005)
    assert (found.low, found.high) == (pytest.approx(0.019, abs=0.001), pytest.approx(0.761, abs=0.001))


def test_a_shift_of_everybody_is_disagreement_between_visits():
    first = np.array([1.0, 2.0, 3.0, 4.0])
    same, shifted = of_visits(np.stack([first, first], axis=1)), of_visits(np.stack([first, first + 1], axis=1))
    assert (same.icc, same.sem, same.low, same.high) == (1, 0, 1, 1)
    assert shifted.icc < 0.8
    assert shifted.sem == pytest.approx(np.sqrt(0.5))  # the variance of two visits that differ by 1


def test_people_may_have_different_numbers_of_repetitions_and_gaps():
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(400), rng.integers(1, 6, 400))
    values = rng.normal(0, 2, 400)[person] + rng.normal(0, 1, len(person))
    values[::50] = np.nan
    found = of_repetitions(values, person)
    assert found.icc == pytest.approx(4 / 5, abs=0.03)
    assert found.low < 4 / 5 < found.high
    assert found.sem == pytest.approx(1, abs=0.05)


def test_limits_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(1)
    held, person = 0, np.repeat(np.arange(10), 3)
    for _ in range(400):
        found = of_repetitions(rng.normal(0, 1.5, 10)[person] + rng.normal(size=30), person)
        held += found.low <= 2.25 / 3.25 <= found.high
    assert held / 400 == pytest.approx(0.95, abs=0.035)


@pytest.mark.parametrize(
    ("values", "person"), [([1.0, 2.0], ["a", "b"]), ([1.0, 2.0], ["a", "a"]), ([3.0] * 4, ["a", "a", "b", "b"])]
)
def test_what_nobody_measured_twice_has_no_agreement(values, person):
    assert np.isnan(of_repetitions(np.array(values), np.array(person)).icc)


def test_one_visit_is_refused():
    with pytest.raises(DataError, match="two or more"):
        of_visits(np.ones((3, 1)))


def test_the_published_example_names_people_and_values():
    found = of_repetitions(RATINGS.ravel(), np.repeat(np.arange(6), 4))
    assert found.icc == pytest.approx(0.17, abs=0.005)
    assert found.sem == pytest.approx(np.sqrt(6.26), abs=0.01)
    assert (found.people, found.values) == (6, 24)


def test_people_with_more_repetitions_and_gaps():
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(400), rng.integers(2, 7, 400))
    values = 2.0 * rng.standard_normal(400)[person] + rng.standard_normal(len(person))
    values[::17] = np.nan
    found = of_repetitions(values, person)
    assert found.icc == pytest.approx(4 / 5, abs=0.03)
    assert found.sem == pytest.approx(1.0, abs=0.05)


def test_scatter_alone_exceeds_it_once_in_twenty():
    rng = np.random.default_rng(0)
    first = rng.normal(0, 3, (20_000, 5)).mean(axis=1)
    second = rng.normal(0, 3, (20_000, 4)).mean(axis=1)
    assert (np.abs(second - first) > detectable_change(3.0, 5, 4)).mean() == pytest.approx(0.05, abs=0.005)


def test_what_cannot_be_known_is_no_number():
    assert np.isnan(of_repetitions(np.array([1.0, 2.0]), np.array(["a", "b"])).sem)
    alone = of_repetitions(np.array([1.0, 3.0]), np.array(["a", "a"]))
    assert alone.sem == pytest.approx(np.sqrt(2))
    assert np.isnan(alone.icc)
