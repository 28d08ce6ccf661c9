"""Which rows are the person's, where a file has several faces: by a name that tells people apart, else by place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.cohorts.trackers.tracks import Tracks, middle
from neuroface.errors import DataError, did_you_mean

RIVAL = 0.5  # of the frames of the face that is there longest; as for OpenFace's face_ids
MOVED = 1.5  # spreads of a face's points, from one row to the next: more is another face
AWAY = 10  # frames that a face may be away and be taken up again where it was


def one_face(tracks: Tracks, wanted: str, file: Path) -> tuple[Tracks, dict[str, Any]]:
    """The rows of one face in order of the frames, and what was counted.

    wanted: the name of the face, "" for the one that is there longest. Faces that have no name are followed by place
    and are called 0, 1, ... in order of appearance. Errors: DataError for a name that is not there, and for a second
    face that is there more than half as long as the first.
    """
    order = np.argsort(tracks.frames, kind="stable")
    tracks = tracks.rows(order)
    seen = np.isfinite(tracks.points).all(axis=-1).any(axis=-1)
    frames = tracks.frames
    named = tracks.faces is not None
    if not named:
        tracks = replace(tracks, faces=_followed(tracks, seen))
    assert tracks.faces is not None
    names, lengths = np.unique(tracks.faces[seen], return_counts=True)
    if wanted and wanted not in names:
        raise DataError(
            f"{file} has no face {wanted!r} (column face of the subjects table)." + did_you_mean(wanted, names)
        )
    if len(names) < 2:
        return tracks, {}
    ranked = [str(names[k]) for k in np.argsort(-lengths, kind="stable")]
    count = dict(zip(map(str, names), lengths.tolist(), strict=True))
    if not wanted and count[ranked[1]] > RIVAL * count[ranked[0]]:
        both = " and ".join(f"{name} ({count[name]} frames)" for name in ranked[:2])
        raise DataError(
            f"{file} shows several faces about as long: {both}; "
            "say in a column face of the subjects table which is the person's"
        )
    chosen = wanted or ranked[0]
    own = (tracks.faces == chosen) & seen
    # a frame without the person is a frame all the same, with its points missing
    blank = ~np.isin(frames, frames[own])
    first = np.r_[True, frames[1:] != frames[:-1]]
    points = np.where(own[:, None, None], tracks.points, np.nan)
    kept = replace(tracks, points=points).rows(own | (blank & first))
    return kept, {"rows_of_other_faces": int((seen & ~own).sum()), "face": chosen}


def _followed(tracks: Tracks, seen: np.ndarray) -> np.ndarray:
    """(n,) of str: rows that follow one another at one place are one face; rows of one frame never are."""
    centre, spread = middle(tracks.points)
    labels = np.full(len(seen), "0", dtype=object)
    ends: dict[str, int] = {}  # face -> its last row
    for row in np.flatnonzero(seen):
        frame = tracks.frames[row]
        gaps = {
            name: float(np.linalg.norm(centre[row] - centre[last]) / spread[last])
            for name, last in ends.items()
            if 0 < frame - tracks.frames[last] <= AWAY
        }
        near = min(gaps, key=gaps.__getitem__, default="")
        if not near or not gaps[near] <= MOVED:
            gone = [n for n, last in ends.items() if frame - tracks.frames[last] > AWAY]
            back = [n for n in gone if np.linalg.norm(centre[row] - centre[ends[n]]) <= MOVED * spread[ends[n]]]
            near = back[0] if back else str(len(ends))
        ends[near], labels[row] = int(row), near
    return labels.astype(str)
