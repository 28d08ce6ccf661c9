"""A limit for one piece of work: what hangs is given up, and the rest goes on.

Three stages: the work is told to end (by a signal, or in its thread where it does not run in the main one); a worker
process that hears nothing, in compiled code, ends itself; one that cannot even do that, stopped or waiting for a dead
disk, is ended from outside.
"""

from __future__ import annotations

import ctypes
import faulthandler
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

STARTS_S = 60.0  # in which a worker process has started and read its libraries
GRACE_S = 2.0  # for Python code to end by itself before its worker process is ended


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise TimeoutError in the code within once it took so long; None: no limit.

    Compiled code that never comes back to Python hears no signal: a worker process ends with it after GRACE_S more,
    which joblib tells as a broken pool.
    """
    if seconds is None:
        yield
        return
    limit = float(seconds)
    told = f"no result after {limit:g} s, the limit execution.fold_timeout_s"
    if threading.current_thread() is not threading.main_thread():  # of a worker of Dask
        yield from _in_this_thread(limit, told)
        return

    def over(_: int, __: FrameType | None) -> None:
        raise TimeoutError(told)

    before = signal.signal(signal.SIGALRM, over)
    is_worker = multiprocessing.parent_process() is not None or "LOKY_WORKER" in os.environ
    silent = Path(os.devnull).open("w") if is_worker else None  # noqa: SIM115 - the watchdog needs it open
    signal.setitimer(signal.ITIMER_REAL, limit)
    if silent is not None:
        faulthandler.dump_traceback_later(limit + GRACE_S, exit=True, file=silent)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if silent is not None:
            faulthandler.cancel_dump_traceback_later()
            silent.close()


def _in_this_thread(limit: float, told: str) -> Iterator[None]:
    """As time_limit, by an exception that another thread plants in this one: signals come to the main thread only."""
    me, over = threading.get_ident(), threading.Event()

    def plant() -> None:
        over.set()
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(me), ctypes.py_object(TimeoutError))

    timer = threading.Timer(limit, plant)
    timer.daemon = True
    timer.start()
    try:
        yield
    except TimeoutError as error:
        raise (TimeoutError(told) if over.is_set() else error) from None
    finally:
        timer.cancel()


def while_they_answer(outcomes: Iterable[Any], limit_s: float | None) -> Iterator[Any]:
    """The outcomes; joblib's worker processes are killed when none has answered for limit_s and STARTS_S more.

    Each of them would have given up its work by then. joblib tells a killed one as a broken pool. Its own time limit
    goes by the clock on the wall, which may jump.
    """
    if limit_s is None:
        yield from outcomes
        return
    asked: float | None = time.monotonic()  # None while nobody waits for an outcome
    done = threading.Event()

    def watch() -> None:
        while not done.wait(1.0):
            since = asked
            if since is not None and time.monotonic() - since > float(limit_s) + GRACE_S + STARTS_S:
                _kill_workers()
                return

    threading.Thread(target=watch, name="while_they_answer", daemon=True).start()
    try:
        for outcome in outcomes:
            asked = None
            yield outcome
            asked = time.monotonic()
    finally:
        done.set()


def _kill_workers() -> None:
    from joblib.externals.loky import reusable_executor

    executor = getattr(reusable_executor, "_executor", None)
    for pid in list(getattr(executor, "_processes", None) or ()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
