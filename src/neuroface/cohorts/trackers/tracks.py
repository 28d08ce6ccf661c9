"""What the readers of other tools' points give: named points of faces, and how they become the 68."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from neuroface import face, schemes
from neuroface.cohorts.reading import read_rows
from neuroface.errors import DataError, did_you_mean

MAP_COLUMNS = ("their_name", "ibug_index")
MAP_KEY = f"set cohort.map to a CSV with the header {','.join(MAP_COLUMNS)} (an index of 0 to 67 for each point)"
BY_NUMBER: dict[int, Sequence[schemes.Vertex]] = {
    face.N_POINTS: range(face.N_POINTS),
    98: schemes.WFLW,
    468: schemes.MESH["yan"],
    478: schemes.MESH["yan"],  # the last ten are the irises
}
SHOWN = 8  # names of points in a message


@dataclass(frozen=True, eq=False)
class Tracks:
    """Rows of one file: a row is one face at one time.

    names: (K,) of the points. points: (n, K, D), NaN is missing. frames: (n,) numbers of the frames, from 0. faces:
    (n,) a name for each row's face, None where the file tells faces apart by order only. score: (n, K), or None.
    times: (n,) in time_unit, or None where only frames are counted. fps: what the file says. unit: of the points, None
    where the file does not say. space: "camera" or "head" where a file of 3-D points says it.
    """

    names: Sequence[str]
    points: np.ndarray
    frames: np.ndarray
    faces: np.ndarray | None = None
    score: np.ndarray | None = None
    times: np.ndarray | None = None
    time_unit: str = "s"
    fps: float | None = None
    about_s: float | None = None
    unit: str | None = None
    space: str | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    def rows(self, kept: np.ndarray) -> Tracks:
        """The rows of an index or mask, in its order."""
        optional: dict[str, Any] = {
            name: None if (values := getattr(self, name)) is None else values[kept]
            for name in ("faces", "score", "times")
        }
        return replace(self, points=self.points[kept], frames=self.frames[kept], **optional)


def on_68(tracks: Tracks, table: Path | None, file: Path) -> tuple[np.ndarray, np.ndarray | None, dict[str, Any]]:
    """(n, 68, D) points, (n, 68) score or None, and notes: their points put where a map says they belong.

    table: the user's map; None for points that are numbered in a scheme that is known. Points of one index are
    averaged, and missing where one of them is. Errors: DataError for another scheme without a map, a bad map.
    """
    pairs = _known(tracks, file) if table is None else _read_map(table, tracks.names, file)
    points = np.full((len(tracks.points), face.N_POINTS, tracks.points.shape[-1]), np.nan)
    score = None if tracks.score is None else np.full(points.shape[:2], np.nan)
    for index, columns in pairs.items():
        points[:, index] = tracks.points[:, columns].mean(axis=1)
        if score is not None and tracks.score is not None:
            score[:, index] = tracks.score[:, columns].min(axis=1)
    notes: dict[str, Any] = {}
    if len(pairs) < face.N_POINTS:
        notes["points_of_the_68"] = f"{len(pairs)}; features that need another have no value"
    used = {column for columns in pairs.values() for column in columns}
    if len(used) < len(tracks.names):
        notes["points_not_used"] = len(tracks.names) - len(used)
    return points, score, notes


def _known(tracks: Tracks, file: Path) -> dict[int, list[int]]:
    names = list(tracks.names)
    if sorted(names) == sorted(face.NAMES):
        return {index: [names.index(name)] for index, name in enumerate(face.NAMES)}
    if names != [str(number) for number in range(len(names))] or len(names) not in BY_NUMBER:
        raise DataError(f"{file} has {len(names)} points that are not iBUG's 68 ({_some(names)}); {MAP_KEY}")
    listed = BY_NUMBER[len(names)]
    return {index: [at] if isinstance(at, int) else list(at) for index, at in enumerate(listed)}


def _read_map(table: Path, names: Sequence[str], file: Path) -> dict[int, list[int]]:
    _, rows = read_rows(table, required=MAP_COLUMNS, next_step=MAP_KEY[0].upper() + MAP_KEY[1:] + ".")
    column_of = {name: column for column, name in enumerate(names)}
    pairs: dict[int, list[int]] = {}
    for number, row in enumerate(rows, start=2):
        name, index = row["their_name"], row["ibug_index"]
        if name not in column_of:
            raise DataError(f"{file} has no point {name!r} of line {number} of {table}." + did_you_mean(name, names))
        if not index.isdecimal() or int(index) >= face.N_POINTS:
            raise DataError(f"line {number} of {table} has ibug_index {index!r}; it must be 0 to {face.N_POINTS - 1}")
        pairs.setdefault(int(index), []).append(column_of[name])
    if not pairs:
        raise DataError(f"{table} maps no point; {MAP_KEY}")
    return pairs


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def middle(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, D) the middle of the points of each row that are seen, and (n,) how far they spread; NaN where none is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a row without any point
        return np.nanmean(points, axis=1), np.sqrt(np.nanvar(points, axis=1).sum(axis=-1))
