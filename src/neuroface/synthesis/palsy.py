"""One-sided facial palsy of House-Brackmann grades 1 to 6, laid over the movement of a healthy person.

What each grade leaves of brow, eye and mouth, and at rest: House & Brackmann, Otolaryngol Head Neck Surg 93 (1985) 146.
They give words, and a share of movement of brow and mouth together; the numbers here are chosen within both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from neuroface import face
from neuroface.synthesis.face_model import MUSCLES, RIGHT_FIELDS
from neuroface.synthesis.motion import TASKS as CLINIC_TASKS
from neuroface.synthesis.motion import Performance, Task

REGIONS = ("brow", "eye", "mouth")
REGION_OF_MUSCLE = {muscle: {"brow_raise": "brow", "blink": "eye"}.get(muscle, "mouth") for muscle in MUSCLES}
_SMILE, _BLINK = MUSCLES.index("smile"), MUSCLES.index("blink")
SMILE_MM = 9.3  # a full smile, motion.TASKS
# (n_muscles,): by how much 1 mm of pull brings the lids of its side together; the mirrored muscles do the same.
_UPPER, _LOWER = np.array(face.EYELIDS_RIGHT).T
_CLOSING = (RIGHT_FIELDS[:, _UPPER, 1] - RIGHT_FIELDS[:, _LOWER, 1]).mean(axis=1)

_GESTURE = replace(CLINIC_TASKS["BROW"], size={})
# Jaw still, so that whatever moves is moved by the facial nerve. An eye is closed with effort to spare: lids stop at
# each other, in everybody whose face is healthy.
TASKS: dict[str, Task] = {
    "REST": replace(CLINIC_TASKS["REST"], strokes_s=(5.0,)),
    "BROW": CLINIC_TASKS["BROW"],
    "EYE_CLOSURE": replace(_GESTURE, size={"blink": 20.0}),
    "SMILE": replace(_GESTURE, size={"smile": SMILE_MM, "upper_lip_raise": 3.0}),
}
MOVED_BY = {"BROW": "brow", "EYE_CLOSURE": "eye", "SMILE": "mouth"}


@dataclass(frozen=True)
class Grade:
    """What a grade leaves of the affected side.

    left: least and greatest share of a healthy excursion, per region; people of one grade lie between. droop_mm: pull
    that a muscle lacks at rest. synkinesis: share of a full movement by which eye and mouth move each other unasked.
    """

    left: Mapping[str, tuple[float, float]]
    droop_mm: Mapping[str, float]
    synkinesis: float = 0.0


def _left(brow: tuple[float, float], eye: tuple[float, float], mouth: tuple[float, float]) -> Mapping[str, tuple]:
    return {"brow": brow, "eye": eye, "mouth": mouth}


_WHOLE, _NONE = (1.0, 1.0), (0.0, 0.0)
GRADES: dict[str, Grade] = {
    "1": Grade(_left(_WHOLE, _WHOLE, _WHOLE), {}),
    "2": Grade(_left((0.72, 0.90), _WHOLE, (0.82, 0.96)), {}),
    "3": Grade(_left((0.36, 0.55), _WHOLE, (0.68, 0.80)), {}, synkinesis=0.15),
    "4": Grade(_left(_NONE, (0.50, 0.80), (0.53, 0.66)), {}, synkinesis=0.30),
    "5": Grade(_left(_NONE, (0.20, 0.45), (0.06, 0.20)), {"brow_raise": 2.5, "blink": 0.8, "smile": 2.5}),
    "6": Grade(_left(_NONE, _NONE, _NONE), {"brow_raise": 4.0, "blink": 1.2, "smile": 4.0}),
}


@dataclass(frozen=True)
class Palsy:
    """One person's palsy. side: "left" or "right". left, droop_mm, synkinesis: as in Grade, of this person."""

    side: str
    left: Mapping[str, float]
    droop_mm: Mapping[str, float]
    synkinesis: float


