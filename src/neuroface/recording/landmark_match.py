"""Which landmarks belong to a frame of a video: the nearest in time, if they are near enough to be of that frame."""

from __future__ import annotations

import numpy as np

from neuroface.types import Landmarks

# Containers store milliseconds, so equal times may differ by one.
ROUNDING_S = 1e-3


def nearest(landmarks: Landmarks, timestamp_s: float) -> int | None:
    """Position of the landmarks within half their shortest interval of a time; None when there are none."""
    times = landmarks.timestamps_s
    if not len(times):
        return None
    after = int(np.searchsorted(times, timestamp_s))
    near = min((at for at in (after - 1, after) if 0 <= at < len(times)), key=lambda at: abs(times[at] - timestamp_s))
    return near if abs(times[near] - timestamp_s) <= half_interval(landmarks) + ROUNDING_S else None


def half_interval(landmarks: Landmarks) -> float:
    """Seconds: half the shortest time between two frames of landmarks; 0 for one frame.

    The shortest and not the median: of manually annotated frames most are far apart, and a frame between two of them is
    not annotated.
    """
    steps = np.diff(landmarks.timestamps_s)
    return float(steps.min()) / 2 if len(steps) else 0.0
