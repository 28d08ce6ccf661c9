"""Calls on a cluster, by a client that answers as Dask's does and loses what it is told to."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from neuroface.errors import RunFailedError
from neuroface.evaluate.cluster import TRIES, on_cluster
from neuroface.evaluate.time_limit import time_limit


class Future:
    """One call, computed in a thread of its own; status as Dask names it."""

    def __init__(self, key, status, value):
        self.key, self.status, self.value = key, status, value

    def add_done_callback(self, told):
        threading.Thread(target=told, args=(self,)).start()

    def exception(self):
        return self.value

    def result(self):
        if self.status == "error":
            raise self.value
        return self.value


class Client:
    """lost: of each argument, how often its worker is lost. gone_after: calls until the scheduler is gone."""

    status = "running"

    def __init__(self, lost=None, gone_after=10**9):
        self.lost, self.left, self.most, self.calls = dict(lost or {}), gone_after, 0, 0

    def nthreads(self):
        return {"a": 1, "b": 1}

    def submit(self, function, value, pure):
        self.calls += 1
        if self.calls > self.left:
            self.status = "connecting"
        if self.status != "running" or self.lost.get(value, 0):
            self.lost[value] = self.lost.get(value, 0) - 1
            return Future(str(self.calls), "cancelled", None)
        try:
            return Future(str(self.calls), "finished", function(value))
        except ValueError as error:
            return Future(str(self.calls), "error", error)


def square(value: int) -> int:
    return 10 // (value - 3) if value == 3 else value**2


WHERE = Path("runs/d")


def test_every_call_is_answered_also_when_workers_are_lost():
    calls = [(square, (i,)) for i in range(40) if i != 3]
    found = on_cluster(Client({5: 1, 7: TRIES - 1, 39: 1}), calls, where=WHERE)
    assert sorted(found) == sorted(i**2 for i in range(40) if i != 3)


def test_a_call_that_loses_every_worker_is_one_message():
    with pytest.raises(RunFailedError, match=r"lost 3 times at one piece of runs/d"):
        list(on_cluster(Client({5: TRIES}), [(square, (i,)) for i in range(9) if i != 3], where=WHERE))


def test_a_scheduler_that_is_gone_is_one_message_and_what_came_before_is_kept():
    kept = []
    with pytest.raises(RunFailedError, match=r"The scheduler of the Dask cluster .* is gone"):
        kept.extend(on_cluster(Client(gone_after=6), [(square, (i,)) for i in range(40) if i != 3], where=WHERE))
    assert kept
    assert set(kept) <= {i**2 for i in range(10)}


def test_a_result_that_is_lost_on_its_way_is_computed_again():
    class Breaks(Future):
        def result(self):
            raise ConnectionResetError(104, "Connection reset by peer")

    class Once(Client):
        def submit(self, function, value, pure):
            future = super().submit(function, value, pure)
            return Breaks(future.key, "finished", None) if self.calls == 4 else future

    found = on_cluster(Once(), [(square, (i,)) for i in range(9) if i != 3], where=WHERE)
    assert sorted(found) == sorted(i**2 for i in range(9) if i != 3)


def test_an_error_of_a_call_is_raised():
    def refuses(value):
        raise ValueError(value)

    with pytest.raises(ValueError, match="4"):
        list(on_cluster(Client(), [(refuses, (4,))], where=WHERE))


def test_a_limit_holds_outside_the_main_thread_as_in_a_worker_of_dask():
    told = []

    def work():
        try:
            with time_limit(0.1):
                while True:
                    pass
        except TimeoutError as error:
            told.append(str(error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(timeout=20)
    assert told == ["no result after 0.1 s, the limit execution.fold_timeout_s"]
