"""What stands in a bag of the RealSense SDK: topics, images, calibration. Names are those of the SDK's ros_file_format.

A bag whose messages are read here is a ROS 1 bag opened by rosbags; that library itself is imported by `realsense`
only.
"""

from __future__ import annotations

import functools
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.errors import DataError
from neuroface.recording.camera_file import SCALES, camera
from neuroface.types import Rig

IMAGE_TOPIC = re.compile(r"(/device_\d+/sensor_\d+)/(Color|Depth)_\d+/image/data")
# Colour encodings of the SDK: channels, and OpenCV's name of the conversion to RGB.
ENCODINGS = {
    "rgb8": (3, None),
    "bgr8": (3, "COLOR_BGR2RGB"),
    "rgba8": (4, "COLOR_RGBA2RGB"),
    "bgra8": (4, "COLOR_BGRA2RGB"),
    "mono8": (1, "COLOR_GRAY2RGB"),
    "8uc1": (1, "COLOR_GRAY2RGB"),
    "yuyv": (2, "COLOR_YUV2RGB_YUY2"),
    "yuv422": (2, "COLOR_YUV2RGB_UYVY"),
}


@dataclass(frozen=True)
class Image:
    """A sensor_msgs/Image. depth_scale: metres in one raw unit, or None where the message does not say. big_endian: of
    pixels of 16 bits."""

    stamp_s: float
    height: int
    width: int
    encoding: str
    step: int
    data: memoryview
    depth_scale: float | None
    big_endian: bool = False


@dataclass(frozen=True)
class Stream:
    """One stream of a bag. times_ns: when each frame was received; first, last: their images."""

    connection: Any
    sensor: str
    topic: str
    times_ns: tuple[int, ...]
    first: Image
    last: Image

    @property
    def interval_s(self) -> float:
        """Usual time between two frames; infinite for a single one."""
        count = len(self.times_ns)
        return (self.times_ns[-1] - self.times_ns[0]) / 1e9 / (count - 1) if count > 1 else float("inf")


def streams(path: Path, bag: Any) -> dict[str, Stream]:
    """Streams "Color" and, where there is one, "Depth" of an open bag. Errors: DataError without the former."""
    found = {}
    for connection in bag.connections:
        match = IMAGE_TOPIC.fullmatch(connection.topic)
        times = tuple(entry.time for entry in bag.indexes[connection.id]) if match else ()
        if match and times and match[2] not in found:
            ends = [_message(bag, connection, time) for time in (times[0], times[-1])]
            first, last = (parse_image(path, raw) for raw in ends)
            topic = connection.topic.removesuffix("/image/data")
            found[match[2]] = Stream(connection, match[1], topic, times, first, last)
    if "Color" not in found:
        topics = ", ".join(sorted({c.topic for c in bag.connections})[:6]) or "none"
        raise DataError(
            f"{path} holds no colour frames of the RealSense SDK (/device_0/sensor_1/Color_0/image/data); its topics "
            f"are {topics}. Bags recorded by ROS are other bags: record with the SDK, or export the native RGB-D layout"
        )
    return found


def rig(path: Path, bag: Any, found: Mapping[str, Stream], depth_scale: float | None) -> Rig | None:
    """The calibration that an open bag holds; None without a depth stream.

    depth_scale: metres in one raw unit; None takes it from the sensor's option Depth_Units or from the depth frames.
    Errors: DataError that names what the bag does not hold.
    """
    if "Depth" not in found:
        return None
    color, depth = found["Color"], found["Depth"]
    scale = depth_scale if depth_scale is not None else _depth_scale(bag, depth)
    if not scale:
        raise DataError(f"{path} does not say how long a raw depth unit is; give depth_scale in metres ({SCALES})")
    info = _device(bag)
    model, serial = info.get("Name", ""), info.get("Serial Number", "")
    to_color, to_depth = (_from_reference(path, bag, stream) for stream in (color, depth))
    rotation = to_color[0] @ to_depth[0].T
    return Rig(
        color=camera(_intrinsics(path, bag, color), depth_scale_m=scale, model=model),
        depth=camera(_intrinsics(path, bag, depth), depth_scale_m=scale, model=model),
        rotation=rotation,
        translation_mm=1e3 * (to_color[1] - rotation @ to_depth[1]),
        serial=serial,
    )


def images(path: Path, bag: Any, stream: Stream) -> Iterator[Image]:
    """The images of one stream of an open bag in the order in which they were received; pixels are not copied."""
    for connection, _, raw in bag.messages([stream.connection]):
        if connection.id == stream.connection.id:  # a damaged index leads to messages of another stream
            yield parse_image(path, raw)


def parse_image(path: Path, raw: bytes) -> Image:
    """An image message from its bytes, without copying the pixels.

    The SDK appends the depth unit to the standard message without declaring it, so that readers which go by the message
    definition refuse what it records; a "1" in the header's last field announces the unit.
    """
    try:
        seconds, nanoseconds, at = *struct.unpack_from("<II", raw, 4), 12
        version, at = _text(raw, at)
        height, width = struct.unpack_from("<II", raw, at)
        encoding, at = _text(raw, at + 8)
        big_endian, step, length = struct.unpack_from("<BII", raw, at)
        at += 9
        data = memoryview(raw)[at : at + length]
        if len(data) != length or length < height * step:
            raise ValueError(f"{len(data)} bytes of pixels for {height} rows of {step}")
        rest = raw[at + length :]
        unit = struct.unpack("<f", rest)[0] if version == "1" and len(rest) == 4 else 0.0
    except (struct.error, ValueError) as error:
        raise DataError(f"{path} holds an image message that is damaged ({error}); copy the bag again") from error
    scale = _float32(unit) if unit > 0 else None
    return Image(seconds + nanoseconds / 1e9, height, width, encoding, step, data, scale, bool(big_endian))


