"""Other schemes of facial points, and which of their points stand for the 68 of iBUG. Data only.

An entry is the index of one point, or of the two whose middle is meant.
"""

from __future__ import annotations

Vertex = int | tuple[int, int]  # one of the 468, or the two whose middle is meant
_EYES: list[Vertex] = [33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380]
_INNER_LIPS: list[Vertex] = [78, 82, 13, 312, 308, 317, 14, 87]
# P. Yan, "Mediapipe_2_Dlib_Landmarks" (2024)
_YAN_JAW: list[Vertex] = [
    127, 234, 93, (132, 58), (58, 172), 136, 150, 176, 152, 400, 379, 365, (397, 288), 361, 323, 454, 356
]  # fmt: skip
_YAN_BROWS: list[Vertex] = [70, 63, 105, 66, 107, 336, 296, 334, 293, 300]
_YAN_NOSE: list[Vertex] = [(168, 6), (197, 195), 5, 4, 75, 97, 2, 326, 305]
_YAN_OUTER_LIPS: list[Vertex] = [61, 39, 37, 0, 267, 269, 291, 321, 314, 17, 84, 91]
# the list that most programs in public repositories carry
_COMMON_JAW: list[Vertex] = [162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389]
_COMMON_BROWS: list[Vertex] = [71, 63, 105, 66, 107, 336, 296, 334, 293, 301]
_COMMON_NOSE: list[Vertex] = [168, 197, 5, 4, 75, 97, 2, 326, 305]
_COMMON_OUTER_LIPS: list[Vertex] = [61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181]
MESH: dict[str, list[Vertex]] = {
    # nearest to two other networks on people that no list was made on (docs/landmarks.md)
    "yan": [*_YAN_JAW, *_YAN_BROWS, *_YAN_NOSE, *_EYES, *_YAN_OUTER_LIPS, *_INNER_LIPS],
    "common": [*_COMMON_JAW, *_COMMON_BROWS, *_COMMON_NOSE, *_EYES, *_COMMON_OUTER_LIPS, *_INNER_LIPS],
}

# WFLW's 98 points (Wu et al., CVPR 2018) number the same outlines more densely. Other places in the
# two schemes: the four lid points of each eye (WFLW's lie at quarters of the lid, iBUG's at thirds). The brows are the
# five points of WFLW's upper edge.
_WFLW_EYES: list[Vertex] = [60, 61, 63, 64, 65, 67, 68, 69, 71, 72, 73, 75]
WFLW: list[Vertex] = [*range(0, 33, 2), *range(33, 38), *range(42, 47), *range(51, 60), *_WFLW_EYES, *range(76, 96)]
