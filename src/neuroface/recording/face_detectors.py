"""Where face boxes come from: Haar cascades, YuNet with a user's model, given landmarks or a table of boxes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.errors import ConfigError, DataError, WeightsNotFoundError, did_you_mean
from neuroface.recording.crop import box_around
from neuroface.recording.face_mesh import FaceMesh
from neuroface.recording.faces import FaceDetector
from neuroface.recording.landmark_match import LandmarksAt
from neuroface.types import Frame, Recording

CASCADES = ("default", "alt", "alt2", "alt_tree")
BOX_COLUMNS = ("recording", "frame", "x", "y", "width", "height")


@dataclass(frozen=True)
class HaarDetector:
    """Frontal faces by a boosted cascade of Haar features (Viola & Jones, CVPR 2001), as OpenCV 4 ships it.

    cascade: alt2 finds more small and turned faces than default. max_side_px: the frame is shrunk to it before the
    search, and boxes are scaled back. scale_step: ratio between two sizes searched. neighbours: hits that a face must
    have. min_share: smallest face, as a share of the frame's shorter side. present: refuse boxes in which the face mesh
    (recording.face_mesh) sees no face.
    Errors: ConfigError for an unknown cascade or values without meaning; when it is called, WeightsNotFoundError for
    `present` without the mesh's file.
    """

    cascade: str = "alt2"
    max_side_px: int = 480
    scale_step: float = 1.1
    neighbours: int = 3
    min_share: float = 0.1
    present: bool = False
    _loaded: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.cascade not in CASCADES:
            raise ConfigError(f"There is no Haar cascade {self.cascade!r}." + did_you_mean(self.cascade, CASCADES))
        if not (self.max_side_px >= 24 and self.scale_step > 1 and self.neighbours >= 0 and 0 <= self.min_share <= 1):
            raise ConfigError(
                f"max_side_px={self.max_side_px}, scale_step={self.scale_step}, neighbours={self.neighbours}, "
                f"min_share={self.min_share}: max_side_px >= 24, scale_step > 1, neighbours >= 0 and "
                "0 <= min_share <= 1 are needed."
            )
        if self.present:
            self._loaded["mesh"] = FaceMesh(asked_by="faces.detector.present=true")

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: value for name, value in self._loaded.items() if name == "mesh"}
        return {**vars(self), "_loaded": kept}  # the classifier itself cannot travel to another process

    def __call__(self, frame: Frame) -> np.ndarray:
        """(N, 4) px: boxes of the faces found in a frame."""
        boxes = self._found(frame)
        if not self.present:
            return boxes
        return boxes[[self._loaded["mesh"].in_box(frame.color, box) is not None for box in boxes]].reshape(-1, 4)

    def _found(self, frame: Frame) -> np.ndarray:
        import cv2

        grey, shrink = _shrunk(cv2.cvtColor(frame.color, cv2.COLOR_RGB2GRAY), self.max_side_px)
        smallest = max(int(self.min_share * min(grey.shape)), 1)
        search = self._classifier().detectMultiScale
        found = search(grey, self.scale_step, self.neighbours, minSize=(smallest, smallest))
        return np.asarray(found, dtype=float).reshape(-1, 4) / shrink

    def _classifier(self) -> Any:
        if "cascade" not in self._loaded:
            import cv2

            if not hasattr(cv2, "CascadeClassifier"):
                raise ConfigError(f"OpenCV {cv2.__version__} has no Haar cascades. Install opencv-python>=4.11,<5.")
            file = Path(cv2.__file__).parent / "data" / f"haarcascade_frontalface_{self.cascade}.xml"
            if not file.is_file():
                raise ConfigError(f"OpenCV {cv2.__version__} came without {file.name}. Install opencv-python>=4.11,<5.")
            self._loaded["cascade"] = cv2.CascadeClassifier(str(file))
        return self._loaded["cascade"]


@dataclass(frozen=True)
class YuNetDetector:
    """Faces by YuNet (Wu et al., Machine Intelligence Research 20 (2023) 656) through OpenCV; the model is the user's.

    model: the ONNX file of YuNet, which OpenCV's model zoo publishes. min_score: 0..1. max_side_px: as HaarDetector.
    Errors: ConfigError when no model is named, WeightsNotFoundError when it is not there or is no YuNet.
    """

    model: str | Path | None = None
    min_score: float = 0.7
    max_side_px: int = 640
    _loaded: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.model is None:
            raise ConfigError("YuNet has no model. Set model to its ONNX file, which OpenCV's model zoo publishes.")
        if not Path(self.model).expanduser().is_file():
            raise WeightsNotFoundError(
                f"There is no YuNet model {self.model}. Get face_detection_yunet_2023mar.onnx from OpenCV's model zoo "
                "and set model to it, or use the Haar detector."
            )

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_loaded": {}}

    def __call__(self, frame: Frame) -> np.ndarray:
        """(N, 4) px: boxes of the faces found in a frame."""
        import cv2

        image, shrink = _shrunk(cv2.cvtColor(frame.color, cv2.COLOR_RGB2BGR), self.max_side_px)
        size = (image.shape[1], image.shape[0])
        try:
            if "network" not in self._loaded:
                model = str(Path(str(self.model)).expanduser())
                self._loaded["network"] = cv2.FaceDetectorYN.create(model, "", size, self.min_score)
            network = self._loaded["network"]
            network.setInputSize(size)
            _, found = network.detect(image)
        except cv2.error as error:
            raise WeightsNotFoundError(f"{self.model} cannot be used as a YuNet model: {error.err}.") from error
        return np.empty((0, 4)) if found is None else np.asarray(found[:, :4], dtype=float) / shrink


@dataclass(frozen=True)
class LandmarkBoxes:
    """The box around the landmarks that come with each recording, in the frame nearest in time."""

    def of(self, recording: Recording) -> FaceDetector:
        """Errors: DataError when the recording has no landmarks in pixels."""
        landmarks = recording.landmarks
        if landmarks.space != "pixel" or not np.isfinite(landmarks.points).any():
            raise DataError("has no landmarks in pixels to take the face from; choose a detector")
        known = LandmarksAt(landmarks)

        def detect(frame: Frame) -> np.ndarray:
            box = box_around(known.points(frame.timestamp_s))
            return np.empty((0, 4)) if box is None else box[None]

        return detect


@dataclass(frozen=True)
class BoxTable:
    """Boxes from a CSV with columns recording, frame (0-based), x, y, width, height; such as the faces.csv of a run.

    path: the file. A frame without a line has no face; several lines are several faces.
    Errors: ConfigError when no file is named.
    """

    path: str | Path | None = None

    def __post_init__(self) -> None:
        if self.path is None:
            raise ConfigError(f"The table of face boxes has no path. Set path to a CSV with {', '.join(BOX_COLUMNS)}.")

    def of(self, recording: Recording) -> FaceDetector:
        """Errors: DataError when the file cannot be read, lacks a column or does not name the recording."""
        import pandas as pd

        file = Path(str(self.path)).expanduser()
        try:
            table = pd.read_csv(file, dtype={"recording": str})
        except (OSError, ValueError) as error:
            raise DataError(f"{file} cannot be read as a table of boxes: {str(error).splitlines()[0]}") from error
        missing = [name for name in BOX_COLUMNS if name not in table.columns]
        if missing:
            raise DataError(f"{file} has no column {missing[0]!r}." + did_you_mean(missing[0], table.columns))
        own = table[table["recording"] == recording.name]
        if own.empty:
            raise DataError(f"{file} has no box of this recording." + did_you_mean(recording.name, table["recording"]))
        try:
            sides = own[list(BOX_COLUMNS[2:])].to_numpy(dtype=float)
            frames = own["frame"].to_numpy(dtype=float)
        except ValueError as error:
            raise DataError(f"{file} holds a box of {recording.name} that is not of numbers: {error}") from error
        if not (np.isfinite(sides).all() and np.isfinite(frames).all() and (frames == np.floor(frames)).all()):
            raise DataError(
                f"{file} holds a box of {recording.name} without a side, or a frame that is no whole number"
            )
        boxes = {int(frames[rows[0]]): sides[rows] for rows in pd.Series(frames).groupby(frames).indices.values()}
        return lambda frame: boxes.get(frame.index, np.empty((0, 4)))


def _shrunk(image: np.ndarray, max_side_px: int) -> tuple[np.ndarray, float]:
    """The image with its longer side at most `max_side_px`, and the factor it was shrunk by (<= 1)."""
    import cv2

    shrink = min(1.0, max_side_px / max(image.shape[:2]))
    if shrink == 1.0:
        return image, 1.0
    return cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), shrink
