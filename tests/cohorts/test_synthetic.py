from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroface import face, geometry
from neuroface.cohorts.synthetic import PEOPLE, SHARE_OF_WOMEN, SyntheticCohort
from neuroface.errors import ConfigError
from neuroface.synthesis.motion import TASKS
from neuroface.types import Recording

PROTOCOL = {"BBP": 10, "PA": 20, "PATAKA": 10, "REST": 1} | dict.fromkeys(
    ["KISS", "BLOW", "OPEN", "SPREAD", "BIGSMILE", "BROW"], 5
)


def recordings(groups=None, tasks=None, /, **kwargs) -> list[Recording]:
    return list(SyntheticCohort(**kwargs).recordings(groups=groups, tasks=tasks))


def only(**kwargs) -> Recording:
    (recording,) = recordings(**kwargs)
    return recording


def mean_values(found: list[Recording], name: str) -> np.ndarray:
    """(n_recordings,): the mean over repetitions of one true value."""
    return np.array([recording.truth.values[name].mean() for recording in found])


@pytest.fixture(scope="module")
def clinic() -> list[Recording]:
    return recordings(people={"HC": 2, "ALS": 2, "PS": 2}, seed=11)


def test_defaults_are_the_protocol():
    cohort = SyntheticCohort()
    assert cohort.people == {"HC": 11, "ALS": 11, "PS": 14} == PEOPLE
    assert (
        cohort.tasks
        == tuple(TASKS)
        == ("BBP", "PA", "PATAKA", "KISS", "BLOW", "OPEN", "SPREAD", "BIGSMILE", "BROW", "REST")
    )
    assert {task: TASKS[task].repetitions for task in TASKS} == PROTOCOL


def test_each_person_does_each_task_once(clinic: list[Recording]):
    assert [r.name for r in clinic] == [
        f"{person}/{task}" for person in ("N001", "N002", "A001", "A002", "S001", "S002") for task in TASKS
    ]
    assert {r.subject[0]: r.group for r in clinic} == {"N": "HC", "A": "ALS", "S": "PS"}


def test_given_repetitions_are_the_true_ones_and_as_many_as_the_protocol_says(clinic: list[Recording]):
    for recording in clinic:
        assert recording.repetitions == recording.truth.repetitions
        assert len(recording.repetitions) == PROTOCOL[recording.task]
        assert [rep.index for rep in recording.repetitions] == list(range(PROTOCOL[recording.task]))
        for before, after in zip(recording.repetitions, recording.repetitions[1:], strict=False):
            assert before.stop <= after.start


def test_repetitions_can_be_chosen_per_task():
    found = recordings(people={"HC": 1}, tasks=["OPEN", "REST", "KISS"], repetitions={"OPEN": 2, "REST": 2})
    assert [len(r.repetitions) for r in found] == [2, 2, 5]
    assert len(found[1].landmarks) == 2 * 20 * 50


def test_a_true_repetition_holds_the_whole_movement():
    recording = only(people={"HC": 1}, tasks=["OPEN"], seed=3)
    opening = geometry.distance(recording.truth.landmarks.points, face.LIP_TOP_OUTER, face.LIP_BOTTOM_OUTER)
    outside = np.ones(len(opening), dtype=bool)
    for rep in recording.repetitions:
        outside[rep.frames] = False
    assert np.ptp(opening[outside]) < 0.02 * np.ptp(opening)


def test_bbp_has_five_lip_closures_per_sentence():
    recording = only(people={"HC": 1}, tasks=["BBP"], seed=3)
    opening = geometry.distance(recording.truth.landmarks.points, face.LIP_TOP_INNER, face.LIP_BOTTOM_INNER)
    wide_open = opening > 0.25 * opening.max()
    assert np.diff(wide_open.astype(int)).clip(0).sum() == 5 * 10


def test_same_seed_same_arrays_other_seed_other_people():
    first, again, other = (only(people={"PS": 1}, tasks=["KISS"], seed=seed) for seed in (4, 4, 5))
    assert_array_equal(first.landmarks.points, again.landmarks.points)
    assert first.truth.severity != other.truth.severity
    assert first.landmarks.points.shape != other.landmarks.points.shape or not np.allclose(
        first.truth.landmarks.points, other.truth.landmarks.points
    )


