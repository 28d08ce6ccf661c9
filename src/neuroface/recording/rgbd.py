"""The native RGB-D folder: colour, 16-bit depth, calibration and times of both. docs/formats.md has it exactly."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.errors import DataError
from neuroface.outside import check_pixels
from neuroface.recording import pairing
from neuroface.recording.camera_file import read_camera
from neuroface.recording.decoders import MOST_LOST_AT_END
from neuroface.recording.images import image_files
from neuroface.recording.video import VideoFile
from neuroface.types import Frame, Rig

COLUMNS = ("stream", "frame", "timestamp_s")


class RgbdFolder:
    """Colour and depth frames of one recording in the native layout, paired by time; a types.Video.

    fps: only for a folder without timestamps.csv, whose streams then need the same length. `notes` counts colour frames
    without depth, frames merged because their time repeats, and frames at the end that do not decode.
    Errors: DataError, naming the file, for missing calibration or times, 8-bit depth, and streams that do not fit.
    """

    def __init__(self, path: str | Path, *, fps: float | None = None, backend: str = "opencv") -> None:
        self.path = Path(path)
        if not self.path.is_dir():
            raise DataError(f"There is no folder {self.path}.")
        self._rig = read_camera(self.path / "camera.json")
        self._depth_files = image_files(self.path / "depth") if (self.path / "depth").is_dir() else []
        if not self._depth_files:
            raise DataError(f"{self.path / 'depth'} holds no images; depth is one 16-bit PNG per frame")
        # the numbers of a video's own header do not matter: times stand in timestamps.csv
        self._color = VideoFile(color_path(self.path), fps=fps or 1.0, backend=backend)
        check_size(self.path, self._color.size, self._rig)
        read_depth(self._depth_files[0])
        self.notes: dict[str, Any] = {}
        color_s, depth_s = self._times(fps)
        self._kept = np.flatnonzero(np.r_[True, np.diff(color_s) > 0])
        self.timestamps_s = color_s[self._kept]
        self._pair = pairing.nearest(self.timestamps_s, depth_s)
        self._note("frames_merged", len(color_s) - len(self._kept))
        self._note("frames_without_depth", int((self._pair < 0).sum()))

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) px of the colour frames."""
        return self._color.size

    @property
    def rig(self) -> Rig:
        return self._rig

    def __len__(self) -> int:
        return len(self.timestamps_s)

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        """Frames start, start + step, ... before stop, by 0-based number of the colour frame."""
        stop = len(self) if stop is None else min(stop, len(self))
        wanted = iter(range(start, stop, step))
        number = next(wanted, None)
        if number is None:
            return
        even = len(self._kept) == self._kept[-1] + 1  # nothing merged: numbers are those of the file
        first, last = int(self._kept[start]), int(self._kept[stop - 1]) + 1
        for frame in self._color.frames(first, last, step if even else 1):
            if frame.index != self._kept[number]:
                continue
            pair = self._pair[number]
            depth = None if pair < 0 else read_depth(self._depth_files[pair])
            yield Frame(number, float(self.timestamps_s[number]), frame.color, depth)
            number = next(wanted, None)
            if number is None:
                return

    def _times(self, fps: float | None) -> tuple[np.ndarray, np.ndarray]:
        """(n,) and (m,) s of the colour and depth frames that exist."""
        file, n_color, n_depth = self.path / "timestamps.csv", len(self._color), len(self._depth_files)
        if not file.is_file():
            if fps is None:
                raise DataError(f"there is no {file}; write it, or set fps if both streams started together")
            if n_color != n_depth:
                raise DataError(
                    f"{self.path} has {n_color} colour and {n_depth} depth frames; without timestamps.csv they "
                    "cannot be paired"
                )
            return np.arange(n_color) / fps, np.arange(n_depth) / fps
        times = read_times(file)
        lost = len(times["color"]) - n_color
        if not 0 <= lost <= MOST_LOST_AT_END:
            raise DataError(f"{file} has {len(times['color'])} colour times, the recording {n_color} colour frames")
        if len(times["depth"]) != n_depth:
            raise DataError(f"{file} has {len(times['depth'])} depth times, the recording {n_depth} depth frames")
        self._note("frames_lost_at_end", lost)
        return times["color"][:n_color], times["depth"]

    def _note(self, name: str, count: int) -> None:
        if count:
            self.notes[name] = count


def read_depth(file: Path) -> np.ndarray:
    """(h, w) uint16 raw units of one depth image. Errors: DataError for anything but one channel of 16 bits."""
    import cv2

    content = file.read_bytes() if file.is_file() else b""
    try:
        check_pixels(content)
    except ValueError as error:
        raise DataError(f"{file} is not read: {error}") from error
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED) if content else None
    if image is None:
        raise DataError(f"{file} cannot be read as an image; copy it again")
    if image.dtype != np.uint16 or image.ndim != 2:
        channels = 1 if image.ndim == 2 else image.shape[2]
        raise DataError(
            f"{file} is depth of {8 * image.itemsize} bits and {channels} channel{'s' * (channels > 1)}; raw depth is "
            "one channel of 16 bits. Export it again without a colour map"
        )
    return image


def read_times(file: Path, *, streams: Sequence[str] = ("color", "depth")) -> dict[str, np.ndarray]:
    """Seconds of each frame of each stream, from timestamps.csv (columns stream, frame, timestamp_s).

    Errors: DataError for a missing column or stream, a number that is none, frames out of order, a clock that runs
    back.
    """
    try:
        table = list(enumerate(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline="")), start=1))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file} cannot be read as a table: {error}") from error
    header = table[0][1] if table else []
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise DataError(f"{file} has no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
    times: dict[str, list[float]] = {name: [] for name in streams}
    for line, cells in table[1:]:
        if not cells:
            continue
        row = dict(zip(header, cells, strict=False))
        try:
            stream, frame, time = times[row["stream"]], int(row["frame"]), float(row["timestamp_s"])
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"line {line} of {file} cannot be read: {error}") from error
        if frame != len(stream):
            raise DataError(f"line {line} of {file} is {row['stream']} frame {frame}; frame {len(stream)} is next")
        if not np.isfinite(time):
            raise DataError(f"line {line} of {file}: {row['stream']} time {time:g} s is no time")
        if stream and time < stream[-1]:
            raise DataError(f"line {line} of {file}: {row['stream']} time {time:g} s follows {stream[-1]:g} s")
        stream.append(time)
    empty = [name for name, stream in times.items() if not stream]
    if empty:
        raise DataError(f"{file} has no {' and no '.join(empty)} frames")
    return {name: np.array(stream) for name, stream in times.items()}


def color_path(folder: Path) -> Path:
    """The folder `color` or the one file color.* of a recording. Errors: DataError when there is none, or two."""
    found = [p for p in folder.iterdir() if p.stem == "color" and not p.name.startswith(".")]
    if len(found) != 1:
        names = ", ".join(sorted(p.name for p in found)) or "neither"
        raise DataError(f"{folder} needs one colour stream, a folder color or a file color.*; it has {names}")
    return found[0]


def check_size(folder: Path, size: tuple[int, int], rig: Rig) -> None:
    """DataError when colour frames of (width, height) px are not those that the intrinsics are for."""
    if size != (rig.color.width, rig.color.height):
        raise DataError(
            f"{folder}: colour frames are {size[0]}x{size[1]} px, color_intrinsics are for {rig.color.width}x"
            f"{rig.color.height}; give the intrinsics of the stream that was recorded"
        )
