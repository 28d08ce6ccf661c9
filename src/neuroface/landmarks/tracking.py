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
from neuroface.recording.faces import FaceDetector, first, overlap
from neuroface.recording.whose import Others
from neuroface.types import Frame

Look = Callable[[Sequence[np.ndarray], Sequence[FanCrop]], tuple[np.ndarray, np.ndarray]]

# A crop serves from frame to frame until it is this far from the one that its own landmarks ask for (share of its side,
# ratio of sides); then the frame is looked at again, and the new crop serves. So a face that moves on the spot is read
# in one place, and several frames can be looked at together without that being felt in any of them.
# A Haar box gives a crop that is 1.15 times too large and a tenth of its side too high (medians of 70 faces).
FAR_SHIFT = 0.08
FAR_RATIO = 1.12
# Landmarks that span less than this, px, are no face; heat-maps without any peak are read as a single place.
SMALLEST_FACE_PX = 8.0


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
    """Follows one face; `searched_again` counts the frames in which a face that had been found was searched anew,
    `others.frames` those in which somebody else was seen, of one in a second.

    size: side of a crop, px. whose: which face is taken where several are found and none was followed, see
    recording.faces.first. track: the face is looked for where it was last; otherwise it is searched in every frame.
    detect_again_below: mean score of a frame below which the face is searched. batch: frames that are looked at
    together at most; where the crop has to change among them, those after it are looked at again, so that what is found
    does not depend on it.
    """

    def __init__(
        self,
        look: Look,
        detector: FaceDetector,
        *,
        size: int,
        track: bool,
        detect_again_below: float,
        batch: int = 1,
        whose: str = "largest",
    ) -> None:
        self._look, self._detector, self._size = look, detector, size
        self._whose = whose
        self._track, self._detect_again_below, self._batch = track, detect_again_below, batch
        self._place: np.ndarray | None = None  # box (4,) px of the last face
        self._next: FanCrop | None = None  # where the face is expected; None: it must be searched
        self.searched_again = 0
        self._boxes: dict[int, np.ndarray] = {}  # by frame, of those that were searched and are not yet told
        self.others = Others(detector, self._is_face)

    def __call__(self, frames: Iterable[tuple[float, Frame]]) -> Iterator[tuple[float, Found | None]]:
        """(time in s, landmarks) of each (time, frame), None where there is no face; `batch` frames are held.

        Errors: DataError for a face box that lies outside its image.
        """
        rest, held = iter(frames), list[tuple[float, Frame]]()
        ahead = 1 if self._track else self._batch
        while held := held + list(islice(rest, max(ahead - len(held), 0))):
            block = held[:ahead]
            images = [frame for _, frame in block]
            found = self._followed(images) if self._track else self._look_at(images, list(map(self._search, images)))
            for (time, frame), one in zip(block, found, strict=False):
                own = None if one is None else box_around(one.points)
                if own is not None:
                    self.others.look(frame, own, self._boxes.get(frame.index))
                yield time, one
            self._boxes.clear()
            held = held[len(found) :]
            # Where the crop had to change it may soon again: the look ahead begins anew, and doubles while it lasts.
            ahead = min(2 * ahead, self._batch) if len(found) == len(block) else 1

    def _followed(self, block: Sequence[Frame]) -> list[Found | None]:
        """The face in the first frames, up to and with the one after which it is expected elsewhere."""
        crop = self._next
        if crop is None:
            block, crop = block[:1], self._search(block[0])
            found = self._look_at(block, [crop])
            self._expect(found[0], block[0])
            return found
        followed: list[Found | None] = []
        for frame, seen in zip(block, self._look_once(block, [crop] * len(block)), strict=True):
            (seen,) = self._closer([frame], [seen])
            if seen is None or seen.mean_score < self._detect_again_below:
                seen = self._after_search(frame, seen)
            followed.append(seen)
            self._expect(seen, frame)
            if self._next != crop:
                break
        return followed

    def _expect(self, found: Found | None, frame: Frame) -> None:
        """Learn from a frame where the face will be in the next one: nowhere if it is not here, or leaves the image."""
        asked = None if found is None else self._around(found.points, frame)
        self._place = self._place if found is None else box_around(found.points)
        self._next = None if found is None or asked is None else asked if _far(found.crop, asked) else found.crop

    def _look_at(self, block: Sequence[Frame], crops: Sequence[FanCrop | None]) -> list[Found | None]:
        """What is seen in each crop; one that turns out to be far from its face is looked at again where that is."""
        return self._closer(block, self._look_once(block, crops))

    def _closer(self, block: Sequence[Frame], found: Sequence[Found | None]) -> list[Found | None]:
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
        """The crop of the box that overlaps most with the last face, or of the one that `whose` prefers."""
        self.searched_again += self._track and self._place is not None
        boxes = np.asarray(self._detector(frame), dtype=float).reshape(-1, 4)
        boxes = self._boxes[frame.index] = boxes[np.isfinite(boxes).all(axis=1)]
        if not len(boxes):
            return None
        area = boxes[:, 2] * boxes[:, 3]
        last = self._place
        shared = np.array([0.0 if last is None else overlap(last, box) for box in boxes])
        known = shared.max() > 0
        at = int(np.lexsort((area, shared))[-1]) if known else first(boxes, frame.color, self._whose)
        self._place = found = boxes[at]
        x, y, width, height = found
        _check_inside(x, y, width, height, frame)
        return from_box(np.array([x, y, x + width, y + height]), size=self._size)

    def _is_face(self, frame: Frame, box: np.ndarray) -> bool:
        """Whether the network is as sure of a box as it is asked to be of the face that it follows."""
        x, y, width, height = box
        (seen,) = self._look_at([frame], [from_box(np.array([x, y, x + width, y + height]), size=self._size)])
        return seen is not None and seen.mean_score >= self._detect_again_below

    def _around(self, points: np.ndarray, frame: Frame) -> FanCrop | None:
        """The crop that landmarks (68, 2) px ask for; None when they are no face, or its middle is not in the image."""
        if np.ptp(points, axis=0).min() < SMALLEST_FACE_PX:
            return None
        crop, (height, width) = from_points(points, self._size), frame.color.shape[:2]
        return crop if 0 <= crop.centre[0] < width and 0 <= crop.centre[1] < height else None


def _plainer(*found: Found | None) -> Found | None:
    """The one with the highest score; the first of equals."""
    return max((f for f in found if f is not None), key=lambda f: f.mean_score, default=None)


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
