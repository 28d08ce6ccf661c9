"""The third-party package face-alignment as a landmark step: its own face detector in every frame, its own network."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.errors import WeightsNotFoundError
from neuroface.landmarks import engines
from neuroface.landmarks.crops import from_box
from neuroface.landmarks.given import steady
from neuroface.landmarks.per_frame import frames_of, gathered
from neuroface.landmarks.tracking import Found
from neuroface.landmarks.weights import OFFICIAL_NAME, OFFICIAL_SIZE
from neuroface.recording.faces import overlap
from neuroface.types import Frame, Landmarks, Recording

# What FaceAlignment 1.5 fetches in its constructor, and how much that is.
FILES = {OFFICIAL_NAME: OFFICIAL_SIZE, "s3fd-619a316812.pth": "about 86 MiB"}


class FaceAlignmentDetector:
    """A landmark step: Recording -> (Landmarks in px, counts), by face_alignment.FaceAlignment in every frame.

    Its boxes come from S3FD, to whose boxes its landmarks belong. Of several faces the one that overlaps most with the
    last one is kept, at the start the largest. allow_download: let it fetch its two weight files where they are
    missing. flip: average with the mirrored face, as it does by default. max_gap_s, median_frames, smooth,
    cutoff_hz: see given.steady.
    Bulat & Tzimiropoulos, ICCV 2017; Zhang et al., "S3FD", ICCV 2017.
    """

    reads_video = True

    def __init__(
        self,
        *,
        allow_download: bool = False,
        flip: bool = True,
        max_gap_s: float = 0.1,
        median_frames: int = 5,
        smooth: str = "none",
        cutoff_hz: float = 12.0,
        device: str = "auto",
    ) -> None:
        self.allow_download, self.flip = allow_download, flip
        self.steadily = partial(
            steady, max_gap_s=max_gap_s, median_frames=median_frames, smooth=smooth, cutoff_hz=cutoff_hz
        )
        self.device = device
        self._aligner: Any = None

    @property
    def described(self) -> str:
        """What found the landmarks, in words."""
        return f"face-alignment, flip={self.flip}, boxes by S3FD in every frame"

    def __call__(self, recording: Recording) -> tuple[Landmarks, dict[str, int]]:
        """(T, 68, 2) px with scores, and counts: those of `steady` and frames_without_face.

        Errors: WeightsNotFoundError for weights that may not be fetched; DataError without video or any face.
        """
        if self._aligner is None:
            self._aligner = self._loaded()
        landmarks, missing = gathered(self._found(recording))
        landmarks, counts = self.steadily(landmarks)
        return landmarks, {**counts, "frames_without_face": missing}

    def _loaded(self) -> Any:
        if not self.allow_download:
            _check_files()
        import face_alignment

        return face_alignment.FaceAlignment(
            face_alignment.LandmarksType.TWO_D,
            device=str(engines.place(self.device)),
            flip_input=self.flip,
            compile=False,  # it would take a minute, and more than it saves on a CPU
        )

    def _found(self, recording: Recording) -> Iterator[tuple[float, Found | None]]:
        last: np.ndarray | None = None
        for time, frame in frames_of(recording):
            boxes = _boxes(self._aligner.face_detector, frame)
            if not boxes:
                yield time, None
                continue
            last = max(boxes, key=lambda box: _extent(box) if last is None else _shared(box, last))
            points, scores, _ = self._aligner.get_landmarks_from_image(
                frame.color, detected_faces=[last], return_landmark_score=True
            )
            height = scores[0] / (2 if self.flip else 1)  # it adds up the heat-maps of both sides
            yield time, Found(points[0][:, :2], np.clip(height, 0, 1), from_box(last[:4]))


def _boxes(detector: Any, frame: Frame) -> list[np.ndarray]:
    """(left, top, right, bottom, score) px of each face."""
    return [np.asarray(box, dtype=float) for box in detector.detect_from_image(frame.color.copy())]


def _extent(box: np.ndarray) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def _shared(box: np.ndarray, other: np.ndarray) -> float:
    return overlap(*(np.array([b[0], b[1], b[2] - b[0], b[3] - b[1]]) for b in (box, other)))


def _check_files() -> None:
    """WeightsNotFoundError, before anything is fetched, for the files that face-alignment would fetch."""
    import torch

    folder = Path(torch.hub.get_dir()) / "checkpoints"
    missing = [f"{name} ({size})" for name, size in FILES.items() if not (folder / name).is_file()]
    if missing:
        raise WeightsNotFoundError(
            f"landmarks=face_alignment: {folder} lacks {' and '.join(missing)}. "
            "Set landmarks.allow_download=true to let face-alignment fetch them, or put them there yourself."
        )
