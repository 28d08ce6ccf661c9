from __future__ import annotations

import numpy as np
import pytest

from checks import face_opening, face_with_lips, flat, missing
from neuroface import face
from neuroface.features.rom import mouth_area, mouth_opening, mouth_width


def test_opening_of_a_known_face():
    assert mouth_opening(face_opening(from_mm=4, to_mm=34)) == {"rom.mouth_opening_mm": pytest.approx(34 - 4)}


def test_inner_opening_looks_at_the_inner_lips_only():
    landmarks = face_opening(from_mm=4, to_mm=34)
    assert mouth_opening(landmarks, inner=True) == {"rom.mouth_opening_mm": 0}
    landmarks.points[50, face.LIP_BOTTOM_INNER, 1] += 7
    assert mouth_opening(landmarks[:], inner=True) == {"rom.mouth_opening_mm": pytest.approx(7)}


def test_width_of_a_known_face():
    assert mouth_width(face_with_lips(np.linspace(45, 62, 30), 10)) == {"rom.mouth_width_mm": pytest.approx(62 - 45)}


def test_area_of_twelve_points_on_an_ellipse_is_three_quarters_of_width_times_height():
    landmarks = face_with_lips([40.0, 60.0], [10.0, 20.0])
    assert mouth_area(landmarks) == {"rom.mouth_area_mm2": pytest.approx(0.75 * (60 * 20 - 40 * 10))}


def test_robust_range_leaves_out_a_tenth_of_a_ramp():
    ramp = face_with_lips(50 + np.linspace(0, 10, 101), 10 + np.linspace(0, 10, 101))
    assert mouth_opening(ramp, robust=True)["rom.mouth_opening_mm"] == pytest.approx(0.9 * 10)
    assert mouth_width(ramp, robust=True)["rom.mouth_width_mm"] == pytest.approx(0.9 * 10)
    assert mouth_area(ramp, robust=True)["rom.mouth_area_mm2"] < mouth_area(ramp)["rom.mouth_area_mm2"]


def test_two_dimensional_landmarks_are_measured_in_pixels():
    landmarks = flat(face_with_lips([40.0, 60.0], [10.0, 20.0]))
    assert mouth_opening(landmarks) == {"rom.mouth_opening_px": pytest.approx(10)}
    assert mouth_width(landmarks) == {"rom.mouth_width_px": pytest.approx(20)}
    assert mouth_area(landmarks) == {"rom.mouth_area_px2": pytest.approx(0.75 * (60 * 20 - 40 * 10))}


@pytest.mark.parametrize("feature", [mouth_opening, mouth_width, mouth_area])
def test_missing_frames_are_left_out(feature):
    landmarks = face_with_lips([40.0, 99.0, 60.0], [10.0, 99.0, 20.0])
    (seen,) = feature(missing(landmarks, np.array([1]))).values()
    (without,) = feature(face_with_lips([40.0, 60.0], [10.0, 20.0])).values()
    assert seen == pytest.approx(without)
