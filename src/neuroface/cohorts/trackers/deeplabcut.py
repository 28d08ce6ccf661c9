"""DeepLabCut: a table whose header has the lines scorer, (individuals,) bodyparts, coords; CSV or HDF5 of pandas.

Nath et al., Nature Protocols 14 (2019) 2152. Coordinates in px, a likelihood for each point, one row per frame; the
file knows no frame rate.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuroface.cohorts.trackers.extras import needs
from neuroface.cohorts.trackers.tables import number, read_lines
from neuroface.cohorts.trackers.tracks import Tracks
from neuroface.errors import DataError

NAME = "DeepLabCut"
KEY = b"df_with_missing"  # the name that DeepLabCut gives the table in an HDF5 file
LIKELIHOOD = "likelihood"
Header = tuple[str, str, str]  # individual ("" where there is one), point, x, y, z or likelihood


def is_it(path: Path, head: bytes) -> bool:
    if path.suffix.lower() in (".h5", ".hdf5"):
        return KEY in head
    return path.suffix.lower() == ".csv" and head.lstrip(b"\xef\xbb\xbf").startswith(b"scorer,")


def read(path: Path) -> Tracks:
    """Errors: DataError for half a file, a header of other lines, and without a library that reads HDF5."""
    header, frames, values = _hdf5(path) if path.suffix.lower() != ".csv" else _csv(path)
    people = list(dict.fromkeys(person for person, _, _ in header))
    names = list(dict.fromkeys(point for _, point, _ in header))
    axes = [axis for axis in "xyz" if any(coordinate == axis for _, _, coordinate in header)]
    column = {key: at for at, key in enumerate(header)}
    per_person = [_person(values, column, person, names, axes, path) for person in people]
    points = np.concatenate([points for points, _ in per_person])
    return Tracks(
        names,
        points,
        np.tile(frames, len(people)),
        faces=np.repeat(people, len(frames)) if len(people) > 1 else None,
        score=np.concatenate([score for _, score in per_person]),
        unit="px" if len(axes) == 2 else None,
    )


def _person(
    values: np.ndarray, column: dict[Header, int], person: str, names: list[str], axes: list[str], path: Path
) -> tuple[np.ndarray, np.ndarray]:
    """(T, K, D) and (T, K) of one individual; a point that it does not have is missing."""
    points = np.full((len(values), len(names), len(axes)), np.nan)
    score = np.full(points.shape[:2], np.nan)
    for at, name in enumerate(names):
        there = [axis for axis in axes if (person, name, axis) in column]
        if there and there != axes:
            raise DataError(f"{path} has no coordinate {', '.join(set(axes) - set(there))} of point {name!r}")
        if there:
            points[:, at] = values[:, [column[person, name, axis] for axis in axes]]
        if (person, name, LIKELIHOOD) in column:
            score[:, at] = values[:, column[person, name, LIKELIHOOD]]
    return points, score


def _csv(path: Path) -> tuple[list[Header], np.ndarray, np.ndarray]:
    lines = read_lines(path)
    last = next((at for at, line in enumerate(lines[:5]) if line[0] == "coords"), None)
    if last is None:
        raise DataError(f"{path} has no header line 'coords' below 'scorer' and 'bodyparts'; is it whole?")
    levels = {line[0]: line[1:] for line in lines[: last + 1]}
    if "bodyparts" not in levels:
        raise DataError(f"{path} has no header line 'bodyparts'")
    people = levels.get("individuals", [""] * len(levels["coords"]))
    header = list(zip(people, levels["bodyparts"], levels["coords"], strict=True))
    rows = lines[last + 1 :]
    if not rows:
        raise DataError(f"{path} has no rows below its header")
    where = f"a cell of {path}"
    values = np.array([[number(cell, where) if cell else np.nan for cell in row] for row in rows])
    return header, values[:, 0], values[:, 1:]


def _hdf5(path: Path) -> tuple[list[Header], np.ndarray, np.ndarray]:
    import pandas as pd

    needs("tables", path, NAME)
    try:
        table = pd.read_hdf(path)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} cannot be read as DeepLabCut's HDF5: {str(error).splitlines()[0]}") from error
    levels = list(table.columns.names)
    if not {"bodyparts", "coords"} <= set(levels):
        raise DataError(f"{path} has columns {levels}; bodyparts and coords are needed")
    people = table.columns.get_level_values("individuals") if "individuals" in levels else [""] * table.shape[1]
    parts, coords = table.columns.get_level_values("bodyparts"), table.columns.get_level_values("coords")
    header = [(str(a), str(b), str(c)) for a, b, c in zip(people, parts, coords, strict=True)]
    return header, table.index.to_numpy(dtype=float), table.to_numpy(dtype=float)
