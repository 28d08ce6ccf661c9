"""MediaPipe's face mesh, as programs write it: 468 or 478 points, mostly fractions of the image.

It has no format of its own. Read are a wide CSV (x_0, y_0, ..), a long CSV (one row per point: frame, landmark or
index, x, y) and JSON (a list of frames with timestamp_ms, timestamp or frame, and face_landmarks: the faces, each a
list of {x, y, z}). z is left out: it is no depth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.cohorts.dialect import read_text
from neuroface.cohorts.reading import read_numbers
from neuroface.cohorts.trackers.tables import read_cells
from neuroface.cohorts.trackers.tracks import Tracks
from neuroface.cohorts.trackers.wide import is_wanted, points_of
from neuroface.errors import DataError
from neuroface.outside import read_json

NAME = "MediaPipe"
COUNTS = (468, 478)
CLOCKS = {"timestamp_ms": "ms", "timestamp_s": "s", "timestamp": "s", "time": "s"}  # column or key -> unit of time
POINT = ("landmark", "landmark_index", "landmark_id", "index", "point")  # what a long table calls the number of a point
FACES = ("face_landmarks", "multi_face_landmarks", "landmarks", "faces")
LARGEST = 4.0  # a fraction of the image, of a face that leaves it; px are larger


def is_it(path: Path, head: bytes) -> bool:
    first = head.partition(b"\n")[0]
    if path.suffix.lower() == ".json":
        return any(f'"{name}"'.encode() in head for name in FACES)
    names = {name.strip() for name in first.decode("utf-8", "replace").lstrip("\ufeff").strip().split(",")}
    wide = any(f"x{dash}{COUNTS[0] - 1}" in names for dash in ("_", ""))
    return path.suffix.lower() == ".csv" and (wide or ({"x", "y"} <= names and bool(names & set(POINT))))


def read(path: Path) -> Tracks:
    """Errors: DataError for another number of points, and for half a file."""
    if path.suffix.lower() == ".json":
        tracks = _json(path)
    else:
        columns, _ = read_cells(path)
        tracks = _long(path) if set(columns) & set(POINT) else _wide(path)
    if len(tracks.names) not in COUNTS:
        raise DataError(f"{path} has {len(tracks.names)} points a face; the mesh has {COUNTS[0]} or {COUNTS[1]}")
    largest = np.nanmax(np.abs(tracks.points), initial=0.0, where=np.isfinite(tracks.points))
    unit = "normalised" if largest <= LARGEST else "px"
    return replace(tracks, unit=unit, notes={"coordinates": f"taken as {unit}, from how large they are"})


def _wide(path: Path) -> Tracks:
    frame = read_numbers(path, lambda name: is_wanted(name, "xy") or name in ("frame", "face", *CLOCKS))
    names, points = points_of(frame, "xy", path)
    clock = next((name for name in CLOCKS if name in frame), None)
    frames = frame["frame"].to_numpy(dtype=float) if "frame" in frame else None
    times = None if clock is None else frame[clock].to_numpy(dtype=float)
    return _tracks(names, points, frames, times, clock)


def _long(path: Path) -> Tracks:
    frame = read_numbers(path, lambda name: name in ("frame", "face", "x", "y", *CLOCKS, *POINT))
    number = next(name for name in POINT if name in frame)
    clock = next((name for name in CLOCKS if name in frame), None)
    key = "frame" if "frame" in frame else clock
    if key is None:
        raise DataError(f"{path} has neither a column 'frame' nor a time ({', '.join(CLOCKS)})")
    keys = [key, "face"] if "face" in frame else [key]
    at = frame[number].to_numpy(dtype=int)
    of_row = frame.groupby(keys, sort=True).ngroup().to_numpy()
    if frame.duplicated([*keys, number]).any():
        raise DataError(f"{path} has a point twice in one frame; two faces need a column 'face'")
    points = np.full((of_row.max() + 1, at.max() + 1, 2), np.nan)
    points[of_row, at] = frame[["x", "y"]].to_numpy(dtype=float)
    first = frame.groupby(of_row).first()
    frames = first["frame"].to_numpy(dtype=float) if "frame" in frame else None
    times = None if clock is None else first[clock].to_numpy(dtype=float)
    return _tracks([str(k) for k in range(points.shape[1])], points, frames, times, clock)


def _json(path: Path) -> Tracks:
    try:
        content = read_json(read_text(path))
    except ValueError as error:
        raise DataError(f"{path} cannot be read as JSON, half a file perhaps: {error}") from error
    moments = content.get("frames") if isinstance(content, dict) else content
    if not isinstance(moments, list) or not all(isinstance(moment, dict) for moment in moments):
        raise DataError(f"{path} must hold a list of frames, or an object with the list 'frames'")
    try:
        return _of_moments(moments, path)
    except (TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
        raise DataError(f"{path} holds a frame that is not MediaPipe's: {error}") from error


def _of_moments(moments: list[dict[str, Any]], path: Path) -> Tracks:
    rows, frames, times = [], [], []
    clock = next((name for name in CLOCKS if all(name in moment for moment in moments)), None)
    for number, moment in enumerate(moments):
        faces: list[Any] = next((moment[name] for name in FACES if moment.get(name)), [])
        faces = [faces] if faces and isinstance(faces[0], Mapping) and "x" in faces[0] else faces
        for one in faces or [None]:
            rows.append(_face(one, f"frame {number} of {path}"))
            frames.append(moment.get("frame", number))
            times.append(moment[clock] if clock else np.nan)
    count = max((len(row) for row in rows), default=0)
    if wrong := [len(row) for row in rows if len(row) not in (0, count)]:
        raise DataError(f"{path} has faces of {wrong[0]} and of {count} points")
    points = np.stack([row if len(row) else np.full((count, 2), np.nan) for row in rows])
    known = np.array(times, dtype=float) if clock else None
    return _tracks([str(k) for k in range(count)], points, np.array(frames, dtype=float), known, clock)


def _face(one: Any, where: str) -> np.ndarray:
    """(K, 2) of a list of {x, y}; (0, 2) for no face."""
    listed = one.get("landmark", []) if isinstance(one, Mapping) else one or []  # protobuf's JSON has one more level
    try:
        return np.array([(point["x"], point["y"]) for point in listed], dtype=float).reshape(-1, 2)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{where} has a point that is no {{x, y}}") from error


def _tracks(names: list[str], points: np.ndarray, frames: Any, times: Any, clock: str | None) -> Tracks:
    if frames is None:
        frames = np.unique(times, return_inverse=True)[1].astype(float) if times is not None else np.arange(len(points))
    return Tracks(names, points, np.asarray(frames, dtype=float), times=times, time_unit=CLOCKS.get(clock or "", "s"))
