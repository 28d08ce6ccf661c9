from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neuroface import face
from neuroface.cohorts.megc import TASK as MEGC_TASK
from neuroface.cohorts.synthetic_micro import SyntheticMicroCohort
from neuroface.errors import ConfigError
from neuroface.recording.flow import farneback
from neuroface.types import Recording

ONE_OF_EACH = {"negative": 1, "positive": 1, "surprise": 1}


def recordings(groups=None, tasks=None, /, **kwargs) -> list[Recording]:
    return list(SyntheticMicroCohort(**kwargs).recordings(groups=groups, tasks=tasks))


def onset_and_apex(recording: Recording, index: int) -> list:
    return list(
        recording.video.chosen([recording.repetitions[index].start, int(recording.truth.values["apex"][index])])
    )


def test_each_person_shows_each_emotion_as_often_as_asked():
    found = recordings(people={"smic": 2, "samm": 1}, expressions={"negative": 3, "surprise": 2})
    assert [r.name for r in found] == [f"{p}/{MEGC_TASK}" for p in ("smic-001", "smic-002", "samm-001")]
    for recording in found:
        labels = [rep.label for rep in recording.repetitions]
        assert sorted(labels) == ["negative"] * 3 + ["surprise"] * 2
        assert recording.repetitions == recording.truth.repetitions
        for before, after in zip(recording.repetitions, recording.repetitions[1:], strict=False):
            assert before.stop < after.start
    assert len({tuple(rep.label for rep in r.repetitions) for r in found}) > 1  # the order differs


def test_repetitions_run_from_onset_to_offset_with_the_apex_inside():
    for recording in recordings(people={"smic": 2, "casme2": 2}):
        rate = 1 / np.diff(recording.landmarks.timestamps_s).mean()
        values = recording.truth.values
        for rep, apex, duration_s in zip(recording.repetitions, values["apex"], values["duration_s"], strict=True):
            assert rep.start < apex < rep.stop
            assert rep.stop - rep.start - 1 == pytest.approx(duration_s * rate, abs=2)


@pytest.mark.parametrize(("database", "fps", "face_px"), [("smic", 100, 190), ("casme2", 200, 280), ("samm", 200, 400)])
def test_each_database_is_filmed_as_its_model(database: str, fps: float, face_px: float):
    found = recordings(people={database: 8}, expressions=ONE_OF_EACH)
    widths = []
    for recording in found:
        assert np.diff(recording.landmarks.timestamps_s) == pytest.approx(1 / fps)
        points = recording.truth.pixels.points
        widths.append(np.linalg.norm(points[0, face.JAW_LEFT_END] - points[0, face.JAW_RIGHT_END]))
        width, height = recording.video.size
        assert (points > 0).all()
        assert (points < [width, height]).all()
        assert recording.landmarks.space == "pixel"
    # the ends of the jaw lie at 133 mm, a tenth farther away than what the camera is focused on
    assert np.mean(widths) == pytest.approx(face_px * 0.88, rel=0.06)


def test_video_is_colour_alone_and_frame_by_frame():
    (recording,) = recordings(people={"smic": 1}, expressions=ONE_OF_EACH)
    rep, apex = recording.repetitions[0], int(recording.truth.values["apex"][0])
    onset, top = recording.video.frames(rep.start, apex + 1, apex - rep.start)
    assert (onset.index, top.index) == (rep.start, apex)
    assert onset.depth is None
    assert recording.video.rig.depth is None
    assert onset.color.shape == (*recording.video.size[::-1], 3)
    again = onset_and_apex(recording, 0)
    assert_array_equal(top.color, again[1].color)


def test_pictures_show_brows_that_rise_in_surprise_and_fall_in_negative_emotions():
    (recording,) = recordings(people={"smic": 1}, seed=1)
    down = {"negative": [], "surprise": []}
    for i, rep in enumerate(recording.repetitions):
        if rep.label not in down:
            continue
        onset, apex = onset_and_apex(recording, i)
        points = recording.truth.pixels.points[rep.start]
        v = farneback(onset.color, apex.color)[..., 1]
        across = [face.BROW_RIGHT, face.BROW_LEFT]
        brows = np.mean([v[y, x] for x, y in points[np.concatenate(across)].round().astype(int)])
        nose = np.mean([v[y, x] for x, y in points[face.NOSE_BRIDGE].round().astype(int)])  # what the head does
        down[rep.label].append(brows - nose)
    assert max(down["surprise"]) < 0
    assert np.mean(down["negative"]) > 0.1


def test_noise_is_that_of_annotators():
    (recording,) = recordings(people={"samm": 1}, noise_mm=0.1, sensor_noise=0.0)
    camera = recording.camera
    error = recording.landmarks.points - recording.truth.pixels.points
    px_mm = camera.fx / recording.truth.landmarks.points[..., 2]
    assert (error / px_mm[..., None]).std() == pytest.approx(0.1, rel=0.02)
    assert recording.notes["frames_dropped"] == 0


def test_a_part_of_the_cohort_is_the_same_part():
    whole = {r.name: r for r in recordings(people={"smic": 2, "casme2": 1}, seed=5)}
    (part,) = recordings(["casme2"], [MEGC_TASK], people={"casme2": 1, "samm": 1}, seed=5)
    assert_array_equal(part.landmarks.points, whole[part.name].landmarks.points)
    (other,) = recordings(people={"casme2": 1}, seed=6)
    assert not np.array_equal(other.truth.values["apex"], part.truth.values["apex"])


def test_the_same_labels_and_moments_with_and_without_effect():
    with_effect, without = (recordings(people={"smic": 1}, effect=effect)[0] for effect in (1.0, 0.0))
    assert with_effect.repetitions == without.repetitions
    assert_array_equal(with_effect.truth.values["apex"], without.truth.values["apex"])
    assert not np.array_equal(with_effect.truth.landmarks.points, without.truth.landmarks.points)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"people": {"casme": 3}}, "Unknown group 'casme' for cohort.people. Did you mean 'casme2'?"),
        ({"people": {"smic": 0}}, "cohort.people.smic must be a whole number of at least 1; got 0."),
        ({"people": {}}, "cohort.people and cohort.expressions must each name at least one."),
        (
            {"expressions": {"happy": 2}},
            "Unknown emotion 'happy' for cohort.expressions. Choose from negative, positive, surprise.",
        ),
        ({"effect": -1}, "cohort.effect must be 0 or more; got -1."),
        ({"sensor_noise": -1}, "cohort.sensor_noise must be 0 or more; got -1."),
        ({"seed": 0.5}, "cohort.seed must be a whole number of at least 0; got 0.5."),
    ],
)
def test_wrong_settings_are_refused_with_the_way_out(kwargs: dict, message: str):
    with pytest.raises(ConfigError) as refused:
        SyntheticMicroCohort(**kwargs)
    assert str(refused.value) == message


def test_asking_for_what_the_cohort_does_not_have_is_refused_at_once():
    with pytest.raises(ConfigError, match="Unknown task 'OPEN' for this cohort"):
        SyntheticMicroCohort().recordings(tasks=["OPEN"])
