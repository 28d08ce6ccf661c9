"""Which landmarks belong to a frame of a video: the nearest in time, if they are near enough to be of that frame."""

from __future__ import annotations

import numpy as np

from neuroface import face
from neuroface.types import Landmarks

# Containers store milliseconds, so equal times may differ by one.
ROUNDING_S = 1e-3


class LandmarksAt:
    """Landmarks by time: those within half the shortest interval between two of them, else none.

    The shortest and not the median: manually annotated frames lie far apart, and a frame between two is not annotated.
    """

    def __init__(self, landmarks: Landmarks) -> None:
        self._times, self._points = landmarks.timestamps_s, landmarks.points
        steps = np.diff(self._times)
        self._apart_s = (float(steps.min()) / 2 if len(steps) else 0.0) + ROUNDING_S

    def position(self, timestamp_s: float) -> int | None:
        """The frame of landmarks that belongs to a time."""
        after = int(np.searchsorted(self._times, timestamp_s))
        near = [at for at in (after - 1, after) if 0 <= at < len(self._times)]
        at = min(near, key=lambda at: abs(self._times[at] - timestamp_s), default=None)
        return at if at is not None and abs(self._times[at] - timestamp_s) <= self._apart_s else None

    def points(self, timestamp_s: float) -> np.ndarray:
        """(68, D) px or mm at a time; NaN where there are none."""
        at = self.position(timestamp_s)
        return np.full((face.N_POINTS, self._points.shape[2]), np.nan) if at is None else self._points[at]
