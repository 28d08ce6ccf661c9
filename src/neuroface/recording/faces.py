"""Which face of each frame is the person's: boxes from a detector or given, one of them kept, losses told.

A detector is any callable that takes a Frame and returns face boxes (N, 4) px: x, y, width, height. A given source
(`LandmarkBoxes`, `BoxTable`) becomes a detector with `.of(recording)`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from neuroface.errors import ConfigError, did_you_mean
from neuroface.types import Frame

FaceDetector = Callable[[Frame], np.ndarray]
RULES = ("track", "largest")
# Whose face is meant where nothing is known yet; recording.whose knows the last two.
WHOSE = ("largest", "central", "longest", "boxes")


@dataclass(frozen=True, eq=False)
class Seen:
    """A frame and the box (4,) px of the face in it, or None. how: "detected", "between" (interpolated) or "lost"."""

    frame: Frame
    box: np.ndarray | None
    how: str


@dataclass(frozen=True)
class Follow:
    """How one face is followed through a recording.

    keep: "track" keeps the box that overlaps most with the last one and takes the one that `whose` prefers only at the
    start and after `patience_s` without it; "largest" takes the largest of each frame. whose: see recording.whose.
    search_every_s: time from one frame that is searched to the next, 0 for each frame; between two faces that overlap
    by `min_overlap` (intersection over union) the box is interpolated in time, otherwise each frame between them is
    searched too: nothing is guessed across a loss.
    Errors: ConfigError for values without meaning.
    """

    keep: str = "track"
    search_every_s: float = 0.15
    min_overlap: float = 0.3
    patience_s: float = 1.0
    whose: str = "largest"

    def __post_init__(self) -> None:
        if self.keep not in RULES:
            raise ConfigError(f"keep={self.keep} is no way to choose a face." + did_you_mean(self.keep, RULES))
        if self.search_every_s < 0 or not 0 <= self.min_overlap <= 1 or self.patience_s < 0:
            raise ConfigError(
                f"search_every_s={self.search_every_s}, min_overlap={self.min_overlap}, patience_s={self.patience_s}: "
                "search_every_s >= 0, 0 <= min_overlap <= 1 and patience_s >= 0 are needed."
            )

    def __call__(self, frames: Iterable[Frame], detector: FaceDetector) -> Iterator[Seen]:
        """Every frame once, in order, with its face; `search_every_s` of frames are held."""
        last: Seen | None = None  # the last frame with a face
        unbroken = False  # the frame before the block is that one
        for block in self._blocks(frames):
            found = self._between(block, last, detector) if unbroken and len(block) > 1 else None
            for seen in found or self._one_by_one(block, last, detector):
                unbroken = seen.box is not None
                last = seen if unbroken else last
                yield seen

    def _blocks(self, frames: Iterable[Frame]) -> Iterator[list[Frame]]:
        """The first frame, then runs of frames whose last one is `search_every_s` after the last of the run before."""
        block: list[Frame] = []
        ended_s = -np.inf
        for frame in frames:
            block.append(frame)
            if frame.timestamp_s - ended_s >= self.search_every_s - 1e-6:
                yield block
                block, ended_s = [], frame.timestamp_s
        if block:
            yield block

    def _between(self, block: list[Frame], last: Seen | None, detector: FaceDetector) -> list[Seen] | None:
        """The block by interpolation from the last face to the one in its last frame; None where that is no answer."""
        end = self._search(block[-1], last, detector)
        if last is None or last.box is None or end.box is None or overlap(last.box, end.box) < self.min_overlap:
            return None
        start_s, length_s = last.frame.timestamp_s, end.frame.timestamp_s - last.frame.timestamp_s
        shares = [(frame.timestamp_s - start_s) / length_s for frame in block[:-1]]
        boxes = [last.box + share * (end.box - last.box) for share in shares]
        return [*(Seen(f, box, "between") for f, box in zip(block[:-1], boxes, strict=True)), end]

    def _one_by_one(self, block: list[Frame], last: Seen | None, detector: FaceDetector) -> Iterator[Seen]:
        for frame in block:
            seen = self._search(frame, last, detector)
            if seen.box is not None:
                last = seen
            yield seen

    def _search(self, frame: Frame, last: Seen | None, detector: FaceDetector) -> Seen:
        boxes = np.asarray(detector(frame), dtype=float).reshape(-1, 4)
        box = self._choose(boxes[np.isfinite(boxes).all(axis=1)], frame, last)
        return Seen(frame, box, "lost" if box is None else "detected")

    def _choose(self, boxes: np.ndarray, frame: Frame, last: Seen | None) -> np.ndarray | None:
        if not len(boxes):
            return None
        recent = last is not None and frame.timestamp_s - last.frame.timestamp_s <= self.patience_s
        if self.keep == "largest":
            return boxes[first(boxes, frame.color, "largest")]
        if last is None or last.box is None or not recent:
            return boxes[first(boxes, frame.color, self.whose)]
        shared = np.array([overlap(last.box, box) for box in boxes])
        return boxes[np.argmax(shared)] if shared.max() >= self.min_overlap else None


def first(boxes: np.ndarray, image: np.ndarray, whose: str) -> int:
    """Which of the boxes (N, 4) px is the person's where nothing is known yet: the most central, or the largest."""
    if whose == "central":
        middle = np.array(image.shape[1::-1]) / 2
        return int(np.argmin(np.linalg.norm(boxes[:, :2] + boxes[:, 2:] / 2 - middle, axis=1)))
    return int(np.argmax(boxes[:, 2] * boxes[:, 3]))


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """0..1: intersection over union of two boxes (4,) px."""
    low = np.maximum(a[:2], b[:2])
    high = np.minimum(a[:2] + a[2:], b[:2] + b[2:])
    shared = float(np.prod(np.maximum(high - low, 0)))
    union = float(a[2] * a[3] + b[2] * b[3]) - shared
    return shared / union if union > 0 else 0.0


def counts(how: Iterable[str]) -> dict[str, int]:
    """faces_detected, faces_interpolated and faces_lost: how many frames were of each kind, from the `how` of Seen."""
    number = Counter(how)
    return {
        "faces_detected": number["detected"],
        "faces_interpolated": number["between"],
        "faces_lost": number["lost"],
    }
