"""Calls on the workers of a Dask cluster, and what happens when workers or the scheduler go.

joblib's own backend for Dask (1.6) computes everything in the calling process while the cluster has one worker thread
only, gives a call one worker, and ends in a trace when the scheduler is gone; so the calls are handed to the cluster's
client here.
"""

from __future__ import annotations

import functools
import queue
from asyncio import CancelledError
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from neuroface.errors import RunFailedError

Call = tuple[Callable[..., Any], tuple[Any, ...]]
AHEAD = 2  # calls handed over per worker thread, so that none waits for its next one
TRIES = 3  # of a call whose worker is lost
LOOK_S = 1.0  # between two looks at whether the scheduler is there
LARGE_BYTES = 1_000_000  # of an argument: sent to the cluster once, not with each call
shared_disk = ContextVar("shared_disk", default=False)  # whether its workers see the files of this process


def on_cluster(client: Any, calls: Iterable[Call], *, where: Path) -> Iterator[Any]:
    """Outcomes as they come, in any order. A call whose worker is lost is given to another one.

    client: distributed.Client. While `shared_disk` is set, arrays that lie in a file are sent by its path.
    Errors: RunFailedError when the scheduler is gone, or a call lost its worker TRIES times; what a call raises.
    """
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    waiting: dict[str, tuple[Any, Call, int]] = {}
    sent: dict[int, tuple[Any, Any]] = {}  # id of a large argument: itself, so that the id stays its own; where it is

    def hand_over(call: Call, tries: int) -> None:
        function, arguments = call
        future = client.submit(
            functools.partial(_call, function), *[_sent(client, value, sent) for value in arguments], pure=False
        )
        waiting[future.key] = future, call, tries
        future.add_done_callback(answers.put)

    left = iter(calls)
    while True:
        _refuse_lost(client, where)
        for call in left:
            hand_over(call, 1)
            if len(waiting) >= AHEAD * max(1, sum(client.nthreads().values())):
                break
        if not waiting:
            return
        try:
            future = answers.get(timeout=LOOK_S)
        except queue.Empty:
            continue
        _, call, tries = waiting.pop(future.key)
        came, outcome = _fetched(future)
        if not came:
            _refuse_lost(client, where)
            if tries == TRIES:
                raise RunFailedError(
                    f"Workers of the Dask cluster were lost {TRIES} times at one piece of {where}, which mostly means "
                    "that memory ran out there. What was finished is kept; run the same command with more memory."
                )
            sent.clear()  # what was sent may have been on the worker that is lost
            hand_over(call, tries + 1)
            continue
        yield outcome


def client_in_use() -> Any:
    """The client of the Dask cluster that `spread` joined, or None."""
    from joblib.parallel import get_active_backend

    backend = get_active_backend()[0]
    return backend.client if type(backend).__name__ == "DaskDistributedBackend" else None


def _call(function: Callable[..., Any], *arguments: Any) -> Any:
    """In a worker: the call, with what was sent by its path."""
    return function(*(one.opened() if hasattr(one, "opened") else one for one in arguments))


def _sent(client: Any, value: Any, sent: dict[int, tuple[Any, Any]]) -> Any:
    """The argument, or where it is on the cluster if it is large."""
    import dask.sizeof

    if id(value) in sent:
        return sent[id(value)][1]
    if _bytes_of(value, dask.sizeof.sizeof) < LARGE_BYTES:
        return value
    content = value.by_path() if shared_disk.get() and hasattr(value, "by_path") else value
    sent[id(value)] = value, client.scatter(content, hash=False, broadcast=True)
    return sent[id(value)][1]


def _bytes_of(value: Any, sizeof: Callable[[Any], int]) -> int:
    """What an argument takes, its fields included."""
    fields = getattr(value, "__dict__", None)
    return sizeof(value) + (sum(map(sizeof, fields.values())) if fields else 0)


def _fetched(future: Any) -> tuple[bool, Any]:
    """Whether there is an outcome, and the outcome. What the call itself raises is raised."""
    if future.status == "error" and type(future.exception()).__name__ not in ("KilledWorker", "FutureCancelledError"):
        return True, future.result()
    if future.status != "finished":
        return False, None
    try:
        return True, future.result()
    except (OSError, CancelledError):  # it was there, and is gone before it came here
        return False, None


def _refuse_lost(client: Any, where: Path) -> None:
    if client.status not in ("running", "newly-created"):
        raise RunFailedError(
            f"The scheduler of the Dask cluster on which {where} was computed is gone. What was finished is kept; "
            "start the cluster again, or leave execution.backend=dask out, and give the same command."
        )
