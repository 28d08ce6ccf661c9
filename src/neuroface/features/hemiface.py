"""One half of the face beside the other, blind to which one is affected, within one repetition."""

from __future__ import annotations

import numpy as np

from neuroface import face, geometry, signals
from neuroface.features.eyes import aspect_ratios, brow_heights
from neuroface.features.kinematics import kinematics
from neuroface.types import Landmarks


def asymmetry_index(landmarks: Landmarks) -> dict[str, float]:
    """Facial asymmetry index: how unlike the ways from inner canthus to mouth corner are on the two sides.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"hemiface.asymmetry_index"}: mean over time of |R - L| / ((R + L) / 2), R = |P39-P48|, L = |P42-P54|; 0 for
    a symmetric face. NaN when no frame is seen. Not part of a published set; dynaface's FAI (Heaton et al.) is |R - L|
    in mm.
    """
    right, left = _canthus_to_corner(landmarks)
    total = right + left
    share = np.divide(2 * np.abs(right - left), total, out=np.full(len(total), np.nan), where=total > 0)
    return {"hemiface.asymmetry_index": signals.mean(share)}


def distance(landmarks: Landmarks) -> dict[str, float]:
    """How far the face lies from its own mirror image, as a share of the distance of the outer canthi.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"hemiface.distance"}: root mean square distance of the landmarks without jaw from those of the mirrored
    face, laid over it by a rigid fit in each frame; mean over time. A head turned to a side seen in pixels is not its
    own mirror image. NaN when no frame is seen whole. Not part of a published set; Procrustes comparison of the halves
    as in Klingenberg, Barluenga & Meyer, Evolution 56 (2002) 1909.
    """
    points = np.asarray(landmarks.points, dtype=float)
    whole = points[np.isfinite(points).all(axis=(1, 2))]
    if not len(whole):
        return {"hemiface.distance": float("nan")}
    mirrored = whole[:, face.MIRROR] * np.r_[-1.0, np.ones(whole.shape[2] - 1)]
    apart = []
    for own, other in zip(whole[:, face.WITHOUT_JAW], mirrored[:, face.WITHOUT_JAW], strict=True):
        rotation, translation = geometry.rigid_fit(other[None], own)
        apart.append(np.sqrt(((other @ rotation[0].T + translation[0] - own) ** 2).sum(axis=1).mean()))
    eyes = geometry.distance(whole, face.CANTHUS_RIGHT_OUTER, face.CANTHUS_LEFT_OUTER)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"hemiface.distance": signals.mean(np.array(apart) / eyes)}


def symmetry_score(landmarks: Landmarks) -> dict[str, float]:
    """One number for the symmetry of the face: 100 for halves that measure the same, 0 for one without the other.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"hemiface.symmetry_score_percent"}: 100 times the mean of four ratios min / max of the sides' means over
    time: eye aspect ratio, height of the brow, way from inner canthus to mouth corner, area of the mouth's half. A
    composite of ours, no clinical scale: it has not been compared with eFACE or Sunnybrook. NaN where one of the four
    is not seen. Not part of a published set.
    """
    pairs = (
        aspect_ratios(landmarks),
        brow_heights(landmarks),
        _canthus_to_corner(landmarks),
        kinematics(landmarks).half_areas,
    )
    ratios = []
    for pair in pairs:
        low, high = sorted(signals.mean(side) for side in pair)
        ratios.append(low / high if high > 0 else float("nan"))
    return {"hemiface.symmetry_score_percent": 100 * float(np.mean(ratios))}


def _canthus_to_corner(landmarks: Landmarks) -> tuple[np.ndarray, np.ndarray]:
    """Two (T,) mm or px: from the inner canthus to the mouth corner of the right and the left side."""
    return (
        geometry.distance(landmarks.points, face.CANTHUS_RIGHT_INNER, face.MOUTH_CORNER_RIGHT),
        geometry.distance(landmarks.points, face.CANTHUS_LEFT_INNER, face.MOUTH_CORNER_LEFT),
    )
