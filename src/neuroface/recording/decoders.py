"""How frames come out of a video file: by OpenCV, or by PyAV (extra `video`). Both are random-access and stream.

A decoder knows when each of its frames is shown before it decodes any: the packets of a file carry their times, and
reading packets without decoding them costs a few per cent of decoding.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from neuroface.errors import ConfigError, DataError
from neuroface.recording.containers import edited_s, why_unreadable

# Packets at the end that no frame comes out of: the encoder was stopped in the middle of a frame. More are damage.
MOST_LOST_AT_END = 2
# Frames before the end from which the last ones are tried.
TAIL = 4
# Seconds before the frame that is looked for at which it is sought, one after the other; the first that is not behind
# the aim serves. OpenCV seeks by number at the average rate, which in a file of variable rate is another time.
SEEK_BEFORE_S = (0.0, 2.0, 10.0)


class Decoder(Protocol):
    """Frames of one file by number.

    size: (width, height) px as frames come out, after rotation. header_fps, header_frames: what the file says of
    itself, 0 if nothing. shown_s: (n_frames,) seconds from the first frame, strictly increasing, or None when the
    file has no usable times. n_frames: frames that can be decoded; lost_at_end: those after them that cannot.
    """

    size: tuple[int, int]
    header_fps: float
    header_frames: int
    shown_s: np.ndarray | None
    n_frames: int
    lost_at_end: int

    def images(self, start: int, stop: int, step: int) -> Iterator[np.ndarray]:
        """(H, W, 3) uint8 RGB of frames start, start + step, ... before stop."""
        ...


class OpenCvDecoder:
    """Decodes through OpenCV's FFmpeg; times are those of the packets, rounded to what the container stores."""

    def __init__(self, path: Path) -> None:
        self._path = path
        capture = self._open()
        cv2 = _cv2()
        first = _read_first(capture)
        if first is None:
            raise DataError(f"{path} has no frame that can be decoded; record or copy it again")
        self.size = (first.shape[1], first.shape[0])
        self.header_fps = float(capture.get(cv2.CAP_PROP_FPS))
        self.header_frames = max(int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)
        edited = edited_s(path)
        stored = self._times_ms(decode=False) if edited is None else np.empty(0)
        shown, packets = increasing(np.sort(stored) / 1e3)
        if shown is None:  # which packets are hidden, and in some containers their times, shows only when decoded
            shown, packets = increasing(self._times_ms(decode=True) / 1e3)
        if edited is not None:
            self.header_frames = _frames_lasting(edited, shown)
        self._origin_ms = 0.0 if shown is None else float(shown[0]) * 1e3
        self._shown = None if shown is None else shown - shown[0]
        self.n_frames = self._decodable(packets)
        self.lost_at_end = packets - self.n_frames
        self.shown_s = None if self._shown is None else self._shown[: self.n_frames]

    def images(self, start: int, stop: int, step: int) -> Iterator[np.ndarray]:
        if start >= stop:
            return
        cv2 = _cv2()
        capture = self._grabbed_at(start)
        for index in range(start, stop):
            if index > start and not capture.grab():
                raise _lost(self._path, index, self.n_frames)
            if (index - start) % step == 0:
                found, image = capture.retrieve()
                if not found:
                    raise _lost(self._path, index, self.n_frames)
                yield cv2.cvtColor(image, cv2.COLOR_BGR2RGB)

    def _open(self):
        cv2 = _cv2()
        log = getattr(cv2.utils, "logging", cv2)  # OpenCV before 4.13 has them at the top
        level = log.getLogLevel()
        log.setLogLevel(0)  # silent: we say what is wrong, and once
        try:
            capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        finally:
            log.setLogLevel(level)
        if not capture.isOpened():
            raise DataError(f"{self._path} cannot be opened as a video: {why_unreadable(self._path)}")
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        return capture

    def _times_ms(self, *, decode: bool) -> np.ndarray:
        """(n,) ms at which the packets are shown, in the order in which they are stored."""
        cv2 = _cv2()
        capture = self._open()
        if not decode:
            capture.set(cv2.CAP_PROP_FORMAT, -1)  # packets as they are
        times = []
        while capture.grab():
            times.append(capture.get(cv2.CAP_PROP_POS_MSEC))
        return np.array(times)

    def _grabbed_at(self, start: int):
        """A capture whose last grabbed frame is number `start`.

        OpenCV's own seeking is off by some frames in files with reordered or uneven frames; where it landed is read
        from the time of the frame. Where it lands behind the aim it aims earlier, and at last begins from the start.
        """
        capture, at = self._open(), -1
        sought_s = float(self._shown[start]) if start and self._shown is not None else 0.0
        for before_s in SEEK_BEFORE_S:
            aim = int((sought_s - before_s) * self.header_fps)
            if aim <= 0:
                break
            capture.set(_cv2().CAP_PROP_POS_FRAMES, aim)
            landed = self._number(capture) if capture.grab() else start + 1
            if landed <= start:
                at = landed
                break
            capture = self._open()
        for index in range(at + 1, start + 1):
            if not capture.grab():
                raise _lost(self._path, index, self.n_frames)
        return capture

    def _number(self, capture) -> int:
        """Number of the frame that was grabbed last, from its time."""
        assert self._shown is not None
        time_s = (capture.get(_cv2().CAP_PROP_POS_MSEC) - self._origin_ms) / 1e3
        return int(np.abs(self._shown - time_s).argmin())

    def _decodable(self, packets: int) -> int:
        """How many of the packets give a frame, judged at the end of the file."""
        self.n_frames = packets
        if self._shown is None:
            return packets  # counted while they were decoded
        last = max(packets - TAIL, 0)
        try:
            capture = self._grabbed_at(last)
        except DataError:  # more is damaged than the end: count what decodes
            return len(self._times_ms(decode=True))
        while capture.grab():
            last = self._number(capture)
        return last + 1