def color_image(path: Path, image: Image) -> np.ndarray:
    """(H, W, 3) uint8 RGB. Errors: DataError for an encoding that is none of the SDK's colour formats."""
    import cv2

    if image.encoding.lower() not in ENCODINGS:
        known = ", ".join(ENCODINGS)
        raise DataError(f"{path} has colour frames in {image.encoding!r}; record one of {known}")
    channels, conversion = ENCODINGS[image.encoding.lower()]
    pixels = _rows(path, image, channels).reshape(image.height, image.width, channels)
    return pixels.copy() if conversion is None else cv2.cvtColor(np.ascontiguousarray(pixels), getattr(cv2, conversion))


def depth_image(path: Path, image: Image) -> np.ndarray:
    """(h, w) uint16 raw units. Errors: DataError for depth that is not 16 bits."""
    if image.encoding.lower() not in ("mono16", "16uc1", "z16"):
        raise DataError(f"{path} has depth frames in {image.encoding!r}; raw depth is one channel of 16 bits (Z16)")
    stored = _rows(path, image, 2).copy().view(">u2" if image.big_endian else "<u2")
    return stored.astype(np.uint16)  # OpenCV takes the bytes of an array and not its byte order


def _rows(path: Path, image: Image, pixel_bytes: int) -> np.ndarray:
    """(height, width * pixel_bytes) uint8: the rows of an image without what pads them. DataError if there are none."""
    wide = image.width * pixel_bytes
    if not 0 < wide <= image.step or not image.height:
        raise DataError(
            f"{path} holds an image message that is damaged ({image.width}x{image.height} px in rows of {image.step} "
            "bytes); copy the bag again"
        )
    rows = np.frombuffer(image.data, np.uint8)[: image.height * image.step].reshape(image.height, image.step)
    return rows[:, :wide]


def _message(bag: Any, connection: Any, time_ns: int) -> bytes:
    """The first message of a topic received at that time or after."""
    return next(raw for _, _, raw in bag.messages([connection], start=time_ns))


@functools.cache
def _types() -> Any:
    """ROS's own types; reading their definitions takes longer than reading a short bag."""
    from rosbags.typesys import Stores, get_typestore

    return get_typestore(Stores.ROS1_NOETIC)


def _static(bag: Any, topic: re.Pattern[str]) -> list[Any]:
    """All messages of the topics that match, in ROS's own terms."""
    chosen = [c for c in bag.connections if topic.fullmatch(c.topic) and c.msgcount]
    if not chosen:
        return []
    types = _types()
    return [types.deserialize_ros1(raw, connection.msgtype) for connection, _, raw in bag.messages(chosen)]


def _depth_scale(bag: Any, depth: Stream) -> float | None:
    options = _static(bag, re.compile(re.escape(depth.sensor) + "/option/Depth[_ ]Units/value"))
    return _float32(options[-1].data) if options and options[-1].data > 0 else depth.first.depth_scale


def _device(bag: Any) -> dict[str, str]:
    return {pair.key: pair.value for pair in _static(bag, re.compile(r"/device_\d+/info"))}


def _intrinsics(path: Path, bag: Any, stream: Stream) -> dict[str, Any]:
    """Intrinsics in the SDK's words. A device lists many profiles; that of the images has their size."""
    size = (stream.first.width, stream.first.height)
    for info in _static(bag, re.compile(re.escape(stream.topic) + "/info/camera_info")):
        if (info.width, info.height) == size and info.K[0] > 0:
            return {
                "width": info.width,
                "height": info.height,
                "fx": info.K[0],
                "fy": info.K[4],
                "ppx": info.K[2],
                "ppy": info.K[5],
                "model": info.distortion_model or "none",
                "coeffs": list(info.D),
            }
    raise DataError(f"{path} has no intrinsics for {stream.topic} at {size[0]}x{size[1]}; record it again with the SDK")


def _from_reference(path: Path, bag: Any, stream: Stream) -> tuple[np.ndarray, np.ndarray]:
    """Rotation (3, 3) and translation (3,) metres that carry points from the device's reference to a stream."""
    found = _static(bag, re.compile(re.escape(stream.topic) + r"/tf/\w+"))
    if not found:
        raise DataError(f"{path} has no extrinsics for {stream.topic}; record it again with the SDK")
    q, t = found[0].rotation, found[0].translation
    vector, w = np.array([q.x, q.y, q.z]), q.w
    cross = np.array([[0, -q.z, q.y], [q.z, 0, -q.x], [-q.y, q.x, 0]])
    square = w * w + vector @ vector
    if not square > 0:
        raise DataError(f"{path} has extrinsics without a rotation for {stream.topic}; record it again with the SDK")
    # Rodrigues' formula for a quaternion of any length
    return np.eye(3) + 2 * (w * cross + cross @ cross) / square, np.array([t.x, t.y, t.z])


def _text(raw: bytes, at: int) -> tuple[str, int]:
    """A ROS string at a position, and the position after it."""
    (length,) = struct.unpack_from("<I", raw, at)
    end = at + 4 + length
    if end > len(raw):
        raise ValueError(f"a text of {length} bytes at {at}")
    return raw[at + 4 : end].decode("utf-8", "replace"), end


def _float32(value: float) -> float:
    """The shortest decimal of a number that was stored in 32 bits: 0.001, not 0.0010000000474974513."""
    return float(str(np.float32(value)))
