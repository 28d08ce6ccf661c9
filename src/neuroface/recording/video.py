"""A video file, a folder of images or one still as streamed frames with times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.errors import ConfigError, DataError
from neuroface.recording.containers import length_proves_nothing
from neuroface.recording.decoders import MOST_LOST_AT_END, Decoder, open_decoder
from neuroface.recording.images import SUFFIXES, ImageDecoder, image_files
from neuroface.types import Frame, Rig

# A sound track ends within a second of the picture where nothing went wrong; more is told.
TOLD_S = 1.0


class VideoFile:
    """Frames of a video file, an image folder (natural order) or a still image; a types.Video.

    Frames that an mp4 hides are not among them. Times come from the file where they are sane (numbers that strictly
    increase), else from its nominal frame rate; `fps` overrides both, for files whose header is known to be wrong.
    `notes` says which of them it was, how many frames at the end were declared but do not decode (they are dropped),
    and how much longer the file lasts than its picture. Rotation metadata of phones is honoured.
    Nothing but the current frame is held. backend: "opencv", or "pyav" (extra `video`) for times that are exact.
    Errors: DataError, naming the file, for what is missing, empty, cut off, not a video, or without any clock.
    """

    rig: Rig | None = None

    def __init__(self, path: str | Path, *, fps: float | None = None, backend: str = "opencv") -> None:
        if fps is not None and not fps > 0:
            raise ConfigError(f"fps is {fps}; it must be a positive number of frames per second.")
        self.path = Path(path)
        self._decoder = _decoder(self.path, backend)
        without_s = _check_whole(self.path, self._decoder)
        self.timestamps_s, clock = _clock(self.path, self._decoder, fps)
        self.notes: dict[str, Any] = {"clock": clock}
        if without_s >= TOLD_S:
            self.notes["seconds_without_picture"] = round(without_s, 2)
        if self._decoder.lost_at_end:
            self.notes["frames_declared"] = self._decoder.n_frames + self._decoder.lost_at_end
            self.notes["frames_decoded"] = self._decoder.n_frames
            self.notes["frames_lost_at_end"] = self._decoder.lost_at_end

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) px, upright."""
        return self._decoder.size

    @property
    def fps(self) -> float | None:
        """Frames per second, from the mean of the usual intervals (gaps left out); None for a single frame."""
        intervals = np.diff(self.timestamps_s)
        if not len(intervals):
            return None
        median = np.median(intervals)
        return float(1 / np.mean(intervals[np.abs(intervals - median) <= median / 2]))

    @property
    def shown_s(self) -> np.ndarray:
        """(n_frames,) seconds from the first frame as the file has them, whatever `fps` says; else `timestamps_s`."""
        return self.timestamps_s if self._decoder.shown_s is None else self._decoder.shown_s

    def __len__(self) -> int:
        return self._decoder.n_frames

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        """Frames start, start + step, ... before stop, by 0-based number; `stop` beyond the end is the end."""
        if start < 0 or step < 1 or (stop is not None and stop < 0):
            raise ValueError(f"frames({start}, {stop}, {step}): start and stop from 0, step from 1.")
        stop = len(self) if stop is None else min(stop, len(self))
        numbers = range(start, stop, step)
        for number, image in zip(numbers, self._decoder.images(start, stop, step), strict=True):
            yield Frame(number, float(self.timestamps_s[number]), image)


def _decoder(path: Path, backend: str) -> Decoder:
    if path.is_dir():
        files = image_files(path)
        if not files:
            raise DataError(f"{path} is a folder without images ({', '.join(sorted(SUFFIXES))}).")
        return ImageDecoder(files)
    if path.suffix.lower() in SUFFIXES and path.is_file():
        return ImageDecoder([path])
    return open_decoder(path, backend)


def _check_whole(path: Path, decoder: Decoder) -> float:
    """Seconds by which a whole file lasts longer than its picture. One that says it is longer than it is was cut off.

    Frame counts of some containers are guesses from duration and rate, and so are durations of others: a file counts as
    cut off when both say so, and its bytes are not all there where the container states how many there are.
    """
    if decoder.lost_at_end > MOST_LOST_AT_END:
        raise DataError(
            f"{path}: the last {decoder.lost_at_end} of {decoder.n_frames + decoder.lost_at_end} frames do not decode; "
            "the file is damaged. Copy it again from its source"
        )
    missing, late_s = decoder.header_frames - decoder.n_frames - decoder.lost_at_end, 0.0
    if decoder.shown_s is not None and decoder.n_frames > 1 and decoder.header_fps > 0:
        interval_s = float(np.median(np.diff(decoder.shown_s)))
        late_s = decoder.header_frames / decoder.header_fps - decoder.shown_s[-1] - interval_s
        missing = min(missing, round(late_s / interval_s))
    if missing <= MOST_LOST_AT_END:
        return 0.0
    if not length_proves_nothing(path):
        raise DataError(
            f"{path} is cut off: it declares {decoder.header_frames} frames and holds {decoder.n_frames}. Copy it "
            "again from its source, or keep what is there with: ffmpeg -i in -c copy out"
        )
    return late_s


def _clock(path: Path, decoder: Decoder, fps: float | None) -> tuple[np.ndarray, str]:
    """(n_frames,) seconds, and where they come from."""
    number = np.arange(decoder.n_frames)
    if fps is not None:
        return number / fps, f"frame number at the given {fps:g} frames/s"
    if decoder.shown_s is not None:
        return decoder.shown_s, "times stored in the file"
    if decoder.n_frames == 1:
        return number.astype(float), "a single frame"
    if 0 < decoder.header_fps < 10_000:
        return number / decoder.header_fps, f"frame number at the nominal {decoder.header_fps:g} frames/s"
    what = "a folder of images has no clock" if path.is_dir() else "the file has no usable times and no frame rate"
    raise DataError(f"{path}: {what}; set fps to the frames per second it was recorded at")
