from __future__ import annotations

import numpy as np
import pytest

from neuroface.cohorts.synthetic_mood import SyntheticMoodCohort
from neuroface.errors import ConfigError
from neuroface.synthesis.mood import WINDOW_S

ONE = {"HC": 1, "MDD": 1, "BD": 1}


def recordings(groups=None, tasks=None, /, **keys):
    return list(SyntheticMoodCohort(**keys).recordings(groups=groups, tasks=tasks))


def test_each_person_watches_each_film_and_gives_so_many_frames():
    found = recordings(people=ONE, frames=3, repetitions={"SAD": 1})
    assert [r.name for r in found] == [
        f"{group}-001/{film}" for group in ONE for film in ("AMUSING", "SAD", "SURPRISING")
    ]
    assert [len(r.repetitions) for r in found] == [6, 3, 6] * 3
    for recording in found:
        assert all(rep.stop - rep.start == 1 for rep in recording.repetitions)
        assert [rep.index for rep in recording.repetitions] == list(range(len(recording.repetitions)))
        assert {len(values) for values in recording.truth.values.values()} == {len(recording.repetitions)}


def test_frames_are_taken_by_the_clock_whatever_the_tempo():
    for recording in recordings(None, ["AMUSING"], people=ONE, frames=4, repetitions={"AMUSING": 1}):
        times_s = recording.landmarks.timestamps_s[[rep.start for rep in recording.repetitions]]
        assert np.diff(times_s) == pytest.approx((WINDOW_S[1] - WINDOW_S[0]) / 4, abs=1 / 20 + 1e-9)


def test_whole_responses_are_repetitions_where_no_frames_are_asked_for():
    (recording,) = recordings(["HC"], ["SURPRISING"], people=ONE, frames=None)
    assert len(recording.repetitions) == 2
    lengths = np.array([rep.stop - rep.start for rep in recording.repetitions])
    assert lengths == pytest.approx(recording.truth.values["duration_s"] * 20, abs=3)


def test_pictures_are_colour_and_landmarks_lie_in_them():
    (recording,) = recordings(["BD"], ["AMUSING"], people=ONE, frames=2, repetitions={"AMUSING": 1})
    (frame, _) = recording.video.chosen([rep.start for rep in recording.repetitions])
    assert frame.color.shape == (*recording.video.size[::-1], 3)
    assert frame.depth is None
    points = recording.landmarks.points[[rep.start for rep in recording.repetitions]]
    assert ((points > 0) & (points < recording.video.size)).all()
    assert recording.attributes["sex"] in "FM"


def test_more_people_change_no_recording_and_a_seed_changes_all():
    one = recordings(["MDD"], ["SAD"], people=ONE)[0]
    more = recordings(["MDD"], ["SAD"], people={"MDD": 2, "HC": 1})[0]
    other = recordings(["MDD"], ["SAD"], people=ONE, seed=1)[0]
    assert np.array_equal(one.landmarks.points, more.landmarks.points)
    assert one.landmarks.points.shape != other.landmarks.points.shape or not np.array_equal(
        one.landmarks.points, other.landmarks.points
    )


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"people": {"BPD": 3}}, "Unknown group 'BPD' for cohort.people. Did you mean 'BD'?"),
        ({"tasks": ["FEARFUL"]}, "Unknown task 'FEARFUL' for cohort.tasks."),
        ({"frames": 0}, "cohort.frames must be 1 to 48, or null; got 0."),
        ({"effect": -1}, "cohort.effect must be 0 or more; got -1."),
    ],
    ids=["group", "task", "frames", "effect"],
)
def test_settings_without_meaning_are_told(keys, told):
    with pytest.raises(ConfigError) as error:
        SyntheticMoodCohort(**keys)
    assert str(error.value).startswith(told)
