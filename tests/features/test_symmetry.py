from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from checks import face_with_lips, missing, times
from neuroface import face
from neuroface.errors import ConfigError
from neuroface.features import symmetry
from neuroface.types import Landmarks

WAVE = 1 - np.cos(2 * np.pi * times(101) / 2)  # 0..2, one cycle
LEFT_LIPS = face.MOUTH_LEFT_HALF[~np.isin(face.MOUTH_LEFT_HALF, [face.LIP_TOP_OUTER, face.LIP_BOTTOM_OUTER])]


def with_left_half_as_wide_as(share: np.ndarray | float, widths: np.ndarray | float = 50.0) -> Landmarks:
    """A mouth whose left half is `share` times as wide as its right one, so that the areas stand as `share` to 1."""
    landmarks = face_with_lips(np.broadcast_to(widths, 101).astype(float), 20)
    landmarks.points[:, LEFT_LIPS, 0] *= np.broadcast_to(share, 101)[:, None]
    return landmarks


def pulled(corner: int, along: np.ndarray, landmarks: Landmarks | None = None) -> Landmarks:
    """One mouth corner moved straight away from the middle of the inner canthi by `along` (T,) mm."""
    landmarks = landmarks or face_with_lips(np.full(len(along), 50.0), 20)
    points = landmarks.points.copy()
    eyes = (points[:, face.CANTHUS_RIGHT_INNER] + points[:, face.CANTHUS_LEFT_INNER]) / 2
    way = points[:, corner] - eyes
    points[:, corner] += along[:, None] * way / np.linalg.norm(way, axis=1, keepdims=True)
    return replace(landmarks, points=points)


def test_area_ratio_is_smaller_over_larger_whichever_side():
    assert symmetry.area_ratio(with_left_half_as_wide_as(0.8)) == {"symmetry.area_ratio": pytest.approx(0.8)}
    assert symmetry.area_ratio(with_left_half_as_wide_as(1.25)) == {"symmetry.area_ratio": pytest.approx(0.8)}


def test_area_range_ratio():
    landmarks = with_left_half_as_wide_as(0.4, 50 + 10 * WAVE)
    assert symmetry.area_range_ratio(landmarks) == {"symmetry.area_range_ratio": pytest.approx(0.4)}
    assert symmetry.area_range_ratio(landmarks, robust=True) == {"symmetry.area_range_ratio": pytest.approx(0.4)}


def test_area_correlation_of_halves_that_move_together_and_against_each_other():
    together = with_left_half_as_wide_as(0.4, 50 + 10 * WAVE)
    assert symmetry.area_correlation(together) == {"symmetry.area_correlation": pytest.approx(1)}
    widths = 50 + 10 * WAVE
    against = with_left_half_as_wide_as((200 - widths) / widths, widths)
    assert symmetry.area_correlation(against) == {"symmetry.area_correlation": pytest.approx(-1)}


def test_corner_excursion_asymmetry_of_known_excursions():
    landmarks = pulled(face.MOUTH_CORNER_LEFT, 3 * WAVE, pulled(face.MOUTH_CORNER_RIGHT, 1 * WAVE))
    asymmetry = symmetry.corner_excursion_asymmetry(landmarks)
    assert asymmetry == {"symmetry.corner_excursion_asymmetry": pytest.approx((6 - 2) / (6 + 2))}
    one_sided = symmetry.corner_excursion_asymmetry(pulled(face.MOUTH_CORNER_LEFT, WAVE))
    assert one_sided == {"symmetry.corner_excursion_asymmetry": pytest.approx(1)}


def test_corner_velocities_in_step_and_a_quarter_cycle_apart():
    in_step = pulled(face.MOUTH_CORNER_LEFT, 3 * WAVE, pulled(face.MOUTH_CORNER_RIGHT, WAVE))
    name = "symmetry.corner_velocity_correlation"
    assert symmetry.corner_velocity_correlation(in_step)[name] == pytest.approx(1)
    late = 1 - np.cos(2 * np.pi * times(101) / 2 - np.pi / 2)
    apart = pulled(face.MOUTH_CORNER_LEFT, late, pulled(face.MOUTH_CORNER_RIGHT, WAVE))
    assert symmetry.corner_velocity_correlation(apart)[name] == pytest.approx(0, abs=0.02)


def test_reference_of_the_corners_can_be_the_base_of_the_nose():
    landmarks = pulled(face.MOUTH_CORNER_LEFT, 3 * WAVE, pulled(face.MOUTH_CORNER_RIGHT, WAVE))
    landmarks.points[:, [face.CANTHUS_RIGHT_INNER, face.CANTHUS_LEFT_INNER]] = np.nan
    value = symmetry.corner_excursion_asymmetry(landmarks[:], reference="nose_base")
    assert 0.4 < value["symmetry.corner_excursion_asymmetry"] < 0.6
    assert np.isfinite(list(symmetry.corner_velocity_correlation(landmarks[:], reference="nose_base").values()))
    with pytest.raises(ConfigError) as error:
        symmetry.corner_excursion_asymmetry(landmarks, reference="nose")
    assert str(error.value) == "Unknown reference 'nose' for the mouth corners. Did you mean 'nose_base'?"


@pytest.mark.parametrize("degrees", [0, 7, -7])
def test_tilt_of_a_mouth_turned_in_its_plane(degrees):
    landmarks = face_with_lips(50, [20.0, 20.0])
    t = np.radians(degrees)
    turn = np.array([[np.cos(t), -np.sin(t), 0], [np.sin(t), np.cos(t), 0], [0, 0, 1]])
    centre = np.array([0, 30, 0])
    points = landmarks.points.copy()
    points[:, face.MOUTH] = (points[:, face.MOUTH] - centre) @ turn.T + centre
    tilt = symmetry.mouth_tilt(replace(landmarks, points=points))
    assert tilt == {"symmetry.mouth_tilt_deg": pytest.approx(abs(degrees), abs=1e-9)}


def test_a_still_face_is_symmetric_and_has_no_correlation():
    still = face_with_lips(50, np.full(20, 20.0))
    assert symmetry.area_ratio(still) == {"symmetry.area_ratio": pytest.approx(1)}
    for feature in (
        symmetry.area_correlation,
        symmetry.area_range_ratio,
        symmetry.corner_excursion_asymmetry,
        symmetry.corner_velocity_correlation,
    ):
        assert np.isnan(list(feature(still).values()))


def test_one_still_side_has_no_correlation_with_a_moving_one():
    landmarks = pulled(face.MOUTH_CORNER_LEFT, WAVE)
    assert np.isnan(symmetry.corner_velocity_correlation(landmarks)["symmetry.corner_velocity_correlation"])


def test_missing_frames_are_left_out():
    landmarks = missing(with_left_half_as_wide_as(0.4, 50 + 10 * WAVE), slice(20, 30))
    assert symmetry.area_ratio(landmarks) == {"symmetry.area_ratio": pytest.approx(0.4)}
    assert symmetry.area_correlation(landmarks) == {"symmetry.area_correlation": pytest.approx(1)}
