"""The same work on each of many things, recordings mostly: in worker processes, as folds are, or in this one."""

from __future__ import annotations

import contextlib
import errno
import io
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from neuroface.errors import DataError, NeurofaceError, Problems, RunFailedError
from neuroface.evaluate.cost import Meter, Notes, Spent, spent_since
from neuroface.evaluate.time_limit import time_limit
from neuroface.evaluate.workers import n_processes, one_thread, outcomes, settle

# What the operating system says of a disk that takes nothing more: no fault of one thing.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_held: dict[str, Any] = {}  # in a worker: what all pieces of one call of `each` share, with the network that it loaded


@dataclass(frozen=True)
class Failed:
    """Why there is no result. expected: the data are at fault (DataError), not the code or the machine."""

    cause: str
    expected: bool
    trace: str


class Things(Sized, Protocol):
    """Things to work on, of which it is known how many there are, made one at a time. Making them raises nothing."""

    def __iter__(self) -> Iterator[Any]: ...


class Failures:
    """Failures that are no fault of the data, by what failed; the rest goes on, and they are told at the end."""

    def __init__(self) -> None:
        self.problems = Problems()
        self.trace = ""

    def add(self, name: str, failed: Failed) -> None:
        self.problems.add(name, failed.cause)
        self.trace = self.trace or failed.trace

    def raise_if_any(self, kept: str) -> None:
        """RunFailedError that names them all; the trace of the first stands before it on standard error."""
        if self.problems:
            print(self.trace, file=sys.stderr, end="")
            told = "\n  ".join(self.problems.lines())
            raise RunFailedError(f"Work on {len(self.problems)} recordings failed: {told}\n{kept}")


def each(
    work: Callable[[Any, Any], Any],
    common: Any,
    things: Things,
    *,
    n_jobs: int,
    where: Path,
    limit_s: float | None = None,
    threads: int | None = 1,
    meter: Meter | None = None,
) -> Iterator[tuple[int, Any]]:
    """(place of the thing, `work(common, thing)` or Failed) as they come, in any order.

    things: taken a few at a time, so that all of them need not be there. common: each worker keeps the first copy that
    it gets. threads: 1, so that sums come out in the same order everywhere; None: all of them, in this process. meter:
    counts each thing when the caller asks for the next one. What workers print on standard error is printed here, each
    line once. Errors, at once, for they are not about one thing: a NeurofaceError that is no DataError, OSError of a
    full or read-only disk, and RunFailedError where a worker is lost.
    """
    token = uuid.uuid4().hex
    said: set[str] = set()
    alone = is_alone(n_jobs, things, threads)
    calls = ((_one, (work, token, common, at, (one,), limit_s, threads, alone)) for at, one in enumerate(things))
    found = outcomes(calls, n_jobs=1 if alone else n_jobs, where=where, limit_s=limit_s, piece="a recording")
    try:
        for place, outcome, printed, spent in found:
            for line in printed:
                if line not in said:
                    print(line, file=sys.stderr)
                said.add(line)
            yield place, outcome
            if meter:
                meter.count(spent)
        if meter:
            meter.end()
    finally:
        _held.clear()


def meter_of(place: Path, things: Sized, *, n_jobs: int, threads: int | None = 1) -> tuple[Meter, Notes]:
    """What `each` of these recordings costs below a folder, and where it is noted."""
    notes = Notes(place)
    return Meter(
        notes, "recordings", len(things), 1 if is_alone(n_jobs, things, threads) else n_processes(n_jobs)
    ), notes


def is_alone(n_jobs: int, things: Sized, threads: int | None = 1) -> bool:
    """Whether this process does the work itself."""
    return n_jobs == 1 or len(things) < 2 or threads is None


class _Printed(io.StringIO):
    """What a worker has to say, but for its progress: to that, it is a terminal whose line changes."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text) if text.startswith("\r") else super().write(text)


def _one(
    work: Callable[[Any, Any], Any],
    token: str,
    common: Any,
    place: int,
    thing: tuple[Any],
    limit_s: float | None,
    threads: int | None,
    aloud: bool,
) -> tuple[int, Any, list[str], Spent]:
    """thing: in a tuple, for Dask sends a large argument to all workers, which only `common` is for."""
    settle()
    if token not in _held:
        _held.clear()
        _held[token] = common
    printed, started = _Printed(), time.monotonic()
    quiet: Any = contextlib.nullcontext() if aloud else contextlib.redirect_stderr(printed)
    try:
        with _as_many(threads), time_limit(limit_s), quiet:
            outcome = work(_held[token], thing[0])
    except DataError as error:
        outcome = Failed(str(error).rstrip("."), True, "")
    except NeurofaceError:
        raise
    except OSError as error:
        if error.errno in NO_ROOM:
            raise
        outcome = Failed(f"{error.filename or ''}: {error.strerror or error}".removeprefix(": "), True, "")
    except Exception as error:
        outcome = Failed(f"{type(error).__name__}: {error}".rstrip(". :"), False, traceback.format_exc())
    return place, outcome, printed.getvalue().splitlines(), spent_since(started)


@contextmanager
def _as_many(threads: int | None) -> Iterator[None]:
    """One thread for numerical libraries and OpenCV, or as many as they like."""
    if threads is None:
        yield
        return
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        with one_thread():
            yield
    finally:
        cv2.setNumThreads(before)