def draw_palsy(generator: np.random.Generator, grade: str, *, effect: float, synkinesis: float) -> Palsy:
    """A palsy of a grade, "1" to "6".

    effect: scales the loss, which ends at all of it, and everything else; 0 leaves a healthy face. synkinesis: scales
    that of the grade.
    """
    rule = GRADES[grade]
    side = str(generator.choice(["left", "right"]))
    drawn = {region: generator.uniform(*rule.left[region]) for region in REGIONS}
    return Palsy(
        side=side,
        left={region: max(1.0 - effect * (1.0 - share), 0.0) for region, share in drawn.items()},
        droop_mm={muscle: effect * pull for muscle, pull in rule.droop_mm.items()},
        synkinesis=effect * synkinesis * rule.synkinesis,
    )


def afflict(done: Performance, palsy: Palsy, neutral: np.ndarray) -> Performance:
    """What a healthy performance becomes in a face, (68, 3) mm in face axes, with a palsy; lids stop at each other."""
    pulls = {"right": done.right_mm, "left": done.left_mm}
    healthy = {side: _lids_stopped(pull, _lid_gap_mm(neutral, side)) for side, pull in pulls.items()}
    moved = dict(healthy)
    moved[palsy.side] = _affected(healthy[palsy.side], palsy, _lid_gap_mm(neutral, palsy.side))
    return replace(done, right_mm=moved["right"], left_mm=moved["left"])


def _affected(pull_mm: np.ndarray, palsy: Palsy, gap_mm: float) -> np.ndarray:
    """(T, n_muscles) mm: what the affected side makes of the pull it was meant to have."""
    full_mm = {_SMILE: SMILE_MM, _BLINK: gap_mm / _CLOSING[_BLINK]}
    out = pull_mm * [palsy.left[REGION_OF_MUSCLE[muscle]] for muscle in MUSCLES]
    for meant, comes_along in ((_SMILE, _BLINK), (_BLINK, _SMILE)):
        share = np.clip(pull_mm[:, meant] / full_mm[meant], 0.0, 1.0)
        out[:, comes_along] += palsy.synkinesis * full_mm[comes_along] * share
    for muscle, droop_mm in palsy.droop_mm.items():
        out[:, MUSCLES.index(muscle)] -= droop_mm
    return _lids_stopped(out, gap_mm)


def _lids_stopped(pull_mm: np.ndarray, gap_mm: float) -> np.ndarray:
    """The same pulls, but that of the lids ends where they touch, wherever other muscles have put them."""
    by_others = pull_mm @ _CLOSING - pull_mm[:, _BLINK] * _CLOSING[_BLINK]
    out = pull_mm.copy()
    out[:, _BLINK] = np.minimum(out[:, _BLINK], (gap_mm - by_others) / _CLOSING[_BLINK])
    return out


def _lid_gap_mm(neutral: np.ndarray, side: str) -> float:
    """How far a neutral eye is open."""
    upper, lower = np.array(face.EYELIDS_RIGHT if side == "right" else face.EYELIDS_LEFT).T
    return float((neutral[lower, 1] - neutral[upper, 1]).mean())


def excursions(points: np.ndarray) -> dict[str, np.ndarray]:
    """{"brow_left": (T,) mm, ...}: how far each region of each side is from where it was in the first frame.

    points: (T, 68, 3) mm, face axes. Brow: the mean of its points; eye: the upper lids seen from the lower ones; mouth:
    the corner.
    """
    out = {}
    for side, brow, lids, corner in (
        ("left", face.BROW_LEFT, face.EYELIDS_LEFT, face.MOUTH_CORNER_LEFT),
        ("right", face.BROW_RIGHT, face.EYELIDS_RIGHT, face.MOUTH_CORNER_RIGHT),
    ):
        upper, lower = np.array(lids).T
        paths = (
            points[:, brow].mean(axis=1),
            (points[:, upper] - points[:, lower]).mean(axis=1),
            points[:, corner],
        )
        for region, path in zip(REGIONS, paths, strict=True):
            out[f"{region}_{side}"] = np.linalg.norm(path - path[0], axis=1)
    return out
