"""Bags recorded by the RealSense SDK (`.bag`, ROS 1): colour and depth streams with their calibration, streamed.

Needs the extra `realsense` (rosbags), no camera driver. Topics, message contents and the meaning of `tf` are those of the
SDK's ros_writer: a stream's `tf` carries points from the reference of its device to that stream. Bags that ROS itself
recorded have other topics and no depth scale.
"""

from __future__ import annotations

import re
import struct
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.errors import ConfigError, DataError
from neuroface.recording.camera_file import MOST_BASELINE_M, SCALES, camera
from neuroface.types import Frame, Rig

IMAGE_TOPIC = re.compile(r"/device_\d+/sensor_\d+/(Color|Depth)_\d+/image/data")
# How long a colour frame waits for the depth frame of its moment, on the clock of the bag.
PATIENCE_NS = 500_000_000
CLOCKS = ("frame", "bag")
# How to make RGB of the encodings that the SDK records colour in (its ros_file_format): channels, OpenCV conversion.
ENCODINGS = {
    "rgb8": (3, None),
    "bgr8": (3, "COLOR_BGR2RGB"),
    "rgba8": (4, "COLOR_RGBA2RGB"),
    "bgra8": (4, "COLOR_BGRA2RGB"),
    "mono8": (1, "COLOR_GRAY2RGB"),
    "8UC1": (1, "COLOR_GRAY2RGB"),
    "yuyv": (2, "COLOR_YUV2RGB_YUY2"),
    "yuv422": (2, "COLOR_YUV2RGB_UYVY"),
}


@dataclass(frozen=True)
class _Image:
    """A sensor_msgs/Image. The SDK appends the depth unit (metres) to the standard message without declaring it, and
    says so with a "1" in the header's last field; a reader that goes by the declaration stumbles over it."""

    stamp_s: float
    height: int
    width: int
    encoding: str
    step: int
    data: memoryview
    depth_unit_m: float | None


@dataclass(frozen=True)
class _Moment:
    """A message that waits: its time on the chosen clock and on the bag's, its number, its content."""

    time_s: float
    bag_ns: int
    number: int
    image: _Image


