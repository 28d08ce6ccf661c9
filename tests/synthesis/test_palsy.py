from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroface import face
from neuroface.synthesis import face_model
from neuroface.synthesis.face_model import MUSCLES, NEUTRAL
from neuroface.synthesis.motion import Performance, perform
from neuroface.synthesis.palsy import GRADES, REGIONS, TASKS, Palsy, afflict, draw_palsy, excursions
from neuroface.synthesis.people import HEALTHY, draw_person

# House & Brackmann 1985: share of the movement of brow and mouth together, in eighths of it, by grade.
PUBLISHED_FUNCTION = {
    "1": (1.0, 1.0),
    "2": (0.76, 0.99),
    "3": (0.51, 0.75),
    "4": (0.26, 0.50),
    "5": (0.01, 0.25),
    "6": (0.0, 0.0),
}
SIDES = {
    "left": (face.BROW_LEFT, face.EYELIDS_LEFT, face.MOUTH_CORNER_LEFT),
    "right": (face.BROW_RIGHT, face.EYELIDS_RIGHT, face.MOUTH_CORNER_RIGHT),
}


def palsy(grade: str, seed: int = 0, *, effect: float = 1.0, synkinesis: float = 0.0) -> Palsy:
    return draw_palsy(np.random.default_rng(seed), grade, effect=effect, synkinesis=synkinesis)


def healthy(task: str, seed: int = 0) -> tuple[Performance, np.ndarray]:
    """Somebody's healthy performance of a task, and their neutral face."""
    streams = [np.random.default_rng([seed, k]) for k in range(3)]
    person = draw_person(streams[0], streams[1], disease=HEALTHY, effect=0.0)
    done = perform(TASKS[task], person, streams[2], repetitions=TASKS[task].repetitions, fps=50.0)
    return done, face_model.identity_face(person.identity)


def points_of(done: Performance, neutral: np.ndarray) -> np.ndarray:
    return face_model.pose_face(neutral, done.jaw_deg, done.right_mm, done.left_mm)


def played(task: str, ill: Palsy, seed: int = 0) -> np.ndarray:
    """(T, 68, 3) mm: the face of a person with this palsy."""
    done, neutral = healthy(task, seed)
    return points_of(afflict(done, ill, neutral), neutral)


def lid_gap(points: np.ndarray, side: str) -> np.ndarray:
    """(T,) mm: how far the eye is open, negative where lids cross."""
    upper, lower = np.array(SIDES[side][1]).T
    return (points[:, lower, 1] - points[:, upper, 1]).mean(axis=1)


def other(side: str) -> str:
    return {"left": "right", "right": "left"}[side]


@pytest.mark.parametrize("grade", GRADES)
def test_brow_and_mouth_keep_the_published_share_of_function(grade: str):
    low, high = PUBLISHED_FUNCTION[grade]
    for seed in range(200):
        left = palsy(grade, seed).left
        assert low <= (left["brow"] + left["mouth"]) / 2 <= high


def test_each_grade_leaves_less_than_the_one_before():
    left = {g: [palsy(g, seed).left for seed in range(50)] for g in GRADES}
    means = {region: [np.mean([one[region] for one in left[g]]) for g in GRADES] for region in REGIONS}
    assert (np.diff(means["mouth"]) < 0).all()
    assert (np.diff(means["brow"])[:3] < 0).all()
    assert means["brow"][3:] == [0, 0, 0]  # from grade 4 on the forehead is still
    assert means["eye"][:3] == [1, 1, 1]  # up to grade 3 the eye closes
    assert (np.diff(means["eye"])[2:] < 0).all()
    for grades in zip("12345", "23456", strict=True):  # nobody of a grade moves the mouth more than anyone below it
        worst, best = (np.array([one["mouth"] for one in left[g]]) for g in grades)
        assert worst.min() > best.max()


@pytest.mark.parametrize(("task", "region"), [("BROW", "brow"), ("SMILE", "mouth")])
def test_a_region_moves_by_the_share_that_is_left(task: str, region: str):
    for grade in GRADES:
        ill = palsy(grade, 5)
        done, neutral = healthy(task)
        well = excursions(points_of(done, neutral))[f"{region}_{ill.side}"]
        found = excursions(points_of(afflict(done, ill, neutral), neutral))[f"{region}_{ill.side}"]
        assert_allclose(found, ill.left[region] * well, atol=1e-9)


def test_grade_six_does_not_move_on_its_side_and_moves_on_the_other():
    for task in TASKS:
        ill = palsy("6", 1, synkinesis=1.0)
        points = played(task, ill)
        movement = np.ptp(points, axis=0).max(axis=1)
        sign = 1 if ill.side == "left" else -1
        off_midline = np.abs(NEUTRAL[:, 0]) > 1
        still = off_midline & (sign * NEUTRAL[:, 0] > 0)
        assert movement[still].max() < 1e-9
        assert movement[off_midline & ~still].max() > (0.3 if task == "REST" else 5)


