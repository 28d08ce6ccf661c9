from __future__ import annotations

import numpy as np

from neuroface.landmarks.given import as_they_are
from neuroface.types import Landmarks, Recording


def test_landmarks_that_nobody_needs_may_be_missing():
    points = np.zeros((3, 68, 2))
    points[1] = np.nan
    recording = Recording("P1", "1", "still", Landmarks(points, np.arange(3.0), "pixel"))
    landmarks, counts = as_they_are(recording)
    assert landmarks is recording.landmarks
    assert counts == {"frames": 3, "frames_filled": 0, "frames_missing": 1}
