"""Durations, rates and the jerk of a movement with a closed form."""

from __future__ import annotations

import numpy as np
import pytest

from checks import face_opening, missing, still_face
from neuroface import face
from neuroface.features.timing import duration, lower_lip_jerk, rate
from neuroface.types import Landmarks


def test_duration_runs_from_the_first_to_the_last_seen_frame():
    face_seen = face_opening(from_mm=5, to_mm=25, n_frames=101)  # two seconds at 50 frames/s
    assert duration(face_seen) == {"timing.duration_s": pytest.approx(2.0)}
    assert rate(face_seen) == {"timing.rate_per_min": pytest.approx(30.0)}
    assert duration(missing(face_seen, np.s_[:25])) == {"timing.duration_s": pytest.approx(1.5)}


def test_jerk_of_a_sine_is_its_third_derivative():
    at = np.arange(1000) / 500
    points = np.tile(still_face(), (1000, 1, 1))
    points[:, face.LIP_BOTTOM_OUTER, 1] += 4 * np.sin(2 * np.pi * 2 * at)
    found = lower_lip_jerk(Landmarks(points, at, "head"))
    assert found == {"timing.lower_lip_jerk_mm_per_s3": pytest.approx(4 * (4 * np.pi) ** 3 / np.sqrt(2), rel=0.01)}
