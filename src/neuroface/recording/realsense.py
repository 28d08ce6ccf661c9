"""Bags recorded by the RealSense SDK (`.bag`, ROS 1): colour and depth frames paired by time, streamed.

Needs the extra `realsense` (rosbags) and no camera driver. Bags that ROS itself recorded have other topics and do not
hold the depth scale.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.errors import ConfigError, DataError
from neuroface.recording import bag_messages
from neuroface.recording.bag_messages import Image, Stream
from neuroface.types import Frame, Rig

# How long a colour frame waits for the depth frame of its moment, on the clock of the bag.
PATIENCE_NS = 500_000_000
# What rosbags, and the messages it hands over, raise on a file whose bytes are wrong; AssertionError is rosbags' own.
DAMAGE = (
    AssertionError,
    AttributeError,  # a message of another kind than its topic says
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
)


@dataclass(frozen=True)
class _Moment:
    """A message in the pass: seconds from the first colour frame, when it was received, its number in its stream."""

    time_s: float
    received_ns: int
    number: int
    image: Image


class RealSenseBag:
    """Colour and depth of a bag recorded by the RealSense SDK, paired by time; a types.Video.

    depth_scale: metres in one raw unit, for a bag that does not hold it. timestamps_s: (T,) seconds of the colour
    frames from the first. Times are the camera's own stamps; where those do not increase, or those of the two streams
    do not overlap, they are when the computer received a frame. `notes` says which. Stamps stand in the frames, so the
    bag is read through once, and no image is converted. Errors: DataError for a bag that is damaged, not the SDK's, or
    without colour, intrinsics, extrinsics or scale; ConfigError without rosbags.
    """

    def __init__(self, path: str | Path, *, depth_scale: float | None = None) -> None:
        self.path = Path(path)
        with self._open() as bag:
            streams = bag_messages.streams(self.path, bag)
            self._rig = bag_messages.rig(self.path, bag, streams, depth_scale)
            stamps_s = np.array([image.stamp_s for image in bag_messages.images(self.path, bag, streams["Color"])])
        color = streams["Color"]
        self._received_ns = np.array(color.times_ns)
        self._size = (color.first.width, color.first.height)
        self._check_all_arrived(len(stamps_s))
        self._by_frame = _overlap(streams) and bool((np.diff(stamps_s) > 0).all())
        times_s = stamps_s if self._by_frame else self._received_ns / 1e9
        self._origin_s = float(times_s[0])
        self.timestamps_s = times_s - self._origin_s
        self._check_increasing()
        self._tolerance_s = min(stream.interval_s for stream in streams.values()) / 2 + 1e-3
        clock = "stamps of the camera" if self._by_frame else "when frames were received"
        self.notes: dict[str, Any] = {"clock": clock}

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) px of the colour frames."""
        return self._size

    @property
    def rig(self) -> Rig | None:
        """The calibration; None for a bag without depth."""
        return self._rig

    def __len__(self) -> int:
        return len(self._received_ns)

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        """Frames start, start + step, ... before stop, by 0-based number of the colour frame."""
        stop = len(self) if stop is None else min(stop, len(self))
        if start >= stop:
            return
        arrived = start
        for color, depth in self._pairs(start, stop):
            arrived = color.number + 1
            if (color.number - start) % step == 0:
                raw = None if depth is None else bag_messages.depth_image(self.path, depth)
                yield Frame(color.number, color.time_s, bag_messages.color_image(self.path, color.image), raw)
        if arrived < stop:
            self._check_all_arrived(arrived)

    def _check_all_arrived(self, count: int) -> None:
        if count != len(self):
            raise DataError(
                f"{self.path} is damaged: its index lists {len(self)} colour frames, and {count} can be read. Copy it "
                "again, or reindex it."
            )

    def _check_increasing(self) -> None:
        """Refuse times of arrival that repeat; stamps that do were not taken."""
        repeats = np.flatnonzero(np.diff(self.timestamps_s) <= 0)
        if len(repeats):
            raise DataError(
                f"{self.path}: colour frame {repeats[0] + 1} was received with the frame before it, at "
                f"{self.timestamps_s[repeats[0]]:.4f} s, and the camera's stamps are no clock either; record it again"
            )

    def _pairs(self, start: int, stop: int) -> Iterator[tuple[_Moment, Image | None]]:
        """Colour frames start .. stop, each with the depth frame nearest in time; half a second is held at most."""
        colors: deque[_Moment] = deque()
        depths: deque[_Moment] = deque()
        for kind, moment in self._moments(start):
            (colors if kind == "Color" else depths).append(moment)
            while colors and (
                (depths and depths[-1].time_s >= colors[0].time_s)
                or moment.received_ns - colors[0].received_ns > PATIENCE_NS
            ):
                color = colors.popleft()
                if color.number >= stop:
                    return
                if color.number >= start:
                    yield color, self._nearest(color, depths)
        yield from ((color, self._nearest(color, depths)) for color in colors if start <= color.number < stop)

    def _nearest(self, color: _Moment, depths: deque[_Moment]) -> Image | None:
        """The depth image nearest to a colour frame, None if none is near; earlier ones are let go."""
        while depths and depths[0].time_s < color.time_s - self._tolerance_s:
            depths.popleft()
        near = min(depths, key=lambda depth: abs(depth.time_s - color.time_s), default=None)
        return near.image if near is not None and near.time_s <= color.time_s + self._tolerance_s else None

    def _moments(self, start: int) -> Iterator[tuple[str, _Moment]]:
        """Every message of the two streams from a little before colour frame `start`, in the order of the bag."""
        begin_ns = max(int(self._received_ns[start]) - PATIENCE_NS, 0)
        number = {"Color": int(np.searchsorted(self._received_ns, begin_ns)), "Depth": 0}
        with self._open() as bag:
            streams = bag_messages.streams(self.path, bag)
            kinds = {stream.connection.id: kind for kind, stream in streams.items()}
            connections = [stream.connection for stream in streams.values()]
            for connection, received_ns, raw in bag.messages(connections, start=begin_ns):
                image, kind = bag_messages.parse_image(self.path, raw), kinds[connection.id]
                time_s = (image.stamp_s if self._by_frame else received_ns / 1e9) - self._origin_s
                yield kind, _Moment(time_s, received_ns, number[kind], image)
                number[kind] += 1

    @contextmanager
    def _open(self):
        if not self.path.is_file():
            raise DataError(f"There is no file {self.path}.")
        try:
            from rosbags.rosbag1 import Reader, ReaderError
            from rosbags.serde import SerdeError
        except ImportError as error:
            raise ConfigError("reading .bag files needs rosbags: pip install 'neuroface[realsense]'") from error
        try:
            with self.path.open("rb") as file:
                if file.read(6) == b"SQLite":
                    raise DataError(f"{self.path} is a ROS 2 bag; record a .bag, or export the native RGB-D layout")
            with Reader(self.path) as bag:
                yield bag
        except ReaderError as error:
            raise DataError(f"{self.path} cannot be read as a bag: {error} Copy it again, or reindex it.") from error
        except (SerdeError, *DAMAGE) as error:
            what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise DataError(f"{self.path} is damaged ({what}). Copy it again, or reindex it.") from error


def _overlap(streams: dict[str, Stream]) -> bool:
    """Whether the stamps of the streams cover the same time: then they are on one clock."""
    first = max(stream.first.stamp_s for stream in streams.values())
    last = min(stream.last.stamp_s for stream in streams.values())
    return last - first >= min(stream.last.stamp_s - stream.first.stamp_s for stream in streams.values()) / 2
