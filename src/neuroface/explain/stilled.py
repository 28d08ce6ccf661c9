"""What a classifier is given when one landmark does not move; and pictures with the places of their landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neuroface import face, geometry
from neuroface.types import Landmarks, Parts, Repetition
from neuroface.views.images import Images
from neuroface.views.seen import Seen, View

AS_IT_IS, PLACES, MOVED = "as_it_is", "places", "moved"


class Stilled:
    """A view of `Parts`: AS_IT_IS is the inner view's, "0" to "67" the same with that landmark stilled.

    PLACES: (n, 68, 2) where each landmark is on average, in the landmarks' unit. MOVED: (n, 68) mm by which each moves
    in truth, of synthetic people; NaN for others. Everything else, cleaning and lift, is as the inner view's.
    """

    name = "stilled"

    def __init__(self, inner: View) -> None:
        self.inner = inner

    def rows(self, seen: Seen) -> tuple[tuple[str, ...], list[dict[str, np.ndarray] | None]]:
        """As the inner view's; None where that has None."""
        names, before = self.inner.rows(seen)
        columns = [before]
        for point in range(face.N_POINTS):
            landmarks = stilled(seen.landmarks, seen.repetitions, point)
            columns.append(self.inner.rows(replace(seen, landmarks=landmarks))[1])
        told: list[dict[str, np.ndarray] | None] = []
        for repetition, *values in zip(seen.repetitions, *columns, strict=True):
            if any(value is None for value in values):
                told.append(None)
                continue
            parts = {AS_IT_IS: values[0], **{str(i): value for i, value in enumerate(values[1:])}}
            parts[PLACES] = np.nanmean(seen.landmarks.points[repetition.frames, :, :2], axis=0)
            parts[MOVED] = _moved(seen, repetition)
            told.append(parts)
        return names, told

    def gather(self, rows: Sequence[dict[str, np.ndarray]]) -> Parts:
        own = (PLACES, MOVED)
        stacked = {name: np.stack([row[name] for row in rows]) for name in own}
        return Parts({n: self.inner.gather([row[n] for row in rows]) for n in rows[0] if n not in own} | stacked)


class Kept:
    """The inner view, which remembers what it was shown in `seen`."""

    def __init__(self, inner: View, seen: list[Seen]) -> None:
        self.inner, self.seen, self.name = inner, seen, inner.name

    def rows(self, seen: Seen) -> tuple[tuple[str, ...], Sequence[Any]]:
        self.seen.append(seen)
        return self.inner.rows(seen)

    def fitted_on(self, subject: str) -> frozenset[str]:
        """People that what makes somebody's row was fitted on."""
        told = getattr(self.inner, "fitted_on", None)
        return told(subject) if told else frozenset()

    def gather(self, rows: Sequence[Any]) -> Any:
        return self.inner.gather(rows)


class Placed:
    """A view of `Parts`: AS_IT_IS are the pictures of the inner view, PLACES (n, 68, 2) px, MOVED as in Stilled."""

    name = "placed"

    def __init__(self, inner: Images) -> None:
        self.inner = inner

    def rows(self, seen: Seen) -> tuple[tuple[str, ...], list[dict[str, np.ndarray] | None]]:
        """As the inner view's; None where that has None."""
        names, faces = self.inner.rows(seen)
        told: list[dict[str, np.ndarray] | None] = []
        for repetition, face_, places in zip(seen.repetitions, faces, self.inner.places(seen), strict=True):
            if face_ is None or places is None:
                told.append(None)
            else:
                told.append({AS_IT_IS: face_, PLACES: places, MOVED: _moved(seen, repetition)})
        return names, told

    def gather(self, rows: Sequence[dict[str, np.ndarray]]) -> Parts:
        faces = self.inner.gather([row[AS_IT_IS] for row in rows])
        return Parts({AS_IT_IS: faces, **{name: np.stack([row[name] for row in rows]) for name in (PLACES, MOVED)}})


def stilled(landmarks: Landmarks, repetitions: Sequence[Repetition], point: int) -> Landmarks:
    """The same, but within each repetition one landmark stays at its median place on the head.

    Head motion is taken out first, so that a point is still on the face and not in the room.
    """
    points = landmarks.points.astype(float)
    for repetition in repetitions:
        own = geometry.head_frame(points[repetition.frames])
        known = np.isfinite(own[:, point]).all(axis=1)
        if known.any():
            own[known, point] = np.median(own[known, point], axis=0)
        points[repetition.frames] = own
    return replace(landmarks, points=points)


def _moved(seen: Seen, repetition: Repetition) -> np.ndarray:
    """(68,) mm: how far each landmark goes from where it was at the onset, without noise."""
    truth = seen.recording.truth
    if truth is None or len(truth.landmarks) < repetition.stop or truth.landmarks.unit != "mm":
        return np.full(face.N_POINTS, np.nan)
    points = geometry.head_frame(truth.landmarks.points[repetition.frames])
    return np.linalg.norm(points - points[0], axis=2).max(axis=0)
