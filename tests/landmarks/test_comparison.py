"""Comparisons of landmark errors: arithmetic, scipy as an oracle, and how often each test errs when nothing differs."""

from __future__ import annotations

import numpy as np
import pytest

from neuroface.errors import DataError
from neuroface.landmarks import comparison

FRAMES = 40  # of each person
ICC = 0.7


def clinic(*sizes: int) -> tuple[np.ndarray, np.ndarray]:
    """Group and subject of every frame: sizes people in HC, PS, ALS."""
    groups = np.repeat(("HC", "PS", "ALS")[: len(sizes)], sizes)
    subjects = np.array([f"{name}{i}" for i, name in enumerate(groups)])
    return np.repeat(groups, FRAMES), np.repeat(subjects, FRAMES)


def alike_within_people(n_people: int, rng: np.random.Generator) -> np.ndarray:
    """(n_people * FRAMES,) errors without any effect, of which people explain the share ICC of the variance."""
    people = rng.normal(0, np.sqrt(ICC), n_people)
    return np.repeat(people, FRAMES) + rng.normal(0, np.sqrt(1 - ICC), n_people * FRAMES)


def test_rows_of_groups_are_arithmetic():
    errors = np.array([1.0, 3.0, 8.0, np.nan, 5.0])
    rows = comparison.by_group(errors, ["HC", "HC", "HC", "HC", "PS"], ["a", "a", "b", "b", "c"])
    assert rows[0] == {
        "group": "HC",
        "mean": 4.0,
        "sd": pytest.approx(np.sqrt((9 + 1 + 16) / 2)),
        "mean_of_people": 5.0,
        "frames": 4,
        "no_face": 1,
        "people": 2,
    }
    assert rows[1]["mean"] == 5
    assert np.isnan(rows[1]["sd"])


def test_as_published_is_students_t_and_the_pooled_difference():
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(0)
    a, b = rng.normal(7.4, 1.4, 90), rng.normal(4.7, 0.7, 70)
    found, oracle = comparison.as_published(np.append(a, np.nan), b), ttest_ind(a, b)
    assert (found.t, found.p) == (pytest.approx(oracle.statistic), pytest.approx(oracle.pvalue))
    assert (found.n_a, found.n_b) == (90, 70)
    assert comparison.as_published(np.array([1.0, 3.0]), np.array([4.0, 6.0])).smd == pytest.approx(-3 / np.sqrt(2))
    assert np.isnan(comparison.as_published(np.ones(5), np.ones(5)).t)


def test_each_person_weighs_one_and_the_t_is_paired():
    from scipy.stats import ttest_rel

    a = np.array([3.0, 5.0, 9.0, 4.0, 4.0, np.nan])
    b = np.array([1.0, 1.0, 6.0, 3.0, 4.0, 1.0])
    found = comparison.by_person(a, b, ["x", "x", "y", "z", "z", "z"])
    oracle = ttest_rel([4, 9, 4], [1, 6, 3.5])
    assert found.difference == pytest.approx((3 + 3 + 0.5) / 3)
    assert (found.t, found.p) == (pytest.approx(oracle.statistic), pytest.approx(oracle.pvalue))
    assert (found.n_people, found.n_frames) == (3, 5)
    assert found.p_sign_flip == 2 / 2**3  # all three fell: no more can be said with three people


def test_sign_flips_are_exact_for_few_and_drawn_for_many():
    one_rose = comparison.by_person(np.array([1.0, 2.0, 3.0, -0.5]), np.zeros(4), list("abcd"))
    assert one_rose.p_sign_flip == 4 / 2**4  # the sums +-6.5 and +-5.5
    shifts = np.random.default_rng(0).normal(0.5, 1, comparison.EXACT_UP_TO)
    names = [f"p{i}" for i in range(len(shifts))]
    exact = comparison.by_person(shifts, np.zeros(len(shifts)), names).p_sign_flip
    drawn = comparison._sign_flip_p(np.append(shifts, 0.0), np.random.default_rng(1))  # a 0 adds a person, no evidence
    assert drawn == pytest.approx(exact, abs=4 * np.sqrt(exact / comparison.N_FLIPS))


def test_one_person_has_a_difference_and_no_test():
    found = comparison.by_person(np.array([2.0, 4.0]), np.zeros(2), ["a", "a"])
    assert found.difference == 3
    assert np.isnan([found.low, found.high, found.t, found.p, found.p_sign_flip]).all()


