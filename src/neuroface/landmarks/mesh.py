"""MediaPipe's face mesh on a recording's own video: one face, tracked from frame to frame, as 68 landmarks in px."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from neuroface import face, model_files
from neuroface.errors import ConfigError
from neuroface.landmarks import mesh68
from neuroface.landmarks.given import steady
from neuroface.landmarks.per_frame import Points68, frames_of, gathered
from neuroface.recording import whose as whose_face
from neuroface.recording.best_detector import BestDetector
from neuroface.recording.face_mesh import PRESENT, FaceMesh, MeshFace
from neuroface.recording.faces import FaceDetector, first, overlap
from neuroface.types import Frame, Landmarks, Recording

# Own error of a point, share of the outer eye distance: scripts/compare_landmarks.py on 21 open clips.
ERROR = 0.008


class MeshDetector:
    """A landmark step: Recording -> (Landmarks in px, counts), by the face mesh over the recording's video.

    detector: takes a Frame and returns face boxes (N, 4) px, or a given source with `.of(recording)`; None is
    BestDetector(). Its boxes are looked at by the mesh and refused where no face is present. whose: largest, central,
    longest or boxes, see recording.whose. index_list, offsets: see mesh68. min_presence: 0..1, from which a face is
    believed. track: look where the face was last; otherwise search it in every frame. patience_s: time after which a
    face that was lost may be found elsewhere. extras: keep all 468 points with their depth. max_gap_s, median_frames,
    smooth, cutoff_hz: see given.steady.
    Errors: ConfigError for values without meaning; when it is called, WeightsNotFoundError where the mesh's file is not
    there.
    """

    reads_video = True

    def __init__(
        self,
        *,
        detector: Any = None,
        whose: str = "largest",
        index_list: str = "yan",
        offsets: str = "none",
        min_presence: float = PRESENT,
        track: bool = True,
        patience_s: float = 1.0,
        extras: bool = False,
        max_gap_s: float = 0.1,
        median_frames: int = 5,
        smooth: str = "none",
        cutoff_hz: float = 12.0,
    ) -> None:
        mesh68.points68(np.zeros((468, 2)), index_list)
        mesh68.offset(np.ones((1, face.N_POINTS, 2)), offsets)
        if not 0 < min_presence < 1 or patience_s < 0:
            raise ConfigError(
                f"landmarks.min_presence={min_presence}, landmarks.patience_s={patience_s}: a presence between 0 and 1 "
                "and a patience of at least 0 s are needed."
            )
        self.detector = BestDetector() if detector is None else detector
        whose_face.check(whose, given_boxes=hasattr(self.detector, "of"))
        self.whose, self.index_list, self.offsets = whose, index_list, offsets
        self.min_presence, self.track, self.patience_s, self.extras = min_presence, track, patience_s, extras
        self.steadily = partial(
            steady, max_gap_s=max_gap_s, median_frames=median_frames, smooth=smooth, cutoff_hz=cutoff_hz
        )
        self._mesh = FaceMesh(asked_by="landmarks=mesh")

    @property
    def described(self) -> str:
        """What found the landmarks, in words."""
        boxes = getattr(self.detector, "described", type(self.detector).__name__)
        how = "at the start and when lost" if self.track else "in every frame"
        model = f"face mesh of MediaPipe ({model_files.MODELS['mesh'].sha256[:12]})"
        return (
            f"{model}, 468 to 68 points by the list {self.index_list}, offsets={self.offsets}, boxes by {boxes} {how}, "
            f"whose={self.whose}; usual error {100 * ERROR:.1f} % of the outer eye distance"
        )

    def __call__(self, recording: Recording) -> tuple[Landmarks, dict[str, int]]:
        """(T, 68, 2) px with the face's presence as score, and counts: those of `steady`, frames_without_face,
        faces_detected_again, frames_with_other_faces (of one frame in a second) and faces_elsewhere (a lost face was
        found again in another place, and may be another's).

        Which frames: see per_frame.frames_of. A frame without a face is NaN with score 0.
        Errors: DataError without video, or without a face in any frame.
        """
        detector = whose_face.detector_for(recording, self._boxes_of(recording), self.whose)
        follower = Follower(self._mesh, detector, self)
        seen: list[np.ndarray] = []
        landmarks, missing = gathered(self._faces(follower(frames_of(recording)), seen))
        if self.extras:
            landmarks = replace(landmarks, extras={"mesh": np.stack(seen)})
        landmarks, counts = self.steadily(landmarks)
        told = {
            "frames_without_face": missing,
            "faces_detected_again": follower.searched_again,
            "frames_with_other_faces": follower.others.frames,
            "faces_elsewhere": follower.elsewhere,
        }
        return landmarks, {**counts, **told}

    def _boxes_of(self, recording: Recording) -> FaceDetector:
        """The detector for one recording; where the longest face counts, without boxes in which no face is present.

        What a cascade takes for a face on a shirt is there as long as the shirt.
        """
        found: FaceDetector = self.detector.of(recording) if hasattr(self.detector, "of") else self.detector
        if self.whose != "longest":
            return found

        def real(frame: Frame) -> np.ndarray:
            boxes = np.asarray(found(frame), dtype=float).reshape(-1, 4)
            seen = [self._mesh.in_box(frame.color, box, min_presence=self.min_presence) for box in boxes]
            return boxes[[one is not None for one in seen]]

        return real

    def _faces(
        self, found: Iterable[tuple[float, MeshFace | None]], seen: list[np.ndarray]
    ) -> Iterator[tuple[float, Points68 | None]]:
        """The 68 points of each face; with `extras` its 468, float32, are added to `seen`."""
        for time, one in found:
            if self.extras:
                missing = np.full((468, 3), np.nan, dtype=np.float32)
                seen.append(missing if one is None else one.points.astype(np.float32))
            if one is None:
                yield time, None
                continue
            points = mesh68.offset(mesh68.points68(one.points[:, :2], self.index_list), self.offsets)
            yield time, Points68(points, np.full(face.N_POINTS, one.presence))


class Follower:
    """Follows one face through frames: looked for where it was last, searched where it is not."""

    def __init__(self, mesh: FaceMesh, detector: FaceDetector, how: MeshDetector) -> None:
        self._mesh, self._detector, self._how = mesh, detector, how
        self._last: MeshFace | None = None  # in the frame before
        self._known: tuple[float, MeshFace] | None = None  # the last one at all, and when
        self.searched_again = self.elsewhere = 0
        self._boxes: np.ndarray | None = None  # of this frame, where it was searched
        self.others = whose_face.Others(detector, self._is_face)

    def __call__(self, frames: Iterable[tuple[float, Frame]]) -> Iterator[tuple[float, MeshFace | None]]:
        for time, frame in frames:
            seen, self._boxes = None, None
            if self._last is not None and self._how.track:
                seen = self._mesh.again(frame.color, self._last, min_presence=self._how.min_presence)
            if seen is None:
                seen = self._searched(time, frame)
            self._last = seen
            if seen is not None:
                self._known = (time, seen)
                self.others.look(frame, seen.box, self._boxes)
            yield time, seen

    def _searched(self, time: float, frame: Frame) -> MeshFace | None:
        self.searched_again += self._how.track and self._known is not None
        boxes = np.asarray(self._detector(frame), dtype=float).reshape(-1, 4)
        boxes = self._boxes = boxes[np.isfinite(boxes).all(axis=1)]
        here = self._where_it_was(boxes)
        recent = self._known is not None and time - self._known[0] <= self._how.patience_s
        for box in here if recent else [*here, *self._by_rule(boxes, frame)]:
            seen = self._mesh.in_box(frame.color, box, min_presence=self._how.min_presence)
            if seen is not None:
                self.elsewhere += self._known is not None and not any(box is own for own in here)
                return seen
        return None

    def _is_face(self, frame: Frame, box: np.ndarray) -> bool:
        return self._mesh.in_box(frame.color, box, min_presence=self._how.min_presence) is not None

    def _where_it_was(self, boxes: np.ndarray) -> list[np.ndarray]:
        """Boxes that overlap with the face as it was last seen, the most first."""
        if self._known is None:
            return []
        shared = [overlap(self._known[1].box, box) for box in boxes]
        order = np.argsort(-np.array(shared), kind="stable")
        return [boxes[at] for at in order if shared[at] >= whose_face.ONE_FACE]

    def _by_rule(self, boxes: np.ndarray, frame: Frame) -> Iterator[np.ndarray]:
        """All boxes, the one that the rule prefers first."""
        left = list(boxes)
        while left:
            yield left.pop(first(np.array(left), frame.color, self._how.whose))
