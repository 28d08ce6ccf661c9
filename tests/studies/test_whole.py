"""Work on each recording of a cohort: all are whole when their turn comes, and few are there at the same time."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest

from neuroface.errors import DataError
from neuroface.evaluate.each import Failed, each
from neuroface.studies.building import read_recordings
from neuroface.studies.whole import Recordings, Unreadable, Whole, readable
from neuroface.types import Landmarks, Recording, Repetition, Truth

FRAMES = 200


def recording(number: int) -> Recording:
    marks = Landmarks(np.full((FRAMES, 68, 2), float(number)), np.arange(FRAMES) / 25, "pixel")
    truth = Truth(marks, (), 0.5, "left", {"x": np.ones(1)}, pixels=marks)
    whose = {"repetitions": (Repetition(0, 9, 0),), "truth": truth, "notes": {"n": number}, "video": object()}
    return Recording(f"P{number}", "HC", "OPEN", marks, session="2", attributes={"age": number}, **whose)


class Cohort:
    """Recordings made anew whenever they are asked for. gone: of them the second time. alive: those that exist."""

    synthetic = False

    def __init__(self, n: int, gone: int | None = None) -> None:
        self.n, self.gone, self.times, self.most = n, gone, 0, 0
        self.alive: weakref.WeakSet[Landmarks] = weakref.WeakSet()

    def recordings(self, *, groups=None, tasks=None):
        self.times += 1
        for number in range(self.n):
            if self.times > 1 and number == self.gone:
                raise DataError("the disk is gone.")
            one = recording(number)
            self.alive.add(one.landmarks)
            self.most = max(self.most, len(self.alive))
            yield one


def values(whole):
    return [float(one.landmarks.points[0, 0, 0]) for one in whole]


def test_who_it_is_stays_and_arrays_go():
    one = recording(3)
    bare = one.without_arrays()
    assert (bare.name, bare.group, bare.attributes, bare.notes) == (one.name, "HC", {"age": 3}, {"n": 3})
    assert (bare.video, bare.repetitions, bare.truth.pixels, len(bare.landmarks)) == (None, None, None, 0)
    assert (bare.truth.severity, bare.truth.affected_side, bare.landmarks.space) == (0.5, "left", "pixel")
    assert one.nbytes == 3 * (FRAMES * 68 * 2 + FRAMES) * 8
    assert bare.nbytes == 0
    assert bare.landmarks.points.base is None, "a view would keep what it is of"


def test_a_small_cohort_is_read_once():
    cohort = Cohort(4)
    held = Recordings(cohort.recordings)
    names = [one.name for one in held.read()]
    assert [one.name for one in held.named] == names
    assert values(held.whole([names[1], names[3]])) == [1, 3]
    assert cohort.times == 1


@pytest.mark.parametrize("n", [10, 100])
def test_of_a_large_one_few_are_there_at_the_same_time(n):
    cohort = Cohort(n)
    held = Recordings(cohort.recordings, limit_bytes=3 * recording(0).nbytes)
    names = [one.name for one in held.read()]
    assert [float(one.landmarks.points[0, 0, 0]) for one in held.whole(names[2:])] == list(range(2, n))
    gc.collect()
    assert cohort.times == 2
    assert cohort.most <= 6
    assert len(held.named) == n


def test_what_cannot_be_read_again_is_told_of_each():
    cohort = Cohort(6, gone=3)
    held = Recordings(cohort.recordings, limit_bytes=0)
    names = [one.name for one in held.read()]
    *whole, third, fourth, fifth = held.whole(names)
    assert values(whole) == [0, 1, 2]
    assert third == fourth == fifth
    with pytest.raises(DataError, match=r"could be read at first, and not again: the disk is gone$"):
        readable(third)
    short = Whole(["P1/2/OPEN", "nobody"], {}, Cohort(3).recordings)
    assert isinstance(list(short)[1], Unreadable)
    assert readable(next(iter(short))).subject == "P1"


def looked_at(_, thing):
    return float(readable(thing).landmarks.points[0, 0, 0])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_workers_get_them_whole_and_one_that_is_gone_stops_no_other(n_jobs, tmp_path):
    cohort = Cohort(12, gone=9)
    held = read_recordings(cohort, {"exclude": ["P1"]})
    held._limit = 0
    names = [one.name for one in held.read()]
    assert "P1/2/OPEN" not in names
    found = dict(each(looked_at, None, held.whole(names), n_jobs=n_jobs, where=tmp_path))
    assert [found[place] for place in range(8)] == [0, 2, 3, 4, 5, 6, 7, 8]
    assert all(isinstance(found[place], Failed) and found[place].expected for place in range(8, 11))


def test_the_first_of_two_with_one_name_is_meant():
    first, second = recording(1), replace(recording(2), subject="P1")
    held = Recordings(lambda: [first, second])
    assert len(list(held.read())) == 2
    assert values(held.whole([first.name])) == [1]