class RealSenseBag:
    """Colour and depth of an SDK bag, paired by time; a types.Video.

    depth_scale: metres in one raw unit, only for a bag that does not hold it. clock: "frame" (the camera's own stamps) or
    "bag" (when the computer received the frame); where the stamps of the two streams do not overlap the bag's clock is
    used, and `notes` says so. Errors: DataError for a bag that is damaged, not the SDK's, or without colour, intrinsics,
    extrinsics or scale; ConfigError without rosbags.
    """

    def __init__(self, path: str | Path, *, depth_scale: float | None = None, clock: str = "frame") -> None:
        if clock not in CLOCKS:
            raise ConfigError(f"clock={clock}: there is no such clock. Choose from {', '.join(CLOCKS)}.")
        self.path = Path(path)
        self.notes: dict[str, Any] = {}
        with self._open() as bag:
            streams = _streams(self.path, bag)
            facts = _facts(bag)
            self._color_ns = [entry.time for entry in bag.indexes[streams["Color"].id]]
            first = {name: _ends(bag, stream) for name, stream in streams.items()}
        self._clock, self._tolerance_s = self._choose_clock(clock, first)
        self.notes["clock"] = {"frame": "the camera's own", "bag": "when frames were received"}[self._clock]
        self._rig = _rig(self.path, streams, facts, first, depth_scale)
        color = first["Color"][0][1]
        self._size = (color.width, color.height)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) px of the colour frames."""
        return self._size

    @property
    def rig(self) -> Rig | None:
        """The calibration; None for a bag without depth."""
        return self._rig

    def __len__(self) -> int:
        return len(self._color_ns)

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        """Frames start, start + step, ... before stop, by 0-based number of the colour frame."""
        stop = len(self) if stop is None else min(stop, len(self))
        if start >= stop:
            return
        last_s = -np.inf
        for moment, depth in self._pairs(start, stop):
            if moment.time_s <= last_s:
                raise DataError(
                    f"{self.path}: colour frame {moment.number} at {moment.time_s:.4f} s follows {last_s:.4f} s; "
                    "set clock=bag to go by when frames were received"
                )
            last_s = moment.time_s
            if (moment.number - start) % step == 0:
                raw = None if depth is None else _depth(self.path, depth)
                yield Frame(moment.number, moment.time_s, _color(self.path, moment.image), raw)

    def _pairs(self, start: int, stop: int) -> Iterator[tuple[_Moment, _Image | None]]:
        """Colour frames start .. stop with the depth frame nearest in time, in one pass; at most half a second waits."""
        colors: deque[_Moment] = deque()
        depths: deque[_Moment] = deque()
        for kind, moment in self._moments(start):
            (colors if kind == "Color" else depths).append(moment)
            while colors and self._settled(colors[0], depths, moment.bag_ns):
                yield from self._emit(colors, depths, start, stop)
                if colors and colors[0].number >= stop:
                    return
        while colors:
            yield from self._emit(colors, depths, start, stop)

    def _settled(self, color: _Moment, depths: deque[_Moment], now_ns: int) -> bool:
        """Whether no depth frame that is still to come can be nearer."""
        return bool(depths and depths[-1].time_s >= color.time_s) or now_ns - color.bag_ns > PATIENCE_NS

    def _emit(
        self, colors: deque[_Moment], depths: deque[_Moment], start: int, stop: int
    ) -> Iterator[tuple[_Moment, _Image | None]]:
        color = colors.popleft()
        while depths and depths[0].time_s < color.time_s - self._tolerance_s:
            depths.popleft()
        near = min(depths, key=lambda depth: abs(depth.time_s - color.time_s), default=None)
        paired = near is not None and abs(near.time_s - color.time_s) <= self._tolerance_s
        if start <= color.number < stop:
            yield color, near.image if near is not None and paired else None

    def _moments(self, start: int) -> Iterator[tuple[str, _Moment]]:
        """Every message of the two streams from a little before colour frame `start`, in the order of the bag."""
        begin_ns = self._color_ns[start] - PATIENCE_NS
        number = int(np.searchsorted(self._color_ns, begin_ns))
        origin_s = self._origin_s
        with self._open() as bag:
            streams = _streams(self.path, bag)
            kinds = {stream.id: kind for kind, stream in streams.items()}
            for connection, bag_ns, raw in bag.messages(list(streams.values()), start=max(begin_ns, 0)):
                image, kind = _parse(self.path, raw), kinds[connection.id]
                time_s = (image.stamp_s if self._clock == "frame" else bag_ns / 1e9) - origin_s
                yield kind, _Moment(time_s, bag_ns, number if kind == "Color" else -1, image)
                number += kind == "Color"

    def _choose_clock(self, asked: str, ends: dict[str, Any]) -> tuple[str, float]:
        """The clock to go by, and how far apart a pair may be: half the usual interval of the faster stream."""
        clock = asked
        if asked == "frame" and "Depth" in ends:
            (_, first), (_, last) = ends["Color"]
            (_, depth_first), (_, depth_last) = ends["Depth"]
            shared_s = min(last.stamp_s, depth_last.stamp_s) - max(first.stamp_s, depth_first.stamp_s)
            if shared_s < 0.5 * min(last.stamp_s - first.stamp_s, depth_last.stamp_s - depth_first.stamp_s):
                clock = "bag"
        (first_ns, first), _ = ends["Color"]
        self._origin_s = first.stamp_s if clock == "frame" else first_ns / 1e9
        spans = [(b[0] - a[0]) / 1e9 for a, b in ends.values()]
        counts = [len(self._color_ns), *([ends_count] if (ends_count := self.__dict__.get("_n_depth")) else [])]
        intervals = [span / (count - 1) for span, count in zip(spans, counts, strict=False) if count > 1]
        return clock, min(intervals, default=0.0) / 2 + 1e-3

    @contextmanager
    def _open(self):
        if not self.path.is_file():
            raise DataError(f"There is no file {self.path}.")
        try:
            from rosbags.rosbag1 import Reader, ReaderError
        except ImportError as error:
            raise ConfigError("reading .bag needs rosbags: pip install 'neuroface[realsense]'") from error
        if self.path.read_bytes()[:6] == b"SQLite":
            raise DataError(f"{self.path} is a ROS 2 bag; export it with the SDK's rs-convert, or record a .bag")
        try:
            with Reader(self.path) as bag:
                yield bag
        except ReaderError as error:
            raise DataError(f"{self.path} cannot be read as a bag: {error}. Copy it again, or reindex it") from error
