"""Depth of a Toronto NeuroFace recording: a folder of 16-bit PNGs with camera.json, beside the colour video.

How the release stores depth is not known; this is the form the synthetic clinic rehearses with and the one to convert
to. camera.json is that of the native RGB-D folder; timestamps.csv (frame, timestamp_s) may be left out when the folder
has as many images as the video has frames.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.cohorts.reading import read_rows
from neuroface.errors import DataError
from neuroface.recording import pairing
from neuroface.recording.camera_file import read_camera, write_camera
from neuroface.recording.images import image_files
from neuroface.recording.rgbd import read_depth
from neuroface.recording.video import VideoFile
from neuroface.types import Frame, Rig

CAMERA, TIMES = "camera.json", "timestamps.csv"
COLUMNS = ("frame", "timestamp_s")


class ColorAndDepth:
    """A colour video with a folder of depth images, paired by time; a types.Video. `path` is the colour video's,
    `files` names both.

    Errors: DataError for a place that is no such folder, for a camera of another image size, for images and times that
    do not fit each other.
    """

    def __init__(self, color: VideoFile, place: Path) -> None:
        self.path = color.path
        if not place.is_dir():
            raise DataError(
                f"{place.name} is not depth that can be read; a folder of 16-bit PNGs with {CAMERA} is "
                "(docs/toronto.md). Convert it, or set cohort.depth=null to go on in 2-D"
            )
        self.files = (color.path, place)
        self._files = image_files(place)
        if not self._files:
            raise DataError(f"{place} holds no depth image; depth is one 16-bit PNG per frame")
        self.rig: Rig = read_camera(place / CAMERA)
        if color.size != (self.rig.color.width, self.rig.color.height):
            (width, height), camera = color.size, self.rig.color
            raise DataError(f"the video is {width}x{height} px, {place / CAMERA} is for {camera.width}x{camera.height}")
        self._color = color
        self._pair = pairing.nearest(color.timestamps_s, _times(place, len(self._files), color.timestamps_s))
        without = int((self._pair < 0).sum())
        self.notes: dict[str, Any] = {**color.notes, **({"frames_without_depth": without} if without else {})}

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) px of the colour frames."""
        return self._color.size

    @property
    def timestamps_s(self) -> np.ndarray:
        """(n,) s: the colour frames' times."""
        return self._color.timestamps_s

    def __len__(self) -> int:
        return len(self._color)

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        """Frames start, start + step, ... before stop, by 0-based number of the colour frame."""
        for frame in self._color.frames(start, stop, step):
            pair = self._pair[frame.index]
            yield frame if pair < 0 else replace(frame, depth=read_depth(self._files[pair]))


def write_depth_image(place: Path, number: int, depth: np.ndarray) -> None:
    """Write one depth image, (h, w) uint16 raw units, as number `number` (from 0) of the folder."""
    import cv2

    place.mkdir(parents=True, exist_ok=True)
    file = place / f"{number:06d}.png"
    if not cv2.imwrite(str(file), depth, [cv2.IMWRITE_PNG_COMPRESSION, 1]):
        raise DataError(f"{file} could not be written; is the disk full?")


def write_depth_tables(place: Path, rig: Rig, timestamps_s: Sequence[float]) -> None:
    """Write camera.json and timestamps.csv beside the depth images; timestamps_s: one per image."""
    write_camera(rig, place / CAMERA)
    rows = [(number, repr(float(time))) for number, time in enumerate(timestamps_s)]
    with (place / TIMES).open("w", encoding="utf-8", newline="") as text:
        csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])


def _times(place: Path, n_images: int, color_s: np.ndarray) -> np.ndarray:
    """(n_images,) s of the depth images."""
    file = place / TIMES
    if not file.is_file():
        if n_images != len(color_s):
            raise DataError(
                f"{place} has {n_images} depth images, the video {len(color_s)} frames; without {TIMES} they cannot be "
                "paired"
            )
        return color_s
    _, rows = read_rows(file, required=COLUMNS)
    try:
        times = np.array([float(row["timestamp_s"]) for row in rows])
    except ValueError as error:
        raise DataError(f"{file} holds a time that is not a number: {error}") from error
    if len(times) != n_images:
        raise DataError(f"{file} has {len(times)} times, the folder {n_images} depth images")
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        raise DataError(f"{file}: times must increase")
    return times
