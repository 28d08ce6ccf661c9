"""Does a file count frames from 0 or from 1? Settled by comparing saved frames with the decoded video.

The release's smallest frame number is 1, so it probably counts as MATLAB does; that is documented nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import numpy as np

from neuroface.errors import DataError
from neuroface.recording.images import read_color
from neuroface.types import Video

DEFAULT_FIRST_FRAME = 1
BY_FRAME_0, BY_SAVED_FRAME = "by_frame_0", "by_saved_frame"
UNDECIDED, NOTHING_TO_COMPARE = "assumed_as_saved_frames_fit_both", "assumed_with_nothing_to_compare"
LOOKS = 4  # saved frames to compare; the lowest, because decoding starts at the beginning
MOVING_SHARE = 0.01  # pixels that tell two neighbouring frames apart: those that change most
MIN_CHANGE = 4.0  # grey levels they must change by; JPEG alone makes 1 to 3
CLEAR = 0.4  # the nearer candidate must win by this share of the change between the two
OTHER_PICTURE = 20.0  # mean difference in grey levels beyond which a saved frame shows something else


def first_frame_number(video: Video | None, saved: Mapping[int, Path], listed: np.ndarray) -> tuple[int, str]:
    """The number a recording's files give its first frame, 0 or 1, and in a few words how that is known.

    video: None when only its landmarks are here. saved: frame number -> image file of that frame. listed: (n,) frame
    numbers of its landmarks.
    Frame n of the files is decoded frame n - 1 (counting from 1) or n (from 0), whichever the saved image is nearer to
    where the two differ. Without a saved frame, or when none tells, the number is assumed to be 1; the words say so.
    Errors: DataError for an image that cannot be read, is of another size, or resembles neither frame.
    """
    if 0 in saved or 0 in listed:
        return 0, BY_FRAME_0
    if video is None or not saved:
        return DEFAULT_FIRST_FRAME, NOTHING_TO_COMPARE
    for number, file in islice(sorted(saved.items()), LOOKS):
        first = _compare(video, number, file)
        if first is not None:
            return first, BY_SAVED_FRAME
    return DEFAULT_FIRST_FRAME, UNDECIDED


def _compare(video: Video, number: int, file: Path) -> int | None:
    """0 or 1, or None when the saved frame fits both or the video ends before it."""
    candidates = [_gray(frame.color) for frame in video.frames(number - 1, number + 1)]
    if not candidates:
        raise DataError(f"{file.name} was saved from a frame that the video does not have")
    saved = _gray(read_color(file))
    if saved.shape != candidates[0].shape:
        (height, width), (h, w) = saved.shape, candidates[0].shape
        raise DataError(f"{file.name} is {width}x{height} px, the video {w}x{h}")
    if min(np.abs(saved - candidate).mean() for candidate in candidates) > OTHER_PICTURE:
        raise DataError(
            f"{file.name} resembles neither frame {number - 1} nor frame {number} of the video; "
            "set cohort.first_frame to 0 or 1 to go on regardless"
        )
    if len(candidates) < 2:
        return None
    earlier, later = candidates
    change = np.abs(earlier - later)
    moving = change >= np.quantile(change, 1 - MOVING_SHARE)
    size = float(change[moving].mean())
    nearer_earlier = float((np.abs(saved - later) - np.abs(saved - earlier))[moving].mean())
    if size < MIN_CHANGE or abs(nearer_earlier) < CLEAR * size:
        return None
    return int(nearer_earlier > 0)


def _gray(color: np.ndarray) -> np.ndarray:
    """(H, W) float, 0..255, from (H, W, 3) RGB; ITU-R BT.601 weights."""
    return color.astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
