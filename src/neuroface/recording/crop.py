"""Square crops of a face and warps to a canonical face, with the exact way back to the pixels of the frame.

Pixel (0, 0) is the centre of the first pixel, in the frame and in the crop. A box is (x, y, width, height) px: its
first pixel and how many it spans. What lies beyond the frame is black in a crop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from neuroface import face
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.recording import head_pose

ALIGNMENTS = ("box", "similarity", "perspective")

# Centre and side of what a canonical crop shows, mm about the mid-point of the inner canthi: from the brows (25 above)
# to the gnathion (115 below) or to the lower lip (79 below), and as wide as high. Source: Farkas, Anthropometry of the
# Head and Face, 1994, rounded.
PARTS = {"face": (np.array([0.0, 45.0]), 140.0), "inner": (np.array([0.0, 27.0]), 104.0)}
# Mouth corners of a closed mouth at rest: ch-ch 52 mm, 69 mm below the canthi (same source).
MOUTH_CORNERS_MM = np.array([[-26.0, 69.0], [26.0, 69.0]])


class Crop(Protocol):
    """A square image cut from a frame, and the mapping between the two; points are (..., 2) px.

    matrix: (3, 3), carries homogeneous px of the frame to px of the crop.
    """

    @property
    def size(self) -> int: ...

    @property
    def matrix(self) -> np.ndarray: ...

    def cut(self, image: np.ndarray) -> np.ndarray: ...

    def to_crop(self, points: np.ndarray) -> np.ndarray: ...

    def to_frame(self, points: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class SquareCrop:
    """`side` px from (left, top) of the frame, resized to `size` px; whole pixels, so that one resize is all."""

    left: int
    top: int
    side: int
    size: int

    @property
    def matrix(self) -> np.ndarray:
        """(3, 3): from homogeneous px of the frame to px of the crop."""
        (x, y), scale = self.to_crop(np.zeros(2)), self.size / self.side
        return np.array([[scale, 0.0, x], [0.0, scale, y], [0.0, 0.0, 1.0]])

    def cut(self, image: np.ndarray) -> np.ndarray:
        """(size, size, 3) of an image (H, W, 3): averaged by a whole factor where it shrinks twofold, then bilinear."""
        import cv2

        height, width = image.shape[:2]
        before = (max(-self.top, 0), max(-self.left, 0))
        after = (max(self.top + self.side - height, 0), max(self.left + self.side - width, 0))
        part = image[max(self.top, 0) : max(self.top + self.side, 0), max(self.left, 0) : max(self.left + self.side, 0)]
        if part.size == 0:
            return np.zeros((self.size, self.size, *image.shape[2:]), image.dtype)
        if any(before + after):
            part = cv2.copyMakeBorder(part, before[0], after[0], before[1], after[1], cv2.BORDER_CONSTANT)
        times = self.side // self.size
        if times > 1 and self.side % times == 0:  # whole pixels are averaged several times faster than parts of them
            part = cv2.resize(part, (self.side // times, self.side // times), interpolation=cv2.INTER_AREA)
        if part.shape[0] == self.size:
            return part.copy()
        how = cv2.INTER_AREA if part.shape[0] >= 2 * self.size else cv2.INTER_LINEAR
        return cv2.resize(part, (self.size, self.size), interpolation=how)

    def to_crop(self, points: np.ndarray) -> np.ndarray:
        """(..., 2) px of the crop."""
        return (points - np.array([self.left, self.top]) + 0.5) * (self.size / self.side) - 0.5

    def to_frame(self, points: np.ndarray) -> np.ndarray:
        """(..., 2) px of the frame."""
        return (points + 0.5) * (self.side / self.size) + np.array([self.left, self.top]) - 0.5


@dataclass(frozen=True, eq=False)
class WarpedCrop:
    """A perspective (or similarity) warp: matrix (3, 3) carries px of the frame to px of the crop."""

    matrix: np.ndarray
    size: int

    def cut(self, image: np.ndarray) -> np.ndarray:
        """(size, size, 3) of an image (H, W, 3), bilinear, after halving it as often as the warp shrinks it twofold."""
        import cv2

        matrix = self.matrix
        shrink = np.sqrt(abs(np.linalg.det(matrix[:2, :2] / matrix[2, 2])))
        while 0 < shrink < 0.5:
            image, matrix, shrink = cv2.pyrDown(image), matrix @ np.diag([2.0, 2.0, 1.0]), shrink * 2
        return cv2.warpPerspective(image, matrix, (self.size, self.size), flags=cv2.INTER_LINEAR)

    def to_crop(self, points: np.ndarray) -> np.ndarray:
        """(..., 2) px of the crop."""
        return _apply(self.matrix, points)

    def to_frame(self, points: np.ndarray) -> np.ndarray:
        """(..., 2) px of the frame."""
        return _apply(np.linalg.inv(self.matrix), points)


def square(box: np.ndarray, *, margin: float = 0.25, size: int = 256) -> SquareCrop:
    """The square about the centre of a box, its longer side grown by `margin` of it on each side.

    Errors: ConfigError for a margin that leaves nothing or a size below 1; DataError for a box without extent.
    """
    check_settings("face", margin, size)
    x, y, width, height = (float(value) for value in box)
    if not (width > 0 and height > 0 and np.isfinite([x, y]).all()):
        raise DataError(f"A face box is x={x:g}, y={y:g}, width={width:g}, height={height:g}; it has no extent.")
    side = max(round(max(width, height) * (1 + 2 * margin)), 1)
    times = max(side // size, 1)
    side -= side % times  # SquareCrop averages whole pixels
    return SquareCrop(round(x + (width - side) / 2), round(y + (height - side) / 2), side, size)


def box_around(points: np.ndarray) -> np.ndarray | None:
    """(4,) px: the box that spans the landmarks (68, 2) that are not missing; None when fewer than three are there."""
    seen = points[np.isfinite(points).all(axis=1)]
    if len(seen) < 3:
        return None
    low, high = seen.min(axis=0), seen.max(axis=0)
    return np.concatenate([low, high - low])


def warp(
    points: np.ndarray, *, align: str, part: str = "face", margin: float = 0.25, size: int = 256
) -> WarpedCrop | None:
    """The warp that carries a face with these landmarks, (68, 2) px, to the canonical face; None if too few are seen.

    part: "face", or "inner", its features without jaw, hair and what is behind.
    align "similarity": turned, scaled and moved by a least-squares fit of points that ride on the skull (nose, canthi),
    so a face keeps its shape and its expression. "perspective": a homography fitted to these and the mouth corners; it
    also evens out a turned head, and with it takes away a part of what mouth corners do. Both are for appearance, not
    for kinematics.
    Errors: ConfigError for another `align` or `part`.
    """
    import cv2

    check_settings(part, margin, size)
    if align not in ("similarity", "perspective"):
        raise ConfigError(f"align={align} is no warp." + did_you_mean(align, ("similarity", "perspective")))
    anchors, target = canonical_anchors(corners=align == "perspective", part=part, margin=margin, size=size)
    source = points[anchors]
    seen = np.isfinite(source).all(axis=1)
    if seen.sum() < 6:
        return None
    if align == "similarity":
        return WarpedCrop(similarity(source[seen], target[seen]), size)
    matrix, _ = cv2.findHomography(source[seen], target[seen], 0)
    return None if matrix is None else WarpedCrop(matrix, size)


def canonical_anchors(*, corners: bool, part: str = "face", margin: float, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks (K,) that a warp is fitted to, with mouth corners if asked for, and their (K, 2) px in the crop."""
    anchors, flat = head_pose.RIGID_POINTS, head_pose.RIGID_FACE_MM[:, :2]
    if corners:
        anchors = np.append(anchors, [face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT])
        flat = np.concatenate([flat, MOUTH_CORNERS_MM])
    centre_mm, side_mm = PARTS[part]
    scale = size / (side_mm * (1 + 2 * margin))
    return anchors, (flat - centre_mm) * scale + (size - 1) / 2


