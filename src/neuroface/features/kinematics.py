"""The signals that several features share, computed once per repetition.

A set such as ps13_v1 asks for the areas of the two mouth halves four times. `kinematics(landmarks)` hands every
feature the same lazily filled object, which lives as long as the landmarks do; landmarks are frozen, so it stays true.
"""

from __future__ import annotations

from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np

from neuroface import face, geometry, signals
from neuroface.types import Landmarks

_KNOWN: WeakKeyDictionary[Landmarks, Kinematics] = WeakKeyDictionary()


def kinematics(landmarks: Landmarks) -> Kinematics:
    """The shared signals of these landmarks; the same object for the same landmarks."""
    known = _KNOWN.get(landmarks)
    if known is None:
        known = _KNOWN[landmarks] = Kinematics(landmarks)
    return known


# The landmarks that features look at, the outer lips first and in the order of their outline.
_USED = np.array(
    [
        *face.MOUTH_OUTER,
        face.LIP_TOP_INNER,
        face.LIP_BOTTOM_INNER,
        face.CANTHUS_RIGHT_INNER,
        face.CANTHUS_LEFT_INNER,
        face.NOSE_BASE,
    ]
)
_ROW = {int(landmark): row for row, landmark in enumerate(_USED)}


class Kinematics:
    """Mouth signals of landmarks in mm or px; each is (T,), NaN where one of its points is missing."""

    def __init__(self, landmarks: Landmarks) -> None:
        n_frames, _, dims = landmarks.points.shape
        # (K, D, T): the few landmarks in use, contiguous in time, because arithmetic is then several times faster
        wanted = (_USED[:, None] * dims + np.arange(dims)).ravel()
        self._tracks = landmarks.points.reshape(n_frames, -1).T[wanted].reshape(len(_USED), dims, n_frames)
        self.timestamps_s = landmarks.timestamps_s

    def position(self, landmark: int) -> np.ndarray:
        """(T, D) mm or px: one landmark of the mouth, the inner canthi or the base of the nose."""
        return self._tracks[_ROW[landmark]].T

    def between(self, a: int, b: int) -> np.ndarray:
        """(T, D) mm or px: the way from landmark a to landmark b."""
        return self.position(b) - self.position(a)

    @cached_property
    def opening(self) -> np.ndarray:
        """(T,) mm or px: distance between the middles of the upper and the lower outer lip."""
        return geometry.length(self.between(face.LIP_TOP_OUTER, face.LIP_BOTTOM_OUTER))

    @cached_property
    def inner_opening(self) -> np.ndarray:
        """(T,) mm or px: distance between the middles of the upper and the lower inner lip."""
        return geometry.length(self.between(face.LIP_TOP_INNER, face.LIP_BOTTOM_INNER))

    @cached_property
    def opening_velocity(self) -> np.ndarray:
        """(T,) mm/s or px/s: rate of change of `opening`."""
        return signals.derivative(self.opening, self.timestamps_s)

    @cached_property
    def inner_opening_velocity(self) -> np.ndarray:
        """(T,) mm/s or px/s: rate of change of `inner_opening`."""
        return signals.derivative(self.inner_opening, self.timestamps_s)

    @cached_property
    def width(self) -> np.ndarray:
        """(T,) mm or px: distance between the mouth corners."""
        return geometry.length(self.between(face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT))

    @cached_property
    def width_velocity(self) -> np.ndarray:
        """(T,) mm/s or px/s: rate of change of `width`."""
        return signals.derivative(self.width, self.timestamps_s)

    @cached_property
    def half_areas(self) -> tuple[np.ndarray, np.ndarray]:
        """Two (T,) mm^2 or px^2: areas of the right and the left half of the outer lip outline."""
        return geometry.lip_half_areas(self._tracks[: len(face.MOUTH_OUTER)].transpose(2, 0, 1))

    @cached_property
    def eccentricity(self) -> np.ndarray:
        """(T,) 0..1: eccentricity of the ellipse as high and wide as the outer lips; NaN for a mouth without size."""
        shorter, longer = np.minimum(self.opening, self.width), np.maximum(self.opening, self.width)
        ratio = np.divide(shorter, longer, out=np.full_like(longer, np.nan), where=longer > 0)
        return np.sqrt(1 - ratio**2)

    @cached_property
    def corners_from_canthi(self) -> tuple[np.ndarray, np.ndarray]:
        """Two (T,) mm or px: distance of the right and the left mouth corner from the middle of the inner canthi."""
        return self._corners_from(
            (self.position(face.CANTHUS_RIGHT_INNER) + self.position(face.CANTHUS_LEFT_INNER)) / 2
        )

    @cached_property
    def corners_from_nose_base(self) -> tuple[np.ndarray, np.ndarray]:
        """Two (T,) mm or px: distance of the right and the left mouth corner from the base of the nose."""
        return self._corners_from(self.position(face.NOSE_BASE))

    def _corners_from(self, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        right = geometry.length(self.position(face.MOUTH_CORNER_RIGHT) - reference)
        left = geometry.length(self.position(face.MOUTH_CORNER_LEFT) - reference)
        return right, left
