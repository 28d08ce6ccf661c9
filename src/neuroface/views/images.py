"""One picture of a face per repetition: the view of image networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neuroface import face
from neuroface.errors import DataError
from neuroface.store import Store
from neuroface.types import Repetition
from neuroface.views import pictures
from neuroface.views.pictures import Cut
from neuroface.views.seen import Seen


class Images:
    """Faces (size, size, 3) uint8 RGB at the peak of each repetition, or of a still.

    The peak is the frame whose landmarks are farthest from those of the first one of the repetition, once the skull's
    points lie upon each other: whatever the task, the face has moved most. align: see `views.clips`; "whole" takes
    pictures as they are, landmarks or not. margin: see `recording.crop`. A repetition in which no face is seen is left
    out. store: where decoded pictures are kept for the next run. Errors: ConfigError for values without meaning.
    """

    name = "images"

    def __init__(self, *, size: int = 112, align: str = "similarity", margin: float = 0.1) -> None:
        pictures.check_cut(align, margin, size)
        self.size, self.align, self.margin = size, align, margin
        self.store = Store()

    def rows(self, seen: Seen) -> tuple[tuple[str, ...], list[np.ndarray | None]]:
        """No names, and one picture per repetition. Errors: DataError without video, pixels or a face."""
        video = pictures.video_of(seen.recording, seen.pixels, align=self.align)
        planned = [self._cut(seen, repetition) for repetition in seen.repetitions]
        cuts = [cut for cut in planned if cut is not None]
        if not cuts:
            raise DataError("shows no face in any repetition: its landmarks are missing")
        cut = iter(pictures.cut_all(video, cuts, self.store, align=self.align, size=self.size))
        return (), [None if one is None else next(cut) for one in planned]

    def gather(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        """(n, size, size, 3) uint8, memory-mapped."""
        return pictures.together(rows, self.store)

    def _cut(self, seen: Seen, repetition: Repetition) -> Cut | None:
        """What is cut where at the peak of a repetition; None when no face is seen in it."""
        video, points = seen.recording.video, seen.pixels.points[repetition.frames]
        assert video is not None
        times_s = seen.pixels.timestamps_s[repetition.frames]
        if len(points) == 1:
            at = 0
        else:
            found = peak(points)
            if found is None:
                return None
            at = found
        if not pictures.with_face(points[at : at + 1], align=self.align)[0]:
            return None
        (number,) = pictures.nearest(pictures.frame_times(video, seen.pixels), times_s[at : at + 1])
        (crop,) = pictures.crops(
            points[at : at + 1], np.array([0]), video.size, align=self.align, margin=self.margin, size=self.size
        )
        return Cut(int(number), crop)


def peak(points: np.ndarray) -> int | None:
    """The frame of (T, 68, 2) px in which the face differs most from the first one that is seen whole.

    Faces are laid upon each other by a similarity of the points that ride on the skull; distance is root mean square
    over the other points. None when no frame is seen whole.
    """
    whole = np.flatnonzero(np.isfinite(points).all(axis=(1, 2)))
    if not len(whole):
        return None
    z = points[whole] @ np.array([1, 1j])
    skull = z[:, face.RIGID] - z[:, face.RIGID].mean(axis=1, keepdims=True)
    turn = (skull.conj() * skull[0]).sum(axis=1) / (np.abs(skull) ** 2).sum(axis=1)  # complex least squares
    laid = turn[:, None] * (z - z[:, face.RIGID].mean(axis=1, keepdims=True))
    return int(whole[(np.abs(laid - laid[0]) ** 2).sum(axis=1).argmax()])
