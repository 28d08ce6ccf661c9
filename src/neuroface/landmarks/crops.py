"""Crops as the published FAN takes them: a square of 200 px times a scale about a centre, resized to the input's size.

The geometry of face-alignment's `crop` and `transform` without their rounding to whole pixels, so that the way to the
crop and back is exact. Pixel (0, 0) is the centre of the first pixel, in the frame and in the crop; what lies beyond
the frame is black.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuroface.errors import DataError
from neuroface.recording.crop import box_around

# face-alignment 1.5, utils.py: px of the square at scale 1; how far the centre of a box is moved up, in its heights;
# width + height, px, of a box of scale 1 (S3FD's boxes, and boxes of the points in the authors' own evaluation).
PX_PER_SCALE = 200.0
CENTRE_SHIFT = 0.12
REFERENCE_SCALE = 195.0


@dataclass(frozen=True)
class FanCrop:
    """The square of `200 scale` px about `centre` (x, y), px of the frame, as an image of `size` px."""

    centre: tuple[float, float]
    scale: float
    size: int = 256

    @property
    def side(self) -> float:
        """Side of the square, px of the frame."""
        return PX_PER_SCALE * self.scale

    @property
    def matrix(self) -> np.ndarray:
        """(3, 3): from homogeneous px of the frame to px of the crop."""
        (x, y), zoom = self.to_crop(np.zeros(2)), self.size / self.side
        return np.array([[zoom, 0.0, x], [0.0, zoom, y], [0.0, 0.0, 1.0]])

    def to_crop(self, points: np.ndarray) -> np.ndarray:
        """(..., 2) px of the crop."""
        return (points - np.array(self.centre)) * (self.size / self.side) + (self.size - 1) / 2

    def to_frame(self, points: np.ndarray) -> np.ndarray:
        """(..., 2) px of the frame."""
        return (points - (self.size - 1) / 2) * (self.side / self.size) + np.array(self.centre)

    def cut(self, image: np.ndarray) -> np.ndarray:
        """(size, size, 3) of an image (H, W, 3); bilinear without smoothing first, as the published network saw it."""
        import cv2

        return cv2.warpAffine(image, self.matrix[:2], (self.size, self.size), flags=cv2.INTER_LINEAR)


def from_box(box_xyxy: np.ndarray, *, reference_scale: float = REFERENCE_SCALE, size: int = 256) -> FanCrop:
    """The crop of a face box (left, top, right, bottom), px of the frame.

    reference_scale: width + height of a box of scale 1; it belongs to the detector whose boxes these are.
    Errors: DataError for a box without extent.
    """
    left, top, right, bottom = (float(edge) for edge in box_xyxy)
    width, height = right - left, bottom - top
    if not (width > 0 and height > 0 and np.isfinite([left, top, width, height]).all()):
        edges = f"left={left:g}, top={top:g}, right={right:g}, bottom={bottom:g}"
        raise DataError(f"A face box is {edges}; it has no extent.")
    centre = (left + width / 2, top + height / 2 - CENTRE_SHIFT * height)
    return FanCrop(centre, (width + height) / reference_scale, size)


def from_points(points: np.ndarray, size: int = 256) -> FanCrop:
    """The crop of the box that spans the landmarks (68, 2), px of the frame; missing points are left out.

    Errors: DataError when fewer than three points are there.
    """
    box = box_around(points)
    if box is None:
        raise DataError("Fewer than three of the landmarks are there, so no face can be cropped around them.")
    return from_box(np.concatenate([box[:2], box[:2] + box[2:]]), size=size)


def cut_many(image: np.ndarray, crops: Sequence[FanCrop]) -> np.ndarray:
    """(N, size, size, 3) uint8: the crops of one image (H, W, 3) uint8; all of one size."""
    return np.stack([crop.cut(image) for crop in crops])
