"""Finer displacement: the skin of a fitted face, moved along its normals onto the depth that a camera measured.

What single frames say is noisy, has holes, and is now and then hair, a hand or a wall. All frames of a person are put
together in two fields over the skin, one at rest and one that comes with the movement. Neighbours differ little in
both, and frames that say something else than all others count for nothing (Tukey's biweight).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from neuroface import face
from neuroface.recording import projection
from neuroface.recording.depth import PointDepth
from neuroface.synthesis.head_shape import head_shape
from neuroface.synthesis.raster import vertex_normals

FARTHEST_MM = 12.0  # what is farther from the fitted skin is something else
REACH_MM = 35.0  # on the layout, from the nearest landmark: beyond are hair, ears and neck
GRAZING = 0.35  # cosine between the skin and the line of sight below which depth cameras fail
LOOKS = 3  # from the skin to the surface; the normal is not the line of sight
NOISE_MM = 1.0  # of one look at one vertex: what stereo cameras give half a metre away
BEND_MM = 0.7  # by which neighbouring vertices, some 6 mm apart, differ usually
SIZE_MM, MOVED_MM = 5.0, 2.0  # standard deviations before anything is seen, at rest and by the movement
ROUNDS, BIWEIGHT = 4, 4.685  # of reweighting; Tukey's constant


@dataclass(frozen=True, eq=False)
class Relief:
    """By how much the skin of a fitted face lies farther out: rest (V,) mm, and moved (V,) mm more at its peak.

    share: (V,) of the frames in which depth was seen at each vertex.
    """

    rest: np.ndarray
    moved: np.ndarray
    share: np.ndarray

    def mirrored(self) -> Relief:
        """As in a mirror."""
        other = mirror_vertices()
        return Relief(self.rest[other], self.moved[other], self.share[other])

    def at(self, skin: np.ndarray, amount: np.ndarray) -> np.ndarray:
        """skin: (T, V, 3) mm of the fitted face; amount: (T,) of its movement, 1 at the peak. The same, displaced."""
        outwards = self.rest + amount[:, None] * self.moved
        bounded = np.clip(outwards, -FARTHEST_MM, FARTHEST_MM)
        return skin + bounded[..., None] * np.stack([normals(one) for one in skin])


def mean_relief(reliefs: list[Relief]) -> Relief:
    """Over people, each weighing the same."""
    return Relief(*(np.mean([getattr(one, name) for one in reliefs], axis=0) for name in ("rest", "moved", "share")))


def normals(skin: np.ndarray) -> np.ndarray:
    """(V, 3): out of the head, at each vertex of the skin (V, 3) mm."""
    return vertex_normals(skin, head_shape().triangles)[0]


@cache
def mirror_vertices() -> np.ndarray:
    """(V,): which vertex is each one's mirror image; the layout is symmetric."""
    from scipy.spatial import cKDTree

    layout = head_shape().layout
    return np.asarray(cKDTree(layout).query(layout * [-1, 1])[1])


@cache
def on_face() -> np.ndarray:
    """(V,) bool: vertices near enough to landmarks that depth under them is the face's."""
    from scipy.spatial import cKDTree

    layout = head_shape().layout
    return np.asarray(cKDTree(layout[: face.N_POINTS]).query(layout)[0] < REACH_MM)


def outwards(depth: np.ndarray, look_up: PointDepth, skin: np.ndarray) -> np.ndarray:
    """(V,) mm along the skin's normals to the surface that a depth frame shows; NaN where there is none.

    depth: (h, w) raw units. skin: (V, 3) mm, axes of the colour camera. Holes, places off the face, turned away from
    the camera, or farther than FARTHEST_MM from any surface are NaN.
    """
    normal = normals(skin)
    towards = -(normal * skin).sum(axis=1) / np.linalg.norm(skin, axis=1)
    at = np.flatnonzero(on_face() & (towards > GRAZING))
    found = np.full(len(skin), np.nan)
    here, normal = skin[at], normal[at]
    out = np.zeros(len(at))
    for _ in range(LOOKS):
        point = here + out[:, None] * normal
        pixels, _ = projection.project(point, look_up.rig.color)
        seen_mm = look_up(depth, pixels)  # along the axis; NaN stays so
        surface = point * (seen_mm / point[:, 2])[:, None]  # on the same ray
        out = out + ((surface - point) * normal).sum(axis=1)
        out[np.abs(out) > FARTHEST_MM] = np.nan
    found[at] = out
    return found


def fitted(looks: np.ndarray, amount: np.ndarray) -> Relief:
    """looks: (T, V) mm from `outwards`, NaN is missing. amount: (T,) of the movement, 0 at rest to 1 at its peak."""
    from scipy.sparse import bmat, diags
    from scipy.sparse.linalg import spsolve

    seen = np.isfinite(looks)
    values, weight = np.where(seen, looks, 0.0), seen.astype(float)
    stiff, n = _stiffness(), looks.shape[1]
    by = np.broadcast_to(amount[:, None], looks.shape)
    rest = moved = np.zeros(n)
    for round_ in range(ROUNDS):
        if round_:
            residual = np.where(seen, values - rest - by * moved, 0.0)
            spread = max(1.4826 * float(np.median(np.abs(residual[seen]))) if seen.any() else 0.0, NOISE_MM / 2)
            weight = seen * np.clip(1 - (residual / (BIWEIGHT * spread)) ** 2, 0, None) ** 2
        w = weight / NOISE_MM**2
        a, b, c = w.sum(axis=0), (w * by).sum(axis=0), (w * by**2).sum(axis=0)
        system = bmat(
            [[stiff + diags(a + SIZE_MM**-2), diags(b)], [diags(b), stiff + diags(c + MOVED_MM**-2)]], format="csc"
        )
        right = np.concatenate([(w * values).sum(axis=0), (w * by * values).sum(axis=0)])
        rest, moved = np.split(spsolve(system, right), 2)
    return Relief(rest, moved, seen.mean(axis=0))


@cache
def _stiffness() -> Any:
    """(V, V) sparse: squares of differences between neighbours, over BEND_MM squared, as a quadratic form."""
    from scipy.sparse import coo_matrix, csgraph

    triangles = head_shape().triangles
    ends = np.unique(
        np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])), axis=0
    )
    n = len(head_shape().layout)
    one_way = coo_matrix((np.full(len(ends), BEND_MM**-2), ends.T), shape=(n, n))
    return csgraph.laplacian(one_way + one_way.T).tocsc()
