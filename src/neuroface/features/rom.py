"""Range of motion of the mouth within one repetition."""

from __future__ import annotations

from neuroface import signals
from neuroface.features.kinematics import kinematics
from neuroface.types import Landmarks


def mouth_opening(landmarks: Landmarks, *, inner: bool = False, robust: bool = False) -> dict[str, float]:
    """Range of the vertical lip aperture within one repetition.

    landmarks: (T, 68, D) mm or px, any frame (a distance does not feel head motion).
    Returns {"rom.mouth_opening_<unit>"}: max - min over time of |upper lip - lower lip| at the mid-line, or the 5-95
    percentile range if `robust`; of the inner lip contour if `inner`. Missing frames are left out; NaN when all are.
    Reconstruction of the range-of-motion group of Guarin et al. (vertical aperture as in the NeuroFace segmentation
    baseline, arXiv 2208.10591).
    """
    mouth = kinematics(landmarks)
    opening = mouth.inner_opening if inner else mouth.opening
    return {f"rom.mouth_opening_{landmarks.unit}": signals.extent(opening, robust=robust)}


def mouth_width(landmarks: Landmarks, *, robust: bool = False) -> dict[str, float]:
    """Range of the distance between the mouth corners within one repetition.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"rom.mouth_width_<unit>"}: max - min over time of |right corner - left corner|, or the 5-95 percentile
    range if `robust`. Missing frames are left out; NaN when all are.
    Reconstruction of the range-of-motion group of Guarin et al.
    """
    return {f"rom.mouth_width_{landmarks.unit}": signals.extent(kinematics(landmarks).width, robust=robust)}


def mouth_area(landmarks: Landmarks, *, robust: bool = False) -> dict[str, float]:
    """Range of the area inside the outer lip outline within one repetition.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"rom.mouth_area_<unit>2"}: max - min over time of right half + left half, or the 5-95 percentile range if
    `robust`. Missing frames are left out; NaN when all are.
    Reconstruction of the range-of-motion group of Guarin et al.; the surface area of `geometry.mouth_half_areas`.
    """
    right, left = kinematics(landmarks).half_areas
    return {f"rom.mouth_area_{landmarks.unit}2": signals.extent(right + left, robust=robust)}
