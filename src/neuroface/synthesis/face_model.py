"""A 68-point 3-D face in mm: its neutral shape, how identities differ, and what each muscle does.

Face axes: x towards the person's left (right in the image), y down, z away from the viewer; the origin lies midway
between the inner canthi. The left half is the exact mirror image of the right (x -> -x with face.MIRROR).

Shape: rounded values between the means of adult women and men in Farkas, "Anthropometry of the Head and Face", 1994,
and Farkas et al., J Craniofac Surg 16 (2005) 615: en-en 32, ex-ex 90, al-al 33, ch-ch 52, zy-zy 133, n-sn 53, upper
vermilion 7, lower vermilion 9, n-gn 121. Points that have no such measure (brows, jaw outline, all depths but the
nose) are drawn by eye so that the result looks like a face.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from neuroface import face

MIRROR_X = np.array([-1.0, 1.0, 1.0])

# Right half of the lips in one order: outer corner, upper lip from the corner to the mid-line (3), lower lip from the
# mid-line to the corner (3); inner corner, upper (2), lower (2).
LIPS_RIGHT = np.concatenate([face.MOUTH_RIGHT_HALF, face.MOUTH_INNER[[0, 1, 2, 6, 7]]])

_RIGHT_AND_MIDDLE: tuple[tuple[np.ndarray, list[tuple[float, float, float]]], ...] = (
    (
        face.JAW[:9],
        [
            (-66.5, 2.0, 78.0),
            (-66.0, 20.0, 74.0),
            (-64.0, 38.0, 67.0),
            (-60.0, 56.0, 56.0),
            (-53.0, 74.0, 42.0),
            (-44.0, 91.0, 25.0),
            (-32.0, 104.0, 9.0),
            (-16.5, 112.0, -3.0),
            (0.0, 115.0, -8.0),
        ],
    ),
    (
        face.BROW_RIGHT,
        [(-55.0, -17.0, 14.0), (-48.0, -22.5, 5.0), (-37.5, -25.0, -3.0), (-26.0, -23.5, -7.0), (-15.0, -20.0, -9.0)],
    ),
    (face.NOSE_BRIDGE, [(0.0, -6.0, -10.0), (0.0, 8.0, -17.0), (0.0, 21.0, -24.0), (0.0, 35.0, -32.0)]),
    (face.NOSTRILS[:3], [(-16.5, 43.0, -6.0), (-8.0, 45.5, -12.0), (0.0, 47.0, -14.0)]),
    (
        face.EYE_RIGHT,
        [
            (-45.0, 0.0, 9.0),
            (-35.5, -5.5, 2.0),
            (-25.0, -5.5, -1.0),
            (-16.0, 1.0, 1.0),
            (-25.0, 4.8, 0.0),
            (-35.5, 4.8, 3.0),
        ],
    ),
    (
        LIPS_RIGHT,
        [
            (-26.0, 68.8, -5.0),
            (-16.5, 63.2, -11.5),
            (-6.5, 60.3, -15.5),
            (0.0, 61.5, -16.5),
            (0.0, 77.5, -14.5),
            (-8.0, 76.8, -14.0),
            (-17.0, 74.0, -10.5),
            (-22.5, 68.8, -6.0),
            (-8.5, 68.0, -12.5),
            (0.0, 68.5, -13.5),
            (0.0, 68.5, -13.5),
            (-8.5, 68.0, -12.5),
        ],
    ),
)


def _field(*parts: tuple[np.ndarray, ArrayLike]) -> np.ndarray:
    """(68, 3): zeros but for the given (landmarks, vectors)."""
    out = np.zeros((face.N_POINTS, 3))
    for landmarks, vectors in parts:
        out[landmarks] = vectors
    return out


def mirrored(field: np.ndarray) -> np.ndarray:
    """(..., 68, 3): the same shape or displacement as seen in a mirror."""
    return field[..., face.MIRROR, :] * MIRROR_X


def _both_halves(right_and_middle: np.ndarray) -> np.ndarray:
    """(68, 3): right-side and mid-line points completed by the mirror images of the right-side ones."""
    left = np.setdiff1d(np.arange(face.N_POINTS), np.concatenate([points for points, _ in _RIGHT_AND_MIDDLE]))
    out = right_and_middle.copy()
    out[left] = mirrored(right_and_middle)[left]
    return out


# (68, 3) mm, face axes: a closed mouth and open eyes.
NEUTRAL = _both_halves(_field(*_RIGHT_AND_MIDDLE))
NEUTRAL.setflags(write=False)


def _on_lips(direction: tuple[float, float, float], weights: list[float]) -> np.ndarray:
    """(68, 3): one direction on the right half of the lips, weighted in the order of LIPS_RIGHT."""
    return _field((LIPS_RIGHT, np.outer(weights, direction)))


def _right_muscles() -> dict[str, np.ndarray]:
    """(68, 3) displacement of the face by 1 mm of pull of each right-side muscle.

    The millimetre is that of the point it moves most: the mouth corner for smile, spread and pucker, the lip's middle
    third for the lip muscles, the brow's arch, the upper eyelid. Mid-line points take half from either side. Inner
    points of the upper and lower lip that face each other never move towards each other, so closed lips do not cross.
    """
    upper_lid, lower_lid = face.EYE_RIGHT[1:3], face.EYE_RIGHT[4:6]
    return {
        # zygomaticus major: out and up at about 47 degrees in a smile (Tarantili et al., AJODO 128 (2005) 8), and back
        "smile": _on_lips((-0.65, -0.66, 0.38), [1.0, 0.75, 0.35, 0.1, 0.1, 0.3, 0.65, 0.95, 0.4, 0.1, 0.1, 0.4])
        + _field((face.NOSTRILS[:1], (-0.08, -0.08, 0.0)), (lower_lid, (0.0, -0.06, 0.0))),
        # risorius and buccinator: straight out, and back along the teeth
        "spread": _on_lips((-0.94, 0.0, 0.34), [1.0, 0.8, 0.35, 0.0, 0.0, 0.35, 0.8, 0.95, 0.45, 0.0, 0.0, 0.45]),
        # orbicularis oris: corners in, lips forward and their red rolled out
        "pucker": _on_lips((1.0, 0.0, 0.0), [1.0, 0.65, 0.3, 0.0, 0.0, 0.3, 0.65, 0.9, 0.35, 0.0, 0.0, 0.35])
        + _on_lips((0.0, 0.0, -1.0), [0.45, 0.6, 0.7, 0.4, 0.4, 0.7, 0.6, 0.45, 0.65, 0.35, 0.35, 0.65])
        + _on_lips((0.0, -1.0, 0.0), [0.0, 0.15, 0.2, 0.08, -0.1, -0.2, -0.15, 0.0, 0.0, 0.0, 0.0, 0.0]),
        # orbicularis oris, marginal part: the red rolls in while the inner lips stay in touch; V narrows by 1 mm
        "lip_press": _on_lips((0.0, 1.0, 0.0), [0.0, 0.3, 0.45, 0.25, -0.25, -0.45, -0.3, 0.0, 0.0, 0.0, 0.0, 0.0]),
        "upper_lip_raise": _on_lips((0.0, -1.0, 0.1), [0.15, 0.7, 1.0, 0.5, 0.0, 0.0, 0.0, 0.1, 0.85, 0.5, 0.0, 0.0]),
        "lower_lip_depression": _on_lips(
            (0.0, 1.0, 0.1), [0.1, 0.0, 0.0, 0.0, 0.5, 1.0, 0.7, 0.1, 0.0, 0.0, 0.5, 0.85]
        ),
        # frontalis: the brow rises as a whole, the upper lid a little with it
        "brow_raise": _field(
            (face.BROW_RIGHT, np.outer([0.85, 0.95, 1.0, 0.95, 0.85], (0.0, -0.99, 0.12))),
            (upper_lid, (0.0, -0.1, 0.0)),
        ),
        # orbicularis oculi
        "blink": _field((upper_lid, (0.0, 1.0, 0.0)), (lower_lid, (0.0, -0.05, 0.0))),
    }


_MUSCLES = _right_muscles()
MUSCLES = tuple(_MUSCLES)  # order of the columns of every activation array
RIGHT_FIELDS = np.stack(list(_MUSCLES.values()))  # (n_muscles, 68, 3) mm per mm of pull
LEFT_FIELDS = mirrored(RIGHT_FIELDS)

# The jaw turns about the axis through both condyles. In people it also slides forward, but turns more than it slides
# (Mapelli et al., Clin Anat 22 (2009) 311); sliding is left out.
JAW_AXIS_YZ = np.array([14.0, 70.0])


def _jaw_weights() -> np.ndarray:
    """(68,): share of the jaw's rotation that each point follows; mouth corners half, the upper lip hardly."""
    right = np.zeros(face.N_POINTS)
    right[face.JAW[:9]] = [0.0, 0.0, 0.1, 0.35, 0.7, 0.95, 1.0, 1.0, 1.0]
    right[LIPS_RIGHT] = [0.5, 0.08, 0.0, 0.0, 1.0, 0.97, 0.82, 0.5, 0.0, 0.0, 1.0, 0.93]
    return np.maximum(right, right[face.MIRROR])


