"""Faces cut from chosen frames of a video, each video decoded once and its cuts kept in the store.

What an entry of the store depends on: which video it is, which frames, how each is cut, and the code that does it.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuroface import face
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.recording.crop import ALIGNMENTS, Crop, box_around, canonical_anchors, check_settings, square, warp
from neuroface.recording.identity import code_digest, identity
from neuroface.store import Store, digest_of_array
from neuroface.types import Frame, Landmarks, Recording, Video

CUTS = (*ALIGNMENTS, "whole")
# The rooms whose code decides on the pixels of a cut.
ROOMS = ("recording", "synthesis", "views")


@dataclass(frozen=True, eq=False)
class Cut:
    """A frame of the video, by 0-based number, and what is cut from it."""

    frame: int
    crop: Crop


def check_cut(align: str, margin: float, size: int, *, part: str = "face") -> None:
    """Errors: ConfigError for settings of a cut that make no sense."""
    if align not in CUTS:
        raise ConfigError(f"align={align}: there is no such cut." + did_you_mean(align, CUTS))
    check_settings(part, margin, size)


def video_of(recording: Recording, pixels: Landmarks, *, align: str) -> Video:
    """The recording's video. Errors: DataError where it has none, or no landmarks in its pixels to cut by."""
    if recording.video is None:
        raise DataError("has no video; a classifier of pictures needs one (of the synthetic cohort: modality=rgbd)")
    if align != "whole" and pixels.space != "pixel":
        raise DataError("has landmarks in mm, not in pixels of its video; give pixels, or set align=whole")
    return recording.video


def frame_times(video: Video, pixels: Landmarks) -> np.ndarray:
    """(n,) seconds of the frames of a video. One that does not tell has a frame for each frame of landmarks."""
    times = getattr(video, "timestamps_s", None)
    return pixels.timestamps_s if times is None else np.asarray(times, dtype=float)


def nearest(times_s: np.ndarray, wanted_s: np.ndarray) -> np.ndarray:
    """(n,) positions in `times_s`, which increases, that are nearest to each wanted time; the earlier one of two."""
    after = np.clip(np.searchsorted(times_s, wanted_s), 1, max(len(times_s) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(times_s) - 1)
    return np.where(np.abs(times_s[after] - wanted_s) < np.abs(wanted_s - times_s[before]), after, before)


def with_face(points: np.ndarray, *, align: str) -> np.ndarray:
    """(T,) bool: frames with enough landmarks, of (T, 68, 2) px, to cut the face out by."""
    if align == "whole":
        return np.ones(len(points), dtype=bool)
    if align == "box":
        return np.isfinite(points[:, face.WITHOUT_JAW]).all(axis=2).sum(axis=1) >= 3
    anchors, _ = canonical_anchors(corners=align == "perspective", margin=0.0, size=1)
    return np.isfinite(points[:, anchors]).all(axis=2).sum(axis=1) >= 6


def crops(
    points: np.ndarray,
    at: np.ndarray,
    frame_size: tuple[int, int],
    *,
    align: str,
    part: str = "face",
    margin: float,
    size: int,
) -> list[Crop]:
    """One crop for each position `at` in points (T, 68, 2) px, all of which show enough of a face.

    "box" is one square about all of `points`, so that nothing in the picture moves but the person; "similarity" and
    "perspective" follow the skull frame by frame; "whole" is the frame itself, squared with black. part: see
    `crop.warp`.
    """
    if align == "whole":
        return [square(np.array([0, 0, *frame_size]), margin=0.0, size=size)] * len(at)
    if align == "box":
        box = box_around((points[:, face.WITHOUT_JAW] if part == "inner" else points).reshape(-1, 2))
        assert box is not None
        return [square(box, margin=margin, size=size)] * len(at)
    found = {int(i): warp(points[i], align=align, part=part, margin=margin, size=size) for i in np.unique(at)}
    lost = [i for i, warped in found.items() if warped is None]
    if lost:
        raise DataError(f"the face of {len(lost)} frames cannot be aligned by align={align}; try align=box")
    return [warped for i in at if (warped := found[int(i)]) is not None]


def cut_all(video: Video, cuts: Sequence[Cut], store: Store, *, align: str, size: int) -> np.ndarray:
    """(n, size, size, 3) uint8, one picture per cut; from the store where it holds them."""

    def fill(out: np.ndarray) -> None:
        wanted: dict[int, list[int]] = {}
        for place, cut in enumerate(cuts):
            wanted.setdefault(cut.frame, []).append(place)
        for frame in chosen_frames(video, sorted(wanted)):
            for place in wanted.pop(frame.index):
                out[place] = cuts[place].crop.cut(frame.color)
        if wanted:
            raise DataError(f"has no frame {min(wanted)} in its video; its landmarks must be of another one")

    known, shape = identity(video), (len(cuts), size, size, 3)
    if known is None:  # a video that cannot be told from another is decoded each time
        pictures = np.zeros(shape, np.uint8)
        fill(pictures)
        return pictures
    key = {
        "what": "pictures",
        "video": known,
        "frames": [cut.frame for cut in cuts],
        "align": align,
        "crops": digest_of_array(np.stack([cut.crop.matrix for cut in cuts])),
        "code": code_digest(ROOMS),
    }
    return store.array(key, shape, fill)


class Stored:
    """One picture of an entry of the store, opened when it is looked at.

    A memory-mapped array keeps its file open, and a process may not have as many files open as a cohort has pictures.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, entry: np.memmap, index: int) -> None:
        assert entry.filename is not None
        self._file, self._index, self.shape = str(entry.filename), index, entry.shape[1:]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        try:
            picture = np.array(np.load(self._file, mmap_mode="r", allow_pickle=False)[self._index])
        except FileNotFoundError as error:
            raise ConfigError(f"{self._file} was deleted while it was needed; start again.") from error
        return picture if dtype is None else picture.astype(dtype)

    def __getitem__(self, index: Any) -> Any:
        return self.__array__()[index]


def of_entry(entry: np.ndarray) -> list[Any]:
    """The pictures of (n, ...), without a file held open for them."""
    return [Stored(entry, i) for i in range(len(entry))] if isinstance(entry, np.memmap) else list(entry)


def chosen_frames(video: Video, numbers: Sequence[int]) -> Iterator[Frame]:
    """The frames of these increasing numbers: by themselves where the video can, else out of one pass over it."""
    if hasattr(video, "chosen"):
        yield from video.chosen(numbers)
        return
    wanted = set(numbers)
    step = functools.reduce(math.gcd, np.diff(numbers).tolist(), 0) or 1
    yield from (frame for frame in video.frames(numbers[0], numbers[-1] + 1, step) if frame.index in wanted)


def together(rows: Sequence[np.ndarray], store: Store) -> np.ndarray:
    """(n, ...) uint8, memory-mapped: the rows of all recordings as one array, kept by the digests of the rows.

    What had to be made for it is told on standard error.
    """

    def fill(out: np.ndarray) -> None:
        for place, row in enumerate(rows):
            out[place] = np.asarray(row)

    key = {"what": "rows", "rows": [digest_of_array(np.asarray(row)) for row in rows]}
    array = store.array(key, (len(rows), *rows[0].shape), fill)
    if store.made_bytes:
        made, all_of_it = (f"{size / 1e6:.0f} MB" for size in (store.made_bytes, store.size_bytes()))
        print(f"{made} of pictures kept in {store.folder}, {all_of_it} in all; delete it at any time", file=sys.stderr)
        store.made_bytes = 0
    return array
