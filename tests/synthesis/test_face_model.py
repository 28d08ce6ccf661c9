from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroface import face, geometry
from neuroface.synthesis.face_model import (
    IDENTITY_MODES,
    JAW_AXIS_YZ,
    LEFT_FIELDS,
    LIPS_RIGHT,
    MUSCLES,
    NEUTRAL,
    RIGHT_FIELDS,
    identity_face,
    mirrored,
    pose_face,
)


def pose(*, jaw_deg: float = 0.0, right: dict[str, float] | None = None, left: dict[str, float] | None = None):
    """(68, 3) mm: the neutral face in one pose."""
    pulls = [[(side or {}).get(muscle, 0.0) for muscle in MUSCLES] for side in (right, left)]
    return pose_face(NEUTRAL, np.array([jaw_deg]), *np.array(pulls)[:, None])[0]


def between(points: np.ndarray, a: int, b: int) -> float:
    return float(geometry.distance(points[None], a, b)[0])


def test_neutral_face_is_its_own_mirror_image():
    assert_allclose(mirrored(NEUTRAL), NEUTRAL, atol=0)
    middle = np.flatnonzero(np.arange(face.N_POINTS) == face.MIRROR)
    assert_allclose(NEUTRAL[middle, 0], 0, atol=0)


def test_the_right_of_the_person_is_the_left_of_the_image():
    assert NEUTRAL[face.MOUTH_CORNER_RIGHT, 0] < 0 < NEUTRAL[face.MOUTH_CORNER_LEFT, 0]
    assert NEUTRAL[face.CHIN, 1] > NEUTRAL[face.NOSE_TIP, 1]  # y down
    assert NEUTRAL[face.NOSE_TIP, 2] < NEUTRAL[face.JAW_LEFT_END, 2]  # z away from the viewer


@pytest.mark.parametrize(
    ("a", "b", "low", "high"),
    [
        (face.CANTHUS_RIGHT_INNER, face.CANTHUS_LEFT_INNER, 31.8, 33.3),  # en-en, Farkas 1994: women, men
        (face.CANTHUS_RIGHT_OUTER, face.CANTHUS_LEFT_OUTER, 87.8, 91.2),  # ex-ex
        (face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT, 50.2, 54.5),  # ch-ch
        (face.NOSTRILS[0], face.NOSTRILS[-1], 31.4, 34.9),  # al-al
        (face.JAW_RIGHT_END, face.JAW_LEFT_END, 129.9, 137.1),  # zy-zy
        (face.NOSE_BRIDGE[0], face.CHIN, 111.4, 124.7),  # n-gn
    ],
)
def test_adult_dimensions(a: int, b: int, low: float, high: float):
    assert low <= between(NEUTRAL, a, b) <= high


def test_left_muscles_mirror_right_ones_and_do_not_reach_the_other_half():
    assert_allclose(LEFT_FIELDS, mirrored(RIGHT_FIELDS), atol=0)
    left_half = NEUTRAL[:, 0] > 0
    assert (RIGHT_FIELDS[:, left_half] == 0).all()


def test_equal_pull_on_both_sides_keeps_the_face_symmetric():
    pull = dict.fromkeys(MUSCLES, 2.0)
    posed = pose(jaw_deg=10, right=pull, left=pull)
    assert_allclose(mirrored(posed), posed, atol=1e-12)


def test_pulls_add_up_and_scale():
    assert_allclose(
        pose(right={"smile": 4.0}, left={"brow_raise": 2.0}) - NEUTRAL,
        4 * RIGHT_FIELDS[MUSCLES.index("smile")] + 2 * LEFT_FIELDS[MUSCLES.index("brow_raise")],
        atol=1e-12,
    )


@pytest.mark.parametrize("muscle", ["smile", "spread", "pucker"])
def test_one_millimetre_of_pull_moves_the_corner_about_one_millimetre(muscle: str):
    moved = np.linalg.norm(pose(right={muscle: 1.0}) - NEUTRAL, axis=1)
    assert moved[face.MOUTH_CORNER_RIGHT] == pytest.approx(1, abs=0.1)
    assert moved[face.MOUTH_CORNER_LEFT] == 0


