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
    corners = points[:, outline]
    spokes = corners - corners.mean(axis=1, keepdims=True)
    return _fan(spokes, np.roll(spokes, -1, axis=1))


def mouth_half_areas(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two (T,) px^2 or mm^2: right and left half of the outer lip outline, split at its mid-line.

    Triangle fans about the mid-point of the upper and lower outer lip (SCIENCE: A_R, A_L of the reconstructed sets).
    """
    middle = (points[:, face.LIP_TOP_OUTER] + points[:, face.LIP_BOTTOM_OUTER])[:, None] / 2
    halves = []
    for outline in (face.MOUTH_RIGHT_HALF, face.MOUTH_LEFT_HALF):
        spokes = points[:, outline] - middle
        halves.append(_fan(spokes, np.roll(spokes, -1, axis=1)))
    return halves[0], halves[1]


def _fan(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(T,): sum of the areas of triangles (0, a_k, b_k); a, b: (T, K, D)."""
    if a.shape[-1] == 2:
        return np.abs(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]).sum(axis=1) / 2
    (ax, ay, az), (bx, by, bz) = np.moveaxis(a, -1, 0), np.moveaxis(b, -1, 0)
    twice = (ay * bz - az * by) ** 2 + (az * bx - ax * bz) ** 2 + (ax * by - ay * bx) ** 2
    return np.sqrt(twice).sum(axis=1) / 2


def angle_between(points: np.ndarray, line_a: tuple[int, int], line_b: tuple[int, int]) -> np.ndarray:
    """(T,) degrees, 0..90: angle between two lines, each through two landmarks, without direction."""
    u = points[:, line_a[1]] - points[:, line_a[0]]
    v = points[:, line_b[1]] - points[:, line_b[0]]
    cosine = np.abs((u * v).sum(axis=1)) / (np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1))
    return np.degrees(np.arccos(np.clip(cosine, 0, 1)))


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
