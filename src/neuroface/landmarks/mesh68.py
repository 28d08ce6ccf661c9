"""Which of MediaPipe's 468 points stand for the 68 of iBUG: lists by name, and what is left between the two schemes.

A point of the list is one vertex of the mesh or the middle of two. Most points mean the same in both schemes. These do
not: the jaw (the mesh follows the outline of its model, iBUG the visible edge of the face), the ends of the brows (the
mesh's lie on its upper edge), the bridge of the nose (vertices are not evenly spaced), the nostrils, and the four upper
and lower points of each eye, which lie where the mesh has a vertex. What is constant of the difference is in OFFSETS.
"""

from __future__ import annotations

from importlib import resources

import numpy as np

from neuroface import face
from neuroface.errors import ConfigError, did_you_mean

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
LISTS: dict[str, list[Vertex]] = {
    # nearest to two other networks on people that no list was made on (docs/landmarks.md)
    "yan": [*_YAN_JAW, *_YAN_BROWS, *_YAN_NOSE, *_EYES, *_YAN_OUTER_LIPS, *_INNER_LIPS],
    "common": [*_COMMON_JAW, *_COMMON_BROWS, *_COMMON_NOSE, *_EYES, *_COMMON_OUTER_LIPS, *_INNER_LIPS],
}
OFFSETS = ("none", "dlib")


def points68(mesh: np.ndarray, name: str) -> np.ndarray:
    """(..., 68, D) from (..., 468, D), by the list of that name. Errors: ConfigError for a list that there is not."""
    if name not in LISTS:
        raise ConfigError(f"landmarks.index_list={name}: there is no such list." + did_you_mean(name, LISTS))
    pairs = np.array([(at, at) if isinstance(at, int) else at for at in LISTS[name]])
    return mesh[..., pairs, :].mean(axis=-2)


def offset(points: np.ndarray, name: str) -> np.ndarray:
    """Points (T, 68, 2) px moved by what usually lies between the mesh's and another network's 68.

    "dlib": medians of dlib's 68 minus the list yan, over 21 open clips of 6 people, along and across the line of the
    outer canthi, in units of its length (scripts/compare_landmarks.py --offsets). A constant of the face: ranges and
    speeds hardly feel it. "none" leaves the points as they are.
    """
    if name not in OFFSETS:
        raise ConfigError(f"landmarks.offsets={name}: there is no such choice." + did_you_mean(name, OFFSETS))
    if name == "none":
        return points
    table = resources.files("neuroface.landmarks") / "mesh_offsets.csv"
    along, across = np.loadtxt(table.open(encoding="utf-8"), delimiter=",", skiprows=1, usecols=(1, 2)).T
    x, y = np.moveaxis(points[..., face.CANTHUS_LEFT_OUTER, :] - points[..., face.CANTHUS_RIGHT_OUTER, :], -1, 0)
    shift = (x + 1j * y)[..., None] * (along + 1j * across)
    return points + np.stack([shift.real, shift.imag], axis=-1)
