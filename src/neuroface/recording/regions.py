"""Facial regions cut out by themselves: forehead and brows, eyes, nose, mouth, cheeks, chin, and the whole face.

Each region is one window of the face in mm (two for the cheeks), on the axes of `crop.PARTS`: x towards the person's
left, y down, from the mid-point of the inner canthi. Landmarks, or a box about the face, carry the windows to pixels.
Windows do not overlap, but for `whole`, so that what is planted in one region is seen by none of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuroface import face
from neuroface.errors import ConfigError, did_you_mean
from neuroface.recording import head_pose
from neuroface.recording.crop import PARTS, WarpedCrop, share_outside, similarity

# (right, top, left, bottom) mm. The eyes' window ends where brows and nose begin; heights and widths by Farkas,
# Anthropometry of the Head and Face, 1994, rounded: ex-ex 90, al-al 33, ch-ch 52, n-sn 53, sn-gn 68, n-tr 62.
WINDOWS_MM: dict[str, tuple[tuple[float, float, float, float], ...]] = {
    "forehead": ((-58.0, -70.0, 58.0, -13.0),),
    "eyes": ((-54.0, -13.0, 54.0, 14.0),),
    "nose": ((-23.0, 14.0, 23.0, 52.0),),
    "mouth": ((-36.0, 52.0, 36.0, 86.0),),
    "cheeks": ((-66.0, 14.0, -24.0, 52.0), (24.0, 14.0, 66.0, 52.0)),
    "chin": ((-50.0, 86.0, 50.0, 120.0),),
    "whole": ((-70.0, -25.0, 70.0, 115.0),),
}
_CENTRE, _SIDE = PARTS["face"]  # what a box about a face spans
REGIONS = tuple(WINDOWS_MM)
# Landmarks of which half at least must be seen where any are; cheeks and the whole have none of their own.
POINTS: dict[str, np.ndarray] = {
    "forehead": np.concatenate([face.BROW_RIGHT, face.BROW_LEFT]),
    "eyes": np.concatenate([face.EYE_RIGHT, face.EYE_LEFT]),
    "nose": np.concatenate([face.NOSE_BRIDGE, face.NOSTRILS]),
    "mouth": face.MOUTH,
    "chin": face.JAW[5:12],
}
MIN_ANCHORS = 6


@dataclass(frozen=True, eq=False)
class Region:
    """windows: what is cut, one after the other from the person's right to the left. seen: whether it is there."""

    windows: tuple[WarpedCrop, ...]
    seen: bool


def check_regions(names: Sequence[str], *, most_outside: float) -> None:
    """Errors: ConfigError for a region that a face has not, none or one twice, and a share that is none."""
    for name in names:
        if name not in WINDOWS_MM:
            raise ConfigError(f"regions={name}: a face has no such region." + did_you_mean(name, REGIONS))
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"regions={list(names)}; name one region at least, and each once.")
    if not 0 <= most_outside < 1:
        raise ConfigError(f"most_outside={most_outside}; a share of a region's window from 0 to below 1 is needed.")


def by_landmarks(points: np.ndarray) -> np.ndarray | None:
    """(3, 3): carries homogeneous px of the frame to mm of the face, by a least-squares similarity of the points that
    ride on the skull; points: (68, 2) px. None where fewer than 6 of these are seen."""
    source, target = points[head_pose.RIGID_POINTS], head_pose.RIGID_FACE_MM[:, :2]
    seen = np.isfinite(source).all(axis=1)
    return similarity(source[seen], target[seen]) if seen.sum() >= MIN_ANCHORS else None


def by_box(box: np.ndarray) -> np.ndarray:
    """(3, 3): the same by a box (x, y, width, height) px about an upright face, whose height is from brows to chin."""
    x, y, width, height = (float(value) for value in box)
    scale = _SIDE / height
    middle = np.array([x + (width - 1) / 2, y + (height - 1) / 2])
    move = _CENTRE - scale * middle
    return np.array([[scale, 0.0, move[0]], [0.0, scale, move[1]], [0.0, 0.0, 1.0]])


def cut_regions(
    to_mm: np.ndarray,
    points: np.ndarray,
    frame_size: tuple[int, int],
    *,
    names: Sequence[str],
    size: int,
    most_outside: float,
) -> list[Region]:
    """One for each name. to_mm: of `by_landmarks` or `by_box`. points: (68, 2) px, all NaN where there are none.

    A region is missing where more than `most_outside` of its window lies beyond the frame of (width, height) px, or
    where landmarks are given and fewer than half of its own are seen. Windows are stretched to size x size px.
    """
    finite = np.isfinite(points).all(axis=1)
    found = []
    for name in names:
        windows = tuple(WarpedCrop(_stretched(window, size) @ to_mm, size) for window in WINDOWS_MM[name])
        inside = all(share_outside(window, frame_size) <= most_outside for window in windows)
        own = name not in POINTS or not finite.any() or finite[POINTS[name]].mean() >= 0.5
        found.append(Region(windows, bool(inside and own)))
    return found


def side_by_side(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """(size, size, 3) uint8: the windows of one region, (size, size, 3) each, narrowed so that they share the width."""
    import cv2

    if len(pictures) == 1:
        return pictures[0]
    size = len(pictures[0])
    edges = np.linspace(0, size, len(pictures) + 1).round().astype(int)
    narrow = [
        cv2.resize(picture, (int(b - a), size), interpolation=cv2.INTER_AREA)
        for picture, a, b in zip(pictures, edges, edges[1:], strict=False)
    ]
    return np.concatenate(narrow, axis=1)


def _stretched(window: tuple[float, float, float, float], size: int) -> np.ndarray:
    """(3, 3): from mm of the face to px of a picture of this window."""
    right, top, left, bottom = window
    x, y = size / (left - right), size / (bottom - top)
    return np.array([[x, 0.0, -right * x - 0.5], [0.0, y, -top * y - 0.5], [0.0, 0.0, 1.0]])
