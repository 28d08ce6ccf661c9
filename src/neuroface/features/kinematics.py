"""The signals that several features share, computed once per repetition.

A set such as ps13_v1 asks for the areas of the two mouth halves four times. `kinematics(landmarks)` hands every
feature the same lazily filled object, which lives as long as the landmarks do; landmarks are frozen, so it stays true.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal
from weakref import WeakKeyDictionary

import numpy as np

from neuroface import face, geometry, signals
from neuroface.types import Landmarks

_KNOWN: WeakKeyDictionary[Landmarks, Kinematics] = WeakKeyDictionary()


def kinematics(landmarks: Landmarks) -> Kinematics:
    """The shared signals of these landmarks; the same object for the same landmarks."""
    known = _KNOWN.get(landmarks)
    if known is None:
        known = _KNOWN[landmarks] = Kinematics(landmarks.points, landmarks.timestamps_s)
    return known


@dataclass(frozen=True, eq=False)
class Kinematics:
    """Mouth signals of (T, 68, D) mm or px landmarks; each is (T,), NaN where one of its points is missing."""

    points: np.ndarray
    timestamps_s: np.ndarray

    @cached_property
    def outer_opening(self) -> np.ndarray:
        """(T,) mm or px: distance between the middles of the upper and lower outer lip."""
        return geometry.distance(self.points, face.LIP_TOP_OUTER, face.LIP_BOTTOM_OUTER)

    @cached_property
    def inner_opening(self) -> np.ndarray:
        """(T,) mm or px: distance between the middles of the upper and lower inner lip."""
        return geometry.distance(self.points, face.LIP_TOP_INNER, face.LIP_BOTTOM_INNER)

    def opening(self, *, inner: bool) -> np.ndarray:
        """(T,) mm or px: vertical aperture of the inner or the outer lips."""
        return self.inner_opening if inner else self.outer_opening

    def opening_velocity(self, *, inner: bool) -> np.ndarray:
        """(T,) mm/s or px/s: rate of change of the vertical aperture."""
        return self._inner_velocity if inner else self._outer_velocity

    @cached_property
    def _outer_velocity(self) -> np.ndarray:
        return signals.derivative(self.outer_opening, self.timestamps_s)

    @cached_property
    def _inner_velocity(self) -> np.ndarray:
        return signals.derivative(self.inner_opening, self.timestamps_s)

    @cached_property
    def width(self) -> np.ndarray:
        """(T,) mm or px: distance between the mouth corners."""
        return geometry.distance(self.points, face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT)

    @cached_property
    def width_velocity(self) -> np.ndarray:
        """(T,) mm/s or px/s: rate of change of the mouth width."""
        return signals.derivative(self.width, self.timestamps_s)

    @cached_property
    def half_areas(self) -> tuple[np.ndarray, np.ndarray]:
        """Two (T,) mm^2 or px^2: areas of the right and the left half of the outer lip outline."""
        return geometry.mouth_half_areas(self.points)

    @cached_property
    def eccentricity(self) -> np.ndarray:
        """(T,) 0..1: eccentricity of the ellipse as high and as wide as the outer lips; NaN for a mouth without size."""
        shorter, longer = np.minimum(self.outer_opening, self.width), np.maximum(self.outer_opening, self.width)
        ratio = np.divide(shorter, longer, out=np.full_like(longer, np.nan), where=longer > 0)
        return np.sqrt(1 - ratio**2)

    def corner_distances(self, reference: Literal["canthi", "nose_base"]) -> tuple[np.ndarray, np.ndarray]:
        """Two (T,) mm or px: distance of the right and the left mouth corner from the reference point."""
        return self._corners_from_canthi if reference == "canthi" else self._corners_from_nose_base

    @cached_property
    def _corners_from_canthi(self) -> tuple[np.ndarray, np.ndarray]:
        inner_canthi = self.points[:, face.CANTHUS_RIGHT_INNER] + self.points[:, face.CANTHUS_LEFT_INNER]
        return self._corners_from(inner_canthi / 2)

    @cached_property
    def _corners_from_nose_base(self) -> tuple[np.ndarray, np.ndarray]:
        return self._corners_from(self.points[:, face.NOSE_BASE])

    def _corners_from(self, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        right = np.linalg.norm(self.points[:, face.MOUTH_CORNER_RIGHT] - reference, axis=1)
        left = np.linalg.norm(self.points[:, face.MOUTH_CORNER_LEFT] - reference, axis=1)
        return right, left
