"""Eyes that open and shut as told, and brows that rise."""

from __future__ import annotations

import numpy as np
import pytest

from checks import still_face, times
from neuroface import face
from neuroface.features import eyes
from neuroface.types import Landmarks


def looking(aperture_mm: np.ndarray, *, right_share: float = 1.0) -> Landmarks:
    """Lids that are parted by so many mm in each frame; the eyes are 30 mm wide."""
    points = np.tile(still_face(), (len(aperture_mm), 1, 1))
    for lids, share in ((face.EYELIDS_RIGHT, right_share), (face.EYELIDS_LEFT, 1.0)):
        for upper, lower in lids:
            points[:, upper, 1], points[:, lower, 1] = -30 - aperture_mm * share / 2, -30 + aperture_mm * share / 2
            points[:, lower, 0], points[:, lower, 2] = points[:, upper, 0], points[:, upper, 2]
    points[:, face.CANTHUS_RIGHT_OUTER] = points[:, face.CANTHUS_RIGHT_INNER] + [-30, 0, 3]
    points[:, face.CANTHUS_LEFT_OUTER] = points[:, face.CANTHUS_LEFT_INNER] + [30, 0, 3]
    return Landmarks(points, times(len(points)), "head")


def test_aspect_ratio_is_height_over_width():
    still = looking(np.full(20, 9.0), right_share=0.5)
    assert eyes.aspect_ratio(still) == {"eyes.aspect_ratio": pytest.approx((9 + 4.5) / 2 / np.hypot(30, 3))}


def test_closure_is_a_share_of_the_usual_opening():
    aperture = np.r_[np.full(50, 10.0), 2.5, np.full(50, 10.0)]
    assert eyes.closure(looking(aperture)) == {"eyes.closure": pytest.approx(0.75)}
    assert eyes.closure(looking(np.full(9, 10.0))) == {"eyes.closure": pytest.approx(0)}


@pytest.mark.parametrize("blinks", [0, 1, 3])
def test_blinks_are_counted_by_the_minute(blinks):
    aperture = np.full(501, 10.0)  # ten seconds at 50 frames/s
    for at in range(blinks):
        aperture[100 + 120 * at : 108 + 120 * at] = 1.0
    aperture[40:60] = 7.0  # half-closed, as in a smile: no blink
    assert eyes.blink_rate(looking(aperture)) == {"eyes.blink_rate_per_min": pytest.approx(blinks * 6)}


def test_a_brow_rises_by_its_own_millimetres():
    face_at_rest = looking(np.full(30, 9.0))
    points = face_at_rest.points.copy()
    rise = np.r_[np.zeros(6), np.linspace(0, 8, 24)]
    for brow, canthi, share in (
        (face.BROW_RIGHT, (face.CANTHUS_RIGHT_OUTER, face.CANTHUS_RIGHT_INNER), 1.0),
        (face.BROW_LEFT, (face.CANTHUS_LEFT_OUTER, face.CANTHUS_LEFT_INNER), 0.25),
    ):
        away = points[0, brow].mean(axis=0) - points[0, list(canthi)].mean(axis=0)
        points[:, brow] += (rise * share)[:, None, None] * away / np.linalg.norm(away)
    lifted = Landmarks(points, face_at_rest.timestamps_s, "head")
    assert eyes.brow_lift(lifted) == {"eyes.brow_lift_mm": pytest.approx((8 + 2) / 2)}
    assert eyes.brow_lift_weaker(lifted) == {"eyes.brow_lift_weaker_mm": pytest.approx(2)}
