from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neuroface import face, geometry
from neuroface.cohorts.synthetic_palsy import GRADE_OF_GROUP, SyntheticPalsyCohort
from neuroface.errors import ConfigError
from neuroface.types import Recording

GROUPS = tuple(GRADE_OF_GROUP)


def recordings(groups=None, tasks=None, /, **kwargs) -> list[Recording]:
    return list(SyntheticPalsyCohort(**kwargs).recordings(groups=groups, tasks=tasks))


def ratios(found: list[Recording], region: str) -> dict[str, np.ndarray]:
    """group -> (n_people,) mean ratio of the smaller to the greater excursion, in the task that moves the region."""
    name = f"symmetry.{region}_ratio"
    told = [(r.group, r.truth.values[name].mean()) for r in found if name in r.truth.values]
    return {group: np.array([value for one, value in told if one == group]) for group, _ in told}


def test_each_person_does_each_task_once_and_the_label_is_the_grade():
    found = recordings(people={"HB1": 2, "HB5": 1})
    names = ("HB1-001", "HB1-002", "HB5-001")
    assert [r.name for r in found] == [f"{p}/{t}" for p in names for t in ("REST", "BROW", "EYE_CLOSURE", "SMILE")]
    for recording in found:
        assert {rep.label for rep in recording.repetitions} == {recording.group.removeprefix("HB")}
        assert len(recording.repetitions) == (1 if recording.task == "REST" else 5)
        assert recording.repetitions == recording.truth.repetitions


def test_the_affected_side_and_severity_belong_to_the_person():
    found = recordings(people=dict.fromkeys(GROUPS, 3))
    for subject in {r.subject for r in found}:
        own = [r for r in found if r.subject == subject]
        assert len({(r.truth.affected_side, r.truth.severity, tuple(r.attributes.items())) for r in own}) == 1
    for recording in found:
        assert recording.truth.severity == pytest.approx((int(recording.group[2]) - 1) / 5)
        side = recording.truth.affected_side
        assert (side is None) == (recording.group == "HB1")
        assert recording.attributes.get("side") == side


def test_the_two_sides_move_less_alike_from_grade_to_grade():
    moving = ["BROW", "EYE_CLOSURE", "SMILE"]
    found = recordings(
        people=dict.fromkeys(GROUPS, 12), tasks=moving, repetitions=dict.fromkeys(moving, 1), synkinesis=0.0, seed=4
    )
    for region, strictly in (("brow", "1234"), ("eye", "3456"), ("mouth", "123456")):
        means = np.array([value.mean() for value in ratios(found, region).values()])
        assert (np.diff(means) < 0.02).all()  # healthy sidedness leaves grades that are alike a little apart
        of_interest = means[[int(g) - 1 for g in strictly]]
        assert (np.diff(of_interest) < -0.03).all(), region
        assert means[5] < 1e-9


def test_it_is_the_affected_side_that_moves_less():
    few = dict.fromkeys(["BROW", "SMILE", "EYE_CLOSURE"], 2)
    people = dict.fromkeys(["HB4", "HB5", "HB6"], 6)
    for recording in recordings(people=people, tasks=list(few), repetitions=few):
        region = {"BROW": "brow", "SMILE": "mouth", "EYE_CLOSURE": "eye"}[recording.task]
        left, right = (recording.truth.values[f"excursion.{region}_{side}_mm"] for side in ("left", "right"))
        assert (left < right if recording.truth.affected_side == "left" else right < left).all(), recording.name


def test_grade_one_is_symmetric_but_for_what_people_are():
    """A healthy right-left balance scatters by 8 %, and favours neither side."""
    found = recordings(["HB1"], ["SMILE"], people={"HB1": 60})
    log_ratio = [
        np.log(r.truth.values["excursion.mouth_left_mm"] / r.truth.values["excursion.mouth_right_mm"]).mean()
        for r in found
    ]
    assert np.std(log_ratio) == pytest.approx(0.08, abs=0.03)
    assert abs(np.mean(log_ratio)) < 3.5 * 0.08 / np.sqrt(60)


def test_true_values_are_what_the_true_landmarks_show():
    """By another road: from the moving head's points, brought back to one head."""
    for recording in recordings(people={"HB3": 1, "HB6": 1}, tasks=["BROW", "SMILE"]):
        points = geometry.head_frame(recording.truth.landmarks.points)
        for side, brow, corner in (
            ("left", face.BROW_LEFT, face.MOUTH_CORNER_LEFT),
            ("right", face.BROW_RIGHT, face.MOUTH_CORNER_RIGHT),
        ):
            for i, rep in enumerate(recording.repetitions):
                now = points[rep.frames]
                corner_mm = np.linalg.norm(now[:, corner] - now[0, corner], axis=1).max()
                brow_mm = np.linalg.norm((now[:, brow] - now[0, brow]).mean(axis=1), axis=1).max()
                assert recording.truth.values[f"excursion.mouth_{side}_mm"][i] == pytest.approx(corner_mm, abs=1e-6)
                assert recording.truth.values[f"excursion.brow_{side}_mm"][i] == pytest.approx(brow_mm, abs=1e-6)


