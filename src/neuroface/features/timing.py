"""How long a repetition takes and how smoothly it runs."""

from __future__ import annotations

import numpy as np

from neuroface import face, signals
from neuroface.features.kinematics import kinematics
from neuroface.types import Landmarks


def duration(landmarks: Landmarks) -> dict[str, float]:
    """How long the repetition takes.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"timing.duration_s"}: from its first to its last frame in which the mouth is seen. NaN for fewer than two
    such frames. Not part of a published set; durations of sentences and syllables tell bulbar ALS (Bandini et al.,
    JSLHR 2018).
    """
    return {"timing.duration_s": _duration_s(landmarks)}


def rate(landmarks: Landmarks) -> dict[str, float]:
    """How many such repetitions fit into a minute, without pauses between them.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"timing.rate_per_min"}: 60 / duration. NaN as `duration`. Not part of a published set.
    """
    seconds = _duration_s(landmarks)
    return {"timing.rate_per_min": 60 / seconds if seconds > 0 else float("nan")}


def lower_lip_jerk(landmarks: Landmarks) -> dict[str, float]:
    """How jerky the middle of the lower lip moves.

    landmarks: (T, 68, D) mm or px. Feels head motion unless the landmarks are in the head frame.
    Returns {"timing.lower_lip_jerk_<unit>_per_s3"}: root mean square over time of |d3(lower lip)/dt3|. Noise of the
    landmarks dominates it unless they are smoothed (landmarks.smooth). NaN when no four frames follow on each other.
    Not part of a published set; jerk is one of the measures of Bandini et al., JSLHR 2018.
    """
    track = kinematics(landmarks).position(face.LIP_BOTTOM_OUTER)
    for _ in range(3):
        track = signals.derivative(track, landmarks.timestamps_s)
    squares = np.einsum("td,td->t", track, track)
    return {f"timing.lower_lip_jerk_{landmarks.unit}_per_s3": float(np.sqrt(signals.mean(squares)))}


def _duration_s(landmarks: Landmarks) -> float:
    seen = landmarks.timestamps_s[np.isfinite(kinematics(landmarks).opening)]
    return float(seen[-1] - seen[0]) if len(seen) > 1 else float("nan")
