from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroface import face
from neuroface.recording.regions import REGIONS, by_landmarks, cut_regions
from neuroface.synthesis.face_model import NEUTRAL, mirrored
from neuroface.synthesis.syndrome import CONTROL, SHAPES, STRENGTH, draw_strength, shaped

PX_PER_MM, MIDDLE = 3.0, np.array([400.0, 300.0])


def windows_that_hold(points_mm):
    """Regions, but for the whole, whose windows show any of these landmarks of an upright face, (68, 3) mm."""
    px = points_mm[:, :2] * PX_PER_MM + MIDDLE
    found = cut_regions(by_landmarks(px), px, (800, 700), names=REGIONS, size=100, most_outside=0.1)
    places = {name: region.windows[0].to_crop(px) for name, region in zip(REGIONS, found, strict=True)}
    return {name: ((at > 0) & (at < 99)).all(axis=1) for name, at in places.items() if name != "whole"}


@pytest.mark.parametrize("group", SHAPES)
def test_a_shape_lies_in_its_region_alone(group):
    moved = np.flatnonzero(SHAPES[group].field().any(axis=1))
    for points in (NEUTRAL, shaped(NEUTRAL, group, 1.0)):
        for region, holds in windows_that_hold(points).items():
            assert holds[moved].all() == (region == SHAPES[group].region), (region, moved[holds[moved]])
            assert holds[moved].any() == (region == SHAPES[group].region), (region, moved[holds[moved]])


@pytest.mark.parametrize("group", SHAPES)
def test_a_shape_is_the_same_on_both_sides_and_grows_with_its_strength(group):
    field = SHAPES[group].field()
    assert_allclose(mirrored(field), field)
    assert_allclose(shaped(NEUTRAL, group, 0.5) - NEUTRAL, field / 2)
    assert 3 < np.linalg.norm(field, axis=1).max() < 13  # mm
    assert_array_equal(shaped(NEUTRAL, CONTROL, 1.0), NEUTRAL)


def test_lids_and_lips_do_not_cross():
    eyes = shaped(NEUTRAL, "slanted_eyes", 1.0)
    for upper, lower in (*face.EYELIDS_RIGHT, *face.EYELIDS_LEFT):
        assert eyes[upper, 1] < eyes[lower, 1]
    lips = shaped(NEUTRAL, "thin_lip", 1.0)
    assert lips[face.LIP_TOP_OUTER, 1] < lips[face.LIP_TOP_INNER, 1]


def test_strength_is_drawn_within_its_limits_and_controls_have_none():
    rng = np.random.default_rng(0)
    drawn = [draw_strength(rng, "thin_lip") for _ in range(200)]
    assert STRENGTH[0] <= min(drawn) < max(drawn) <= STRENGTH[1]
    assert draw_strength(rng, CONTROL) == 0
