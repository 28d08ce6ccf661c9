"""DeepLabCut: a table whose header has the lines scorer, (individuals,) bodyparts, coords; CSV or HDF5 of pandas.

Nath et al., Nature Protocols 14 (2019) 2152. Coordinates in px, a likelihood for each point, one row per frame; the
file knows no frame rate.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuroface.cohorts.trackers import apart
from neuroface.cohorts.trackers.extras import needs
from neuroface.cohorts.trackers.tables import number, read_lines
from neuroface.cohorts.trackers.tracks import Tracks
from neuroface.errors import DataError
from neuroface.outside_pickle import read_plain_pickle

NAME = "DeepLabCut"
KIND = "DeepLabCut's HDF5"
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


def contents(path: Path) -> dict[str, np.ndarray]:
    """What stands in an HDF5 file; read by `apart`. header: (columns, 3); frames: (T,); values: (T, columns).

    pandas' own reader would run what a file asks it to: names of columns are pickled.
    """
    import h5py

    with h5py.File(path) as file:
        group = file[KEY.decode()]
        if "table" not in group:
            raise DataError(f"{path} is no table of DeepLabCut; write it with format='table', or as CSV")
        told, table = group.attrs, apart.promised(group["table"], path)
        info = read_plain_pickle(bytes(told["info"]))
        levels = next(one["names"] for key, one in info.items() if key != "index" and "names" in one)
        blocks = [name for name in table.dtype.names if name.startswith("values_block_")]
        columns = [c for name in blocks for c in read_plain_pickle(bytes(table.attrs[f"{name}_kind"]))]
        rows = table[:]
    if not {"bodyparts", "coords"} <= set(levels):
        raise DataError(f"{path} has columns {levels}; bodyparts and coords are needed")
    if any(len(column) != len(levels) for column in columns):
        raise ValueError("names of columns do not fit their levels")
    wanted = [levels.index(level) if level in levels else None for level in ("individuals", "bodyparts", "coords")]
    header = [["" if at is None else str(column[at]) for at in wanted] for column in columns]
    values = np.concatenate([np.asarray(rows[name], dtype=float).reshape(len(rows), -1) for name in blocks], axis=1)
    if values.shape[1] != len(header):
        raise ValueError(f"{len(header)} names for {values.shape[1]} columns")
    return {
        "header": np.array(header, dtype=str).reshape(-1, 3),
        "frames": np.asarray(rows["index"], dtype=float),
        "values": values,
    }


def _hdf5(path: Path) -> tuple[list[Header], np.ndarray, np.ndarray]:
    needs("h5py", path, NAME)
    held = apart.contents("deeplabcut", path)
    return [(a, b, c) for a, b, c in held["header"].tolist()], held["frames"], held["values"]
