"""A smile whose every millimetre is known."""

from __future__ import annotations

import numpy as np
import pytest

from checks import flat, missing, still_face, times
from neuroface import face
from neuroface.features.smile import commissure_excursion, commissure_excursion_weaker, dental_display
from neuroface.types import Landmarks


def smiling(right_mm: float, left_mm: float, n_frames: int = 41) -> Landmarks:
    """Corners that rest for a fifth of the time and are then drawn 3-4-5 outwards and upwards."""
    share = np.clip((np.arange(n_frames) / (n_frames - 1) - 0.2) / 0.8, 0, 1)[:, None]
    points = np.tile(still_face(), (n_frames, 1, 1))
    points[:, face.MOUTH_CORNER_RIGHT] += share * right_mm * np.array([-0.6, -0.8, 0])
    points[:, face.MOUTH_CORNER_LEFT] += share * left_mm * np.array([0.6, -0.8, 0])
    return Landmarks(points, times(n_frames), "head")


def test_excursion_is_the_way_from_rest_of_both_and_of_the_weaker_side():
    smile = smiling(12.0, 5.0)
    assert commissure_excursion(smile) == {"smile.commissure_excursion_mm": pytest.approx((12 + 5) / 2)}
    assert commissure_excursion_weaker(smile) == {"smile.commissure_excursion_weaker_mm": pytest.approx(5)}
    assert commissure_excursion(flat(smile)) == {"smile.commissure_excursion_px": pytest.approx((12 + 5) / 2)}
    assert commissure_excursion(missing(smile, np.s_[10:20])) == {
        "smile.commissure_excursion_mm": pytest.approx(8.5, abs=0.2)
    }


def test_parted_lips_uncover_the_area_between_them():
    smile = smiling(0.0, 0.0)
    points = smile.points.copy()
    closed = points[:, face.MOUTH_INNER, 1].copy()
    middle = closed.mean(axis=1, keepdims=True)
    growth = np.linspace(1, 4, len(points))[:, None]
    points[:, face.MOUTH_INNER, 1] = middle + (closed - middle) * growth
    octagon = 2 * np.sqrt(2) * 20 * 1  # half-axes 20 and 1 mm; an ellipse's eight points enclose 2 sqrt(2) a b
    opened = Landmarks(points, smile.timestamps_s, "head")
    assert dental_display(opened) == {"smile.dental_display_mm2": pytest.approx(octagon * (4 - 1))}
    assert dental_display(smile)["smile.dental_display_mm2"] == 0