def test_a_part_of_the_cohort_is_the_same_part(clinic: list[Recording]):
    part = recordings(["PS"], ["REST", "BLOW"], people={"PS": 3, "HC": 1}, seed=11, tasks=["REST", "BLOW", "OPEN"])
    assert [r.name for r in part] == [f"S00{n}/{task}" for n in (1, 2, 3) for task in ("REST", "BLOW")]
    by_name = {r.name: r for r in clinic}
    for recording in part[:4]:
        whole = by_name[recording.name]
        assert_array_equal(recording.landmarks.points, whole.landmarks.points)
        assert_array_equal(recording.truth.landmarks.points, whole.truth.landmarks.points)
        assert recording.attributes == whole.attributes
        assert recording.truth.severity == whole.truth.severity


def test_recordings_can_be_read_twice():
    cohort = SyntheticCohort(people={"HC": 1}, tasks=["KISS"])
    first, second = (next(cohort.recordings()).landmarks.points for _ in range(2))
    assert_array_equal(first, second)


def test_truth_belongs_to_the_person_not_to_the_task(clinic: list[Recording]):
    for subject in {r.subject for r in clinic}:
        own = [r for r in clinic if r.subject == subject]
        assert len({(r.truth.severity, r.truth.affected_side) for r in own}) == 1
        assert len({tuple(r.attributes.items()) for r in own}) == 1
    assert all(r.truth.severity == 0 for r in clinic if r.group == "HC")
    assert all(0 < r.truth.severity < 1 for r in clinic if r.group != "HC")
    assert all((r.truth.affected_side in ("left", "right")) == (r.group == "PS") for r in clinic)
    assert all(set(r.attributes) == {"age", "sex"} for r in clinic)  # severity is truth, not something one may read


def test_noise_is_as_stated_and_truth_has_none():
    recording = only(people={"HC": 1}, tasks=["REST"], noise_mm=0.4, depth_noise_mm=0.9)
    error = recording.landmarks.points - recording.truth.landmarks.points
    assert np.nanstd(error, axis=(0, 1)) == pytest.approx([0.4, 0.4, 0.9], rel=0.02)
    assert np.nanmean(error, axis=(0, 1)) == pytest.approx([0, 0, 0], abs=0.02)
    quiet = only(people={"HC": 1}, tasks=["REST"], noise_mm=0, depth_noise_mm=0, dropped=0)
    assert_array_equal(quiet.landmarks.points, quiet.truth.landmarks.points)
    assert_array_equal(quiet.truth.landmarks.points, recording.truth.landmarks.points)


def test_frames_are_lost_as_stated_whole_and_mostly_in_short_runs():
    found = recordings(people={"HC": 20}, tasks=["BBP", "REST"], dropped=0.02, seed=1)
    lost = [np.isnan(r.landmarks.points).any(axis=(1, 2)) for r in found]
    for recording, gone in zip(found, lost, strict=True):
        assert np.isnan(recording.landmarks.points[gone]).all()
        assert recording.notes["frames_dropped"] == gone.sum()
        assert np.isfinite(recording.truth.landmarks.points).all()
    assert np.concatenate(lost).mean() == pytest.approx(0.02, abs=0.004)
    edges = np.diff(np.concatenate([np.r_[0, gone, 0] for gone in lost]).astype(int))
    runs = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    assert np.mean(runs <= 3) > 0.9
    assert 10 <= runs.max() <= 30


def test_timestamps_and_rate():
    recording = only(people={"HC": 1}, tasks=["REST"], fps=25)
    assert_allclose(recording.landmarks.timestamps_s, np.arange(500) / 25)


def test_the_face_sits_before_the_camera(clinic: list[Recording]):
    for recording in clinic:
        points = recording.truth.landmarks.points
        canthi = points[:, [face.CANTHUS_RIGHT_INNER, face.CANTHUS_LEFT_INNER]].mean(axis=(0, 1))
        assert 280 < canthi[2] < 620  # 30-60 cm, give or take the turn of the head
        assert recording.landmarks.space == "camera"
        mean = points.mean(axis=0)
        assert mean[face.MOUTH_CORNER_RIGHT, 0] < mean[face.MOUTH_CORNER_LEFT, 0]
        assert mean[face.CHIN, 1] > mean[face.NOSE_TIP, 1]
        assert mean[face.NOSE_TIP, 2] < mean[face.JAW_LEFT_END, 2]


def test_the_head_sways_as_a_rigid_body():
    recording = only(people={"HC": 1}, tasks=["REST"])
    points = recording.truth.landmarks.points
    sway = points[:, face.NOSE_TIP].std(axis=0)
    assert (sway > 0.3).all()
    assert (sway < 15).all()
    between_canthi = geometry.distance(points, face.CANTHUS_RIGHT_OUTER, face.CANTHUS_LEFT_OUTER)
    assert np.ptp(between_canthi) < 1e-9
    steadied = geometry.head_frame(points)
    assert np.ptp(steadied[:, face.NOSE_TIP], axis=0).max() < 1e-6


