"""OpenFace 3: one row per face and frame, the 98 points of WFLW as one text `[[x, y], ...]` in px.

Columns as `openface detect-video` of openface-test 0.1.26 writes them: timestamp, video_path, frame_index, face_id,
face_detection, landmarks, ... Its timestamp is the time of day at which a frame was processed, so frames need a rate;
face_id is the order of the detections in a frame and no person.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neuroface.cohorts.trackers.tables import number, read_cells
from neuroface.cohorts.trackers.tracks import Tracks
from neuroface.errors import DataError
from neuroface.outside import read_json

NAME = "OpenFace 3"
N_POINTS = 98
SCORE = 4  # of left, top, right, bottom, score in face_detection


def is_it(path: Path, head: bytes) -> bool:
    first = head.partition(b"\n")[0]
    return path.suffix.lower() == ".csv" and b"face_detection" in first and b"landmarks" in first


def read(path: Path) -> Tracks:
    """Errors: DataError for points that are not 98 pairs, and for a file of a single image (no frame_index)."""
    columns, rows = read_cells(path)
    absent = [name for name in ("face_detection", "landmarks") if name not in columns]
    if absent:
        raise DataError(f"{path} has no column {', '.join(absent)}; a recording comes from `openface detect-video`")
    if "frame_index" not in columns:
        raise DataError(f"{path} is OpenFace 3's file of one image; a recording comes from `openface detect-video`")
    points = np.full((len(rows), N_POINTS, 2), np.nan)
    score = np.full((len(rows), N_POINTS), np.nan)
    for at, row in enumerate(rows):
        where = f"line {at + 2} of {path}"
        if row["landmarks"]:
            points[at] = _points(row["landmarks"], where)
        if row["face_detection"]:
            box = _list(row["face_detection"], where)
            confidence = box[SCORE] if len(box) > SCORE else np.nan
            if not isinstance(confidence, int | float):
                raise DataError(f"{where} has a face_detection whose confidence is {confidence!r}")
            score[at] = confidence
    frames = np.array(
        [number(row["frame_index"], f"frame_index of line {at + 2} of {path}") for at, row in enumerate(rows)]
    )
    names = [str(point) for point in range(N_POINTS)]
    lids = "WFLW's at quarters of the lid, iBUG's at thirds"
    return Tracks(names, points, frames, score=score, unit="px", notes={"points of the lids": lids})


def _points(cell: str, where: str) -> np.ndarray:
    values = _list(cell, where)
    if len(values) != N_POINTS or any(not isinstance(point, list) or len(point) != 2 for point in values):
        raise DataError(f"{where} has landmarks of {len(values)} points; {N_POINTS} pairs are needed")
    try:
        return np.array(values, dtype=float)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{where} has a landmark that is no pair of numbers: {error}") from error


def _list(cell: str, where: str) -> list[Any]:
    try:
        values = read_json(cell.replace("nan", "NaN"))
    except ValueError as error:
        raise DataError(f"{where} breaks off or holds no list of numbers; write the file again") from error
    if not isinstance(values, list):
        raise DataError(f"{where} holds no list of numbers; write the file again")
    return values
