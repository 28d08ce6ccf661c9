"""Whose face counts where there are several: a bystander is not the patient."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.recording.faces import WHOSE, FaceDetector, overlap
from neuroface.types import Frame, Recording

# The film is looked through at this interval for the face that is in it longest.
LOOK_THROUGH_S = 0.5
# Boxes half a second apart are one face if they share this much (intersection over union).
ONE_FACE = 0.1
# A face that is not found for longer than this is another one when something is found again.
GONE_AFTER_S = 2.0
# While a face is followed, the frame is looked over for others at this interval: somebody may come in later.
LOOK_ABOUT_S = 1.0


def check(whose: str, *, given_boxes: bool) -> None:
    """ConfigError for a rule that there is not, or for boxes that nobody gives."""
    if whose not in WHOSE:
        raise ConfigError(f"whose={whose}: there is no such rule." + did_you_mean(whose, WHOSE))
    if whose == "boxes" and not given_boxes:
        raise ConfigError("whose=boxes: a table says where the face is; choose the detector boxes and give its path.")


def detector_for(recording: Recording, detector: FaceDetector, whose: str) -> FaceDetector:
    """The detector for one recording: a given source is asked for its boxes; for `longest` only that face is found."""
    found: FaceDetector = detector.of(recording) if hasattr(detector, "of") else detector
    if whose != "longest":
        return found
    if recording.video is None:
        raise DataError("has no video to look through for the face that is in it longest")
    path = longest(recording.video.frames(), found)

    def only_that(frame: Frame) -> np.ndarray:
        return path.of(np.asarray(found(frame), dtype=float).reshape(-1, 4), frame.timestamp_s)

    return only_that


class Others:
    """Counts frames in which others are seen beside the person; `frames` is how many.

    detector: takes a Frame and returns boxes (N, 4) px. real: whether a network sees a face in a box of a frame; what a
    cascade finds on a shirt is nobody.
    """

    def __init__(self, detector: FaceDetector, real: Callable[[Frame, np.ndarray], bool]) -> None:
        self._detector, self._real = detector, real
        self._next_s = -np.inf
        self.frames = 0

    def look(self, frame: Frame, own: np.ndarray, boxes: np.ndarray | None = None) -> None:
        """Look over a frame in which the person's face is in the box own (4,) px, where it is time to.

        boxes: (N, 4) px that the detector has found in it already.
        """
        if frame.timestamp_s < self._next_s:
            return
        self._next_s = frame.timestamp_s + LOOK_ABOUT_S
        found = np.asarray(self._detector(frame) if boxes is None else boxes, dtype=float).reshape(-1, 4)
        elsewhere = [box for box in found if np.isfinite(box).all() and not _same(own, box)]
        self.frames += any(self._real(frame, box) for box in elsewhere)


def _same(own: np.ndarray, box: np.ndarray) -> bool:
    """Whether a box is of the face in `own`, or of a part of it."""
    middle = box[:2] + box[2:] / 2
    return overlap(own, box) >= ONE_FACE or bool(((middle >= own[:2]) & (middle <= own[:2] + own[2:])).all())


@dataclass
class Path:
    """Where one face is over time: seconds and boxes (4,) px."""

    times: list[float] = field(default_factory=list)
    boxes: list[np.ndarray] = field(default_factory=list)

    def at(self, time: float) -> np.ndarray | None:
        """The box at a time, interpolated; None well before or after the face was there."""
        if not self.times or not self.times[0] - LOOK_THROUGH_S <= time <= self.times[-1] + LOOK_THROUGH_S:
            return None
        return np.array([np.interp(time, self.times, edge) for edge in np.array(self.boxes).T])

    def of(self, boxes: np.ndarray, time: float) -> np.ndarray:
        """(N, 4): those of the boxes at a time that are of this face."""
        here = self.at(time)
        return boxes[[here is not None and overlap(here, box) >= ONE_FACE for box in boxes]]


def longest(frames: Iterable[Frame], detector: FaceDetector) -> Path:
    """The face found in most of the frames that are LOOK_THROUGH_S apart; of equals the larger one."""
    paths: list[Path] = []
    next_s = -np.inf
    for frame in frames:
        if frame.timestamp_s < next_s:
            continue
        next_s = frame.timestamp_s + LOOK_THROUGH_S
        for box in np.asarray(detector(frame), dtype=float).reshape(-1, 4):
            near = [p for p in paths if p.times[-1] < frame.timestamp_s <= p.times[-1] + GONE_AFTER_S]
            same = max(near, key=lambda p: overlap(p.boxes[-1], box), default=None)
            if same is None or overlap(same.boxes[-1], box) < ONE_FACE:
                same = Path()
                paths.append(same)
            same.times.append(frame.timestamp_s)
            same.boxes.append(box)
    return max(paths, key=lambda p: (len(p.times), float(np.mean([b[2] * b[3] for b in p.boxes]))), default=Path())
