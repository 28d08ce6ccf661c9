"""SLEAP's analysis file: HDF5 with tracks (faces, 2, points, frames) in px, node_names and point_scores.

Pereira et al., Nature Methods 19 (2022) 486; its guide, "Analysis HDF5". The file knows no frame rate.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuroface.cohorts.trackers.extras import needs
from neuroface.cohorts.trackers.tracks import Tracks
from neuroface.errors import DataError

NAME = "SLEAP"


def is_it(path: Path, head: bytes) -> bool:
    return path.suffix.lower() in (".h5", ".hdf5") and head.startswith(b"\x89HDF") and b"node_names" in head


def read(path: Path) -> Tracks:
    """Errors: DataError for half a file and arrays of other shapes; ConfigError without h5py."""
    needs("h5py", path, NAME)
    import h5py

    try:
        with h5py.File(path) as file:
            tracks = np.asarray(file["tracks"], dtype=float)
            names = [text.decode() for text in file["node_names"][:]]
            scores = np.asarray(file["point_scores"], dtype=float) if "point_scores" in file else None
            people = [text.decode() for text in file["track_names"][:]] if "track_names" in file else []
    except (OSError, KeyError) as error:
        raise DataError(f"{path} cannot be read as SLEAP's analysis HDF5, half a file perhaps: {error}") from error
    if tracks.ndim != 4 or tracks.shape[2] != len(names) or tracks.shape[1] not in (2, 3):
        raise DataError(f"{path} has tracks {tracks.shape}; (faces, 2, {len(names)} points, frames) are needed")
    n_faces, axes, _, n_frames = tracks.shape
    points = np.moveaxis(tracks, (0, 3, 2, 1), (0, 1, 2, 3)).reshape(n_faces * n_frames, len(names), axes)
    score = None if scores is None else np.moveaxis(scores, 2, 1).reshape(points.shape[:2])
    called = people if len(people) == n_faces else [str(k) for k in range(n_faces)]
    faces = np.repeat(called, n_frames) if n_faces > 1 else None
    frames = np.tile(np.arange(float(n_frames)), n_faces)
    return Tracks(names, points, frames, faces=faces, score=score, unit="px")
