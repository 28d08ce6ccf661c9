"""MediaPipe's face mesh by OpenCV: 468 points of one face in a turned square of the image, and whether one is there.

The network is `face_landmark.tflite` (Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on
Mobile GPUs", CVPR workshop 2019), which `neuroface fetch mesh` brings. Pixel (0, 0) is the centre of the first pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neuroface import model_files

N_POINTS, INPUT = 468, 192  # points; side of the network's input, px
# A face is believed from here: MediaPipe's own threshold. 15 false boxes of a Haar cascade in 209 frames of 21 clips
# had at most .06, but for one that held a face; tracked faces had at least .96.
PRESENT = 0.5
# Side of the square over the longer side of the box of the 468 points, and of a detector's box (MediaPipe's graphs
# face_landmark_landmarks_to_roi and face_detection_front_detection_to_roi).
ROOM = 1.5
# What the network may say of a box that a detector put less well than its own points do, before it is looked at again.
WORTH_ANOTHER_LOOK = 0.2
EYE_RIGHT_OUTER, EYE_LEFT_OUTER = 33, 263  # points of the mesh that a face is turned upright by


@dataclass(frozen=True)
class Region:
    """A square of `side` px about `centre` (x, y) px, turned by `angle` rad in the image."""

    centre: tuple[float, float]
    side: float
    angle: float = 0.0

    @property
    def to_image(self) -> np.ndarray:
        """(2, 3): from homogeneous px of the network's input to px of the image.

        The middle of the input is at INPUT / 2, as in MediaPipe's own warp, and not half a pixel before it.
        """
        step = self.side / INPUT
        turn = step * np.array([[np.cos(self.angle), -np.sin(self.angle)], [np.sin(self.angle), np.cos(self.angle)]])
        return np.column_stack([turn, np.array(self.centre) - turn @ np.full(2, INPUT / 2)])


@dataclass(frozen=True, eq=False)
class MeshFace:
    """points: (468, 3) px; x and y of the image, z towards the back, to the same scale. presence: 0..1."""

    points: np.ndarray
    presence: float

    @property
    def region(self) -> Region:
        """Where to look for the same face next."""
        (right, left) = self.points[[EYE_RIGHT_OUTER, EYE_LEFT_OUTER], :2]
        angle = float(np.arctan2(*(left - right)[::-1]))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        upright = self.points[:, :2] @ turn
        low, high = upright.min(axis=0), upright.max(axis=0)
        x, y = turn @ ((low + high) / 2)
        return Region((float(x), float(y)), ROOM * float((high - low).max()), angle)

    @property
    def box(self) -> np.ndarray:
        """(4,) px: x, y, width, height that span the points."""
        low, high = self.points[:, :2].min(axis=0), self.points[:, :2].max(axis=0)
        return np.concatenate([low, high - low])


class FaceMesh:
    """The network, read when it is first needed; `asked_by` is the choice that needs it.

    Looking raises WeightsNotFoundError where its file is not there, or is another one.
    """

    def __init__(self, *, asked_by: str) -> None:
        self._asked_by = asked_by
        self._network: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_network": None}  # which cannot travel to another process

    def look(self, image: np.ndarray, region: Region) -> MeshFace:
        """What the network sees in a region of an image (H, W, 3) uint8 RGB, whether it is a face or not."""
        import cv2

        if self._network is None:
            self._network = cv2.dnn.readNetFromTFLite(str(model_files.find("mesh", asked_by=self._asked_by)))
        matrix = region.to_image
        self._network.setInput(cv2.dnn.blobFromImage(cut(image, matrix, INPUT), 1 / 255))
        points, presence = sorted(
            self._network.forward(self._network.getUnconnectedOutLayersNames()), key=lambda out: -out.size
        )
        points = points.reshape(N_POINTS, 3).astype(float)
        xy = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        z = points[:, 2:] * (region.side / INPUT)
        return MeshFace(np.hstack([xy, z]), float(1 / (1 + np.exp(-float(presence.ravel()[0])))))

    def in_box(self, image: np.ndarray, box: np.ndarray, *, min_presence: float = PRESENT) -> MeshFace | None:
        """The face in a detector's box (4,) px, looked at twice, the second time where its own points are.

        None where no face is present.
        """
        x, y, width, height = box
        seen = self.look(image, Region((x + width / 2, y + height / 2), ROOM * max(width, height)))
        if seen.presence < min(WORTH_ANOTHER_LOOK, min_presence):
            return None
        return self.again(image, seen, min_presence=min_presence)

    def again(self, image: np.ndarray, last: MeshFace, *, min_presence: float = PRESENT) -> MeshFace | None:
        """The face where it was last; None where it no longer is."""
        region = last.region
        inside = all(0 <= at < side for at, side in zip(region.centre, image.shape[1::-1], strict=True))
        if not inside or not region.side > 0:
            return None
        seen = self.look(image, region)
        return seen if seen.presence >= min_presence else None


def cut(image: np.ndarray, to_image: np.ndarray, size: int) -> np.ndarray:
    """(size, size, 3): the part of an image that px of the result fall on, bilinear; black beyond the image.

    to_image: (2, 3), from px of the result to px of the image. An image that shrinks more than twofold is halved first,
    as often as it takes, so that single pixels do not flicker in and out.
    """
    import cv2

    shrink = float(np.sqrt(abs(np.linalg.det(to_image[:, :2]))))
    while shrink > 2:
        image, to_image, shrink = cv2.pyrDown(image), to_image / 2, shrink / 2
    return cv2.warpAffine(image, to_image, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
