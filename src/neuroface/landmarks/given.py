"""The landmarks that came with a recording: short gaps filled, positions filtered, both counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuroface import signals
from neuroface.errors import ConfigError, DataError
from neuroface.types import Landmarks, Recording


def given(recording: Recording, *, max_gap_s: float = 0.1, median_frames: int = 5) -> tuple[Landmarks, dict[str, int]]:
    """A recording's own landmarks, with short gaps filled and a running median of the positions; see `steady`.

    Errors: DataError for a recording that came without landmarks.
    """
    if not np.isfinite(recording.landmarks.points).any():
        raise DataError("has no landmark in any frame")
    return steady(recording.landmarks, max_gap_s=max_gap_s, median_frames=median_frames)


def as_they_are(recording: Recording) -> tuple[Landmarks, dict[str, int]]:
    """A recording's own landmarks untouched, none at all included: for views that need none, such as whole pictures."""
    missing = int(np.isnan(recording.landmarks.points).any(axis=(1, 2)).sum())
    return recording.landmarks, {"frames": len(recording.landmarks), "frames_filled": 0, "frames_missing": missing}


def steady(landmarks: Landmarks, *, max_gap_s: float, median_frames: int) -> tuple[Landmarks, dict[str, int]]:
    """Fill short gaps and take a running median of the positions.

    landmarks: (T, 68, 2) px or (T, 68, 3) mm, any space. A gap of at most `max_gap_s` between seen frames is
    interpolated in time, a longer one stays missing; the same for depth, where 0 is missing. The median over
    `median_frames` frames is applied to positions, not to raw depth (Guarin et al. filter x and y before lifting).
    Errors: ConfigError for a median over an even number of frames, which would have no frame in its middle.
    Returns the landmarks and counts: frames, frames_filled, frames_missing, depths_filled, depths_missing.
    """
    if median_frames < 1 or median_frames % 2 == 0:
        raise ConfigError(f"landmarks.median_frames is {median_frames}; an odd number is wanted, 1 for no filter.")
    times = landmarks.timestamps_s
    before = np.isnan(landmarks.points).any(axis=(1, 2))
    points, _, _ = signals.fill_gaps(landmarks.points, times, max_gap_s=max_gap_s)
    still = np.isnan(points).any(axis=(1, 2))
    counts = {
        "frames": len(points),
        "frames_filled": int((before & ~still).sum()),
        "frames_missing": int(still.sum()),
        "depths_filled": 0,
        "depths_missing": 0,
    }
    depth = landmarks.depth
    if depth is not None:
        depth = np.where(depth == 0, np.nan, np.asarray(depth, dtype=float))
        depth, counts["depths_filled"], counts["depths_missing"] = signals.fill_gaps(depth, times, max_gap_s=max_gap_s)
    points = signals.median_filter(points, width=median_frames)
    return replace(landmarks, points=points, depth=depth), counts
