"""How far the corners of the mouth are drawn, and how far the lips part, within one repetition.

The corner of the mouth is the commissure of the clinics. Landmarks do not see teeth: what the lips uncover is the most
that can be told from them.
"""

from __future__ import annotations

import numpy as np

from neuroface import face, geometry, signals
from neuroface.features.rest import at_rest
from neuroface.types import Landmarks


def commissure_excursion(landmarks: Landmarks) -> dict[str, float]:
    """How far the mouth corners are carried from where they rest, mean of both sides.

    landmarks: (T, 68, D) mm or px. Feels head motion unless the landmarks are in the head frame.
    Returns {"smile.commissure_excursion_<unit>"}: per corner the largest distance from its place at rest (see
    rest.at_rest); the mean of the two. NaN where a corner is never seen. Not part of a published set; the quantity is
    that of SMILE (Bray et al., Laryngoscope 120 (2010) S1) and Emotrics.
    """
    return {f"smile.commissure_excursion_{landmarks.unit}": float(np.mean(_excursions(landmarks)))}


def commissure_excursion_weaker(landmarks: Landmarks) -> dict[str, float]:
    """How far the mouth corner that moves less is carried from where it rests.

    landmarks: (T, 68, D) mm or px. Feels head motion unless the landmarks are in the head frame.
    Returns {"smile.commissure_excursion_weaker_<unit>"}: the smaller of the two excursions of `commissure_excursion`.
    Not part of a published set.
    """
    return {f"smile.commissure_excursion_weaker_{landmarks.unit}": float(np.min(_excursions(landmarks)))}


def dental_display(landmarks: Landmarks, *, robust: bool = False) -> dict[str, float]:
    """How much more the lips uncover than at their closest: a proxy of the teeth that a smile shows.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"smile.dental_display_<unit>2"}: max - min over time of the area inside the inner lip outline, or the 5-95
    percentile range if `robust`. It counts gums, tongue and the dark of an open mouth as well as teeth. NaN when no
    frame is seen. Not part of a published set; dynaface and Emotrics measure the same opening.
    """
    parted = geometry.area(landmarks.points, face.MOUTH_INNER)
    return {f"smile.dental_display_{landmarks.unit}2": signals.extent(parted, robust=robust)}


def _excursions(landmarks: Landmarks) -> list[float]:
    """Right and left: largest distance of the mouth corner from its place at rest."""
    out = []
    for corner in (face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT):
        track = np.asarray(landmarks.points[:, corner], dtype=float)
        way = geometry.length(track - at_rest(track))
        seen = way[np.isfinite(way)]
        out.append(float(seen.max()) if len(seen) else float("nan"))
    return out
