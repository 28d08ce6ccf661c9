"""Landmarks of many recordings by worker processes: the same as by one, in order, and one that fails stops no other."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from neuroface import detection, samples
from neuroface.detection import Steps, found
from neuroface.errors import ConfigError, RunFailedError
from neuroface.evaluate.each import Failed, each
from neuroface.landmarks import given, lift
from neuroface.samples import Wanted
from neuroface.types import Landmarks, Recording, Repetition

NAMES = ["A", "B", "C", "D", "E"]


@dataclass
class Film:
    """A video of which nobody reads a frame."""

    rig = None


def recording(subject: str, group: str = "HC") -> Recording:
    points = np.random.default_rng(ord(subject)).uniform(0, 99, (5, 68, 2))
    marks = Landmarks(points, np.arange(5) / 25, "pixel")
    return Recording(subject, group, "OPEN", marks, repetitions=(Repetition(0, 5, 0),), video=Film())


def moved(one: Recording):
    """Landmarks by a network that finds no face in B and trips over D."""
    from neuroface.errors import DataError

    if one.subject == "B":
        raise DataError("has no face.")
    if one.subject == "D":
        raise ZeroDivisionError
    inverse = np.linalg.inv(np.cov(one.landmarks.points.reshape(5, -1), rowvar=False) + np.eye(136))
    return replace(one.landmarks, points=one.landmarks.points + inverse[0, 0]), {"frames": 5}


def as_it_is(landmarks, _):
    return landmarks, {}


def one_feature(landmarks):
    return {"test.mean_px": float(landmarks.points.mean())}


STEPS = Steps(moved, as_it_is, lambda _, *, task, given: given, {"one": one_feature}, frame="camera")


def all_of(n_jobs):
    recordings = (recording(name) for name in NAMES)
    return {one.subject: outcome for one, outcome in found(recordings, STEPS, n_jobs=n_jobs)}


def test_two_processes_find_what_one_does_in_order():
    one, two = all_of(1), all_of(2)
    assert list(one) == list(two) == NAMES
    for name in ("A", "C", "E"):
        assert one[name].pixels.points.tobytes() == two[name].pixels.points.tobytes()
    assert one["B"] == two["B"] == Failed("has no face", True, "")
    assert one["D"].cause == two["D"].cause == "ZeroDivisionError"
    assert "in moved" in two["D"].trace


@pytest.mark.parametrize(
    ("lifted", "quality", "processes"), [(lift.none, None, 1), (as_it_is, None, 2), (lift.none, dict, 2)]
)
def test_workers_are_started_only_where_somebody_may_look_at_the_video(monkeypatch, lifted, quality, processes):
    asked = []
    monkeypatch.setattr("neuroface.detection.each", lambda *_, n_jobs, **__: asked.append(n_jobs) or ())
    steps = replace(STEPS, landmarks=partial(given.given, median_frames=3), lift=lifted, quality=quality)
    assert not list(found((recording(name) for name in NAMES), steps, n_jobs=2))
    assert asked == [processes]


class Cohort:
    """people: their ids."""

    def __init__(self, people):
        self.people = people

    def recordings(self, *, groups=None, tasks=None):
        return (recording(name, "HC" if name < "C" else "ALS") for name in self.people)


def test_recordings_without_video_ask_for_no_gpu(monkeypatch):
    """Asking loads torch, which is most of the time that predict takes on a file of landmarks."""
    monkeypatch.setattr(detection, "on_gpu", lambda step: pytest.fail("asked"))
    bare = [replace(recording(name), video=None) for name in "AC"]
    assert [one.subject for one, _ in found(bare, STEPS, n_jobs=1)] == ["A", "C"]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_samples_are_those_of_one_process_and_whoever_cannot_be_used_is_told(n_jobs):
    table, summary = samples.build(Cohort("ABCE"), STEPS, Wanted(), skip_broken=True, n_jobs=n_jobs)
    assert table.subject.tolist() == ["A", "C", "E"]
    assert {"what": "B/OPEN", "why": "has no face"} in summary.left_out
    expected = [moved(recording(name))[0].points.mean() for name in "ACE"]
    np.testing.assert_allclose(np.ravel(table.X), expected, rtol=1e-12)


def test_code_that_fails_is_no_fault_of_the_data():
    with pytest.raises(RunFailedError, match=r"Work on 1 recordings failed: D/OPEN: ZeroDivisionError"):
        samples.build(Cohort("ACDE"), STEPS, Wanted(), skip_broken=True)


def test_what_is_wrong_with_the_command_stops_at_once():
    asked = []

    def wrong(one):
        asked.append(one.subject)
        raise ConfigError("no such network")

    with pytest.raises(ConfigError, match="no such network"):
        list(found((recording(name) for name in NAMES), replace(STEPS, landmarks=wrong)))
    assert asked == ["A"]


def gone(*_):
    os._exit(1)


@pytest.mark.parametrize(
    ("limit_s", "told"),
    [(None, "ran out. What"), (60, "or that a recording hung longer than execution.fold_timeout_s=60 ")],
)
def test_a_worker_that_dies_over_a_recording_is_told_as_such(limit_s, told):
    with pytest.raises(RunFailedError, match=f"worker process of recordings died.*{told}"):
        list(each(gone, None, NAMES, n_jobs=2, where=Path("recordings"), limit_s=limit_s))
