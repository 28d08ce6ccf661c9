"""Depth under each landmark of a recording, from its video: frames matched in time, jumps masked, short gaps filled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from neuroface import signals
from neuroface.errors import DataError
from neuroface.recording import depth_plausible
from neuroface.recording.depth import PointDepth
from neuroface.recording.identity import code_digest, described, identity
from neuroface.store import Store, digest_of_array
from neuroface.types import Frame, Landmarks, Video

# Frames on which a jump is judged. A face that nods or comes nearer is monotonic over 9 frames (180 ms at 50
# frames/s), and the running median of a monotonic stretch is the stretch itself, so only what leaves it and comes
# back is a jump.
JUDGED_FRAMES = 9
# Depth images of a recording that are asked whether they are depth at all; all come from one exporter.
JUDGED_IMAGES = 5
# The rooms whose code decides on the depth under a point.
ROOMS = ("recording", "synthesis")


def from_video(
    landmarks: Landmarks,
    video: Video,
    *,
    window_px: int = 5,
    max_step_mm: float = 10.0,
    max_jump_mm: float = 15.0,
    max_gap_s: float = 0.1,
    store: Store | None = None,
) -> tuple[Landmarks, dict[str, int]]:
    """Landmarks with depth under each point, from the depth frames of a video, and what was masked or filled.

    landmarks: (T, 68, 2) px of the colour image, on the clock of the video. Depth: (T, 68) raw units along the colour
    camera's axis, NaN is missing. window_px, max_step_mm: see PointDepth. max_jump_mm: a depth farther than this from
    the running median over 9 frames is no depth of the face. max_gap_s: shorter gaps are interpolated, longer ones
    stay. store: where the depths that were looked up are kept for the next time. Counts: depth_frames_missing (frames
    without any depth image), depths_masked, depths_filled, depths_missing.
    Errors: DataError when the video has no depth, or what cannot be depth, or landmarks lie at times at which it has no
    frame.
    """
    rig = video.rig
    if rig is None:
        raise DataError("the video has no depth camera; set lift=none for features in pixels")
    look_up = PointDepth(rig, window_px=window_px, max_step_mm=max_step_mm)
    found = _depths(landmarks, video, look_up, store)
    z, without = found[:, :-1], int(found[:, -1].sum())
    z, masked = mask_jumps(z, landmarks.timestamps_s, max_jump_mm=max_jump_mm, max_gap_s=max_gap_s)
    seen = ~np.isnan(landmarks.points).any(axis=2)
    measured = np.isfinite(z)
    z, _, _ = signals.fill_gaps(z, landmarks.timestamps_s, max_gap_s=max_gap_s)
    z[~seen] = np.nan
    counts = {
        "depth_frames_missing": without,
        "depths_masked": masked,
        "depths_filled": int((np.isfinite(z) & ~measured).sum()),
        "depths_missing": int((seen & np.isnan(z)).sum()),
    }
    return replace(landmarks, depth=z / look_up.unit_mm), counts


def _depths(landmarks: Landmarks, video: Video, look_up: PointDepth, store: Store | None) -> np.ndarray:
    """(T, 68 + 1) mm under each point, NaN is missing; in the last column 1 where a frame has no depth image.

    From the store where it holds them; a video that cannot be told from another is read each time.
    """

    def fill(out: np.ndarray) -> None:
        out[:] = np.nan
        judged = set(np.linspace(0, len(out) - 1, JUDGED_IMAGES, dtype=int).tolist())
        for at, frame in frames_at(video, landmarks.timestamps_s):
            out[at, -1] = frame.depth is None
            if frame.depth is not None:
                if at in judged:
                    depth_plausible.check_image(frame.depth)
                out[at, :-1] = look_up(frame.depth, landmarks.points[at])

    known, shape = identity(video), (len(landmarks.points), landmarks.points.shape[1] + 1)
    if store is None or known is None:
        found = np.empty(shape)
        fill(found)
        return found
    key = {
        "what": "depths",
        "video": known,
        "points": digest_of_array(landmarks.points),
        "times_s": digest_of_array(landmarks.timestamps_s),
        "rig": described(look_up.rig),
        "window_px": look_up.window_px,
        "max_step_mm": look_up.max_step_mm,
        "code": code_digest(ROOMS),
    }
    return store.array(key, shape, fill, dtype="float64")


def mask_jumps(
    z_mm: np.ndarray, timestamps_s: np.ndarray, *, max_jump_mm: float, max_gap_s: float
) -> tuple[np.ndarray, int]:
    """(T, n) mm with jumps made missing, and how many: depths farther than `max_jump_mm` from their running median.

    Stretches on the two sides of a pause longer than `max_gap_s` are judged apart: a head may be anywhere after a
    pause.
    """
    masked = np.array(z_mm)
    pauses = np.flatnonzero(np.diff(timestamps_s) > max_gap_s) + 1
    for stretch in np.split(masked, pauses):  # views of `masked`
        if len(stretch) > JUDGED_FRAMES // 2:
            stretch[np.abs(stretch - signals.median_filter(stretch, width=JUDGED_FRAMES)) > max_jump_mm] = np.nan
    return masked, int((np.isnan(masked) & np.isfinite(z_mm)).sum())


def frames_at(video: Video, timestamps_s: np.ndarray) -> Iterator[tuple[int, Frame]]:
    """(position, frame) of the frame nearest in time to each of the increasing timestamps (T,); two frames are held.

    Errors: DataError, after the last one, when a frame is farther from its timestamp than half the usual interval.
    """
    apart, intervals = np.full(len(timestamps_s), np.inf), []
    frames = video.frames()
    before, after = None, next(frames, None)
    for at, time in enumerate(timestamps_s):
        while after is not None and after.timestamp_s < time:
            if before is not None:
                intervals.append(after.timestamp_s - before.timestamp_s)
            before, after = after, next(frames, None)
        near = [frame for frame in (before, after) if frame is not None]
        if not near:
            raise DataError("the video has no frames")
        frame = min(near, key=lambda f: abs(f.timestamp_s - time))
        apart[at] = abs(frame.timestamp_s - time)
        yield at, frame
    if before is not None and after is not None:
        intervals.append(after.timestamp_s - before.timestamp_s)
    allowed_s = (float(np.median(intervals)) / 2 if intervals else 0.0) + 1e-3  # containers round to a millisecond
    lost = np.flatnonzero(apart > allowed_s)
    if len(lost):
        raise DataError(
            f"{len(lost)} of {len(timestamps_s)} landmark frames have no video frame within {1e3 * allowed_s:.0f} ms; "
            f"the first, at {timestamps_s[lost[0]]:.3f} s, is {1e3 * apart[lost[0]]:.0f} ms away from one. "
            "Are both on the same clock, and is the frame rate right?"
        )
