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
from neuroface.schemes import MESH as LISTS

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
