from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from checks import FPS, face_with_lips, missing, times
from neuroface import face
from neuroface.features import velocity

OPENING = np.r_[np.linspace(10, 30, 41), np.linspace(30, 10, 21)[1:]]  # up in 0.8 s, down in 0.4 s


def test_peaks_of_a_mouth_that_opens_slowly_and_closes_fast():
    landmarks = face_with_lips(50, OPENING)
    assert velocity.opening_peak(landmarks) == {"velocity.opening_peak_mm_per_s": pytest.approx(20 / 0.8)}
    assert velocity.closing_peak(landmarks) == {"velocity.closing_peak_mm_per_s": pytest.approx(20 / 0.4)}


def test_peaks_of_a_mouth_that_widens_slowly_and_narrows_fast():
    landmarks = face_with_lips(30 + OPENING, 10)
    assert velocity.widening_peak(landmarks) == {"velocity.widening_peak_mm_per_s": pytest.approx(20 / 0.8)}
    assert velocity.narrowing_peak(landmarks) == {"velocity.narrowing_peak_mm_per_s": pytest.approx(20 / 0.4)}


def test_a_peak_against_the_motion_is_the_slowest_motion():
    always_opening = face_with_lips(50, np.linspace(10, 30, 41))
    assert velocity.closing_peak(always_opening) == {"velocity.closing_peak_mm_per_s": pytest.approx(-20 / 0.8)}


def test_inner_lips():
    landmarks = face_with_lips(50, np.full(41, 10.0))
    landmarks.points[:, face.LIP_BOTTOM_INNER, 1] += np.linspace(0, 8, 41)
    assert velocity.opening_peak(landmarks, inner=True)["velocity.opening_peak_mm_per_s"] == pytest.approx(8 / 0.8)
    assert velocity.closing_peak(landmarks, inner=True)["velocity.closing_peak_mm_per_s"] == pytest.approx(-8 / 0.8)
    assert velocity.opening_peak(landmarks)["velocity.opening_peak_mm_per_s"] == 0


def test_lower_lip_moves_half_as_fast_as_the_ellipse_grows():
    landmarks = face_with_lips(50, OPENING)
    assert velocity.lower_lip_peak(landmarks) == {"velocity.lower_lip_peak_mm_per_s": pytest.approx(20 / 2 / 0.4)}
    assert velocity.lower_lip_path(landmarks) == {"velocity.lower_lip_path_mm": pytest.approx(10 + 10)}
    assert velocity.lower_lip_mean_speed(landmarks) == {
        "velocity.lower_lip_mean_speed_mm_per_s": pytest.approx(20 / 1.2)
    }


def test_path_of_a_circle_is_its_circumference():
    angle = np.linspace(0, 2 * np.pi, 2001)
    landmarks = face_with_lips(50, np.full(2001, 10.0))
    landmarks.points[:, face.LIP_BOTTOM_OUTER] += 5 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    assert velocity.lower_lip_path(landmarks)["velocity.lower_lip_path_mm"] == pytest.approx(2 * np.pi * 5, rel=1e-5)


def test_path_bridges_missing_frames_by_a_straight_line():
    landmarks = missing(face_with_lips(50, np.linspace(10, 30, 41)), slice(10, 20))
    assert velocity.lower_lip_path(landmarks) == {"velocity.lower_lip_path_mm": pytest.approx(10)}
    assert velocity.lower_lip_mean_speed(landmarks) == {
        "velocity.lower_lip_mean_speed_mm_per_s": pytest.approx(10 / 0.8)
    }


def test_timestamps_and_not_frame_numbers_are_time():
    uneven = np.cumsum(np.r_[0, np.tile([0.01, 0.04], 20)])
    landmarks = face_with_lips(50, 10 + 25 * uneven, timestamps_s=uneven)
    assert velocity.opening_peak(landmarks)["velocity.opening_peak_mm_per_s"] == pytest.approx(25)


def test_robust_peak_is_the_95th_percentile():
    steady = face_with_lips(50, 10 + 12.5 * times(200) ** 2)  # speed 25 t
    assert velocity.opening_peak(steady, robust=True)["velocity.opening_peak_mm_per_s"] == pytest.approx(
        25 * 0.95 * 199 / FPS
    )


@pytest.mark.parametrize(
    "feature", [velocity.opening_peak, velocity.widening_peak, velocity.lower_lip_peak, velocity.lower_lip_mean_speed]
)
def test_one_frame_has_no_velocity(feature):
    (value,) = feature(face_with_lips(50, 10)).values()
    assert np.isnan(value)


def test_head_motion_is_felt_by_the_lower_lip_alone():
    landmarks = face_with_lips(50, OPENING)
    shaken = replace(landmarks, points=landmarks.points + 40 * np.sin(times(61) * FPS)[:, None, None])
    assert velocity.opening_peak(shaken) == pytest.approx(velocity.opening_peak(landmarks))
    path = "velocity.lower_lip_path_mm"
    assert velocity.lower_lip_path(shaken)[path] > 10 * velocity.lower_lip_path(landmarks)[path]
