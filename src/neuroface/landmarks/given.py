"""The landmarks that came with a recording: short gaps filled, positions filtered, both counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuroface import face, geometry, signals
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.types import Landmarks, Recording

SMOOTH = ("none", "butterworth", "one_euro")


def given(
    recording: Recording,
    *,
    max_gap_s: float = 0.1,
    median_frames: int = 5,
    smooth: str = "none",
    cutoff_hz: float = 12.0,
) -> tuple[Landmarks, dict[str, int]]:
    """A recording's own landmarks, with short gaps filled and a running median of the positions; see `steady`.

    Errors: DataError for a recording that came without landmarks.
    """
    if not np.isfinite(recording.landmarks.points).any():
        if recording.video is not None:
            raise DataError("has video but no landmarks yet; landmarks=auto finds them (or mesh, fan, face_alignment)")
        raise DataError("has no landmark in any frame")
    return steady(
        recording.landmarks, max_gap_s=max_gap_s, median_frames=median_frames, smooth=smooth, cutoff_hz=cutoff_hz
    )


def as_they_are(recording: Recording) -> tuple[Landmarks, dict[str, int]]:
    """A recording's own landmarks untouched, none at all included: for views that need none, such as whole pictures."""
    missing = int(np.isnan(recording.landmarks.points).any(axis=(1, 2)).sum())
    return recording.landmarks, {"frames": len(recording.landmarks), "frames_filled": 0, "frames_missing": missing}


def steady(
    landmarks: Landmarks, *, max_gap_s: float, median_frames: int, smooth: str = "none", cutoff_hz: float = 12.0
) -> tuple[Landmarks, dict[str, int]]:
    """Fill short gaps, take a running median of the positions and, if asked, smooth them without delay.

    landmarks: (T, 68, 2) px or (T, 68, 3) mm, any space. A gap of at most `max_gap_s` between seen frames is
    interpolated in time, a longer one stays missing; the same for depth, where 0 is missing. The median over
    `median_frames` frames is applied to positions, not to raw depth (Guarin et al. filter x and y before lifting).
    smooth: after the median: "butterworth" (signals.butterworth) or "one_euro" (signals.one_euro); "none".
    Errors: ConfigError for a median over an even number of frames, which would have no frame in its middle, for another
    word, and for a cut-off that the frame rate does not hold.
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
    points = _smoothed(points, times, smooth=smooth, cutoff_hz=cutoff_hz)
    return replace(landmarks, points=points, depth=depth), counts


def _smoothed(points: np.ndarray, times: np.ndarray, *, smooth: str, cutoff_hz: float) -> np.ndarray:
    if smooth not in SMOOTH:
        raise ConfigError(f"landmarks.smooth={smooth}: there is no such filter." + did_you_mean(smooth, SMOOTH))
    if smooth == "none" or len(times) < 2:
        return points
    rate_hz = 1 / float(np.median(np.diff(times)))
    if not 0 < cutoff_hz < rate_hz / 2:
        raise ConfigError(
            f"landmarks.cutoff_hz={cutoff_hz:g}: it must lie between 0 and half the frame rate, {rate_hz / 2:.4g} Hz."
        )
    if smooth == "butterworth":
        return signals.butterworth(points, times, cutoff_hz=cutoff_hz)
    size = geometry.distance(points, face.CANTHUS_RIGHT_OUTER, face.CANTHUS_LEFT_OUTER)
    return signals.one_euro(points, times, cutoff_hz=cutoff_hz, size=float(np.nanmedian(size)))