def test_true_values_are_what_the_true_landmarks_show(clinic: list[Recording]):
    for recording in clinic:
        points, values = recording.truth.landmarks.points, recording.truth.values
        opening = geometry.distance(points, face.LIP_TOP_OUTER, face.LIP_BOTTOM_OUTER)
        width = geometry.distance(points, face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT)
        halves = np.sort(np.stack(geometry.mouth_half_areas(points)), axis=0)
        for i, rep in enumerate(recording.repetitions):
            assert values["rom.mouth_opening_mm"][i] == pytest.approx(np.ptp(opening[rep.frames]))
            assert values["rom.mouth_width_mm"][i] == pytest.approx(np.ptp(width[rep.frames]))
            assert values["rom.mouth_area_mm2"][i] == pytest.approx(np.ptp(halves.sum(axis=0)[rep.frames]))
            assert values["symmetry.area_ratio"][i] == pytest.approx((halves[0] / halves[1])[rep.frames].mean())
            seen = np.ptp(recording.landmarks.timestamps_s[rep.frames])
            assert values["duration_s"][i] == pytest.approx(seen, abs=0.0401)  # two frames
        assert {len(value) for value in values.values()} == {len(recording.repetitions)}


@pytest.mark.parametrize(
    ("task", "name", "low", "high"),
    [
        ("OPEN", "rom.mouth_opening_mm", 35, 45),
        ("SPREAD", "rom.mouth_width_mm", 10, 15),
        ("BBP", "rom.mouth_opening_mm", 8, 12),
        ("BBP", "duration_s", 1.1, 1.5),
        ("KISS", "rom.mouth_width_mm", 10, 16),
        ("PA", "duration_s", 1 / 6.5, 1 / 5.5),
    ],
)
def test_healthy_people_move_in_the_stated_range(task: str, name: str, low: float, high: float):
    found = recordings(people={"HC": 60}, tasks=[task], seed=2)
    assert low < mean_values(found, name).mean() < high


def test_a_smile_lifts_the_corner_by_the_measured_excursion():
    found = recordings(people={"HC": 60}, tasks=["BIGSMILE"], seed=2)
    corner = (mean_values(found, "rom.corner_right_mm") + mean_values(found, "rom.corner_left_mm")) / 2
    assert corner.mean() == pytest.approx(9.28, abs=1.5)  # Jorge et al. 2012: 9.28 +- 2.83 mm
    assert 1 < corner.std() < 3.5


def test_als_is_smaller_and_slower_in_proportion_to_severity():
    for task in ("BBP", "OPEN"):
        ill = recordings(people={"ALS": 80}, tasks=[task], seed=2)
        severity = np.array([r.truth.severity for r in ill])
        assert np.corrcoef(severity, mean_values(ill, "rom.mouth_opening_mm"))[0, 1] < -0.4
        assert np.corrcoef(severity, mean_values(ill, "duration_s"))[0, 1] > 0.4


def test_stroke_reduces_excursion_on_the_affected_side():
    found = recordings(people={"PS": 40}, tasks=["BIGSMILE"], effect=1.0, seed=2)
    without = recordings(people={"PS": 40}, tasks=["BIGSMILE"], effect=0.0, seed=2)
    ratio = []
    for ill, well in zip(found, without, strict=True):
        side = ill.truth.affected_side
        name, healthy_side = f"rom.corner_{side}_mm", {"left": "right", "right": "left"}[side]
        ratio.append(ill.truth.values[name].mean() / ill.truth.values[f"rom.corner_{healthy_side}_mm"].mean())
        assert ill.truth.values[name].mean() < well.truth.values[name].mean()
    severity = [r.truth.severity for r in found]
    assert np.corrcoef(severity, ratio)[0, 1] < -0.8
    assert mean_values(found, "symmetry.area_ratio").mean() < mean_values(without, "symmetry.area_ratio").mean() - 0.02


def test_the_mouth_corner_droops_at_rest():
    found = recordings(["PS"], people={"PS": 40}, tasks=["REST"], seed=2)
    drop = []
    for recording in found:
        mean = geometry.head_frame(recording.truth.landmarks.points).mean(axis=0)
        eyes, mouth = (
            mean[a] - mean[b]
            for a, b in (
                (face.CANTHUS_LEFT_OUTER, face.CANTHUS_RIGHT_OUTER),
                (face.MOUTH_CORNER_LEFT, face.MOUTH_CORNER_RIGHT),
            )
        )
        left_lower = np.degrees(np.arctan2(mouth[1], mouth[0]) - np.arctan2(eyes[1], eyes[0]))
        drop.append(left_lower if recording.truth.affected_side == "left" else -left_lower)
    # mean severity .53 of 3 mm, two thirds of it downwards, over a mouth of 52 mm: about 1.1 degrees
    assert np.mean(drop) == pytest.approx(1.1, abs=0.35)


