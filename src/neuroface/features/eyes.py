"""How open the eyes are and how often they close, and how far the brows rise, within one repetition."""

from __future__ import annotations

import numpy as np

from neuroface import face, geometry, signals
from neuroface.features.rest import at_rest
from neuroface.types import Landmarks

# An eye counts as shut below this share of its usual aspect ratio: lids of a blink meet, those of a smile narrow to
# about two thirds. Ours; the published threshold (.2 of the ratio itself) depends on the shape of the eye.
SHUT = 0.5


def aspect_ratio(landmarks: Landmarks) -> dict[str, float]:
    """How open the eyes are: height over width, mean of both eyes and of all frames.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"eyes.aspect_ratio"}: (|P37-P41| + |P38-P40|) / (2 |P36-P39|) and the same of the other eye. NaN when no
    frame is seen. Not part of a published set; Soukupova & Cech, CVWW 2016.
    """
    right, left = aspect_ratios(landmarks)
    return {"eyes.aspect_ratio": signals.mean((right + left) / 2)}


def closure(landmarks: Landmarks) -> dict[str, float]:
    """How far the eyes close, as a share of how far they are open.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"eyes.closure"}: 1 - smallest / 95th percentile of the aspect ratio, mean of both eyes: 0 never, 1 fully.
    NaN when no frame is seen. Not part of a published set.
    """
    right, left = aspect_ratios(landmarks)
    return {"eyes.closure": float(np.mean([1 - _lowest(right), 1 - _lowest(left)]))}


def blink_rate(landmarks: Landmarks) -> dict[str, float]:
    """How often both eyes shut, per minute.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"eyes.blink_rate_per_min"}: runs of frames in which the mean aspect ratio of the eyes is below half of its
    95th percentile, over the time from the first to the last seen frame. Long closures count once. Blinks last 0.1 to
    0.4 s: below 15 frames a second some are missed. NaN for fewer than two seen frames. Not part of a published set.
    """
    right, left = aspect_ratios(landmarks)
    both = (right + left) / 2
    seen = np.isfinite(both)
    times, both = landmarks.timestamps_s[seen], both[seen]
    if len(both) < 2:
        return {"eyes.blink_rate_per_min": float("nan")}
    shut = both < SHUT * np.percentile(both, 95)
    blinks = int((np.diff(shut.astype(int), prepend=0) == 1).sum())
    return {"eyes.blink_rate_per_min": 60 * blinks / float(times[-1] - times[0])}


def brow_lift(landmarks: Landmarks) -> dict[str, float]:
    """How far the brows rise above where they rest, mean of both sides.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"eyes.brow_lift_<unit>"}: per side the largest distance of the brow's middle from the middle of the canthi
    of its eye, less that at rest (rest.at_rest); the mean of the two. NaN where a side is never seen.
    Not part of a published set; brow elevation of the Sunnybrook and eFACE scales.
    """
    return {f"eyes.brow_lift_{landmarks.unit}": float(np.mean(_lifts(landmarks)))}


def brow_lift_weaker(landmarks: Landmarks) -> dict[str, float]:
    """How far the brow rises that rises less.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"eyes.brow_lift_weaker_<unit>"}: the smaller of the two lifts of `brow_lift`. Not part of a published set.
    """
    return {f"eyes.brow_lift_weaker_{landmarks.unit}": float(np.min(_lifts(landmarks)))}


def aspect_ratios(landmarks: Landmarks) -> tuple[np.ndarray, np.ndarray]:
    """Two (T,): height over width of the right and the left eye; NaN for an eye without width."""
    points = landmarks.points
    out = []
    for lids, corners in (
        (face.EYELIDS_RIGHT, (face.CANTHUS_RIGHT_OUTER, face.CANTHUS_RIGHT_INNER)),
        (face.EYELIDS_LEFT, (face.CANTHUS_LEFT_OUTER, face.CANTHUS_LEFT_INNER)),
    ):
        height = sum(geometry.distance(points, upper, lower) for upper, lower in lids) / len(lids)
        width = geometry.distance(points, *corners)
        out.append(np.divide(height, width, out=np.full(len(points), np.nan), where=width > 0))
    return out[0], out[1]


def brow_heights(landmarks: Landmarks) -> tuple[np.ndarray, np.ndarray]:
    """Two (T,) mm or px: distance of the middle of the right and the left brow from the middle of its eye's canthi."""
    points = landmarks.points
    out = []
    for brow, corners in (
        (face.BROW_RIGHT, [face.CANTHUS_RIGHT_OUTER, face.CANTHUS_RIGHT_INNER]),
        (face.BROW_LEFT, [face.CANTHUS_LEFT_OUTER, face.CANTHUS_LEFT_INNER]),
    ):
        out.append(geometry.length(points[:, brow].mean(axis=1) - points[:, corners].mean(axis=1)))
    return out[0], out[1]


def _lifts(landmarks: Landmarks) -> list[float]:
    out = []
    for height in brow_heights(landmarks):
        seen = height[np.isfinite(height)]
        out.append(float(seen.max() - at_rest(height)) if len(seen) else float("nan"))
    return out


def _lowest(ratio: np.ndarray) -> float:
    """Smallest over usual aspect ratio; NaN when nothing is seen or the eye is never open."""
    seen = ratio[np.isfinite(ratio)]
    usual = float(np.percentile(seen, 95)) if len(seen) else 0.0
    return float(seen.min()) / usual if usual > 0 else float("nan")
