"""The 68 iBUG/Multi-PIE landmarks by name. The only file with bare indices.

`RIGHT` and `LEFT` are the person's own: in an unmirrored image the right mouth corner has the smaller x.
Source of the scheme: Sagonas et al., "300 Faces In-The-Wild Challenge", IMAVIS 2016; indices are 0-based.
"""

from __future__ import annotations

import numpy as np

N_POINTS = 68

JAW = np.arange(0, 17)
CHIN = 8
JAW_RIGHT_END, JAW_LEFT_END = 0, 16
BROW_RIGHT = np.arange(17, 22)
BROW_LEFT = np.arange(22, 27)
NOSE_BRIDGE = np.arange(27, 31)
NOSE_TIP = 30
NOSTRILS = np.arange(31, 36)
NOSE_BASE = 33
EYE_RIGHT = np.arange(36, 42)
EYE_LEFT = np.arange(42, 48)
MOUTH_OUTER = np.arange(48, 60)
MOUTH_INNER = np.arange(60, 68)
MOUTH = np.arange(48, 68)

CANTHUS_RIGHT_OUTER, CANTHUS_RIGHT_INNER = 36, 39
CANTHUS_LEFT_INNER, CANTHUS_LEFT_OUTER = 42, 45
EYELIDS_RIGHT = ((37, 41), (38, 40))  # (upper, lower) pairs
EYELIDS_LEFT = ((43, 47), (44, 46))

MOUTH_CORNER_RIGHT, MOUTH_CORNER_LEFT = 48, 54
LIP_TOP_OUTER, LIP_BOTTOM_OUTER = 51, 57
LIP_TOP_INNER, LIP_BOTTOM_INNER = 62, 66

MOUTH_RIGHT_HALF = np.array([48, 49, 50, 51, 57, 58, 59])  # outline, in order around the half
MOUTH_LEFT_HALF = np.array([51, 52, 53, 54, 55, 56, 57])

# Points that move with the skull and hardly with the face: nose bridge, canthi (SCIENCE: rigid set of the head frame).
RIGID = np.array([27, 28, 29, 30, 36, 39, 42, 45])

REGIONS = {
    "jaw": JAW,
    "brows": np.concatenate([BROW_RIGHT, BROW_LEFT]),
    "nose": np.concatenate([NOSE_BRIDGE, NOSTRILS]),
    "eyes": np.concatenate([EYE_RIGHT, EYE_LEFT]),
    "mouth": MOUTH,
}
WITHOUT_JAW = np.arange(17, 68)

# The 68 points one by one: part and index, "mouth_outer_48".
NAMES = tuple(
    f"{part}_{index}"
    for part, points in (
        ("jaw", JAW),
        ("brow_right", BROW_RIGHT),
        ("brow_left", BROW_LEFT),
        ("nose_bridge", NOSE_BRIDGE),
        ("nostrils", NOSTRILS),
        ("eye_right", EYE_RIGHT),
        ("eye_left", EYE_LEFT),
        ("mouth_outer", MOUTH_OUTER),
        ("mouth_inner", MOUTH_INNER),
    )
    for index in points.tolist()
)


def _mirror() -> np.ndarray:
    mirror = np.arange(N_POINTS)
    mirror[JAW] = JAW[::-1]
    mirror[BROW_RIGHT], mirror[BROW_LEFT] = BROW_LEFT[::-1], BROW_RIGHT[::-1]
    mirror[NOSTRILS] = NOSTRILS[::-1]
    right, left = np.array([36, 37, 38, 39, 40, 41]), np.array([45, 44, 43, 42, 47, 46])
    mirror[right], mirror[left] = left, right
    for a, b in ((48, 54), (49, 53), (50, 52), (59, 55), (58, 56), (60, 64), (61, 63), (67, 65)):
        mirror[a], mirror[b] = b, a
    return mirror


# MIRROR[i] is the landmark on the other side of landmark i; points on the mid-line are their own mirror.
MIRROR = _mirror()
