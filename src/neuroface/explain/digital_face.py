"""The standardised digital face: the mean movement of a group on one neutral face, coloured by what is asked of it.

No picture of anybody is in it: it is the drawn head of `synthesis.head_shape`, moved by fitted muscles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuroface import face
from neuroface.explain.face_fit import FaceFit, fit_face
from neuroface.synthesis import raster
from neuroface.synthesis.face_model import MIRROR_X, NEUTRAL, pose_face
from neuroface.synthesis.head_shape import head_shape
from neuroface.types import Camera, Landmarks, Repetition

MOMENTS = 41  # of a repetition, evenly over its time
SIZE_PX, FOCAL_PX, AWAY_MM = (420, 520), 1780.0, 900.0
SPREAD_MM = 7.0  # of a value about its landmark: about the distance of neighbours on the lips
MIDDLE = np.array([0.0, 30.0, 40.0])  # mm, face axes: what the camera turns about
_LIGHT = np.array([0.3, -0.4, -0.87])


@dataclass(frozen=True, eq=False)
class Movement:
    """Of one person or a group, over a repetition's time. jaw_deg: (MOMENTS,), right_mm, left_mm: (MOMENTS, 8)."""

    jaw_deg: np.ndarray
    right_mm: np.ndarray
    left_mm: np.ndarray

    def points(self, *, exaggerated: float = 1.0, neutral: np.ndarray = NEUTRAL) -> np.ndarray:
        """(MOMENTS, 68, 3) mm on a neutral face; every pull times `exaggerated`."""
        own = (self.jaw_deg, self.right_mm, self.left_mm)
        return pose_face(neutral, *(values * exaggerated for values in own))

    def mirrored(self) -> Movement:
        """As in a mirror."""
        return Movement(self.jaw_deg, self.left_mm, self.right_mm)


def fit_repetitions(landmarks: Landmarks, repetitions: Sequence[Repetition]) -> tuple[FaceFit, Movement, np.ndarray]:
    """The fit of MOMENTS frames of each repetition, the mean movement, and the numbers of these frames."""
    frames = frames_of(repetitions)
    fit = fit_face(landmarks.points[frames])
    times = course(repetitions)
    parts = (mean_of_moments(one) for one in (fit.jaw_deg, fit.right_mm, fit.left_mm))
    return fit, Movement(*(part * times.reshape(-1, *[1] * (part.ndim - 1)) for part in parts)), frames


def of_stills(repetitions: Sequence[Repetition]) -> bool:
    """Whether each repetition is a single picture."""
    return all(r.stop - r.start == 1 for r in repetitions)


def course(repetitions: Sequence[Repetition]) -> np.ndarray:
    """(MOMENTS,) times what is fitted: 1; of single pictures from the neutral face to what they show, and back."""
    return np.sin(np.linspace(0, np.pi, MOMENTS)) if of_stills(repetitions) else np.ones(MOMENTS)


def frames_of(repetitions: Sequence[Repetition]) -> np.ndarray:
    """(repetitions * MOMENTS,): evenly over each one's time."""
    return np.concatenate([np.linspace(r.start, r.stop - 1, MOMENTS).round().astype(int) for r in repetitions])


def mean_of_moments(values: np.ndarray) -> np.ndarray:
    """(MOMENTS, ...) mean over repetitions of values (repetitions * MOMENTS, ...), NaN is missing."""
    each = values.reshape(-1, MOMENTS, *values.shape[1:])
    known = np.isfinite(each)
    total, count = np.where(known, each, 0.0).sum(axis=0), known.sum(axis=0)
    return _filled(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _filled(values: np.ndarray) -> np.ndarray:
    """Moments that no repetition shows, from their neighbours; 0 where nothing is known at all."""
    flat = values.reshape(len(values), -1).copy()
    at = np.arange(len(flat))
    for column in flat.T:
        known = np.isfinite(column)
        column[:] = np.interp(at, at[known], column[known]) if known.any() else 0.0
    return flat.reshape(values.shape)


def mean_movement(movements: Sequence[Movement]) -> Movement:
    """Over people, each weighing the same."""
    parts = (np.mean([getattr(one, name) for one in movements], axis=0) for name in ("jaw_deg", "right_mm", "left_mm"))
    return Movement(*parts)


def peak(points: np.ndarray) -> int:
    """The moment at which points (T, 68, 3) are farthest from where they were first."""
    return int(amount(points).argmax())


def amount(points: np.ndarray) -> np.ndarray:
    """(T,) how far points (T, 68, 3) are from where they were first: 0 there, 1 at their peak."""
    way = np.linalg.norm(points - points[0], axis=2).sum(axis=1)
    return np.asarray(way / (way.max() or 1.0))


def skin(points: np.ndarray, neutral: np.ndarray = NEUTRAL) -> np.ndarray:
    """(T, V, 3) mm: the skin of the head whose landmarks are points (T, 68, 3)."""
    shape = head_shape()
    return shape.neutral(neutral) + shape.motion @ (points - neutral)


def spread(values: np.ndarray) -> np.ndarray:
    """(V,) values (68,) at the landmarks, over the skin: Gaussians whose mean is weighted, 0 far from all landmarks."""
    layout = head_shape().layout
    sites = layout[: face.N_POINTS]
    apart = ((layout[:, None] - sites[None]) ** 2).sum(axis=2)
    near = np.exp(-apart / (2 * SPREAD_MM**2))
    highest = near * np.nan_to_num(values)
    return np.take_along_axis(highest, np.abs(highest).argmax(axis=1)[:, None], axis=1)[:, 0]


def asymmetry(points: np.ndarray) -> np.ndarray:
    """(68,) mm by which each landmark of a face (68, 3) at its peak is from where its mirror image puts it."""
    return np.linalg.norm(points - points[face.MIRROR] * MIRROR_X, axis=1)


def picture(
    vertices: np.ndarray, colors: np.ndarray, *, yaw_deg: float = 0.0, pitch_deg: float = 0.0,
    triangles: np.ndarray | None = None, zoom: float = 1.0,
) -> np.ndarray:  # fmt: skip
    """(H, W, 3) uint8 on white: the skin (V, 3) mm, coloured (V, 3) 0..1, turned to the person's left by yaw."""
    yaw, pitch = np.radians([yaw_deg, pitch_deg])
    about_y = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    placed = (vertices - MIDDLE) @ (about_x @ about_y).T + [0.0, 0.0, AWAY_MM]
    width, height = SIZE_PX
    camera = Camera(FOCAL_PX * zoom, FOCAL_PX * zoom, width / 2, height / 2, width, height)
    triangles = head_shape().triangles if triangles is None else triangles
    view = raster.View(placed, triangles, np.zeros(len(triangles), int), camera)
    normals, _ = raster.vertex_normals(placed, triangles)
    shade = 0.35 + 0.65 * np.clip(normals @ (_LIGHT / np.linalg.norm(_LIGHT)), 0, 1)
    out = np.full((height, width, 3), 255, dtype=np.uint8)
    lit = np.stack([view.spread(channel * shade) for channel in colors.T], axis=-1)
    inside = view.ids > 0
    out[view.box][inside] = (np.clip(lit[inside], 0, 1) * 255).round().astype(np.uint8)
    return out
