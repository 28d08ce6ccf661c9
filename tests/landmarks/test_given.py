from __future__ import annotations

import numpy as np
import pytest

import checks
from neuroface.errors import ConfigError, DataError
from neuroface.landmarks.given import as_they_are, given
from neuroface.types import Landmarks, Recording


def test_landmarks_that_nobody_needs_may_be_missing():
    points = np.zeros((3, 68, 2))
    points[1] = np.nan
    recording = Recording("P1", "1", "still", Landmarks(points, np.arange(3.0), "pixel"))
    landmarks, counts = as_they_are(recording)
    assert landmarks is recording.landmarks
    assert counts == {"frames": 3, "frames_filled": 0, "frames_missing": 1}


def test_positions_are_smoothed_if_asked():
    rng = np.random.default_rng(0)
    points = checks.still_face()[None, :, :2] + rng.normal(0, 1, (100, 68, 2))
    recording = Recording("A", "HC", "REST", Landmarks(points, np.arange(100) / 50, "pixel"))
    rough = given(recording, median_frames=1)[0].points.std(axis=0).mean()
    for smooth in ("butterworth", "one_euro"):
        calm, _ = given(recording, median_frames=1, smooth=smooth, cutoff_hz=5.0)
        assert calm.points.std(axis=0).mean() < 0.65 * rough


def test_what_cannot_smooth_is_told():
    recording = Recording("A", "HC", "REST", Landmarks(np.ones((9, 68, 2)), np.arange(9) / 20, "pixel"))
    with pytest.raises(ConfigError, match=r"smooth=butter: there is no such filter\. Did you mean 'butterworth'"):
        given(recording, smooth="butter")
    with pytest.raises(ConfigError, match=r"cutoff_hz=12: it must lie between 0 and half the frame rate, 10 Hz"):
        given(recording, smooth="butterworth")


def test_a_video_without_landmarks_says_what_finds_them():
    unseen = Landmarks(np.full((3, 68, 2), np.nan), np.arange(3) / 25, "pixel")
    filmed = Recording("S1", "HC", "OPEN", unseen, video=object())  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"^has video but no landmarks yet; landmarks=auto finds them"):
        given(filmed)
    with pytest.raises(DataError, match=r"^has no landmark in any frame$"):
        given(Recording("S1", "HC", "OPEN", unseen))
