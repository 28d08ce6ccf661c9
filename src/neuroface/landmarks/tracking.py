"""One face through a video: searched at the start, then looked for where it was last, searched again when it is lost.

Arrays only: what finds faces and what reads landmarks are given. `look` takes images and as many crops and returns
points (N, 68, 2) px of the frame and scores (N, 68); the detector takes a Frame and returns boxes (N, 4) px.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from neuroface.errors import DataError
from neuroface.landmarks.crops import FanCrop, from_box, from_points
from neuroface.recording.crop import box_around
from neuroface.recording.faces import FaceDetector, overlap
from neuroface.types import Frame

Look = Callable[[Sequence[np.ndarray], Sequence[FanCrop]], tuple[np.ndarray, np.ndarray]]

# A crop this far from the one that its own landmarks ask for (share of its side, ratio of sides) is looked at again.
# A Haar box gives a crop that is 1.15 times too large and a tenth of its side too high (medians of 70 faces).
FAR_SHIFT = 0.08
FAR_RATIO = 1.12
# Landmarks that span less than this, px, are no face; heat-maps without any peak are read as a single place.
SMALLEST_FACE_PX = 8.0
# Share of the last crop in the next one: the crop follows without the jitter of single landmarks.
INERTIA = 0.5


@dataclass(frozen=True, eq=False)
class Found:
    """The landmarks of one frame. points: (68, 2) px of the frame; score: (68,) 0..1. crop: what the network saw."""

    points: np.ndarray
    score: np.ndarray
    crop: FanCrop

    @property
    def mean_score(self) -> float:
        return float(self.score.mean())


class Tracker:
    """Follows one face; `searched_again` counts the frames in which a face that had been found was searched anew.

    size: side of a crop, px. track: the face is looked for where it was last; otherwise it is searched in every frame.
    detect_again_below: mean score of a frame below which the face is searched. batch: frames that are looked at
    together, with the crop that the frame before them asks for.
    """

    def __init__(
        self, look: Look, detector: FaceDetector, *, size: int, track: bool, detect_again_below: float, batch: int = 1
    ) -> None:
        self._look, self._detector, self._size = look, detector, size
        self._track, self._detect_again_below, self._batch = track, detect_again_below, batch
        self._last: Found | None = None  # of the last frame with a face
        self._next: FanCrop | None = None  # where the face is expected; None: it must be searched
        self.searched_again = 0

    def __call__(self, frames: Iterable[tuple[float, Frame]]) -> Iterator[tuple[float, Found | None]]:
        """(time in s, landmarks) of each (time, frame), None where there is no face; `batch` frames are held.

        Errors: DataError for a face box that lies outside its image.
        """
        rest = iter(frames)
        while block := list(islice(rest, self._batch)):
            times, images = zip(*block, strict=True)
            yield from zip(times, self._block(images), strict=True)

    def _block(self, block: Sequence[Frame]) -> list[Found | None]:
        crops, searched = self._crops(block)
        found = self._look_at(block, crops)
        for place, frame in enumerate(block):
            seen = found[place]
            if not searched[place] and (seen is None or seen.mean_score < self._detect_again_below):
                found[place] = self._after_search(frame, seen)
            if found[place] is not None:
                self._last = found[place]
        self._next = self._expected(found[-1], block[-1]) if self._track else None
        return found

    def _crops(self, block: Sequence[Frame]) -> tuple[list[FanCrop | None], list[bool]]:
        """Where to look in each frame (None: it has no face), and which frames were searched to know that."""
        crops: list[FanCrop | None] = []
        searched = []
        crop = self._next
        for frame in block:
            searched.append(crop is None or not self._track)
            if searched[-1]:
                crop = self._search(frame)
            crops.append(crop)
        return crops, searched

    def _look_at(self, block: Sequence[Frame], crops: Sequence[FanCrop | None]) -> list[Found | None]:
        """What is seen in each crop; one that turns out to be far from its face is looked at again where that is."""
        found = self._look_once(block, crops)
        asked = [None if f is None else self._around(f.points, frame) for f, frame in zip(found, block, strict=True)]
        closer = [
            a if f is not None and a is not None and _far(f.crop, a) else None
            for f, a in zip(found, asked, strict=True)
        ]
        return [_plainer(*pair) for pair in zip(self._look_once(block, closer), found, strict=True)]

    def _look_once(self, block: Sequence[Frame], crops: Sequence[FanCrop | None]) -> list[Found | None]:
        found: list[Found | None] = [None] * len(block)
        places = [place for place, crop in enumerate(crops) if crop is not None]
        if places:
            shown = [crop for crop in crops if crop is not None]
            points, scores = self._look([block[place].color for place in places], shown)
            for place, *seen in zip(places, points, scores, shown, strict=True):
                found[place] = Found(*seen)
        return found

    def _after_search(self, frame: Frame, seen: Found | None) -> Found | None:
        """The face where the detector says it is, or where it was seen before if it is plainer there."""
        crop = self._search(frame)
        if crop is None:
            return None
        return _plainer(*self._look_at([frame], [crop]), seen)

    def _search(self, frame: Frame) -> FanCrop | None:
        """The crop of the box that overlaps most with the last face, or of the largest box."""
        self.searched_again += self._track and self._last is not None
        boxes = np.asarray(self._detector(frame), dtype=float).reshape(-1, 4)
        boxes = boxes[np.isfinite(boxes).all(axis=1)]
        if not len(boxes):
            return None
        area = boxes[:, 2] * boxes[:, 3]
        last = None if self._last is None else box_around(self._last.points)
        shared = np.zeros(len(boxes)) if last is None else np.array([overlap(last, box) for box in boxes])
        x, y, width, height = boxes[np.lexsort((area, shared))[-1]]
        _check_inside(x, y, width, height, frame)
        return from_box(np.array([x, y, x + width, y + height]), size=self._size)

    def _expected(self, found: Found | None, frame: Frame) -> FanCrop | None:
        """The crop for the frame after this one; None when the face is not here or leaves the image."""
        asked = None if found is None else self._around(found.points, frame)
        return None if found is None or asked is None else _between(found.crop, asked)

    def _around(self, points: np.ndarray, frame: Frame) -> FanCrop | None:
        """The crop that landmarks (68, 2) px ask for; None when they are no face, or its middle is not in the image."""
        if np.ptp(points, axis=0).min() < SMALLEST_FACE_PX:
            return None
        crop, (height, width) = from_points(points, self._size), frame.color.shape[:2]
        return crop if 0 <= crop.centre[0] < width and 0 <= crop.centre[1] < height else None


def _plainer(*found: Found | None) -> Found | None:
    """The one with the highest score; the first of equals."""
    return max((f for f in found if f is not None), key=lambda f: f.mean_score, default=None)


def _between(last: FanCrop, asked: FanCrop) -> FanCrop:
    centre = INERTIA * np.array(last.centre) + (1 - INERTIA) * np.array(asked.centre)
    scale = INERTIA * last.scale + (1 - INERTIA) * asked.scale
    return FanCrop((float(centre[0]), float(centre[1])), scale, asked.size)


def _far(crop: FanCrop, other: FanCrop) -> bool:
    shift = np.abs(np.array(crop.centre) - np.array(other.centre)).max() / other.side
    ratio = max(crop.scale, other.scale) / min(crop.scale, other.scale)
    return bool(shift > FAR_SHIFT or ratio > FAR_RATIO)


def _check_inside(x: float, y: float, box_width: float, box_height: float, frame: Frame) -> None:
    height, width = frame.color.shape[:2]
    if x >= width or y >= height or x + box_width <= 0 or y + box_height <= 0:
        raise DataError(
            f"frame {frame.index}: the face box x={x:g}, y={y:g}, width={box_width:g}, height={box_height:g} lies "
            f"outside the image of {width}x{height} px; correct it, or choose another detector"
        )
