"""Symmetry of the mouth within one repetition.

Every function is side-blind: swapping the person's left and right leaves the value as it is, because the affected side
differs between people.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from neuroface import face, geometry, signals
from neuroface.errors import ConfigError, did_you_mean
from neuroface.features.kinematics import kinematics
from neuroface.types import Landmarks

Reference = Literal["canthi", "nose_base"]


def area_ratio(landmarks: Landmarks) -> dict[str, float]:
    """Mean over time of the smaller half of the mouth over the larger one.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"symmetry.area_ratio"}: mean of min(A_right, A_left) / max(A_right, A_left), 1 is symmetric. Frames with a
    missing point or no area are left out; NaN when none is left.
    Reconstruction of the symmetry group of Guarin et al.
    """
    right, left = kinematics(landmarks).half_areas
    larger = np.maximum(right, left)
    seen = larger > 0
    return {"symmetry.area_ratio": signals.mean(np.minimum(right, left)[seen] / larger[seen])}


def area_correlation(landmarks: Landmarks) -> dict[str, float]:
    """Pearson correlation over time of the areas of the two halves of the mouth.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"symmetry.area_correlation"}: -1..1, 1 when both halves open and close together. NaN when a half does not
    vary or fewer than three frames are seen. Reconstruction of the symmetry group of Guarin et al.
    """
    return {"symmetry.area_correlation": signals.correlation(*kinematics(landmarks).half_areas)}


def area_range_ratio(landmarks: Landmarks, *, robust: bool = False) -> dict[str, float]:
    """Range of the area of the less moving half of the mouth over that of the more moving one.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"symmetry.area_range_ratio"}: min / max of the two halves' ranges (5-95 percentile if `robust`), 1 is
    symmetric. NaN when neither half moves. Reconstruction of the symmetry group of Guarin et al.
    """
    right, left = (signals.extent(half, robust=robust) for half in kinematics(landmarks).half_areas)
    larger = max(right, left)
    return {"symmetry.area_range_ratio": min(right, left) / larger if larger > signals.STILL else float("nan")}


def corner_excursion_asymmetry(
    landmarks: Landmarks, *, reference: Reference = "canthi", robust: bool = False
) -> dict[str, float]:
    """How unequally far the two mouth corners move.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"symmetry.corner_excursion_asymmetry"}: |R - L| / (R + L), R and L the ranges over time (5-95 percentile if
    `robust`) of the distance of each corner from the `reference` (mid-point of the inner canthi, or base of the nose);
    0 is symmetric, 1 is one still side. NaN when neither corner moves.
    Reconstruction of the symmetry group of Guarin et al.
    """
    right, left = (signals.extent(distance, robust=robust) for distance in _corner_distances(landmarks, reference))
    total = right + left
    return {"symmetry.corner_excursion_asymmetry": abs(right - left) / total if total > signals.STILL else float("nan")}


def corner_velocity_correlation(landmarks: Landmarks, *, reference: Reference = "canthi") -> dict[str, float]:
    """Pearson correlation over time of the velocities of the two mouth corners.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"symmetry.corner_velocity_correlation"}: -1..1, of the derivatives of the two distances named in
    `corner_excursion_asymmetry`. NaN when a corner does not move or fewer than three frames are seen.
    Reconstruction of the symmetry group of Guarin et al.
    """
    right, left = (
        signals.derivative(distance, landmarks.timestamps_s) for distance in _corner_distances(landmarks, reference)
    )
    return {"symmetry.corner_velocity_correlation": signals.correlation(right, left)}


def mouth_tilt(landmarks: Landmarks) -> dict[str, float]:
    """Mean angle between the line through the mouth corners and the line through the inner canthi.

    landmarks: (T, 68, D) mm or px, any frame. In 3-D the angle is taken in space, so depth counts too.
    Returns {"symmetry.mouth_tilt_deg"}: 0..90 degrees, 0 is level. Missing frames are left out; NaN when all are.
    Reconstruction of the symmetry group of Guarin et al.
    """
    mouth = kinematics(landmarks)
    tilt = geometry.angle(
        mouth.between(face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT),
        mouth.between(face.CANTHUS_RIGHT_INNER, face.CANTHUS_LEFT_INNER),
    )
    return {"symmetry.mouth_tilt_deg": signals.mean(tilt)}


def _corner_distances(landmarks: Landmarks, reference: Reference) -> tuple[np.ndarray, np.ndarray]:
    """Two (T,) mm or px: distance of the right and the left mouth corner from the reference."""
    if reference not in get_args(Reference):
        raise ConfigError(
            f"Unknown reference {reference!r} for the mouth corners." + did_you_mean(reference, get_args(Reference))
        )
    mouth = kinematics(landmarks)
    return mouth.corners_from_canthi if reference == "canthi" else mouth.corners_from_nose_base