def test_the_other_side_moves_as_in_health():
    for task in TASKS:
        done, neutral = healthy(task)
        ill, well = palsy("6", 1), palsy("1", 1)
        name = f"{other(ill.side)}_mm"
        assert_array_equal(getattr(afflict(done, ill, neutral), name), getattr(afflict(done, well, neutral), name))


@pytest.mark.parametrize("seed", range(12))
def test_eyes_close_up_to_grade_three_and_not_from_grade_four(seed: int):
    for grade in GRADES:
        ill = palsy(grade, seed)
        points = played("EYE_CLOSURE", ill, seed)
        for side in ("left", "right"):
            gap = lid_gap(points, side)
            closes = grade in "123" or side != ill.side
            assert (gap.min() < 0.05) if closes else (gap.min() > 1.5), (grade, side)


def test_lids_stop_at_each_other():
    for grade in "14":
        for task in TASKS:
            points = played(task, palsy(grade, 2, synkinesis=3.0), 7)
            assert min(lid_gap(points, side).min() for side in SIDES) > -1e-9


def test_a_face_at_rest_is_as_in_health_up_to_grade_four_and_droops_from_grade_five():
    done, neutral = healthy("REST")
    done = Performance(done.times_s, *(0 * a for a in (done.jaw_deg, done.right_mm, done.left_mm)), done.bounds_s)
    drop = {}
    for grade in GRADES:
        ill = palsy(grade, 3)
        brow, _, corner = SIDES[ill.side]
        points = points_of(afflict(done, ill, neutral), neutral)
        wider = lid_gap(points, ill.side) - lid_gap(neutral[None], ill.side)
        lower = points[0, [*brow, corner], 1] - neutral[[*brow, corner], 1]
        drop[grade] = [lower[:-1].mean(), wider[0], lower[-1]]
        untouched = SIDES[other(ill.side)]
        assert_array_equal(points[0, untouched[0]], neutral[untouched[0]])
    for grade in "1234":
        assert drop[grade] == [0, 0, 0]
    # the fields of face_model: the brow's five points move by .92 on average, .99 of it down; lids by 1.05 in a blink
    brow_mm, lids_mm, corner_mm = 0.92 * 0.99 * 4, 1.05 * 1.2 - 0.1 * 4 + 0.06 * 4, 0.66 * 4
    assert drop["6"] == pytest.approx([brow_mm, lids_mm, corner_mm])
    assert min(drop["5"]) > 0
    assert (np.array(drop["5"]) < drop["6"]).all()


def test_synkinesis_moves_the_eye_with_the_mouth_and_the_mouth_with_the_eye():
    for seed in range(4):
        smiles, closes = healthy("SMILE", seed), healthy("EYE_CLOSURE", seed)
        still = palsy("4", seed, synkinesis=0.0)
        moving = palsy("4", seed, synkinesis=1.0)
        blink, smile = f"{still.side}_mm", MUSCLES.index("smile")
        extra = [
            getattr(afflict(done, moving, neutral), blink) - getattr(afflict(done, still, neutral), blink)
            for done, neutral in (smiles, closes)
        ]
        assert extra[0][:, MUSCLES.index("blink")].max() > 2
        # the eye is shut in full: the corner gets .30 of a smile of 9.3 mm
        assert extra[1][:, smile].max() == pytest.approx(0.30 * 9.3)
    assert [palsy(grade, synkinesis=1.0).synkinesis for grade in GRADES] == [0, 0, 0.15, 0.30, 0, 0]


def test_without_effect_a_grade_is_a_label():
    for grade in GRADES:
        ill = palsy(grade, effect=0.0, synkinesis=1.0)
        done, neutral = healthy("SMILE")
        for side in ("left_mm", "right_mm"):
            assert_array_equal(
                getattr(afflict(done, ill, neutral), side), getattr(afflict(done, palsy("1"), neutral), side)
            )


def test_half_the_effect_is_half_the_loss_and_no_effect_moves_a_face_backwards():
    whole, half, more = (palsy("4", 9, effect=effect) for effect in (1.0, 0.5, 3.0))
    for region in REGIONS:
        assert 1 - half.left[region] == pytest.approx((1 - whole.left[region]) / 2)
        assert more.left[region] >= 0
    assert palsy("6", effect=0.5).droop_mm["smile"] == 2.0


def test_either_side_is_affected_as_often():
    sides = [palsy("4", seed).side for seed in range(400)]
    assert abs(np.mean([side == "left" for side in sides]) - 0.5) < 3.5 * 0.5 / np.sqrt(400)


def test_a_palsy_of_the_other_side_is_the_mirror_image():
    done, _ = healthy("SMILE")
    swapped = Performance(done.times_s, done.jaw_deg, done.left_mm, done.right_mm, done.bounds_s)
    ill = palsy("4", synkinesis=1.0)
    mirrored = Palsy(other(ill.side), ill.left, ill.droop_mm, ill.synkinesis)
    one, two = (points_of(afflict(acted, of, NEUTRAL), NEUTRAL) for acted, of in ((done, ill), (swapped, mirrored)))
    assert_allclose(face_model.mirrored(one), two, atol=1e-9)
