"""A recording in colour only: frames, their times, and intrinsics where they are known. docs/formats.md has it exactly.

The RGB-D folder without its depth; the same names mean the same.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from neuroface.errors import DataError
from neuroface.recording.camera_file import read_camera, write_camera
from neuroface.recording.decoders import MOST_LOST_AT_END
from neuroface.recording.images import SUFFIXES as IMAGE_SUFFIXES
from neuroface.recording.rgbd import COLUMNS, check_size, color_path, read_times
from neuroface.recording.rgbd_writer import PngFolder
from neuroface.recording.video import VideoFile
from neuroface.types import Frame, Rig, Video

CAMERA, TIMES = "camera.json", "timestamps.csv"


class ColorFolder:
    """Colour frames of one recording with the times of timestamps.csv; a types.Video.

    fps: only for a folder without timestamps.csv; overrides what its video says of itself, and images need it. `rig` is
    None without camera.json, and has no depth camera with it. `notes` counts frames at the end that do not decode.
    Errors: DataError, naming the file, for frames, times and calibration that are missing or do not fit each other.
    """

    def __init__(self, path: str | Path, *, fps: float | None = None) -> None:
        self.path = Path(path)
        if not self.path.is_dir():
            raise DataError(f"There is no folder {self.path}.")
        stored = (self.path / TIMES).is_file()
        # with stored times the numbers of a video's own header do not matter
        self.color = VideoFile(color_path(self.path), fps=1.0 if stored else fps)
        self.timestamps_s, self.notes = self.color.timestamps_s, dict(self.color.notes)
        if stored:
            self.timestamps_s = self._times(self.path / TIMES)
        camera = self.path / CAMERA
        self.rig: Rig | None = read_camera(camera, depth=False) if camera.is_file() else None
        if self.rig is not None:
            check_size(self.path, self.size, self.rig)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) px."""
        return self.color.size

    def __len__(self) -> int:
        return len(self.timestamps_s)

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        """Frames start, start + step, ... before stop, by 0-based number; `stop` beyond the end is the end."""
        for frame in self.color.frames(start, stop, step):
            yield replace(frame, timestamp_s=float(self.timestamps_s[frame.index]))

    def _times(self, file: Path) -> np.ndarray:
        """(n,) s of the frames that decode."""
        times, n_frames = read_times(file, streams=("color",))["color"], len(self.color)
        lost = len(times) - n_frames
        if not 0 <= lost <= MOST_LOST_AT_END:
            raise DataError(f"{file} has {len(times)} colour times, the recording {n_frames} colour frames")
        repeated = np.flatnonzero(np.diff(times) == 0)
        if len(repeated):
            at = int(repeated[0])
            raise DataError(f"{file}: frames {at} and {at + 1} have the same time; take one of them out")
        del self.notes["clock"]
        if lost:
            self.notes["frames_lost_at_end"] = lost
        return times[:n_frames]


def write_color(video: Video, out: str | Path) -> int:
    """Write the colour frames of a video as a folder that `ColorFolder` reads; returns how many there are.

    A video file is copied as it is, sound included; anything else becomes one PNG per frame, which loses nothing. One
    frame is held at a time. The folder appears when it is whole; one that is there is refused.
    """
    out = Path(out)
    if out.exists():
        raise DataError(f"{out} is there already; name a folder that is not")
    part = out.with_name(f".{out.name}.part-{os.getpid()}")
    part.mkdir(parents=True)
    try:
        times = _write_frames(video, part)
        if not times:
            raise DataError("the video has no frames; there is nothing to write")
        with (part / TIMES).open("w", encoding="utf-8", newline="") as text:
            table = csv.writer(text, lineterminator="\n")
            table.writerow(COLUMNS)
            table.writerows(["color", number, repr(time)] for number, time in enumerate(times))
        if video.rig is not None:
            write_camera(video.rig, part / CAMERA)
        part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return len(times)


def _write_frames(video: Video, part: Path) -> list[float]:
    """The colour stream, written into `part`; returns the seconds of its frames."""
    clip = video.color if isinstance(video, ColorFolder) else video
    if isinstance(clip, VideoFile) and clip.path.is_file() and clip.path.suffix.lower() not in IMAGE_SUFFIXES:
        shutil.copyfile(clip.path, part / f"color{clip.path.suffix.lower()}")
        return (video if isinstance(video, ColorFolder) else clip).timestamps_s.tolist()
    import cv2

    images, times = PngFolder(part / "color"), []
    for frame in video.frames():
        times.append(float(frame.timestamp_s))
        images.write(cv2.cvtColor(frame.color, cv2.COLOR_RGB2BGR))
    return times