def share_outside(crop: Crop, frame_size: tuple[int, int]) -> float:
    """0..1: how much of a crop lies beyond the frame of (width, height) px, where it is black."""
    import cv2

    edge = crop.size - 0.5
    corners = crop.to_frame(np.array([[-0.5, -0.5], [edge, -0.5], [edge, edge], [-0.5, edge]]))
    right, bottom = frame_size[0] - 0.5, frame_size[1] - 0.5
    frame = np.array([[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]])
    whole = cv2.contourArea(corners.astype(np.float32))
    inside, _ = cv2.intersectConvexConvex(corners.astype(np.float32), frame.astype(np.float32))
    return float(np.clip(1 - inside / whole, 0, 1)) if whole > 0 else 1.0


def check_settings(part: str, margin: float, size: int) -> None:
    """Errors: ConfigError for settings of a crop that make no sense."""
    if part not in PARTS:
        raise ConfigError(f"part={part}: a face has no such part." + did_you_mean(part, PARTS))
    if not margin > -0.5 or size < 1:
        raise ConfigError(
            f"margin={margin}, size={size}: margin above -0.5 (a share of the box) and size >= 1 px are needed."
        )


def _apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(..., 2): points carried by a homography (3, 3)."""
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    return moved[..., :2] / moved[..., 2:]


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(3, 3): the similarity that carries source onto target, both (K, 2) px, with least squares.

    As complex numbers, target = a source + b with one complex a (Umeyama, IEEE TPAMI 13 (1991) 376, in the plane).
    """
    z, w = source @ [1, 1j], target @ [1, 1j]
    a = np.vdot(z - z.mean(), w - w.mean()) / np.vdot(z - z.mean(), z - z.mean())
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag], [0.0, 0.0, 1.0]])
