"""Distances, areas and the head frame. Pure functions on arrays.

`points` is always (T, 68, D), D = 2 (px) or 3 (mm); results keep the unit. NaN in, NaN out.
"""

from __future__ import annotations

import numpy as np

from neuroface import face


def distance(points: np.ndarray, a: int, b: int) -> np.ndarray:
    """(T,) px or mm: Euclidean distance between landmarks a and b."""
    return length(points[:, a] - points[:, b])


def length(vectors: np.ndarray) -> np.ndarray:
    """(T,) in the unit of the vectors (T, D): Euclidean length of each."""
    return np.sqrt(np.einsum("td,td->t", vectors, vectors))


def area(points: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """(T,) px^2 or mm^2: area inside the closed outline of landmarks, by a triangle fan about the outline's mean point.

    In 2-D this is the shoelace area wherever the outline is star-shaped about its mean; in 3-D each triangle counts
    with its own tilt, so a curved mouth has the area of its surface.
    """
    corners = points.T[:, outline]
    return _fan(corners, corners.mean(axis=1)).sum(axis=0) / 2


def mouth_half_areas(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two (T,) px^2 or mm^2: right and left half of the outer lip outline, split at its mid-line.

    Triangle fans about the mid-point of the upper and lower outer lip (SCIENCE: A_R, A_L of the reconstructed sets).
    """
    return lip_half_areas(points[:, face.MOUTH_OUTER])


def lip_half_areas(outline: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two (T,) px^2 or mm^2: as `mouth_half_areas`, from the outer lip outline alone, (T, 12, D) in its order."""
    corners = outline.T
    doubled = _fan(corners, (corners[:, _LIP_TOP] + corners[:, _LIP_BOTTOM]) / 2)
    return doubled[_RIGHT_SIDES].sum(axis=0) / 2, doubled[~_RIGHT_SIDES].sum(axis=0) / 2


_LIP_TOP, _LIP_BOTTOM = (
    int(np.flatnonzero(p == face.MOUTH_OUTER)[0]) for p in (face.LIP_TOP_OUTER, face.LIP_BOTTOM_OUTER)
)
# Sides of the outer lip outline (each from a point to the next) on the person's right.
_RIGHT_SIDES = np.isin(face.MOUTH_OUTER, face.MOUTH_RIGHT_HALF) & np.isin(
    np.roll(face.MOUTH_OUTER, -1), face.MOUTH_RIGHT_HALF
)


def _fan(corners: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """(K, T): twice the areas of the triangles (centre, corner k, corner k + 1); corners: (D, K, T), centre: (D, T)."""
    spokes = np.empty((corners.shape[0], corners.shape[1] + 1, corners.shape[2]))
    np.subtract(corners, centre[:, None], out=spokes[:, :-1])
    spokes[:, -1] = spokes[:, 0]
    return np.sqrt(_squared_cross(spokes[:, :-1], spokes[:, 1:]))


def _squared_cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(...): squared length of the cross product of a and b, each (D, ...) with D = 2 or 3."""
    squares = (a[0] * b[1] - a[1] * b[0]) ** 2
    if len(a) == 3:
        for i, j in ((1, 2), (2, 0)):
            component = a[i] * b[j]
            component -= a[j] * b[i]
            component *= component
            squares += component
    return squares


def angle(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """(T,) degrees, 0..90: angle between the lines along the vectors u and v, each (T, D); NaN where one has no length.

    By the arc tangent of cross over dot product, which is exact for nearly parallel lines, where an arc cosine loses
    half the digits.
    """
    along, across = np.abs(np.einsum("td,td->t", u, v)), np.sqrt(_squared_cross(u.T, v.T))
    degrees = np.degrees(np.arctan2(across, along))
    degrees[along + across == 0] = np.nan
    return degrees


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
    rotation, translation = rigid_fit(anchor, _quiet_nanmedian(anchor))
    # a median over time is not rigid itself: the median of the aligned points is
    rotation, translation = rigid_fit(anchor, _quiet_nanmedian(_move(anchor, rotation, translation)))
    return _move(points, rotation, translation)


def _move(points: np.ndarray, rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """(T, K, D): R x + t for each frame; points: (T, K, D), rotation: (T, D, D), translation: (T, D)."""
    coordinates, turns, shifts = points.T, np.ascontiguousarray(rotation.T), np.ascontiguousarray(translation.T)
    moved = np.empty(coordinates.shape)
    for to, shift in enumerate(shifts):
        moved[to] = shift
        for come, coordinate in enumerate(coordinates):
            moved[to] += turns[come, to] * coordinate
    return moved.T


def _quiet_nanmedian(values: np.ndarray) -> np.ndarray:
    """Median over the first axis without numpy's all-NaN warning."""
    if np.isfinite(values).all():
        return np.median(values, axis=0)
    with np.errstate(all="ignore"):
        seen = np.isfinite(values).any(axis=0)
        return np.where(seen, np.nanmedian(np.where(seen, values, 0.0), axis=0), np.nan)
