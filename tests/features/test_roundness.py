from __future__ import annotations

import numpy as np
import pytest

from checks import face_with_lips, missing
from neuroface.features.roundness import eccentricity_mean, eccentricity_range


def test_circular_lips_have_eccentricity_zero():
    circle = face_with_lips(np.linspace(20, 40, 9), np.linspace(20, 40, 9))
    assert eccentricity_mean(circle) == {"roundness.eccentricity_mean": pytest.approx(0, abs=1e-6)}
    assert eccentricity_range(circle) == {"roundness.eccentricity_range": pytest.approx(0, abs=1e-6)}


def test_eccentricity_is_the_same_for_a_flat_and_for_a_tall_mouth():
    # 3-4-5: sqrt(1 - (30/50)^2) = 4/5
    assert eccentricity_mean(face_with_lips(50, 30)) == {"roundness.eccentricity_mean": pytest.approx(4 / 5)}
    assert eccentricity_mean(face_with_lips(30, 50)) == {"roundness.eccentricity_mean": pytest.approx(4 / 5)}


def test_mean_and_range_over_known_frames():
    landmarks = face_with_lips(50, [30.0, 40.0, 50.0])  # eccentricities 4/5, 3/5, 0
    assert eccentricity_mean(landmarks)["roundness.eccentricity_mean"] == pytest.approx(
        (4 / 5 + 3 / 5 + 0) / 3, abs=1e-6
    )
    assert eccentricity_range(landmarks)["roundness.eccentricity_range"] == pytest.approx(4 / 5, abs=1e-6)
    seen = missing(landmarks, np.array([2]))
    assert eccentricity_range(seen)["roundness.eccentricity_range"] == pytest.approx(4 / 5 - 3 / 5)


def test_robust_range_is_smaller():
    landmarks = face_with_lips(50, np.linspace(10, 45, 100))
    narrow, wide = eccentricity_range(landmarks, robust=True), eccentricity_range(landmarks)
    assert narrow["roundness.eccentricity_range"] < wide["roundness.eccentricity_range"]


def test_a_mouth_without_size_has_no_roundness():
    assert np.isnan(eccentricity_mean(face_with_lips(0, 0))["roundness.eccentricity_mean"])
