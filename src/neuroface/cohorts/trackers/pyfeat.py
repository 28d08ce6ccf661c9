"""py-feat 2: a Fex table, one row per face and frame, points in px in x_0.., y_0.. (68 or the mesh's 478).

Cheong et al., Affective Science 4 (2023) 781; columns of version 2.1. approx_time is minutes and seconds, too coarse
for a clock: frames need a rate, which it checks.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuroface.cohorts.reading import read_numbers
from neuroface.cohorts.trackers.tables import read_cells
from neuroface.cohorts.trackers.tracks import Tracks
from neuroface.cohorts.trackers.wide import is_wanted, points_of
from neuroface.errors import DataError

NAME = "py-feat"


def is_it(path: Path, head: bytes) -> bool:
    first = head.partition(b"\n")[0]
    return path.suffix.lower() == ".csv" and b"FaceScore" in first and b"x_0" in first


def read(path: Path) -> Tracks:
    """Errors: DataError without a column frame, and for half a file."""
    columns, rows = read_cells(path)
    frame = read_numbers(path, lambda name: is_wanted(name, "xy") or name in ("frame", "FaceScore"))
    if "frame" not in frame:
        raise DataError(f"{path} has no column 'frame'; write the Fex of a video whole")
    names, points = points_of(frame, "xy", path)
    score = frame["FaceScore"].to_numpy(dtype=float)
    points[~(score > 0)] = np.nan  # rows of frames without a face
    faces = np.array([row["Identity"] for row in rows]) if "Identity" in columns else None
    times = [row["approx_time"] for row in rows] if "approx_time" in columns else []
    return Tracks(
        names,
        points,
        frame["frame"].to_numpy(dtype=float),
        faces=faces,
        score=np.repeat(score[:, None], len(names), axis=1),
        unit="px",
        about_s=_seconds(times[-1]) if times else None,
    )


def _seconds(cell: str) -> float | None:
    """Of "MM:SS"; None for a frame without a time."""
    minutes, _, seconds = cell.partition(":")
    return 60.0 * int(minutes) + int(seconds) if minutes.isdecimal() and seconds.isdecimal() else None
