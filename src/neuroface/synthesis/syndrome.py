"""Proportions of a face that are known to lie in one region: what stands for rare diseases with a face of their own.

The directions are those that dysmorphology describes (upslanting palpebral fissures, a broad nose, a thin upper lip, a
small chin, arched brows: Allanson et al., American Journal of Medical Genetics A 149A:2, 2009); they are shapes, not
diseases, and their sizes are calibrated so that a classifier has something to find. Skin follows the landmarks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neuroface import face
from neuroface.synthesis.face_model import mirrored

STRENGTH = (0.6, 1.0)  # of the full shape, from person to person
CONTROL = "control"


@dataclass(frozen=True)
class Shape:
    """region: the one whose landmarks move; see `recording.regions`. moved_mm: landmark of the right half or the
    mid-line -> displacement (x towards the person's left, y down, z back) at full strength."""

    region: str
    moved_mm: Mapping[int, tuple[float, float, float]]

    def field(self) -> np.ndarray:
        """(68, 3) mm: displacement of both halves at full strength."""
        right = np.zeros((face.N_POINTS, 3))
        for landmark, vector in self.moved_mm.items():
            right[landmark] = vector
        left = mirrored(right)
        return np.where((right != 0).any(axis=1, keepdims=True), right, left)


_OUTER, _UPPER_OUT, _UPPER_IN, _INNER, _LOWER_IN, _LOWER_OUT = face.EYE_RIGHT.tolist()
_BROW = face.BROW_RIGHT.tolist()
_ALA, _NOSTRIL = face.NOSTRILS[:2].tolist()
_CORNER, _LIP_OUT, _LIP_PEAK, _LIP_TOP = face.MOUTH_OUTER[:4].tolist()
_JAW = face.JAW[5:9].tolist()

SHAPES: dict[str, Shape] = {
    "arched_brows": Shape(
        "forehead", {_BROW[0]: (0, 1.0, 0), _BROW[1]: (0, -3.5, 0), _BROW[2]: (0, -6.0, 0), _BROW[3]: (0, -3.0, 0)}
    ),
    "slanted_eyes": Shape(
        "eyes",
        {
            _OUTER: (2.5, -4.0, 0),
            _UPPER_OUT: (1.5, -1.5, 0),
            _LOWER_OUT: (1.5, -2.5, 0),
            _UPPER_IN: (0, 1.5, 0),
            _LOWER_IN: (0, -0.5, 0),
        },
    ),
    "broad_nose": Shape("nose", {_ALA: (-4.5, 0, 0), _NOSTRIL: (-2.5, 0, 0), face.NOSE_TIP: (0, 0, 4.0)}),
    "thin_lip": Shape(
        "mouth", {_CORNER: (2.5, 0, 0), _LIP_OUT: (1.5, 2.0, 1.0), _LIP_PEAK: (0, 4.0, 2.0), _LIP_TOP: (0, 3.5, 2.0)}
    ),
    "small_chin": Shape("chin", {_JAW[0]: (5, -4, 2), _JAW[1]: (4, -9, 4), _JAW[2]: (2, -10, 6), _JAW[3]: (0, -10, 7)}),
}
GROUPS = (CONTROL, *SHAPES)


def shaped(neutral: np.ndarray, group: str, strength: float) -> np.ndarray:
    """(68, 3) mm, face axes: a neutral face with so much of a group's shape; of controls, the face as it is."""
    return neutral if group == CONTROL else neutral + strength * SHAPES[group].field()


def draw_strength(generator: np.random.Generator, group: str) -> float:
    """How much of its group's shape a person has; 0 of controls."""
    drawn = float(generator.uniform(*STRENGTH))
    return 0.0 if group == CONTROL else drawn
