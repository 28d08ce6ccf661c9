"""C3D, the format of motion capture (c3d.org): 3-D markers with a residual, -1 where the marker was hidden.

Writers leave the last place of a hidden marker in the file, so the residual decides, not the place. The header has no
room for more than 65,535 frames; the library c3d finds the true number in TRIAL:ACTUAL_END_FIELD.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.cohorts.trackers.extras import needs
from neuroface.cohorts.trackers.tracks import Tracks
from neuroface.errors import DataError

NAME = "C3D"
HEADER_FULL = 65_535  # frames
RESIDUAL = 3  # column of x, y, z, residual, cameras


def is_it(path: Path, head: bytes) -> bool:
    return path.suffix.lower() == ".c3d" and head[1:2] == b"\x50"


def read(path: Path) -> Tracks:
    """Errors: DataError for half a file and one without markers; ConfigError without the library c3d."""
    needs("c3d", path, NAME)
    import c3d

    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of missing analog data
            reader = c3d.Reader(file)
            rows = [points.copy() for _, points, _ in reader.read_frames()]
            names = [str(label).strip() for label in reader.point_labels]
            unit, fps = _text(reader, "POINT:UNITS"), float(reader.point_rate)
            declared = int(reader.last_frame) - int(reader.first_frame) + 1
    except Exception as error:  # of a damaged file the library raises whatever it stumbles over
        raise DataError(f"{path} cannot be read as C3D, half a file perhaps: {error}") from error
    if declared == HEADER_FULL or (not rows and declared > HEADER_FULL):  # more may follow than the header can say
        raise DataError(f"{path} has {HEADER_FULL} frames or more and does not say how many; cut it into shorter files")
    if not rows or not len(rows[0]):
        raise DataError(f"{path} holds no markers")
    if len(rows) != declared:
        raise DataError(f"{path} says that it has {declared} frames and holds {len(rows)}: half a file")
    data = np.stack(rows)
    points, hidden = data[..., :3].astype(float), data[..., RESIDUAL] < 0
    points[hidden] = np.nan
    notes: dict[str, Any] = {"markers_hidden": int(hidden.sum())} if hidden.any() else {}
    frames = np.arange(float(len(points)))
    return Tracks(names[: points.shape[1]], points, frames, fps=fps, unit=unit or None, notes=notes)


def _text(reader: Any, name: str) -> str:
    parameter = reader.get(name)
    return parameter.string_value.strip() if parameter is not None else ""
