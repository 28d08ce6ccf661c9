"""Distances, areas and the head frame. Pure functions on arrays.

`points` is always (T, 68, D), D = 2 (px) or 3 (mm); results keep the unit. NaN in, NaN out.
"""

from __future__ import annotations

import numpy as np

from neuroface import face


def distance(points: np.ndarray, a: int, b: int) -> np.ndarray:
    """(T,) px or mm: Euclidean distance between landmarks a and b."""
    difference = points[:, a] - points[:, b]
    return np.sqrt(np.einsum("td,td->t", difference, difference))


def area(points: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """(T,) px^2 or mm^2: area inside the closed outline of landmarks, by a triangle fan about the outline's mean point.

    In 2-D this is the shoelace area wherever the outline is star-shaped about its mean; in 3-D each triangle counts
    with its own tilt, so a curved mouth has the area of its surface.
    """
    corners = _coordinates_first(points[:, outline])
    return _fan(corners, corners.mean(axis=1)).sum(axis=0)


def mouth_half_areas(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two (T,) px^2 or mm^2: right and left half of the outer lip outline, split at its mid-line.

    Triangle fans about the mid-point of the upper and lower outer lip (SCIENCE: A_R, A_L of the reconstructed sets).
    """
    corners = _coordinates_first(points[:, face.MOUTH_OUTER])
    triangles = _fan(corners, (points[:, face.LIP_TOP_OUTER] + points[:, face.LIP_BOTTOM_OUTER]).T / 2)
    return triangles[_RIGHT_SIDES].sum(axis=0), triangles[~_RIGHT_SIDES].sum(axis=0)


# Sides of the outer lip outline (each from a point to the next) on the person's right.
_RIGHT_SIDES = np.isin(face.MOUTH_OUTER, face.MOUTH_RIGHT_HALF) & np.isin(
    np.roll(face.MOUTH_OUTER, -1), face.MOUTH_RIGHT_HALF
)


def _coordinates_first(points: np.ndarray) -> np.ndarray:
    """(D, K, T) from (T, K, D), contiguous in time: arithmetic on it is several times faster."""
    return np.ascontiguousarray(points.T)


def _fan(corners: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """(K, T): areas of the triangles (centre, corner k, corner k + 1); corners: (D, K, T), centre: (D, T)."""
    spokes = np.concatenate([corners, corners[:, :1]], axis=1) - centre[:, None]
    return np.sqrt(_squared_cross(spokes[:, :-1], spokes[:, 1:])) / 2


def _squared_cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(...): squared length of the cross product of a and b, each (D, ...) with D = 2 or 3."""
    squares = np.zeros(a.shape[1:])
    for i, j in ((0, 1), (1, 2), (2, 0))[: 1 if len(a) == 2 else 3]:
        component = a[i] * b[j]
        component -= a[j] * b[i]
        component *= component
        squares += component
    return squares


def angle_between(points: np.ndarray, line_a: tuple[int, int], line_b: tuple[int, int]) -> np.ndarray:
    """(T,) degrees, 0..90: angle between two lines, each through two landmarks, without direction."""
    u = points[:, line_a[1]] - points[:, line_a[0]]
    v = points[:, line_b[1]] - points[:, line_b[0]]
    along = np.abs(np.einsum("td,td->t", u, v))
    # the part of v across u: exact for lines that are nearly parallel, where an arc cosine loses half the digits
    across = np.sqrt(_squared_cross(u.T, v.T))
    angle = np.degrees(np.arctan2(across, along))
    return np.where((across > 0) | (along > 0), angle, np.nan)


def rigid_fit(source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (T, D, D) and translations (T, D) that carry source[t] onto target with least squares.

    source: (T, K, D); target: (K, D); x_target = R x + t. Reflections are excluded. Frames with fewer than D finite
    points give NaN. Kabsch, Acta Cryst. A32 (1976) 922.
    """
    dims = source.shape[-1]
    seen = np.isfinite(source).all(axis=-1) & np.isfinite(target).all(axis=-1)  # (T, K)
    weight = seen[..., None].astype(float)
    count = np.maximum(weight.sum(axis=1), 1)
    source_0 = np.where(seen[..., None], source, 0.0)
    target_0 = np.where(seen[..., None], target, 0.0)
    mean_s, mean_t = source_0.sum(axis=1) / count, target_0.sum(axis=1) / count
    covariance = np.einsum("tki,tkj->tij", (source_0 - mean_s[:, None]) * weight, (target_0 - mean_t[:, None]) * weight)
    u, _, vt = np.linalg.svd(covariance)
    flip = np.ones((len(source), dims))
    flip[:, -1] = np.sign(np.linalg.det(u @ vt))
    rotation = np.swapaxes(vt, 1, 2) @ (flip[:, :, None] * np.swapaxes(u, 1, 2))
    translation = mean_t - np.einsum("tij,tj->ti", rotation, mean_s)
    short = seen.sum(axis=1) < dims
    rotation[short], translation[short] = np.nan, np.nan
    return rotation, translation


def head_frame(points: np.ndarray, stable: np.ndarray = face.RIGID) -> np.ndarray:
    """(T, 68, D): points with head motion removed, by a rigid fit of the stable points to their median over time.

    The result stays where the head was at its median pose, so distances and units do not change. Frames in which
    fewer than D stable points are seen become NaN.
    """
    anchor = points[:, stable]
    if not np.isfinite(anchor).any():
        return np.full_like(points, np.nan)
    target = _quiet_nanmedian(anchor)
    # a median over time is not rigid itself: one refinement against the mean of the aligned points makes it so
    for centre in (_quiet_nanmedian, None):
        rotation, translation = rigid_fit(anchor, target)
        if centre is not None:
            target = centre(np.einsum("tij,tkj->tki", rotation, anchor) + translation[:, None])
    return np.einsum("tij,tkj->tki", rotation, points) + translation[:, None]


def _quiet_nanmedian(values: np.ndarray) -> np.ndarray:
    """Median over the first axis without numpy's all-NaN warning."""
    if np.isfinite(values).all():
        return np.median(values, axis=0)
    with np.errstate(all="ignore"):
        seen = np.isfinite(values).any(axis=0)
        return np.where(seen, np.nanmedian(np.where(seen, values, 0.0), axis=0), np.nan)