def test_without_effect_groups_do_not_differ():
    people = {"HC": 80, "ALS": 80, "PS": 80}
    for task in ("OPEN", "SPREAD"):
        found = recordings(people=people, tasks=[task], effect=0.0, repetitions={task: 2}, seed=5)
        group = np.array([r.group for r in found])
        severity = np.array([r.truth.severity for r in found])
        assert severity[group != "HC"].min() > 0  # severity stays, as a label without consequence
        for name in ("rom.mouth_opening_mm", "rom.mouth_width_mm", "symmetry.area_ratio", "duration_s"):
            value = mean_values(found, name)
            for ill in ("ALS", "PS"):
                a, b = value[group == "HC"], value[group == ill]
                z = (a.mean() - b.mean()) / np.sqrt(a.var() / len(a) + b.var() / len(b))
                assert abs(z) < 3.5, (task, name, ill)
                assert abs(np.corrcoef(value[group == ill], severity[group == ill])[0, 1]) < 3.5 / np.sqrt(80)


def test_with_effect_the_same_checks_see_a_difference():
    found = recordings(people={"HC": 40, "ALS": 40}, tasks=["OPEN"], repetitions={"OPEN": 3}, seed=5)
    value = mean_values(found, "rom.mouth_opening_mm")
    a, b = value[:40], value[40:]
    assert (a.mean() - b.mean()) / np.sqrt(a.var() / 40 + b.var() / 40) > 5


def test_sex_follows_the_published_proportions_and_movement_does_not_know_it():
    found = recordings(people={"ALS": 300, "PS": 300}, tasks=["KISS"], repetitions={"KISS": 1}, seed=3)
    women = np.array([r.attributes["sex"] == "F" for r in found])
    for group, sex in (("ALS", women[:300]), ("PS", women[300:])):
        assert sex.mean() == pytest.approx(SHARE_OF_WOMEN[group], abs=0.1)  # 3.5 standard errors
    width = mean_values(found[:300], "rom.mouth_width_mm")
    assert abs(np.corrcoef(width, women[:300])[0, 1]) < 3.5 / np.sqrt(300)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"tasks": ["SMILE"]}, "Unknown task 'SMILE' for cohort.tasks. Did you mean 'BIGSMILE'?"),
        ({"people": {"HC": 3, "ASL": 3}}, "Unknown group 'ASL' for cohort.people. Did you mean 'ALS'?"),
        ({"people": {"HC": 0}}, "cohort.people.HC must be a whole number of at least 1; got 0."),
        ({"people": {"HC": 2.5}}, "cohort.people.HC must be a whole number of at least 1; got 2.5."),
        ({"people": {}}, "cohort.people and cohort.tasks must each name at least one."),
        ({"tasks": ["OPEN", "OPEN"]}, "cohort.tasks names a task twice: OPEN, OPEN."),
        ({"repetitions": {"OPEN": 0}}, "cohort.repetitions.OPEN must be a whole number of at least 1; got 0."),
        ({"repetitions": {"OPNE": 3}}, "Unknown task 'OPNE' for cohort.repetitions. Did you mean 'OPEN'?"),
        ({"effect": -1.0}, "cohort.effect must be 0 or more; got -1.0."),
        ({"noise_mm": -0.1}, "cohort.noise_mm must be 0 or more; got -0.1."),
        ({"depth_noise_mm": float("nan")}, "cohort.depth_noise_mm must be 0 or more; got nan."),
        ({"fps": 0}, "cohort.fps must be more than 0; got 0."),
        ({"dropped": 0.5}, "cohort.dropped is a share of frames, from 0 to below 0.5; got 0.5."),
        ({"seed": -1}, "cohort.seed must be a whole number of at least 0; got -1."),
    ],
)
def test_wrong_settings_are_refused_with_the_way_out(kwargs: dict, message: str):
    with pytest.raises(ConfigError) as refused:
        SyntheticCohort(**kwargs)
    assert str(refused.value) == message


def test_asking_for_what_the_cohort_does_not_have_is_refused_at_once():
    cohort = SyntheticCohort(people={"HC": 1}, tasks=["OPEN"])
    with pytest.raises(ConfigError, match=r"Unknown task 'SPREAD' for this cohort\. Choose from OPEN\."):
        cohort.recordings(tasks=["SPREAD"])
    with pytest.raises(ConfigError, match="Unknown group 'PS' for this cohort"):
        cohort.recordings(groups=["PS"])
