"""Faces as they could also have been filmed: mirrored, turned, nearer, in other light, partly covered."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from neuroface import face
from neuroface.errors import ConfigError

COVER_SIDE = (0.15, 0.4)  # sides of what covers a part of the face, as shares of the view


@dataclass(frozen=True)
class Augmentation:
    """How far a view of a face may be changed; each amount is drawn anew for each view.

    flip: share of views that are mirrored, landmarks changing sides with them. rotation_deg: largest turn in the
    picture. scale: largest change of size, as a share (0.2: between 1/1.2 and 1.2 times). shift: largest move along
    each axis, as a share of the view. colour: largest change of brightness, of each colour channel by half as much, and
    of contrast, as a share. occlusion: share of views in which a rectangle covers a part of the face; landmarks under
    it count, for where they are follows from the rest of the face.
    Errors: ConfigError for amounts without meaning.
    """

    flip: float = 0.5
    rotation_deg: float = 25.0
    scale: float = 0.2
    shift: float = 0.05
    colour: float = 0.3
    occlusion: float = 0.3

    def __post_init__(self) -> None:
        for name in ("flip", "occlusion"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"augmentation.{name} is a share of views, 0 to 1; got {getattr(self, name)!r}.")
        for name in ("rotation_deg", "scale", "shift", "colour"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ConfigError(f"augmentation.{name} must be 0 or more; got {getattr(self, name)!r}.")

    def __call__(
        self, crop: np.ndarray, points: np.ndarray, size: int, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """A changed view (size, size, 3) uint8 of a crop (S, S, 3) uint8, and its landmarks (68, 2) px of the view.

        points: (68, 2) px of the crop; NaN stays NaN. What the view shows beyond the crop is black.
        """
        mirrored = bool(generator.random() < self.flip)
        matrix = self._matrix(crop.shape[0], size, mirrored, generator)
        picture = cv2.warpAffine(crop, matrix, (size, size), flags=cv2.INTER_LINEAR)
        moved = points @ matrix[:, :2].T + matrix[:, 2]
        picture = self._recolour(picture, generator)
        if generator.random() < self.occlusion:
            _cover(picture, generator)
        return picture, moved[face.MIRROR] if mirrored else moved

    def _matrix(self, side: int, size: int, mirrored: bool, generator: np.random.Generator) -> np.ndarray:
        """(2, 3): from px of the crop to px of the view, about the middle of both."""
        angle = np.radians(self.rotation_deg * generator.uniform(-1, 1))
        zoom = (1 + self.scale) ** generator.uniform(-1, 1)
        shift = size * self.shift * generator.uniform(-1, 1, 2)
        turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        if mirrored:
            turn = turn @ np.diag([-1.0, 1.0])
        middle = np.full(2, (side - 1) / 2)
        return np.column_stack([turn, (size - 1) / 2 + shift - turn @ middle])

    def _recolour(self, picture: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Brightness, colour cast and contrast changed."""
        cast = (1 + self.colour / 2) ** generator.uniform(-1, 1, 3)
        brightness, contrast = (1 + self.colour) ** generator.uniform(-1, 1, 2)
        levels = np.arange(256.0)[:, None] * brightness * cast
        table = np.clip(128 + (levels - 128) * contrast, 0, 255).round().astype(np.uint8)
        return cv2.LUT(picture, table[:, None, :])


def middle(crops: np.ndarray, points: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The middle (..., size, size, 3) of crops (..., S, S, 3), and landmarks (..., 68, 2) px of it.

    Errors: ConfigError for crops smaller than `size`, or that have no middle on whole pixels.
    """
    border, odd = divmod(crops.shape[-2] - size, 2)
    if border < 0 or odd:
        raise ConfigError(
            f"Crops are {crops.shape[-2]} px wide, the network sees {size} px: crops must be as large, or larger by an "
            "even number of px. Collect them with size of the network."
        )
    inner = slice(border, border + size)
    return crops[..., inner, inner, :], points - border


def _cover(picture: np.ndarray, generator: np.random.Generator) -> None:
    """A rectangle of one colour over a part of a view, in place."""
    size = len(picture)
    width, height = (size * generator.uniform(*COVER_SIDE, 2)).astype(int)
    left, top = generator.integers(0, size - width), generator.integers(0, size - height)
    picture[top : top + height, left : left + width] = generator.integers(0, 256, 3)