def test_lip_press_narrows_the_lips_by_its_millimetre():
    pressed = pose(right={"lip_press": 1.0}, left={"lip_press": 1.0})
    rest = NEUTRAL[face.LIP_BOTTOM_OUTER, 1] - NEUTRAL[face.LIP_TOP_OUTER, 1]
    assert pressed[face.LIP_BOTTOM_OUTER, 1] - pressed[face.LIP_TOP_OUTER, 1] == pytest.approx(rest - 1, abs=1e-12)


def test_jaw_turns_about_the_condyles():
    opened = pose(jaw_deg=20)
    arm = np.linalg.norm(NEUTRAL[face.CHIN, 1:] - JAW_AXIS_YZ)
    chord = 2 * arm * np.sin(np.radians(20) / 2)
    assert np.linalg.norm(opened[face.CHIN] - NEUTRAL[face.CHIN]) == pytest.approx(chord)
    assert np.linalg.norm(opened[face.CHIN, 1:] - JAW_AXIS_YZ) == pytest.approx(arm)
    assert opened[face.CHIN, 1] > NEUTRAL[face.CHIN, 1]
    assert_allclose(opened[face.RIGID], NEUTRAL[face.RIGID], atol=0)


@pytest.mark.parametrize("muscle", MUSCLES)
@pytest.mark.parametrize("jaw_deg", [0, 6])
def test_lips_never_cross(muscle: str, jaw_deg: float):
    for sides in ({"right": {muscle: 5.0}}, {"left": {muscle: 5.0}}, {"right": {muscle: 5.0}, "left": {muscle: 5.0}}):
        posed = pose(jaw_deg=jaw_deg, **sides)
        upper, lower = face.MOUTH_INNER[[1, 2, 3]], face.MOUTH_INNER[[7, 6, 5]]
        assert (posed[lower, 1] - posed[upper, 1] >= -1e-12).all()
        assert posed[face.LIP_TOP_OUTER, 1] < posed[face.LIP_TOP_INNER, 1]
        assert posed[face.LIP_BOTTOM_INNER, 1] < posed[face.LIP_BOTTOM_OUTER, 1]


def test_muscles_and_jaw_leave_the_rigid_points_alone():
    pull = dict.fromkeys(MUSCLES, 5.0)
    assert_allclose(pose(jaw_deg=20, right=pull, left=pull)[face.RIGID], NEUTRAL[face.RIGID], atol=0)


def test_identity_modes_do_what_their_names_say():
    def changed(mode: str, a: int, b: int) -> float:
        return between(identity_face({mode: 1.0}), a, b) - between(NEUTRAL, a, b)

    assert changed("face_width", face.JAW_RIGHT_END, face.JAW_LEFT_END) == pytest.approx(0.035 * 133)
    assert changed("face_height", face.NOSE_BRIDGE[0], face.CHIN) > 4
    assert changed("mouth_width", face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT) == pytest.approx(2 * 1.6 * 0.94)
    assert changed("nose_length", face.NOSE_BRIDGE[0], face.NOSE_BASE) > 1.5
    assert changed("jaw_width", face.JAW[4], face.JAW[12]) > 2
    assert changed("lower_face_height", face.NOSE_BASE, face.CHIN) == pytest.approx(2.5, abs=0.1)


@pytest.mark.parametrize("mode", IDENTITY_MODES)
def test_only_the_two_asymmetric_modes_break_the_symmetry(mode: str):
    shape = identity_face({mode: 1.0})
    assert np.allclose(mirrored(shape), shape, atol=1e-9) == (mode not in ("mouth_side", "mouth_tilt"))


def test_every_identity_has_closed_lips():
    generator = np.random.default_rng(0)
    for _ in range(20):
        shape = identity_face(dict(zip(IDENTITY_MODES, generator.standard_normal(len(IDENTITY_MODES)), strict=True)))
        assert_allclose(shape[face.LIP_TOP_INNER], shape[face.LIP_BOTTOM_INNER], atol=1e-9)


def test_lips_right_is_the_right_half_and_the_mid_line():
    assert (NEUTRAL[LIPS_RIGHT, 0] <= 0).all()
    assert len(LIPS_RIGHT) == 12
