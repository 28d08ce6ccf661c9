"""Cohort + steps -> samples: what is kept, what is left out, and what is told about it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from checks import face_opening
from neuroface.detection import Steps
from neuroface.errors import ConfigError, DataError
from neuroface.features import rom
from neuroface.landmarks import lift
from neuroface.landmarks.given import given as given_landmarks
from neuroface.repetitions import given as given_repetitions
from neuroface.samples import Wanted, build, feature_table
from neuroface.types import Landmarks, Recording, Repetition

STEPS = Steps(
    landmarks=partial(given_landmarks, median_frames=1),
    lift=lift.depth,
    repetitions=given_repetitions,
    features={"rom": {"mouth_opening": rom.mouth_opening}},
)


class People:
    """Recordings in memory."""

    def __init__(self, *recordings: Recording) -> None:
        self.all = recordings

    def recordings(self, *, groups=None, tasks=None):
        for recording in self.all:
            if (groups is None or recording.group in groups) and (tasks is None or recording.task in tasks):
                yield recording


def opening(subject: str, group: str = "HC", *, mm: float = 30, task: str = "OPEN", **changes) -> Recording:
    """A mouth that opens once by `mm` in 101 frames, as one repetition."""
    recording = Recording(
        subject, group, task, face_opening(from_mm=2, to_mm=2 + mm), repetitions=(Repetition(0, 101, 0),)
    )
    return replace(recording, **changes)


def blank(recording: Recording, frames: slice) -> Recording:
    """The recording with nothing seen in the given frames."""
    points = recording.landmarks.points.copy()
    points[frames] = np.nan
    return replace(recording, landmarks=replace(recording.landmarks, points=points))


def test_one_row_per_repetition_with_its_value():
    two = (Repetition(0, 51, 0), Repetition(51, 101, 1))
    samples, _ = build(People(opening("N1", mm=30, repetitions=two), opening("A1", "ALS", mm=20)), STEPS, Wanted())
    assert list(samples.meta["sample"]) == ["N1/OPEN/00", "N1/OPEN/01", "A1/OPEN/00"]
    assert samples.feature_names == ("rom.mouth_opening_mm",)
    assert samples.X[[0, 2], 0] == pytest.approx([30, 20], abs=1e-9)
    assert list(samples.y) == ["HC", "HC", "ALS"]


def test_only_what_is_asked_for():
    cohort = People(opening("N1"), opening("A1", "ALS"), opening("P1", "PS"), opening("N1", task="KISS"))
    samples, summary = build(cohort, STEPS, Wanted(classes=("HC", "ALS"), tasks=("OPEN",)))
    assert sorted(samples.subject) == ["A1", "N1"]
    assert summary.people == {"ALS": 1, "HC": 1}


def test_people_that_are_not_asked_for_are_told():
    cohort = People(opening("N1"), opening("A1", "ALS"))
    cohort.left_out_ = [{"what": "3 people of group PS", "why": "the question is of other groups"}]
    assert build(cohort, STEPS, Wanted(classes=("HC", "ALS")))[1].left_out == cohort.left_out_
    two = People(
        *(opening(s, repetitions=(Repetition(0, 101, 0, label),)) for s, label in zip("ABC", "xyz", strict=True))
    )
    told = build(two, STEPS, Wanted(classes=("x", "y"), target="label"))[1].left_out
    assert told == [{"what": "1 person", "why": "no repetition of a class that is asked for"}]


def test_classes_inside_people():
    labelled = (Repetition(0, 50, 0, "rest"), Repetition(50, 101, 1, "smile"))
    samples, _ = build(
        People(opening("N1", repetitions=labelled)), STEPS, Wanted(classes=("rest", "smile"), target="label")
    )
    assert list(samples.y) == ["rest", "smile"]


def test_filled_and_missing_frames_are_counted():
    recording = blank(blank(opening("N1"), slice(40, 42)), slice(80, 101))
    samples, summary = build(People(recording), STEPS, Wanted())
    assert (summary.frames, summary.frames_filled, summary.frames_missing, summary.people_filled) == (101, 2, 21, 1)
    assert samples.X[0, 0] == pytest.approx(30, abs=0.1)


def test_what_the_landmark_step_counts_reaches_the_summary():
    def detect(recording):
        landmarks, counts = STEPS.landmarks(recording)
        told = {"frames_without_face": 3, "faces_detected_again": 2, "not_held_out": 1, "hands_before_face": 5}
        return landmarks, {**counts, **told}

    def mask(landmarks, recording):
        return landmarks, {"depth_frames_missing": 4, "depths_masked": 68}

    cohort = People(opening("N1"), opening("N2", notes={"merged": 1}))
    _, summary = build(cohort, replace(STEPS, landmarks=detect, lift=mask), Wanted())
    assert (summary.frames, summary.frames_without_face) == (202, 6)
    assert (summary.faces_detected_again, summary.not_held_out) == (4, 2)
    assert (summary.depth_frames_missing, summary.depths_masked) == (8, 136)
    assert summary.notes == {"hands_before_face": 10, "merged": 1}


def test_every_broken_recording_is_named_at_once():
    flat = face_opening(from_mm=2, to_mm=10)
    in_pixels = Landmarks(flat.points[..., :2] + 200, flat.timestamps_s, "pixel")
    cohort = People(
        opening("N1"),
        opening("N2", landmarks=in_pixels),
        opening("N3", repetitions=None),
        blank(opening("N4"), slice(None)),
        opening("N5", repetitions=()),
        opening("N1"),
    )
    with pytest.raises(DataError) as error:
        build(cohort, STEPS, Wanted())
    assert str(error.value).splitlines() == [
        "5 problems",
        "  1 of 5 recordings: N2/OPEN: pixel landmarks have no depth; set lift=none for features in pixels.",
        "  1 of 5 recordings: N3/OPEN: has no repetition bounds; set repetitions=find, or repetitions=whole to take it "
        "as one.",
        "  1 of 5 recordings: N4/OPEN: has no landmark in any frame.",
        "  1 of 5 recordings: N5/OPEN: has no repetition.",
        "  1 of 5 recordings: N1/OPEN: comes twice; give the recordings of a task different sessions.",
        "Mend them, leave them out with cohort.exclude=[...], or go on without them with cohort.skip_broken=true.",
    ]


def test_broken_recordings_can_be_skipped_and_are_told():
    cohort = People(opening("N1"), opening("N2", repetitions=()))
    samples, summary = build(cohort, STEPS, Wanted(), skip_broken=True)
    assert list(samples.subject) == ["N1"]
    assert summary.left_out == [{"what": "N2/OPEN", "why": "has no repetition"}]


def test_excluded_recordings_are_told_and_need_not_be_sound():
    cohort = People(opening("N1"), opening("N2", repetitions=()), opening("N3"))
    samples, summary = build(cohort, STEPS, Wanted(exclude=frozenset({"N2", "N3/OPEN"})))
    assert list(samples.subject) == ["N1"]
    assert [entry["what"] for entry in summary.left_out] == ["N2/OPEN", "N3/OPEN"]


def test_excluding_nobody_is_a_typing_error():
    with pytest.raises(
        ConfigError, match=r"^cohort.exclude names 'N11', which is not in the cohort. Did you mean 'N1'"
    ):
        build(People(opening("N1")), STEPS, Wanted(exclude=frozenset({"N11"})))


def test_a_person_belongs_to_one_group():
    with pytest.raises(DataError, match="N1/KISS: is of group ALS, an earlier recording of N1 is of group HC"):
        build(People(opening("N1"), opening("N1", "ALS", task="KISS")), STEPS, Wanted())


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Wanted(tasks=("KISS",)), "The cohort has no recording for task KISS. See cohort and protocol.task."),
        (
            Wanted(classes=("HC", "PS")),
            "Nobody is of class PS; the cohort has HC by group. Set protocol.classes to two",
        ),
    ],
)
def test_a_question_the_cohort_cannot_answer(wanted, message):
    with pytest.raises(DataError) as error:
        build(People(opening("N1")), STEPS, wanted)
    assert str(error.value).startswith(message)


def test_what_landmarks_were_fitted_on_travels_with_the_row():
    fitted = opening("N1", landmarks=replace(face_opening(from_mm=2, to_mm=9), fitted_on=frozenset({"N7"})))
    samples, _ = build(People(fitted, opening("N2")), STEPS, Wanted())
    assert samples.fitted_on == (frozenset({"N7"}), frozenset())


def test_facts_about_people_are_summed_by_group():
    cohort = People(
        opening("N1", attributes={"age": 60, "sex": "F"}), opening("N2", attributes={"age": 64, "sex": "M"})
    )
    _, summary = build(cohort, STEPS, Wanted())
    assert summary.attributes["age"]["HC"] == {"mean": 62.0, "sd": pytest.approx(np.sqrt(8)), "n": 2}
    assert summary.attributes["sex"]["HC"] == {"F": 1, "M": 1}


def test_columns_that_tell_cells_apart_reach_the_table():
    samples, _ = build(People(opening("N1")), STEPS, Wanted(), columns={"expression": "smile", "task": "ignored"})
    table = feature_table(samples)
    assert list(table.columns) == [
        "sample",
        "subject",
        "group",
        "task",
        "repetition",
        "expression",
        "y",
        "rom.mouth_opening_mm",
    ]
    assert (table["task"] == "OPEN").all()


def test_the_quality_of_a_clip_is_that_of_the_landmarks_that_were_found():
    came = blank(opening("N1"), slice(5, 10))
    empty = blank(opening("A1", "ALS"), slice(None))
    unseen: dict[str, int] = {}

    def measure(recording: Recording) -> dict:
        unseen[recording.subject] = int(np.isnan(recording.landmarks.points).all(axis=(1, 2)).sum())
        return {"frontal": True}

    def find(recording: Recording) -> tuple[Landmarks, dict[str, int]]:
        return opening("found").landmarks, {}

    build(People(came, empty), replace(STEPS, landmarks=find, quality=measure), Wanted())
    assert unseen == {"N1": 5, "A1": 0}