def test_frames_as_independent_find_what_is_not_there_and_people_do_not():
    """Nothing differs between before and after, nor between groups; a test at 5 % may say so in 5 % of clinics."""
    rng = np.random.default_rng(20)
    n, clinics = 12, 200
    group, subject = clinic(n // 2, n // 2)
    rejected = dict.fromkeys(["frames, in time", "frames, groups", "people, t", "people, flips", "people, gap"], 0)
    for i in range(clinics):
        before, after = alike_within_people(n, rng), alike_within_people(n, rng)
        people = comparison.by_person(before, after, subject, seed=i)
        hc = group == "HC"
        [row] = comparison.gap(before, group, subject, seed=i)
        rejected["frames, in time"] += comparison.as_published(before, after).p < 0.05
        rejected["frames, groups"] += comparison.as_published(before[hc], before[~hc]).p < 0.05
        rejected["people, t"] += people.p < 0.05
        rejected["people, flips"] += people.p_sign_flip < 0.05
        rejected["people, gap"] += not row["low"] < 0 < row["high"]
    share = {name: count / clinics for name, count in rejected.items()}
    noise = 3 * np.sqrt(0.05 * 0.95 / clinics)
    assert share["frames, in time"] > 0.5
    assert share["frames, groups"] > 0.5
    assert share["people, t"] == pytest.approx(0.05, abs=noise)
    assert share["people, flips"] == pytest.approx(0.05, abs=noise)
    assert share["people, gap"] < 0.05 + noise


@pytest.mark.parametrize("n", [2, 4, 6, 9])
def test_the_interval_of_a_difference_covers_it(n: int):
    rng = np.random.default_rng(n)
    names = [f"p{i}" for i in range(n)]
    found = [comparison.by_person(rng.normal(1, 1, n), np.zeros(n), names, seed=i) for i in range(400)]
    covered = np.mean([one.low < 1 < one.high for one in found])
    assert covered == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 400))
    assert {one.interval for one in found} == {"bootstrap over people" if n >= 6 else "Student's t over people"}


def test_few_people_have_the_interval_of_welch():
    from scipy.stats import ttest_ind

    errors = np.array([1.0, 1.0, 1.0, 3.0, 7.0, 9.0, 10.0])  # one healthy person has three frames, the other one
    [row] = comparison.gap(errors, ["HC"] * 4 + ["PS"] * 3, list("aaabcde"))
    oracle = ttest_ind([7, 9, 10], [1, 3], equal_var=False).confidence_interval()
    assert row["gap"] == pytest.approx(26 / 3 - 2)
    assert (row["people"], row["people_reference"]) == (3, 2)
    assert (row["low"], row["high"]) == (pytest.approx(oracle.low), pytest.approx(oracle.high))
    [row] = comparison.gap(errors[3:], ["HC"] + ["PS"] * 3, list("bcde"))
    assert np.isnan([row["low"], row["high"]]).all()
    assert row["interval"] == "none: fewer than two people"


def test_the_change_of_the_gap_is_after_minus_before():
    rng = np.random.default_rng(4)
    group, subject = clinic(11, 14, 11)
    before = 7.5 + alike_within_people(36, rng)
    gain = np.where(group == "HC", 2.7, 1.5) + 0.1 * rng.normal(size=len(group))
    after = before - gain
    after[0] = np.nan
    found = comparison.gap_change(before, after, group, subject, seed=1)
    assert list(found) == ["before", "after", "change"]
    for was, now, change in zip(*found.values(), strict=True):
        assert change["gap"] == pytest.approx(now["gap"] - was["gap"])
        assert change["gap"] == pytest.approx(2.7 - 1.5, abs=0.05)
        assert change["low"] < change["gap"] < change["high"]
        assert change["high"] - change["low"] < 0.3 < now["high"] - now["low"]  # people cancel, frames remain
    assert [row["group"] for row in found["change"]] == ["PS", "ALS"]
    assert found == comparison.gap_change(before, after, group, subject, seed=1)


def test_what_cannot_be_compared_is_told():
    errors = np.array([1.0, 2.0])
    with pytest.raises(DataError, match=r"No frame belongs to the reference group 'HC'\. Choose from ALS, PS\."):
        comparison.gap(errors, ["PS", "ALS"], ["a", "b"])
    with pytest.raises(DataError, match=r"a is in the groups HC and PS\. Give each person one group\."):
        comparison.by_group(errors, ["HC", "PS"], ["a", "a"])
    with pytest.raises(DataError, match=r"2 errors, 1 groups and 2 subjects: each frame needs one of each\."):
        comparison.by_group(errors, ["HC"], ["a", "b"])
    with pytest.raises(DataError, match=r"2, 2 errors and 1 subjects: each frame needs one of each\."):
        comparison.by_person(errors, errors, ["a"])
    with pytest.raises(DataError, match=r"No frame of PS has a face in it\. Look at the detector, or leave"):
        comparison.gap(np.array([1.0, np.nan]), ["HC", "PS"], ["a", "b"])
