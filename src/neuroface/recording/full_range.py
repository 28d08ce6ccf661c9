"""MediaPipe's dense full-range face detector by OpenCV: boxes of faces up to some five metres away.

The network is `face_detection_full_range.tflite`, which `neuroface fetch full_range` brings: a square of 192 px, and a
box, six points and a score for each cell of 4 x 4 px (Bazarevsky et al., "BlazeFace", CVPR workshop 2019).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neuroface import model_files
from neuroface.errors import ConfigError
from neuroface.recording.face_mesh import cut
from neuroface.recording.faces import overlap
from neuroface.types import Frame

INPUT, CELL, VALUES = 192, 4, 16  # px; px; box (4) and six points
# Boxes that overlap by more are of one face: MediaPipe's face_detection graph.
SAME_FACE = 0.3


@dataclass(frozen=True)
class FullRangeDetector:
    """Faces of any frame, boxes from brow to chin. min_score: 0..1, from which a box is a face.

    Errors: ConfigError for a score without meaning; when it is called, WeightsNotFoundError where the file is missing
    or is another one.
    """

    min_score: float = 0.5
    _loaded: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < self.min_score < 1:
            raise ConfigError(f"min_score={self.min_score}: a score between 0 and 1 is needed.")

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_loaded": {}}  # the network cannot travel

    def __call__(self, frame: Frame) -> np.ndarray:
        """(N, 4) px: boxes of the faces found in a frame, the surest first."""
        import cv2

        if "network" not in self._loaded:
            file = model_files.find("full_range", asked_by="faces/detector=full_range")
            self._loaded["network"] = cv2.dnn.readNetFromTFLite(str(file))
        network, matrix = self._loaded["network"], _whole(*frame.color.shape[:2])
        network.setInput(cv2.dnn.blobFromImage(cut(frame.color, matrix, INPUT), 1 / 127.5, mean=(127.5,) * 3))
        values, scores = sorted(network.forward(network.getUnconnectedOutLayersNames()), key=lambda out: -out.size)
        boxes = _merged(*_decoded(values.reshape(-1, VALUES), scores.ravel(), self.min_score))
        boxes[:, :2] += matrix[:, 2] / matrix[0, 0]
        return boxes * matrix[0, 0]


def _whole(height: int, width: int) -> np.ndarray:
    """(2, 3): from px of the network's input to px of an image that it holds as a whole, in its middle."""
    step = max(height, width) / INPUT
    return np.array([[step, 0.0, (width - 1) / 2 - step * INPUT / 2], [0.0, step, (height - 1) / 2 - step * INPUT / 2]])


def _decoded(values: np.ndarray, scores: np.ndarray, min_score: float) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (N, 4), px of the input, and scores (N,) of the cells in which a face has its middle."""
    sure = 1 / (1 + np.exp(-np.clip(scores.astype(float), -80, 80)))
    cells = np.flatnonzero(sure >= min_score)
    per_row = INPUT // CELL
    middle = values[cells, :2] + (np.column_stack([cells % per_row, cells // per_row]) + 0.5) * CELL
    size = values[cells, 2:4].astype(float)
    real = (size > 0).all(axis=1)
    return np.hstack([middle - size / 2, size])[real], sure[cells][real]


def _merged(boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(M, 4): the boxes of each face as their mean, weighted by score, the surest face first."""
    order = np.argsort(-scores, kind="stable")
    boxes, scores = boxes[order], scores[order]
    faces = []
    while len(boxes):
        same = np.array([overlap(boxes[0], box) > SAME_FACE for box in boxes])
        same[0] = True
        faces.append(np.average(boxes[same], axis=0, weights=scores[same]))
        boxes, scores = boxes[~same], scores[~same]
    return np.array(faces).reshape(-1, 4)
