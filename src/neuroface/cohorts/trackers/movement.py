"""Poses of the package movement, as netCDF: position (time, space, keypoints, individuals) and confidence.

Names, dimensions and attributes as movement 0.15 writes them and neuroface's Landmarks.to_xarray makes them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuroface.cohorts.trackers.extras import needs
from neuroface.cohorts.trackers.tracks import Tracks
from neuroface.errors import DataError

NAME = "movement"
DIMS = ("time", "space", "keypoints", "individuals")


def is_it(path: Path, head: bytes) -> bool:
    return path.suffix.lower() in (".nc", ".netcdf") and head.startswith((b"\x89HDF", b"CDF"))


def read(path: Path) -> Tracks:
    """Errors: DataError for half a file and other dimensions; ConfigError without xarray."""
    needs("xarray", path, NAME)
    needs("h5netcdf", path, NAME)
    import xarray

    try:
        with xarray.open_dataset(path) as opened:
            data = opened.load()
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"{path} cannot be read as netCDF, half a file perhaps: {str(error).splitlines()[0]}"
        ) from error
    if "position" not in data or set(data["position"].dims) != set(DIMS):
        raise DataError(f"{path} has no variable position ({', '.join(DIMS)}); it must be a poses data set of movement")
    position = data["position"].transpose("individuals", "time", "keypoints", "space")
    n_faces, n_times, n_points, axes = position.shape
    names = [str(name) for name in data["keypoints"].values]
    score = None
    if "confidence" in data:
        score = data["confidence"].transpose("individuals", "time", "keypoints").to_numpy().astype(float)
        score = score.reshape(-1, n_points) if np.isfinite(score).any() else None
    frames = np.tile(np.arange(float(n_times)), n_faces)
    in_seconds = data.attrs.get("time_unit") == "seconds"
    times = np.tile(data["time"].to_numpy().astype(float), n_faces)
    fps = data.attrs.get("fps")
    return Tracks(
        names,
        position.to_numpy().astype(float).reshape(n_faces * n_times, n_points, axes),
        frames if in_seconds else times,
        faces=np.repeat([str(name) for name in data["individuals"].values], n_times) if n_faces > 1 else None,
        score=score,
        times=times if in_seconds else None,
        fps=float(fps) if fps else None,
        unit=data["position"].attrs.get("units") or ("px" if axes == 2 else None),
        space=data["position"].attrs.get("frame"),
    )