class PyAvDecoder:
    """Decodes through PyAV; times are exact multiples of the file's time base."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as container:
            if not container.streams.video:
                raise DataError(f"{path} cannot be opened as a video: {why_unreadable(path)}")
            stream = container.streams.video[0]
            self.header_fps = float(stream.average_rate or 0)
            lasts_s = (container.duration or 0) / 1e6  # AV_TIME_BASE
            self._base = float(stream.time_base or 0)
            declared = stream.frames or round(lasts_s * self.header_fps)
            read = [(p.pts, p.is_discard) for p in container.demux(stream) if p.pts is not None and p.size]
        # a packet that is to be discarded serves to decode others and is not shown
        self._ticks = np.array(sorted(tick for tick, hidden in read if not hidden), dtype=np.int64)
        shown, packets = increasing(self._ticks * self._base)
        edited = edited_s(path)
        self.header_frames = int(declared) if edited is None else _frames_lasting(edited, shown)
        if shown is None:
            raise DataError(f"{path} has frames without times of their own, which PyAV needs; set backend=opencv")
        first = next(self._decode(0), None)
        if first is None:
            raise DataError(f"{path} has no frame that can be decoded; record or copy it again")
        image = _upright(first)
        self.size = (image.shape[1], image.shape[0])
        tail = [frame.pts for frame in self._decode(max(packets - TAIL, 0))]
        last = max(tail or (frame.pts for frame in self._decode(0)))
        self.n_frames = int(np.searchsorted(self._ticks, last, side="right"))
        self.lost_at_end = packets - self.n_frames
        self.shown_s = (shown - shown[0])[: self.n_frames]

    def images(self, start: int, stop: int, step: int) -> Iterator[np.ndarray]:
        if start >= stop:
            return
        index = start
        for frame in self._decode(start):
            if frame.pts != self._ticks[index]:
                raise _lost(self._path, index, self.n_frames)
            if (index - start) % step == 0:
                yield _upright(frame)
            index += 1
            if index >= stop:
                return
        raise _lost(self._path, index, self.n_frames)

    def _open(self):
        av = _av()
        try:
            return av.open(str(self._path))
        except (av.FFmpegError, OSError, ValueError) as error:
            why = why_unreadable(self._path)
            raise DataError(f"{self._path} cannot be opened as a video: {why}") from error

    def _decode(self, start: int):
        """Frames from number `start` on, in the order in which they are shown.

        Containers are sought by when a frame is decoded: a landing behind the aim begins from the start.
        """
        for sought in (True, False) if start else (False,):
            frames = self._frames_from(start, sought=sought)
            first = next(frames, None)
            if first is not None and (first.pts == self._ticks[start] or not sought):
                yield first
                yield from frames
                return

    def _frames_from(self, start: int, *, sought: bool):
        av = _av()
        with self._open() as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            try:
                if sought:
                    container.seek(int(self._ticks[start]), stream=stream, backward=True)
                for frame in container.decode(stream):
                    if frame.pts is not None and frame.pts >= self._ticks[start]:
                        yield frame
            except av.FFmpegError:
                return  # the caller sees which frame is missing


def open_decoder(path: Path, backend: str) -> Decoder:
    """The decoder of that name for a file. Errors: DataError for a file that is no video, ConfigError for the name."""
    if not path.is_file():
        raise DataError(f"There is no file {path}.")
    if not path.stat().st_size:
        raise DataError(f"{path} is empty (0 bytes); record or copy it again")
    if backend == "opencv":
        return OpenCvDecoder(path)
    if backend == "pyav":
        return PyAvDecoder(path)
    raise ConfigError(f"there is no video backend {backend!r}. Choose from opencv, pyav.")


def increasing(times_s: np.ndarray) -> tuple[np.ndarray | None, int]:
    """The times (n,) if they are numbers that strictly increase, else None; and n."""
    sane = np.isfinite(times_s).all() and (np.diff(times_s) > 0).all()
    return (times_s if len(times_s) and sane else None), len(times_s)


def _frames_lasting(seconds: float, shown_s: np.ndarray | None) -> int:
    """How many frames an edit list shows: those there are, and as many as would fill what it lasts beyond them."""
    if shown_s is None or len(shown_s) < 2:
        return 0
    interval_s = float(np.median(np.diff(shown_s)))
    beyond_s = seconds - (shown_s[-1] - shown_s[0] + interval_s)
    return len(shown_s) + max(round(beyond_s / interval_s), 0)


def _lost(path: Path, index: int, n_frames: int) -> DataError:
    return DataError(
        f"{path}: frame {index} of {n_frames} does not decode; the file is damaged. Copy it again from its source"
    )


def _read_first(capture) -> np.ndarray | None:
    found, image = capture.read()
    return image if found else None


def _upright(frame) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a PyAV frame, turned as its metadata says (degrees counter-clockwise)."""
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90) % 4))


def _cv2():
    # FFmpeg writes its own lines about broken files to standard error; -8 is its level "quiet"
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    import cv2

    return cv2


def _av():
    try:
        import av
    except ImportError as error:
        raise ConfigError("backend=pyav needs PyAV: pip install 'neuroface[video]', or set backend=opencv") from error
    av.logging.set_level(None)
    return av
