"""Which rows of an OpenFace CSV are the person's: its face_ids change when a face is lost, and bystanders have theirs.

OpenFace numbers a face anew when it comes back (issues 900 and 732 of its repository), so an id is no person. Ids that
follow one another at one place and in one size are one face; a second face that is there about as long as the first is
not guessed away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface import face
from neuroface.cohorts.reading import points_from_columns
from neuroface.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

PLACE = 1.0  # of the distance of the eyes: a face that comes back no farther off is the same
SIZE = 1.25  # a face that comes back is no larger or smaller than by this factor
RIVAL = 0.5  # of the frames of the longest face: whoever is there longer than this may be the person meant


def person_of(
    frame: pd.DataFrame, axes: tuple[str, ...], file: Any, *, face_id: int | None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows of one person, in order, and what was counted: frames_of_other_faces, face_ids_joined.

    face_id: an id of the person, None for the face that is there longest. Errors: DataError for an id that is not
    there, and for a second face that is there more than half as long as the first.
    """
    counts = {"frames_of_other_faces": 0}
    if "face_id" not in frame:
        return frame, counts
    if face_id is not None and not (frame["face_id"] == face_id).any():
        raise DataError(f"{file} has no face_id {face_id}; it has {_listed(frame['face_id'].unique())}")
    if frame["face_id"].nunique() < 2:
        return frame, counts
    chains = _chains(frame, axes, file)
    frames = [int((frame["face_id"].isin(chain) & frame["success"].eq(1)).sum()) for chain in chains]
    order = sorted(range(len(chains)), key=lambda k: (-frames[k], min(chains[k])))
    chosen = order[0]
    if face_id is not None:
        chosen = next(k for k, chain in enumerate(chains) if face_id in chain)
    elif frames[order[1]] > RIVAL * frames[chosen] if len(order) > 1 else False:
        both = " and ".join(f"face_id {_listed(chains[k])} ({frames[k]} frames)" for k in order[:2])
        raise DataError(
            f"{file} shows several faces about as long: {both}; "
            "say in a column face_id of the subjects table which is the person's"
        )
    kept = frame[frame["face_id"].isin(chains[chosen])]
    counts["frames_of_other_faces"] = len(frame) - len(kept)
    if len(chains[chosen]) > 1:
        counts["face_ids_joined"] = len(chains[chosen])
    return kept, counts


def _chains(frame: pd.DataFrame, axes: tuple[str, ...], file: Any) -> list[list[Any]]:
    """The face_ids, those that are one face together: each follows the other at its place and in its size."""
    clock = frame["frame"] if "frame" in frame else frame["timestamp"]
    seen = frame["success"].eq(1)
    points = points_from_columns(frame, axes, file)
    right, left = points[:, face.CANTHUS_RIGHT_OUTER], points[:, face.CANTHUS_LEFT_OUTER]
    eyes, apart = (right + left) / 2, np.linalg.norm(left - right, axis=1)
    spans = []
    for name in frame["face_id"].unique():
        rows = np.flatnonzero((frame["face_id"] == name) & seen)
        if not len(rows):
            rows = np.flatnonzero(frame["face_id"] == name)
        times = clock.to_numpy()[rows]
        first, last = rows[np.argmin(times)], rows[np.argmax(times)]
        spans.append((times.min(), times.max(), name, (eyes[first], apart[first]), (eyes[last], apart[last])))
    chains: list[tuple[list[Any], Any, Any]] = []  # ids, time and look at the end
    for start, stop, name, begins, ends in sorted(spans, key=lambda span: span[:2]):
        fits = [k for k, (_, until, look) in enumerate(chains) if until < start and _alike(look, begins)]
        if fits:
            chains[fits[-1]] = ([*chains[fits[-1]][0], name], stop, ends)
        else:
            chains.append(([name], stop, ends))
    return [ids for ids, _, _ in chains]


def _alike(a: tuple[np.ndarray, float], b: tuple[np.ndarray, float]) -> bool:
    """Whether two looks (place of the eyes, their distance) can be one face."""
    near = np.linalg.norm(a[0] - b[0]) <= PLACE * a[1]
    return bool(near and a[1] / SIZE <= b[1] <= a[1] * SIZE)


def _listed(ids: Any) -> str:
    return ", ".join(f"{value:g}" for value in sorted(ids))
