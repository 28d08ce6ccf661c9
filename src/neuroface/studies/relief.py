"""`relief=true`: the digital face moved onto the depth of the recordings that a run was made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from neuroface.explain.face_fit import FaceFit
    from neuroface.explain.relief import Relief
    from neuroface.views.seen import Seen

MOST_FRAMES = 40  # of a recording that are looked at, spread over its repetitions
STILL_MM = 0.5  # mean way of a landmark below which a face has not moved
NEEDED = (
    "relief=true moves the face onto measured depth, and no recording of the run has depth and landmarks in mm from "
    "the same camera: it needs RGB-D recordings and lift=depth. Leave relief out."
)


@dataclass(frozen=True, eq=False)
class Measured:
    """relief: of one recording. apart_mm: median distance of the measured depth from the skin, before and after.
    wrong_mm: of synthetic people, root mean square from the true skin where depth was seen, before and after; or NaN.
    """

    relief: Relief
    apart_mm: tuple[float, float]
    wrong_mm: tuple[float, float]


def measure(one: Seen, fit: FaceFit, frames: np.ndarray, moments: int, *, origin: str) -> Measured | None:
    """What the depth of a recording adds to the face fitted to `frames` of its landmarks; None where there is none.

    frames: (repetitions * moments,) as fit_repetitions gives them. origin: of lift, color or depth.
    """
    from neuroface.explain import digital_face as faces
    from neuroface.explain import relief
    from neuroface.recording import projection
    from neuroface.recording.depth import PointDepth
    from neuroface.views.pictures import chosen_frames, frame_times, nearest

    video = one.recording.video
    rig = None if video is None else video.rig
    has_depth = rig is not None and (rig.aligned or rig.depth is not None)
    if video is None or rig is None or not has_depth or one.landmarks.space != "camera":
        return None
    known = np.flatnonzero(np.isfinite(fit.error_mm))
    at = known[np.unique(np.linspace(0, len(known) - 1, MOST_FRAMES).round().astype(int))]
    numbers = nearest(frame_times(video, one.pixels), one.landmarks.timestamps_s[frames[at]])
    skin = np.einsum("tij,tvj->tvi", fit.rotation[at], faces.skin(fit.expression[at], fit.neutral))
    skin += fit.translation[at, None]
    if origin == "depth":
        skin = projection.depth_to_color(skin, rig)
    depths = {frame.index: frame.depth for frame in chosen_frames(video, sorted(set(numbers.tolist())))}
    pairs = [(k, depth) for k, number in enumerate(numbers.tolist()) if (depth := depths.get(number)) is not None]
    if not pairs:
        return None
    rows = [k for k, _ in pairs]
    look_up = PointDepth(rig)
    looks = np.stack([relief.outwards(depth, look_up, skin[k]) for k, depth in pairs])
    amount = _amount(fit, moments)[at][rows]
    found = relief.fitted(looks, amount)
    moved = found.at(skin[rows], amount)
    left = looks - (found.rest + amount[:, None] * found.moved)
    apart = (
        (float(np.nanmedian(np.abs(looks))), float(np.nanmedian(np.abs(left)))) if np.isfinite(looks).any() else None
    )
    if apart is None:
        return None
    return Measured(found, apart, _from_truth(one, numbers[rows], np.isfinite(looks), skin[rows], moved))


def _amount(fit: FaceFit, moments: int) -> np.ndarray:
    """(T,) how far the face has moved: 0 as at the onset, 1 at the mean peak of the repetitions."""
    expression = fit.expression
    first = expression[::moments]
    if not np.isfinite(first).any():
        first = expression
    onset = np.nanmean(first, axis=0)
    way = np.linalg.norm(expression - onset, axis=2).mean(axis=1)  # NaN where the frame shows too little
    known = np.isfinite(way).reshape(-1, moments)
    mean = np.where(known, way.reshape(known.shape), 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    peak = float(mean.max())
    return np.clip(way / peak, 0, 1.5) if peak > STILL_MM else np.zeros(len(way))


def _from_truth(
    one: Seen, numbers: np.ndarray, seen: np.ndarray, before: np.ndarray, after: np.ndarray
) -> tuple[float, float]:
    """mm across the true skin of a rendered person, root mean square over what depth was seen of."""
    from neuroface.explain import relief
    from neuroface.synthesis import figure
    from neuroface.synthesis.render import RenderedVideo

    video: Any = one.recording.video
    if not isinstance(video, RenderedVideo):
        return float("nan"), float("nan")
    act = video.act
    shape = figure.build(act.neutral, long_hair=False)
    errors: list[list[np.ndarray]] = [[], []]
    for k, number in enumerate(numbers.tolist()):
        true = shape.pose(act.landmarks[number], act.rotation[number], act.translation[number], act.neck)
        true = true[: before.shape[1]]  # the skin comes first
        out = relief.normals(true)
        for told, skin in zip(errors, (before, after), strict=True):
            told.append(((skin[k] - true) * out).sum(axis=1)[seen[k]])
    rms = [float(np.sqrt((np.concatenate(told) ** 2).mean())) for told in errors]
    return rms[0], rms[1]


def in_words(found: list[Measured]) -> str:
    """How near the skin is to the depth, before and after; of synthetic people to the true skin."""
    before, after = (np.mean([one.apart_mm[k] for one in found]) for k in (0, 1))
    told = (
        f"skin moved onto the depth of {len(found)} recordings, which lies {before:.2f} mm from it before (median) and "
        f"{after:.2f} mm after"
    )
    wrong = [one.wrong_mm for one in found if np.isfinite(one.wrong_mm[0])]
    if wrong:
        before, after = (np.mean([one[k] for one in wrong]) for k in (0, 1))
        told += f"; {before:.2f} and {after:.2f} mm root mean square from where the skin truly is"
    return told
