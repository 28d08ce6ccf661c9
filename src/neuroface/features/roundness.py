"""Roundness of the lips within one repetition, as the eccentricity of an ellipse with their height and width."""

from __future__ import annotations

from neuroface import signals
from neuroface.features.kinematics import kinematics
from neuroface.types import Landmarks


def eccentricity_mean(landmarks: Landmarks) -> dict[str, float]:
    """Mean over time of the eccentricity of the lips.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"roundness.eccentricity_mean"}: mean of sqrt(1 - (min(V, W) / max(V, W))^2), V the vertical aperture of the
    outer lips and W the width; 0 is a circle, towards 1 a flat mouth. Missing frames are left out; NaN when all are.
    Reconstruction of "overall roundness of the lips during movement" in Guarin et al.
    """
    return {"roundness.eccentricity_mean": signals.mean(kinematics(landmarks).eccentricity)}


def eccentricity_range(landmarks: Landmarks, *, robust: bool = False) -> dict[str, float]:
    """Range over time of the eccentricity of the lips.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"roundness.eccentricity_range"}: max - min of the eccentricity of `eccentricity_mean`, or its 5-95
    percentile range if `robust`. Missing frames are left out; NaN when all are.
    Reconstruction of "overall roundness of the lips during movement" in Guarin et al.
    """
    return {"roundness.eccentricity_range": signals.extent(kinematics(landmarks).eccentricity, robust=robust)}
