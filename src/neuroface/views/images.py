"""One picture of a face per repetition: the view of image networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neuroface import face
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.store import Store
from neuroface.types import Repetition
from neuroface.views import pictures
from neuroface.views.own_mean import Whose, without_own_mean
from neuroface.views.pictures import Cut
from neuroface.views.seen import Seen

SUBTRACT = ("none", "own_mean")


class Images:
    """Faces (size, size, 3) uint8 RGB at the peak of each repetition, or of a still; with regions, (size, size, 3 + 5).

    The peak is the frame whose landmarks are farthest from those of the first one of the repetition, once the skull's
    points lie upon each other: whatever the task, the face has moved most. What lasts less than half of `hold_s`
    seconds, a blink, is no peak; 0 takes the farthest frame as it is. align: see `views.clips`; "whole" takes pictures
    as they are, landmarks or not. part, margin: see `recording.crop`. regions: five more channels, 255 in each of the
    facial regions that landmarks give (`palsy_attention.REGIONS`) and 0 elsewhere. A repetition in which no face is
    seen is left out. subtract: "own_mean" takes the mean of all pictures of a person away from each of them, so that
    what a face does is seen rather than whose it is; see `own_mean`. store: where decoded pictures are kept for the
    next run. Errors: ConfigError for values without meaning.
    """

    name = "images"

    def __init__(
        self,
        *,
        size: int = 112,
        align: str = "similarity",
        part: str = "face",
        margin: float = 0.1,
        regions: bool = False,
        hold_s: float = 0.4,
        subtract: str = "none",
    ) -> None:
        pictures.check_cut(align, margin, size, part=part)
        if hold_s < 0:
            raise ConfigError(f"view.hold_s={hold_s} must be 0 or more seconds.")
        self.size, self.align, self.part, self.margin = size, align, part, margin
        if subtract not in SUBTRACT:
            raise ConfigError(f"view.subtract={subtract}: there is no such choice." + did_you_mean(subtract, SUBTRACT))
        self.regions, self.hold_s, self.subtract = regions, hold_s, subtract
        self.store = Store()

    def rows(self, seen: Seen) -> tuple[tuple[str, ...], list[Any]]:
        """No names, and one picture per repetition, None where no face is seen.

        Errors: DataError without video, pixels or a face in any of them.
        """
        video = pictures.video_of(seen.recording, seen.pixels, align=self.align)
        planned = [self._cut(seen, repetition) for repetition in seen.repetitions]
        found = [one for one in planned if one is not None]
        if not found:
            raise DataError(
                "shows no face in any repetition: its landmarks are missing; find them (landmarks=fan), or set "
                "align=whole to take pictures as they are"
            )
        cuts = [cut for cut, _ in found]
        faces = pictures.of_entry(pictures.cut_all(video, cuts, self.store, align=self.align, size=self.size))
        if self.regions:
            masks = _masks(np.stack([cut.crop.to_crop(points) for cut, points in found]), self.size)
            faces = [
                np.concatenate([np.asarray(one) for one in pair], axis=-1) for pair in zip(faces, masks, strict=True)
            ]
        if self.subtract == "own_mean":
            faces = [Whose(one, seen.recording.subject) for one in faces]
        face_of = iter(faces)
        return (), [None if one is None else next(face_of) for one in planned]

    def places(self, seen: Seen) -> list[np.ndarray | None]:
        """Where the landmarks are in the picture of each repetition, (68, 2) px; None where there is no picture."""
        cuts = [self._cut(seen, repetition) for repetition in seen.repetitions]
        return [None if one is None else one[0].crop.to_crop(one[1]) for one in cuts]

    def gather(self, rows: Sequence[Any]) -> np.ndarray:
        """(n, size, size, 3 or 8) uint8, memory-mapped. Errors: those of `without_own_mean`."""
        if self.subtract == "none":
            return pictures.together(rows, self.store)
        together = pictures.together([row.picture for row in rows], self.store)
        return without_own_mean(together, [row.subject for row in rows], self.store)

    def _cut(self, seen: Seen, repetition: Repetition) -> tuple[Cut, np.ndarray] | None:
        """What is cut where at the peak of a repetition, and the landmarks (68, 2) px there; None without a face."""
        found = at_peak(seen, repetition, align=self.align, hold_s=self.hold_s)
        if found is None:
            return None
        (number, points), video = found, seen.recording.video
        assert video is not None
        (crop,) = pictures.crops(
            points[None],
            np.array([0]),
            video.size,
            align=self.align,
            part=self.part,
            margin=self.margin,
            size=self.size,
        )
        return Cut(number, crop), points


def at_peak(seen: Seen, repetition: Repetition, *, align: str, hold_s: float) -> tuple[int, np.ndarray] | None:
    """The 0-based frame of the video at the peak of a repetition, and the landmarks (68, 2) px there; see `Images`.

    None where no face is seen to be cut out as `align` says.
    """
    video, points = seen.recording.video, seen.pixels.points[repetition.frames]
    assert video is not None
    times_s = seen.pixels.timestamps_s[repetition.frames]
    at = 0 if len(points) == 1 else apex(points, hold=_frames_of(hold_s, times_s))
    if at is None or not pictures.with_face(points[at : at + 1], align=align)[0]:
        return None
    (number,) = pictures.nearest(pictures.frame_times(video, seen.pixels), times_s[at : at + 1])
    return int(number), points[at]


def _masks(points: np.ndarray, size: int) -> np.ndarray:
    """(n, size, size, 5) uint8, 255 in each facial region; points: (n, 68, 2) px of the pictures."""
    from neuroface.classifiers.palsy_attention import region_masks

    return (255 * np.moveaxis(region_masks(points, size), 1, -1)).astype(np.uint8)


def _frames_of(seconds: float, times_s: np.ndarray) -> int:
    """How many frames, at times (T,) s, go into so long."""
    return round(seconds / float(np.median(np.diff(times_s))))


def apex(points: np.ndarray, *, hold: int = 1) -> int | None:
    """The frame of (T, 68, 2) px at which a face has moved most from its onset: its `peak`.

    Of two pictures without landmarks, an onset and an apex that somebody chose, it is the second. None when no frame
    is seen whole.
    """
    found = peak(points, hold=hold)
    if found is None and len(points) == 2 and np.isnan(points).all():
        return 1
    return found


def peak(points: np.ndarray, *, hold: int = 1) -> int | None:
    """The frame of (T, 68, 2) px in which the face differs most from the first one that is seen whole.

    Faces are laid upon each other by a similarity of the points that ride on the skull; distance is root mean square
    over the other points. hold: frames; the distance must last for more than half of so many, and a frame that stands
    out from those about it is not taken. None when no frame is seen whole.
    """
    from scipy.ndimage import median_filter

    whole = np.flatnonzero(np.isfinite(points).all(axis=(1, 2)))
    if not len(whole):
        return None
    z = points[whole] @ np.array([1, 1j])
    skull = z[:, face.RIGID] - z[:, face.RIGID].mean(axis=1, keepdims=True)
    turn = (skull.conj() * skull[0]).sum(axis=1) / (np.abs(skull) ** 2).sum(axis=1)  # complex least squares
    laid = turn[:, None] * (z - z[:, face.RIGID].mean(axis=1, keepdims=True))
    distance = np.sqrt((np.abs(laid - laid[0]) ** 2).sum(axis=1))
    lasting = median_filter(distance, size=max(hold, 1), mode="nearest")
    return int(whole[(lasting - np.abs(distance - lasting)).argmax()])
