"""Measures of asymmetry are arithmetic on maps whose light was put there by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from neuroface.classifiers.palsy_attention import REGIONS
from neuroface.explain import asymmetry

from .faces import SIZE, masks, pictures


def spot(columns: slice, value: float = 1.0) -> np.ndarray:
    light = np.zeros((1, SIZE, SIZE))
    light[:, 10:12, columns] = value
    return light


def test_a_mirrored_picture_is_as_asymmetric_and_a_symmetric_one_not_at_all():
    shown = pictures(["", "left", "right"])
    score = asymmetry.of_pictures(shown)
    assert score[0] == 0
    assert asymmetry.of_pictures(shown[:, :, ::-1]) == pytest.approx(score)


def test_of_pictures_is_the_mean_difference_of_the_halves():
    shown = np.zeros((1, 4, 4, 3), np.uint8)
    shown[0, :, 0] = 51  # a column of a fifth of the range, in one half of two columns
    assert asymmetry.of_pictures(shown)[0] == pytest.approx(0.2 / 2)


def test_the_persons_left_is_the_right_half_of_the_picture():
    assert asymmetry.lean(spot(slice(20, 22)))[0] == 1
    assert asymmetry.lean(spot(slice(2, 4)))[0] == -1
    assert asymmetry.lean(spot(slice(20, 22), 3.0) + spot(slice(2, 4), 1.0))[0] == pytest.approx((3 - 1) / (3 + 1))


def test_a_dark_or_symmetric_map_leans_nowhere():
    assert asymmetry.lean(np.zeros((1, SIZE, SIZE)))[0] == 0
    assert asymmetry.lean(np.ones((1, SIZE + 1, SIZE + 1)))[0] == 0  # the middle column belongs to neither side


def test_light_in_a_region_is_a_mean_over_each_of_its_sides():
    """Twice the pixels on one side are not twice the light."""
    where = np.zeros((1, 1, SIZE, SIZE), bool)
    where[0, 0, 5:9, 20:24] = True
    where[0, 0, 5:7, 4:8] = True
    left, right = asymmetry.region_light(np.full((1, SIZE, SIZE), 0.25), where)
    assert (left[0, 0], right[0, 0]) == (0.25, 0.25)


def test_a_region_out_of_the_picture_has_no_light():
    where = np.zeros((1, 1, SIZE, SIZE), bool)
    left, right = asymmetry.region_light(np.ones((1, SIZE, SIZE)), where)
    assert math.isnan(left[0, 0])
    assert math.isnan(right[0, 0])


def test_light_on_the_left_mouth_is_found_in_the_mouth_alone():
    light = np.zeros((1, SIZE, SIZE))
    left_half = np.arange(SIZE) >= SIZE // 2
    light[0] = masks(1)[0, REGIONS.index("mouth")] & left_half
    found = asymmetry.measures({"exchange": light}, pictures([""]), masks(1)).iloc[0]
    assert found["exchange_lean_mouth"] == 1
    assert found["exchange_light_mouth"] == pytest.approx(0.5)
    assert found["exchange_light_forehead"] == 0


def people(side: str, *leans: float) -> pd.DataFrame:
    """One person per lean, two samples each that differ by .2."""
    rows = [(f"{side}{i}", side, lean + d) for i, lean in enumerate(leans) for d in (-0.1, 0.1)]
    return pd.DataFrame(rows, columns=["subject", "side", "exchange_lean_face"])


def test_sides_count_people_not_samples():
    """Three of four maps lean to the affected side; the fourth person's two samples disagree, their mean is wrong."""
    table = pd.concat([people("left", 0.5, 0.05), people("right", -0.4, 0.05), people("", 0.9)])
    row = asymmetry.sides(table).iloc[0]
    assert tuple(row[:5]) == ("exchange", "face", 3, 4, 0.75)
    expected = stats.binomtest(3, 4).proportion_ci(method="wilson")
    assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high))


def test_an_undecided_map_is_a_miss():
    table = pd.DataFrame({"subject": ["a", "b"], "side": ["left", "left"], "exchange_lean_face": [0.0, 0.3]})
    assert asymmetry.sides(table).iloc[0]["hits"] == 1


def test_without_known_sides_there_is_nothing_to_count():
    assert asymmetry.sides(people("", 0.5)).empty


def test_intervals_are_over_people():
    table = pd.DataFrame({"subject": list("aabbc"), "y": "4", "asymmetry_mean": [0.1, 0.3, 0.4, 0.4, 0.9]})
    row = asymmetry.by_class(table, "asymmetry_mean", ["4"]).iloc[0]
    means = np.array([0.2, 0.4, 0.9])
    low, high = stats.t.interval(0.95, 2, loc=means.mean(), scale=stats.sem(means))
    assert (row["samples"], row["people"], row["min"], row["max"]) == (5, 3, 0.1, 0.9)
    assert (row["mean_of_people"], row["low"], row["high"]) == pytest.approx((means.mean(), low, high))
    assert row["mean"] == pytest.approx(0.42)


def test_the_report_says_every_number_and_what_it_is_not():
    table = people("left", 0.5, -0.2).assign(y="4", asymmetry_mean=0.25, picture_asymmetry=[0.1, 0.2, 0.3, 0.4])
    by_class = {name: asymmetry.by_class(table, name, ["4"]) for name in ("asymmetry_mean", "picture_asymmetry")}
    text = asymmetry.report(by_class, asymmetry.sides(table), where="runs/palsy")
    assert "not a medical device" in text
    assert "4            4        0.2500  0.0000  0.2500  0.2500  2       0.2500 [0.2500, 0.2500]" in text
    assert "exchange   face      1/2      0.50 [0.09, 0.91]" in text


def test_the_report_says_when_no_side_is_known():
    by_class = {"picture_asymmetry": asymmetry.by_class(people("", 0.1).assign(y="1"), "exchange_lean_face", ["1"])}
    text = asymmetry.report(by_class, asymmetry.sides(people("", 0.1)), where="runs/x")
    assert "not known: the cohort does not tell the affected side" in text
    assert "[-, -]" in text
