"""SLEAP's analysis file: HDF5 with tracks (faces, 2, points, frames) in px, node_names and point_scores.

sleap-io also writes other orders of these axes and says in an attribute `dims` which; without it they are SLEAP's own.

Pereira et al., Nature Methods 19 (2022) 486; its guide, "Analysis HDF5". The file knows no frame rate.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from neuroface.cohorts.trackers import apart
from neuroface.cohorts.trackers.extras import needs
from neuroface.cohorts.trackers.tracks import Tracks
from neuroface.errors import DataError

NAME = "SLEAP"
KIND = "SLEAP's analysis HDF5"
AXES = ("track", "xy", "node", "frame")  # in SLEAP's order; scores have all but xy


def is_it(path: Path, head: bytes) -> bool:
    return path.suffix.lower() in (".h5", ".hdf5") and head.startswith(b"\x89HDF") and b"node_names" in head


def contents(path: Path) -> dict[str, np.ndarray]:
    """What stands in the file, by its names; read by `apart`."""
    import h5py

    with h5py.File(path) as file:
        held = {key: file[key] for key in ("tracks", "node_names", "point_scores", "track_names") if key in file}
        for key in ("tracks", "node_names"):
            if key not in held:
                raise KeyError(f"it has no {key}")
        dims = held["tracks"].attrs.get("dims")
        texts = {
            key: [text.decode() for text in held.pop(key)[:]] for key in ("node_names", "track_names") & held.keys()
        }
        arrays = {key: np.asarray(apart.promised(one, path), dtype=float) for key, one in held.items()}
    if dims is not None:
        texts["dims"] = re.findall(r"\w+", dims.decode() if isinstance(dims, bytes) else str(dims))
    return {**arrays, **{key: np.array(some, dtype=str) for key, some in texts.items()}}


def read(path: Path) -> Tracks:
    """Errors: DataError for half a file and arrays of other shapes; ConfigError without h5py."""
    needs("h5py", path, NAME)
    held = apart.contents("sleap", path)
    order = held["dims"].tolist() if "dims" in held else list(AXES)
    if sorted(order) != sorted(AXES):
        raise DataError(
            f"{path} has tracks with the axes {', '.join(order)}; {', '.join(AXES)} in any order are needed"
        )
    of_points = [name for name in order if name != "xy"]
    tracks, scores = _in_order(path, held["tracks"], order, AXES), held.get("point_scores")
    if scores is not None:
        scores = _in_order(path, scores, of_points, ("track", "node", "frame"))
    names = held["node_names"].tolist()
    people = held["track_names"].tolist() if "track_names" in held else []
    if tracks.ndim != 4 or tracks.shape[2] != len(names) or tracks.shape[1] not in (2, 3):
        raise DataError(f"{path} has tracks {tracks.shape}; (faces, 2, {len(names)} points, frames) are needed")
    n_faces, axes, _, n_frames = tracks.shape
    if scores is not None and scores.shape != (n_faces, len(names), n_frames):
        raise DataError(
            f"{path} has point_scores {scores.shape} for tracks {tracks.shape}: another order of axes? Write it again"
        )
    points = np.moveaxis(tracks, (0, 3, 2, 1), (0, 1, 2, 3)).reshape(n_faces * n_frames, len(names), axes)
    score = None if scores is None else np.moveaxis(scores, 2, 1).reshape(points.shape[:2])
    called = people if len(people) == n_faces else [str(k) for k in range(n_faces)]
    faces = np.repeat(called, n_frames) if n_faces > 1 else None
    frames = np.tile(np.arange(float(n_frames)), n_faces)
    return Tracks(names, points, frames, faces=faces, score=score, unit="px")


def _in_order(path: Path, array: np.ndarray, order: list[str], wanted: tuple[str, ...]) -> np.ndarray:
    if array.ndim != len(order):
        raise DataError(f"{path} has an array {array.shape} where the axes {', '.join(order)} are needed")
    return array.transpose([order.index(name) for name in wanted])
