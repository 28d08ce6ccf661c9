"""The Grammatical Facial Expressions as the UCI Machine Learning Repository gives them out: pairs of text files.

<signer>_<expression>_datapoints.txt: a line of names, then per frame a time in s and x y z of 100 points, x and y in
px, z in mm, 0 where it was not seen. <signer>_<expression>_targets.txt: 0 or 1 per frame.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuroface import face
from neuroface.cohorts.dialect import read_text
from neuroface.errors import DataError

POINTS_FILE, TARGETS_FILE = "_datapoints.txt", "_targets.txt"
FILES = f"UCI's *{POINTS_FILE} and *{TARGETS_FILE}"
N_POINTS = 100

# Where the 68 landmarks are among the 100 points, by the data set's own description: 0-7 and 8-15 eyes, 16-25 and 26-35
# brows, 36-47 nose, 48-67 mouth, 68-86 face outline, 89 tip of the nose. A landmark is one point, or the mean of two;
# the outline's 19 points are read at 17 even places.
_BROWS = [20, 19, 18, 17, 16, 26, 27, 28, 29, 30]
_NOSE = [(36, 47), (37, 46), (38, 45), 89, 40, 41, (41, 42), 42, 43]
_EYES = [4, 3, 1, 0, 7, 5, 8, 9, 11, 12, 13, 15]
_OUTLINE = 68 + np.arange(len(face.JAW)) * 18 / (len(face.JAW) - 1)


def default_weights() -> np.ndarray:
    """(68, 100): how much each source point counts in each landmark; rows add up to 1."""
    weights = np.zeros((face.N_POINTS, N_POINTS))
    for landmark, place in zip(face.JAW.tolist(), _OUTLINE.tolist(), strict=True):
        below = int(place)
        weights[landmark, below] = 1 - (place - below)
        weights[landmark, below + 1] += place - below
    for landmark, source in enumerate([*_BROWS, *_NOSE, *_EYES, *face.MOUTH.tolist()], start=len(face.JAW)):
        several = source if isinstance(source, tuple) else (source,)
        weights[landmark, list(several)] = 1 / len(several)
    return weights


def found(root: Path) -> list[tuple[str, str, str]]:
    """(file name without its ending, signer, expression) of each recording, in order of name."""
    stems = sorted(file.name.removesuffix(POINTS_FILE) for file in root.glob(f"*{POINTS_FILE}"))
    parted = [(stem, *stem.partition("_")[::2]) for stem in stems]
    return [(stem, signer.upper(), expression) for stem, signer, expression in parted if expression]


def read(root: Path, stem: str) -> dict[str, np.ndarray]:
    """timestamp_s (T,), x_px, y_px, z_mm (T, 100) and target (T,) of one recording.

    Errors: DataError for a file that is missing or holds something else than numbers, and for two of unlike lengths.
    """
    rows = _numbers(root / f"{stem}{POINTS_FILE}", header=True, columns=1 + 3 * N_POINTS)
    target = _numbers(root / f"{stem}{TARGETS_FILE}", header=False, columns=1)[:, 0]
    if len(rows) != len(target):
        raise DataError(f"{stem}{POINTS_FILE} has {len(rows)} frames, {stem}{TARGETS_FILE} {len(target)}")
    points = rows[:, 1:].reshape(len(rows), N_POINTS, 3)
    x, y, z = np.moveaxis(points, -1, 0)
    return {"timestamp_s": rows[:, 0], "x_px": x, "y_px": y, "z_mm": z, "target": target}


def _numbers(file: Path, *, header: bool, columns: int) -> np.ndarray:
    """(T, columns) of a text file with blanks between cells."""
    if not file.is_file():
        raise DataError(f"There is no file {file}; each *{POINTS_FILE} needs its *{TARGETS_FILE}")
    lines = [line for line in read_text(file).splitlines() if line.strip()]
    try:
        table = np.array([line.split() for line in lines[header:]], dtype=float)
    except ValueError as error:
        raise DataError(f"{file} holds something else than numbers, or lines of several lengths: {error}") from error
    if table.ndim != 2 or table.shape[1] != columns:
        raise DataError(f"{file} has {table.shape[-1] if table.size else 0} numbers a line; {columns} are needed")
    return table
