"""What moves along that should not: an eye that closes while the mouth smiles, within one repetition."""

from __future__ import annotations

import numpy as np

from neuroface import signals
from neuroface.features.eyes import aspect_ratios
from neuroface.features.kinematics import kinematics
from neuroface.features.rest import at_rest
from neuroface.types import Landmarks

# The mouth counts as wide in the frames above this percentile of its width.
WIDE = 75


def eye_closure_in_smile(landmarks: Landmarks) -> dict[str, float]:
    """How far the eye closes that closes more while the mouth is widest, as a share of its opening at rest.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"synkinesis.eye_closure_in_smile"}: 1 - (mean aspect ratio in the widest quarter of the frames / that at
    rest), the larger of the two eyes': 0 nothing, 1 shut; a healthy smile narrows both eyes a little. NaN where the
    mouth does not move or an eye is not seen. Not part of a published set; ocular synkinesis of the Sunnybrook scale.
    """
    return {"synkinesis.eye_closure_in_smile": float(np.max(_closures(landmarks)))}


def eye_closure_difference(landmarks: Landmarks) -> dict[str, float]:
    """How unlike the eyes close while the mouth is widest: synkinesis of one side, not a smile with both eyes.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"synkinesis.eye_closure_difference"}: |right - left| of the closures of `eye_closure_in_smile`. NaN as
    there. Not part of a published set.
    """
    right, left = _closures(landmarks)
    return {"synkinesis.eye_closure_difference": abs(right - left)}


def _closures(landmarks: Landmarks) -> list[float]:
    width = kinematics(landmarks).width
    if not signals.extent(width) > signals.STILL:
        return [float("nan")] * 2
    wide = width >= np.percentile(width[np.isfinite(width)], WIDE)
    out = []
    for ratio in aspect_ratios(landmarks):
        rest = float(at_rest(ratio))
        out.append(1 - signals.mean(ratio[wide]) / rest if rest > 0 else float("nan"))
    return out
