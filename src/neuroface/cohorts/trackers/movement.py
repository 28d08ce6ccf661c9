"""Poses of the package movement, as netCDF: position (time, space, keypoints, individuals) and confidence.

Names, dimensions and attributes as movement 0.15 writes them and neuroface's Landmarks.to_xarray makes them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuroface.cohorts.trackers import apart
from neuroface.cohorts.trackers.extras import needs
from neuroface.cohorts.trackers.tables import number
from neuroface.cohorts.trackers.tracks import Tracks
from neuroface.errors import DataError

NAME = "movement"
KIND = "netCDF"
DIMS = ("time", "space", "keypoints", "individuals")


def is_it(path: Path, head: bytes) -> bool:
    return path.suffix.lower() in (".nc", ".netcdf") and head.startswith((b"\x89HDF", b"CDF"))


def contents(path: Path) -> dict[str, np.ndarray]:
    """What stands in the file, by its names; read by `apart`. position: (faces, T, K, D); confidence: (faces, T, K)."""
    import xarray

    with xarray.open_dataset(path) as data:
        if "position" not in data or set(data["position"].dims) != set(DIMS):
            raise DataError(
                f"{path} has no variable position ({', '.join(DIMS)}); it must be a poses data set of movement"
            )
        position = apart.promised(data["position"], path)
        order = ("individuals", "time", "keypoints", "space")
        held = {"position": position.transpose(*order).to_numpy().astype(float)}
        if "confidence" in data:
            held["confidence"] = apart.promised(data["confidence"], path).transpose(*order[:3]).to_numpy().astype(float)
        held["time"] = data["time"].to_numpy().astype(float)
        for name in ("keypoints", "individuals"):
            held[name] = np.array([str(one) for one in data[name].to_numpy()], dtype=str)
        told = {"time_unit": data.attrs.get("time_unit"), "fps": data.attrs.get("fps")}
        told |= {name: position.attrs.get(name) for name in ("units", "frame")}
    return {**held, **{name: np.array(str(one)) for name, one in told.items() if one}}


def read(path: Path) -> Tracks:
    """Errors: DataError for half a file and other dimensions; ConfigError without xarray."""
    needs("xarray", path, NAME)
    needs("h5netcdf", path, NAME)
    held = apart.contents("movement", path)
    n_faces, n_times, n_points, axes = held["position"].shape
    score, fps = held.get("confidence"), _text(held, "fps")
    frames, times = np.tile(np.arange(float(n_times)), n_faces), np.tile(held["time"], n_faces)
    in_seconds = _text(held, "time_unit") == "seconds"
    return Tracks(
        held["keypoints"].tolist(),
        held["position"].reshape(n_faces * n_times, n_points, axes),
        frames if in_seconds else times,
        faces=np.repeat(held["individuals"], n_times) if n_faces > 1 else None,
        score=score.reshape(-1, n_points) if score is not None and np.isfinite(score).any() else None,
        times=times if in_seconds else None,
        fps=number(fps, f"fps of {path}") if fps else None,
        unit=_text(held, "units") or ("px" if axes == 2 else None),
        space=_text(held, "frame") or None,
    )


def _text(held: dict[str, np.ndarray], name: str) -> str:
    return str(held[name]) if name in held else ""
