"""A video whose frames are made once and read again from a temporary file: rendering or decoding twice is dear."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

import numpy as np

from neuroface.types import Frame, Rig, Video


@dataclass(frozen=True)
class _Kept:
    """Where a frame begins in the file, and what is needed to read it from there."""

    offset: int
    timestamp_s: float
    color: tuple[int, ...]
    depth: tuple[int, ...] | None


class Spooled:
    """A types.Video that keeps the frames of another one, from its first on, and serves later passes from them.

    Colour (uint8) and depth (uint16) go to a temporary file as they are read in order; what no pass has reached yet
    comes from the video. The file is as large as the frames it holds and vanishes with `close`, at the end of a `with`
    block, or with the process; after that every frame comes from the video. When the disk is full it stops growing and
    says so on standard error. Not for several threads at once.
    """

    def __init__(self, video: Video) -> None:
        self._video = video
        # unbuffered: a full disk shows in the write itself
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self._kept: list[_Kept] = []
        self._end = 0
        self._growing = True

    def __enter__(self) -> Spooled:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._growing = False
        self._kept.clear()
        self._file.close()

    @property
    def spooled(self) -> Video:
        """The video whose frames these are."""
        return self._video

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) px of the colour frames."""
        return self._video.size

    @property
    def rig(self) -> Rig | None:
        return self._video.rig

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        """Frames start, start + step, ... before stop, by 0-based number."""
        number = start
        while number < len(self._kept) and (stop is None or number < stop):
            yield self._read(number)
            number += step
        if stop is not None and number >= stop:
            return
        for frame in self._video.frames(number, stop, step):
            if self._growing and frame.index == len(self._kept):
                self._keep(frame)
            yield frame

    def _keep(self, frame: Frame) -> None:
        arrays = [np.ascontiguousarray(a) for a in (frame.color, frame.depth) if a is not None]
        self._file.seek(self._end)
        try:
            whole = all(self._file.write(a.data) == a.nbytes for a in arrays)
        except OSError:
            whole = False
        if not whole:
            self._growing = False
            print(
                f"no room left in {tempfile.gettempdir()} for frames that are read twice: frames from {frame.index} on "
                "are made again when they are asked for",
                file=sys.stderr,
            )
            return
        depth = None if frame.depth is None else frame.depth.shape
        self._kept.append(_Kept(self._end, frame.timestamp_s, frame.color.shape, depth))
        self._end += sum(a.nbytes for a in arrays)

    def _read(self, number: int) -> Frame:
        kept = self._kept[number]
        self._file.seek(kept.offset)
        color = self._array(kept.color, np.uint8)
        depth = None if kept.depth is None else self._array(kept.depth, np.uint16)
        return Frame(number, kept.timestamp_s, color, depth)

    def _array(self, shape: tuple[int, ...], dtype: type[np.generic]) -> np.ndarray:
        array = np.empty(shape, dtype)
        self._file.readinto(array.data.cast("B"))
        return array