def test_without_effect_grades_do_not_differ_and_with_it_they_do():
    apart = {}
    for effect in (0.0, 1.0):
        few = {"BROW": 1, "SMILE": 1}
        found = recordings(people={"HB1": 30, "HB4": 30}, tasks=list(few), effect=effect, repetitions=few)
        for region in ("brow", "mouth"):
            a, b = ratios(found, region).values()
            apart[effect, region] = abs(a.mean() - b.mean()) / np.sqrt(a.var() / 30 + b.var() / 30)
    assert max(apart[0.0, "brow"], apart[0.0, "mouth"]) < 3.5
    assert min(apart[1.0, "brow"], apart[1.0, "mouth"]) > 10


def test_a_label_without_effect_is_the_same_label():
    ill, well = (recordings(people={"HB6": 2}, effect=effect) for effect in (1.0, 0.0))
    for one, two in zip(ill, well, strict=True):
        assert one.attributes == two.attributes
        assert (one.truth.affected_side, one.truth.severity) == (two.truth.affected_side, two.truth.severity)
        assert one.repetitions == two.repetitions


def test_a_part_of_the_cohort_is_the_same_part():
    whole = {r.name: r for r in recordings(people={"HB2": 2, "HB6": 2}, seed=3)}
    part = recordings(["HB6"], ["SMILE"], people={"HB6": 3}, tasks=["SMILE", "REST"], seed=3)
    assert [r.name for r in part] == ["HB6-001/SMILE", "HB6-002/SMILE", "HB6-003/SMILE"]
    for recording in part[:2]:
        assert_array_equal(recording.landmarks.points, whole[recording.name].landmarks.points)
    other = recordings(["HB6"], ["SMILE"], people={"HB6": 1}, seed=4)
    assert other[0].truth.landmarks.points.shape != part[0].truth.landmarks.points.shape


def test_pictures_show_the_eye_that_does_not_close():
    once = {"people": {"HB6": 1}, "tasks": ["EYE_CLOSURE"], "repetitions": {"EYE_CLOSURE": 1}}
    (recording,) = recordings(**once, modality="rgbd", sensor_noise=0.0)
    (rep,) = recording.repetitions
    opened, closed = recording.video.chosen([rep.start, (rep.start + rep.stop) // 2])
    assert closed.depth is not None
    change = np.abs(opened.color.astype(float) - closed.color).mean(axis=2)
    at = recording.truth.pixels.points[closed.index]
    seen = {}
    for side, eye in (("left", face.EYE_LEFT), ("right", face.EYE_RIGHT)):
        (x0, y0), (x1, y1) = at[eye].min(axis=0).astype(int) - 4, at[eye].max(axis=0).astype(int) + 4
        seen[side] = change[y0:y1, x0:x1].mean()
    affected = recording.truth.affected_side
    assert seen[affected] < seen[{"left": "right", "right": "left"}[affected]] / 2  # the head sways, too


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"people": {"HB7": 3}}, "Unknown group 'HB7' for cohort.people. Did you mean 'HB6' or 'HB5' or 'HB4'?"),
        ({"people": {"HB1": 0}}, "cohort.people.HB1 must be a whole number of at least 1; got 0."),
        ({"people": {}}, "cohort.people and cohort.tasks must each name at least one."),
        ({"tasks": ["SMIL"]}, "Unknown task 'SMIL' for cohort.tasks. Did you mean 'SMILE'?"),
        ({"synkinesis": -1}, "cohort.synkinesis must be 0 or more; got -1."),
        ({"effect": float("nan")}, "cohort.effect must be 0 or more; got nan."),
        ({"aligned": True}, "cohort.aligned is about video; set cohort.modality=rgbd with it."),
    ],
)
def test_wrong_settings_are_refused_with_the_way_out(kwargs: dict, message: str):
    with pytest.raises(ConfigError) as refused:
        SyntheticPalsyCohort(**kwargs)
    assert str(refused.value) == message


def test_asking_for_what_the_cohort_does_not_have_is_refused_at_once():
    with pytest.raises(ConfigError, match="Unknown group 'HB6' for this cohort"):
        SyntheticPalsyCohort(people={"HB1": 1}).recordings(groups=["HB6"])