JAW_WEIGHTS = _jaw_weights()


def _identity_modes() -> dict[str, np.ndarray]:
    """(68, 3) mm: what one standard deviation of each trait of shape adds to the neutral face.

    Standard deviations of widths and heights: Farkas 1994 (zy-zy 4-5 mm of 133, n-gn 5-6 mm of 121, ch-ch 3, n-sn 3,
    go-go 5-6). Asymmetry of a healthy face: up to 2 % about the eyes and 12 % about the mouth are called normal
    (Farkas & Cheung, Angle Orthod 51 (1981) 70); here the mouth differs by about 3 % (1 SD).
    """
    below_nose = np.clip((NEUTRAL[:, 1] - NEUTRAL[face.NOSE_BASE, 1]) / 60.0, 0.0, 1.0)
    jaw = np.isin(np.arange(face.N_POINTS), face.JAW) * below_nose
    nose = np.concatenate([face.NOSE_BRIDGE, face.NOSTRILS])
    along_nose = np.clip(NEUTRAL[nose, 1] / NEUTRAL[face.NOSE_BASE, 1], 0.0, 1.0)
    spread_right, spread_left = RIGHT_FIELDS[MUSCLES.index("spread")], LEFT_FIELDS[MUSCLES.index("spread")]
    corner_right, corner_left = RIGHT_FIELDS[MUSCLES.index("smile")], LEFT_FIELDS[MUSCLES.index("smile")]
    lower_face = _field((np.arange(face.N_POINTS), np.outer(below_nose, (0.0, 1.0, 0.0))))
    return {
        "face_width": NEUTRAL * (0.035, 0.0, 0.0),
        "face_height": NEUTRAL * (0.0, 0.045, 0.0),
        "lower_face_height": 2.5 * lower_face,
        "mouth_width": 1.6 * (spread_right + spread_left),
        "nose_length": _field((nose, np.outer(along_nose, (0.0, 2.0, -1.0)))),
        "jaw_width": _field((np.arange(face.N_POINTS), np.outer(jaw * np.sign(NEUTRAL[:, 0]), (2.7, 0.0, 0.0)))),
        "mouth_side": 0.4 * (spread_right - spread_left),
        "mouth_tilt": 0.4 * (corner_right - corner_left),
    }


