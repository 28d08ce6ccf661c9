"""A limit for one piece of work: what hangs is given up, and the rest goes on."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

GRACE_S = 2.0  # for Python code to end by itself before its worker process is ended


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise TimeoutError in the code within once it took so long; None, or outside the main thread: no limit.

    Compiled code that never comes back to Python hears no signal: a worker process ends with it after GRACE_S more,
    which joblib tells as a broken pool.
    """
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    limit = float(seconds)

    def over(_: int, __: FrameType | None) -> None:
        raise TimeoutError(f"no result after {limit:g} s, the limit execution.fold_timeout_s")

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
