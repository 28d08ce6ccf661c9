"""Landmarks of a cohort by several networks at once, on films whose frames are counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from checks import still_face
from neuroface.cohorts.folder import FolderCohort
from neuroface.errors import DataError, RunMismatchError, WeightsNotFoundError
from neuroface.studies.tracking import track
from neuroface.types import Frame, Landmarks, Recording, Repetition

N_FRAMES = 5


class Film:
    """Five black frames; `seen` counts how often one was made."""

    size, rig = (8, 6), None

    def __init__(self):
        self.seen = 0

    def frames(self, start=0, stop=None, step=1):
        for number in range(start, N_FRAMES if stop is None else min(stop, N_FRAMES), step):
            self.seen += 1
            yield Frame(number, number / 10, np.zeros((6, 8, 3), np.uint8))


def filmed(subject):
    marks = Landmarks(np.full((N_FRAMES, 68, 2), np.nan), np.arange(N_FRAMES) / 10, "pixel")
    repetitions = (Repetition(0, N_FRAMES, 0),)
    return Recording(subject, "HC", "OPEN", marks, repetitions=repetitions, video=Film())


class Network:
    """Puts every point at `at`; knows one person."""

    def __init__(self, at, *, knows, blind_to=""):
        self.at, self.knows, self.blind_to = at, knows, blind_to

    def __call__(self, recording):
        if recording.subject == self.blind_to:
            raise DataError("has no face in any frame")
        frames = list(recording.video.frames())
        points = np.tile(still_face()[:, :2] + self.at, (len(frames), 1, 1))
        counts = {"frames": len(frames), "frames_without_face": self.at, "not_held_out": 0}
        return replace(recording.landmarks, points=points, fitted_on=frozenset({self.knows})), counts


def as_they_are(landmarks, recording):
    return landmarks, {}


def test_each_network_leaves_a_cohort_that_says_whom_it_knew(tmp_path):
    people = [filmed("N1"), filmed("N2")]
    networks = {"pretrained": Network(1, knows="W1"), "tuned": Network(2, knows="N9")}
    found = track(people, networks, as_they_are, tmp_path, n_jobs=1, identity={})
    for (name, folder), at in zip(found.items(), (1, 2), strict=True):
        read = list(FolderCohort(root=folder).recordings())
        assert [recording.subject for recording in read] == ["N1", "N2"]
        for recording in read:
            assert recording.landmarks.points == pytest.approx(np.tile(still_face()[:, :2] + at, (N_FRAMES, 1, 1)))
            assert recording.landmarks.fitted_on == {networks[name].knows}
            assert recording.repetitions == (Repetition(0, N_FRAMES, 0),)
            assert recording.notes["frames_without_face"] == at
            assert not {"frames", "not_held_out"} & recording.notes.keys()


def test_a_film_is_made_once_for_all_networks(tmp_path):
    person = filmed("N1")
    track(
        [person], {"a": Network(1, knows="W"), "b": Network(2, knows="W")}, as_they_are, tmp_path, n_jobs=1, identity={}
    )
    assert person.video.seen == N_FRAMES


def test_recordings_that_fail_are_named_and_the_others_are_not_done_again(tmp_path):
    people = [filmed("N1"), filmed("N2")]
    with pytest.raises(
        DataError, match=r"^1 of 2 recordings have no landmarks: N2/OPEN: DataError: has no face in any"
    ):
        track(people, {"a": Network(1, knows="W", blind_to="N2")}, as_they_are, tmp_path, n_jobs=1, identity={})
    again = [filmed("N1"), filmed("N2")]
    track(again, {"a": Network(1, knows="W")}, as_they_are, tmp_path, n_jobs=1, identity={})
    assert [person.video.seen for person in again] == [0, N_FRAMES]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_weights_of_no_use_are_told_once(tmp_path, n_jobs):
    with pytest.raises(WeightsNotFoundError, match=r"^tuned\.pth is damaged\.$"):
        track([filmed("N1"), filmed("N2")], {"a": no_network}, as_they_are, tmp_path, n_jobs=n_jobs, identity={})


def no_network(recording):
    raise WeightsNotFoundError("tuned.pth is damaged.")


def test_landmarks_of_other_films_or_networks_are_not_taken_for_these(tmp_path):
    """Neither when they are finished nor half-way: the identity is that of contents, the paths may be the same."""
    one = {"cohort": {"root": "content 1"}, "a": {"weights": "content 1"}}
    track([filmed("N1")], {"a": Network(1, knows="W")}, as_they_are, tmp_path, n_jobs=1, identity=one)
    other = {**one, "a": {"weights": "content 2"}}
    with pytest.raises(RunMismatchError, match=r"holds landmarks made with other a\. Choose another run="):
        track([filmed("N1")], {"a": Network(2, knows="W")}, as_they_are, tmp_path, n_jobs=1, identity=other)