IDENTITY_MODES = _identity_modes()


def identity_face(traits: Mapping[str, float]) -> np.ndarray:
    """(68, 3) mm, face axes: the neutral face of one person; traits in standard deviations, 0 where not named."""
    return NEUTRAL + sum((IDENTITY_MODES[name] * value for name, value in traits.items()), np.zeros_like(NEUTRAL))


def pose_face(neutral: np.ndarray, jaw_deg: np.ndarray, right_mm: np.ndarray, left_mm: np.ndarray) -> np.ndarray:
    """(T, 68, 3) mm, face axes: the neutral face moved by jaw and muscles.

    neutral: (68, 3) mm. jaw_deg: (T,) opening of the jaw. right_mm, left_mm: (T, n_muscles) pull of each side's muscles
    in the order of MUSCLES. The jaw carries the lips along after the muscles have shaped them.
    """
    fields = np.concatenate([RIGHT_FIELDS, LEFT_FIELDS]).reshape(2 * len(MUSCLES), -1)
    points = (np.hstack([right_mm, left_mm]) @ fields).reshape(-1, face.N_POINTS, 3)
    points += neutral
    moving = np.flatnonzero(JAW_WEIGHTS)
    angle = np.radians(jaw_deg)[:, None] * JAW_WEIGHTS[moving]
    cosine, sine = np.cos(angle), np.sin(angle)
    y, z = points[:, moving, 1] - JAW_AXIS_YZ[0], points[:, moving, 2] - JAW_AXIS_YZ[1]
    # the chin lies in front of the axis (z < 0): opening carries it down (+y) and back (+z)
    points[:, moving, 1] = JAW_AXIS_YZ[0] + cosine * y - sine * z
    points[:, moving, 2] = JAW_AXIS_YZ[1] + sine * y + cosine * z
    return points
