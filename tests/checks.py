"""Faces whose every measure is known by arithmetic, and what several tests of readers need."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from dataclasses import replace

import numpy as np

from neuroface import face
from neuroface.errors import DataError
from neuroface.types import Landmarks

FPS = 50.0


def still_face() -> np.ndarray:
    """(68, 3) mm: a symmetric face about x = 0, y down; the person's left is at positive x, as in an image."""
    points = np.zeros((face.N_POINTS, 3))
    around = np.linspace(0, np.pi / 2, 9)  # from the chin to the ear
    points[face.JAW[8:]] = np.stack([70 * np.sin(around), 70 * np.cos(around), 30 * np.sin(around)], axis=1)
    points[face.BROW_LEFT] = [[15 + 9 * k, -45 - 3 * np.sin(np.pi * k / 4), 2 * k] for k in range(5)]
    points[face.NOSE_BRIDGE] = [[0, -30 + 10 * k, -4 * k] for k in range(4)]
    points[face.NOSTRILS[2:]] = [[0, 8, -8], [7, 7, -5], [14, 5, -1]]
    points[face.EYE_LEFT] = [[16, -30, 5], [22, -34, 3], [30, -34, 4], [46, -30, 8], [30, -27, 4], [22, -27, 3]]
    left = np.concatenate([face.JAW[9:], face.BROW_LEFT, face.NOSTRILS[3:], face.EYE_LEFT])
    points[face.MIRROR[left]] = points[left] * [-1, 1, 1]
    points[face.MOUTH_OUTER] = lips(width=50, height=16)
    points[face.MOUTH_INNER] = lips(width=40, height=2, n_points=8)
    return points


def lips(*, width: float, height: float, n_points: int = 12) -> np.ndarray:
    """(n_points, 3) mm: a lip outline on an ellipse about (0, 30), from the person's right corner over the top."""
    angle = np.pi + np.arange(n_points) * 2 * np.pi / n_points
    return np.stack([width / 2 * np.cos(angle), 30 + height / 2 * np.sin(angle), np.zeros(n_points)], axis=1)


def times(n_frames: int, *, fps: float = FPS) -> np.ndarray:
    """(T,) seconds from 0."""
    return np.arange(n_frames) / fps


def face_with_lips(
    width: np.ndarray | float, height: np.ndarray | float, *, timestamps_s: np.ndarray | None = None
) -> Landmarks:
    """(T, 68, 3) mm, head frame: a still face whose outer lips are an ellipse of given width and height (T,) mm.

    The aperture is the height, the mouth width the width; the twelve points enclose 3/4 of width x height.
    """
    width, height = np.broadcast_arrays(np.atleast_1d(width), np.atleast_1d(height))
    points = np.tile(still_face(), (len(width), 1, 1))
    points[:, face.MOUTH_OUTER] = [lips(width=w, height=h) for w, h in zip(width, height, strict=True)]
    return Landmarks(points, times(len(width)) if timestamps_s is None else timestamps_s, "head")


def face_opening(*, from_mm: float, to_mm: float, n_frames: int = 101) -> Landmarks:
    """(T, 68, 3) mm, head frame: lips 50 mm wide that open and close once, as a raised cosine."""
    phase = np.linspace(0, 2 * np.pi, n_frames)
    return face_with_lips(50.0, from_mm + (to_mm - from_mm) * (1 - np.cos(phase)) / 2)


def wild_face(seed: int, n_frames: int = 40) -> Landmarks:
    """(T, 68, 3) mm, head frame: a face on which every point wanders by itself, smoothly, on uneven timestamps."""
    rng = np.random.default_rng(seed)
    timestamps_s = np.cumsum(rng.uniform(0.01, 0.03, n_frames))
    waves = np.sin(
        2 * np.pi * rng.uniform(0.3, 2, (face.N_POINTS, 3)) * timestamps_s[:, None, None] + rng.uniform(0, 6)
    )
    return Landmarks(still_face() + rng.uniform(0.5, 4, (face.N_POINTS, 3)) * waves, timestamps_s, "head")


def moved(landmarks: Landmarks, rotation: np.ndarray, translation: np.ndarray) -> Landmarks:
    """Each frame turned by its rotation (T, D, D) or (D, D), then shifted by (T, 1, D) or (D,)."""
    return replace(landmarks, points=landmarks.points @ np.swapaxes(rotation, -1, -2) + translation)


def mirrored(landmarks: Landmarks) -> Landmarks:
    """The same movement by a mirrored person: left and right landmarks change names, x changes sign."""
    flip = np.ones(landmarks.points.shape[2])
    flip[0] = -1
    return replace(landmarks, points=landmarks.points[:, face.MIRROR] * flip)


def scaled(landmarks: Landmarks, factor: float) -> Landmarks:
    return replace(landmarks, points=landmarks.points * factor)


def stretched(landmarks: Landmarks, factor: float) -> Landmarks:
    """The same movement `factor` times as slow."""
    return replace(landmarks, timestamps_s=landmarks.timestamps_s * factor)


def missing(landmarks: Landmarks, frames: slice | np.ndarray = np.s_[:]) -> Landmarks:
    """The same landmarks, not seen in the given frames."""
    points = landmarks.points.astype(float)
    points[frames] = np.nan
    return replace(landmarks, points=points)


def flat(landmarks: Landmarks) -> Landmarks:
    """(T, 68, 2): x and y as if they were pixels."""
    return Landmarks(landmarks.points[..., :2], landmarks.timestamps_s, "pixel")


def read_until_error(recordings) -> tuple[list[str], DataError]:
    """Names of the recordings that came before the error, and the error."""
    names = []
    try:
        for one in recordings:
            names.append(one.name)
    except DataError as error:
        return names, error
    raise AssertionError("no error was raised")


def give_memory_back() -> None:
    """Collect garbage, and return freed memory to the system."""
    gc.collect()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # glibc alone keeps what is freed until it is told
            ctypes.CDLL(None).malloc_trim(0)
