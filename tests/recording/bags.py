"""Writes bags as the RealSense SDK records them (ROS 1, its topics, its undeclared addition to depth images)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

SECOND = 1_000_000_000


@dataclass
class Bag:
    """What to put into a bag; every part can be left out or changed. Times in seconds."""

    color: dict[float, np.ndarray]
    depth: dict[float, np.ndarray]
    received_late_s: float = 0.0
    stamp_depth_s: float = 0.0  # offset of the depth stamps from the colour stamps
    encoding: str = "rgb8"
    big_endian: bool = False
    depth_encoding: str = "mono16"
    unit_option: float | None = 0.001
    unit_in_frames: float | None = None
    tf: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = field(
        default_factory=lambda: {"Depth": ((0, 0, 0, 1), (0, 0, 0)), "Color": ((0, 0, 0, 1), (0.015, 0, 0))}
    )
    intrinsics: bool = True
    model: str = "Intel RealSense D415"
    distortion: str = "Inverse Brown Conrady"
    coefficients: tuple[float, ...] = (0.0,) * 5
    other_topics: tuple[str, ...] = ()


SENSORS = {"Depth": "/device_0/sensor_0", "Color": "/device_0/sensor_1"}


def write(path: Path, bag: Bag) -> Path:
    """Write the bag: facts first, then frames in the order in which they arrive."""
    from rosbags.rosbag1 import Writer
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS1_NOETIC)
    types = store.types
    with Writer(path) as writer:
        connections: dict[str, object] = {}

        def put(topic: str, time_ns: int, message, extra: bytes = b"") -> None:
            kind = message.__msgtype__
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, kind, typestore=store)
            writer.write(connections[topic], time_ns, bytes(store.serialize_ros1(message, kind)) + extra)

        pair, number, transform = (
            types["diagnostic_msgs/msg/KeyValue"],
            types["std_msgs/msg/Float32"],
            types["geometry_msgs/msg/Transform"],
        )
        quaternion, vector = types["geometry_msgs/msg/Quaternion"], types["geometry_msgs/msg/Vector3"]
        put("/device_0/info", 1, pair(key="Name", value=bag.model))
        put("/device_0/info", 1, pair(key="Serial Number", value="f0220512"))
        for topic in bag.other_topics:
            put(topic, 1, number(data=1.0))
        if bag.unit_option is not None:
            put(SENSORS["Depth"] + "/option/Depth_Units/value", 1, number(data=bag.unit_option))
        for name, (rotation, translation) in bag.tf.items():
            q, t = quaternion(*map(float, rotation)), vector(*map(float, translation))
            put(f"{SENSORS[name]}/{name}_0/tf/0", 1, transform(translation=t, rotation=q))
        frames = [("Color", t, image) for t, image in bag.color.items()]
        frames += [("Depth", t, image) for t, image in bag.depth.items()]
        if bag.intrinsics:
            for name in {name for name, _, _ in frames}:
                size = next(image.shape for stream, _, image in frames if stream == name)
                # a device lists profiles that were not recorded, too
                for height, width, focal in ((2 * size[0], 2 * size[1], 1200.0), (size[0], size[1], 600.0)):
                    put(f"{SENSORS[name]}/{name}_0/info/camera_info", 1, camera_info(types, bag, height, width, focal))
        for name, time, image in sorted(frames, key=lambda frame: frame[1]):
            received = round((time + bag.received_late_s) * SECOND) + SECOND
            stamp = time + (bag.stamp_depth_s if name == "Depth" else 0.0)
            message, extra = image_message(types, bag, name, stamp, image)
            put(f"{SENSORS[name]}/{name}_0/image/data", received, message, extra)
    return path


def camera_info(types, bag: Bag, height: int, width: int, focal: float):
    k = np.array([focal, 0, width / 2, 0, focal + 1, height / 2, 0, 0, 1])
    return types["sensor_msgs/msg/CameraInfo"](
        header=header(types, 0.0, ""),
        height=height,
        width=width,
        distortion_model=bag.distortion,
        D=np.array(bag.coefficients),
        K=k,
        R=np.zeros(9),
        P=np.zeros(12),
        binning_x=0,
        binning_y=0,
        roi=types["sensor_msgs/msg/RegionOfInterest"](x_offset=0, y_offset=0, height=0, width=0, do_rectify=False),
    )


def header(types, stamp_s: float, version: str):
    whole = int(stamp_s)
    time = types["builtin_interfaces/msg/Time"](sec=whole, nanosec=round((stamp_s - whole) * SECOND))
    return types["std_msgs/msg/Header"](seq=0, stamp=time, frame_id=version)


def image_message(types, bag: Bag, name: str, stamp_s: float, image: np.ndarray):
    """The message, and the four bytes that newer SDKs append to a depth image (0 to others) without declaring them."""
    newer = bag.unit_in_frames is not None
    height, width = image.shape[:2]
    raw = np.frombuffer((image.byteswap() if bag.big_endian else image).tobytes(), np.uint8)
    message = types["sensor_msgs/msg/Image"](
        header=header(types, stamp_s, "1" if newer else ""),
        height=height,
        width=width,
        encoding=bag.depth_encoding if name == "Depth" else bag.encoding,
        is_bigendian=int(bag.big_endian),
        step=len(raw) // height,
        data=raw,
    )
    unit = bag.unit_in_frames if name == "Depth" else 0.0
    return message, struct.pack("<f", unit) if newer else b""
