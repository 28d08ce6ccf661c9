"""Writes a video with depth in the native RGB-D layout, one frame at a time. docs/formats.md has the layout."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path
from typing import Protocol

import numpy as np

from neuroface.errors import ConfigError, DataError
from neuroface.recording.camera_file import write_camera
from neuroface.recording.rgbd import COLUMNS
from neuroface.types import Video

COLOR_KINDS = ("png", "ffv1")


class Sink(Protocol):
    """Takes images one after the other."""

    def write(self, image: np.ndarray) -> None: ...

    def release(self) -> None: ...


class PngFolder:
    """Images as 000000.png, 000001.png, ... of a new folder; lossless, compressed lightly."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self.count = 0

    def write(self, image: np.ndarray) -> None:
        """image: (h, w) uint16, or (H, W, 3) uint8 BGR."""
        import cv2

        file = self._folder / f"{self.count:06d}.png"
        if not cv2.imwrite(str(file), image, [cv2.IMWRITE_PNG_COMPRESSION, 1]):
            raise DataError(f"{file} could not be written; is the disk full?")
        self.count += 1

    def release(self) -> None:
        """Nothing is open between two images."""


def write_rgbd(video: Video, out: str | Path, *, color: str = "png") -> int:
    """Write a video with depth as a folder that `RgbdFolder` reads; returns how many colour frames it has.

    color: "png" (one file per frame) or "ffv1" (one video, color.avi, lossless too). The folder appears when it is
    whole; one that holds something is refused.
    """
    if color not in COLOR_KINDS:
        raise ConfigError(f"color={color}: there is no such kind. Choose from {', '.join(COLOR_KINDS)}.")
    if video.rig is None:
        raise DataError("the video has no depth camera; there is no depth to write")
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out} is there already; name a folder that is not, or an empty one")
    part = out.with_name(f".{out.name}.part-{os.getpid()}")
    part.mkdir(parents=True)
    try:
        count = _write_frames(video, part, color)
        write_camera(video.rig, part / "camera.json")
        if out.exists():
            out.rmdir()
        part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return count


def _write_frames(video: Video, part: Path, color: str) -> int:
    import cv2

    depths = PngFolder(part / "depth")
    images: Sink = PngFolder(part / "color") if color == "png" else _ffv1(part / "color.avi", video.size)
    count = 0
    with (part / "timestamps.csv").open("w", encoding="utf-8", newline="") as text:
        table = csv.writer(text, lineterminator="\n")
        table.writerow(COLUMNS)
        for frame in video.frames():
            table.writerow(["color", count, repr(float(frame.timestamp_s))])
            images.write(cv2.cvtColor(frame.color, cv2.COLOR_RGB2BGR))
            count += 1
            if frame.depth is not None:
                table.writerow(["depth", depths.count, repr(float(frame.timestamp_s))])
                depths.write(frame.depth)
    images.release()
    if not depths.count:
        raise DataError(f"none of the {count} frames has depth; there is no depth to write")
    return count


def _ffv1(file: Path, size: tuple[int, int]) -> Sink:
    import cv2

    # frames have their times in timestamps.csv; the rate in the header is for players only
    video = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"FFV1"), 50.0, size)
    if not video.isOpened():
        raise DataError(f"this OpenCV cannot write FFV1 to {file}; use color=png")
    return video
