"""Which depth frame belongs to which colour frame: by time, never by number."""

from __future__ import annotations

import numpy as np

from neuroface.errors import DataError


def nearest(color_s: np.ndarray, depth_s: np.ndarray) -> np.ndarray:
    """(n,) number of the depth frame nearest in time to each colour frame, -1 where none is within `tolerance_s`.

    color_s: (n,) and depth_s: (m,) seconds, increasing. A slower depth stream leaves colour frames without depth,
    which is missing, not old depth on a face that has moved on. Errors: DataError with numbers when no frame pairs at
    all.
    """
    right = np.searchsorted(depth_s, color_s).clip(1, max(len(depth_s) - 1, 1))
    left = right - 1
    right = np.minimum(right, len(depth_s) - 1)
    closer = np.where(np.abs(depth_s[right] - color_s) < np.abs(depth_s[left] - color_s), right, left)
    apart = np.abs(depth_s[closer] - color_s)
    allowed_s = tolerance_s(color_s, depth_s)
    if (apart > allowed_s).all():
        raise DataError(
            f"no colour frame has a depth frame within {1e3 * allowed_s:.0f} ms: {len(color_s)} colour frames run from "
            f"{color_s[0]:.3f} to {color_s[-1]:.3f} s, {len(depth_s)} depth frames from {depth_s[0]:.3f} to "
            f"{depth_s[-1]:.3f} s. Put both on one clock"
        )
    return np.where(apart <= allowed_s, closer, -1)


def tolerance_s(color_s: np.ndarray, depth_s: np.ndarray) -> float:
    """Seconds by which a pair may be apart: half the usual interval of the faster stream, and 1 ms of rounding."""
    intervals = [float(np.median(np.diff(times))) for times in (color_s, depth_s) if len(times) > 1]
    return min(intervals, default=0.0) / 2 + 1e-3
