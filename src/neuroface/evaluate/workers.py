"""What a worker does, and how work is handed out: joblib tasks that compute and return, and never write."""

from __future__ import annotations

import functools
import gc
import os
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from pickle import PicklingError
from typing import Any

import numpy as np

from neuroface.errors import ConfigError, RunFailedError
from neuroface.evaluate.cluster import Call, client_in_use, on_cluster
from neuroface.evaluate.cost import spent_since
from neuroface.evaluate.fold import FoldResult, fit_folds, run_fold
from neuroface.evaluate.permutations import run_permutation, run_permutations
from neuroface.evaluate.same_bytes import kept_by_skops, without_addresses
from neuroface.evaluate.splits import Fold
from neuroface.evaluate.task import Task
from neuroface.evaluate.time_limit import time_limit, while_they_answer

PARENT_CHECK_S = 1.0


@dataclass(frozen=True)
class Failure:
    """Why a fold or a permutation has no result."""

    name: str
    cause: str
    trace: str


@dataclass(frozen=True)
class SavedModel:
    """models/<fold>.<ending> of a run, and models/<fold>.history.json where the training was told."""

    ending: str
    content: bytes
    history: list[dict[str, Any]] | None


FoldOutcome = tuple[FoldResult, SavedModel | None, list[str]] | Failure


def fold_call(task: Task, fold: Fold, save_model: bool, fitted: Any = None) -> FoldOutcome:
    """In a worker: one fold without its model object, the model as a file, and what was warned of.

    fitted: the fold's model where it was fitted together with others, or the error that was met.
    """
    settle()
    started = time.monotonic()
    try:
        with one_thread(), time_limit(task.limit_s), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if isinstance(fitted, Exception):
                raise fitted
            result = run_fold(task, fold, fitted)
            model = saved(result.model) if save_model else None
    except Exception as error:
        return Failure(fold.name, f"{type(error).__name__}: {error}", traceback.format_exc())
    return replace(result, model=None, spent=spent_since(started)), model, messages_of(caught)


def together_calls(task: Task, folds: Sequence[Fold], save_model: bool) -> Iterator[FoldOutcome]:
    """In this process: the outcomes of folds that the estimator fits together. What fitting warns of is told of each.

    Errors: ConfigError where the estimator, or its settings, cannot; any other error is the failure of every fold.
    """
    if not hasattr(task.estimator, "fit_folds"):
        raise ConfigError(
            f"execution.folds_together=true: {type(task.estimator).__name__} cannot train folds together. "
            "Set execution.folds_together=false."
        )
    try:
        with one_thread(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            models = fit_folds(task, folds)
    except ConfigError:
        raise
    except Exception as error:
        models, caught = [error] * len(folds), []
    for fold, model in zip(folds, models, strict=True):
        outcome = fold_call(task, fold, save_model, model)
        if not isinstance(outcome, Failure):
            result, file, messages = outcome
            outcome = result, file, sorted({*messages, *messages_of(caught)})
        yield outcome


def messages_of(caught: Sequence[warnings.WarningMessage]) -> list[str]:
    """What was warned of, each once."""
    return sorted({f"{w.category.__name__}: {w.message}" for w in caught})


def permutation_call(task: Task, splitter: Any, b: int) -> tuple[int, np.ndarray, np.ndarray] | Failure:
    """In a worker: all folds of one permutation. Warnings would repeat those of the folds."""
    settle()
    try:
        with one_thread(), time_limit(task.limit_s), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return (b, *run_permutation(task, splitter, b))
    except Exception as error:
        return Failure(f"permutation {b}", f"{type(error).__name__}: {error}", traceback.format_exc())


def permutations_together(
    task: Task, splitter: Any, permutations: Sequence[int]
) -> Iterator[tuple[int, np.ndarray, np.ndarray] | Failure]:
    """In this process: outcomes of permutations by an estimator that predicts many fits at once.

    An error is the failure of every permutation that has no result yet.
    """
    waiting = list(permutations)
    try:
        with one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for outcome in run_permutations(task, splitter, permutations):
                waiting.remove(outcome[0])
                yield outcome
    except Exception as error:
        trace = traceback.format_exc()
        for b in waiting:
            yield Failure(f"permutation {b}", f"{type(error).__name__}: {error}", trace)


def saved(model: Any) -> SavedModel:
    """The model as (ending, bytes) of a file that loads without executing code from it.

    An estimator says by `saved()` how it is kept (safetensors, say); any other is kept by skops. The same model
    gives the same bytes in every process. history: what `history_` of the model tells of its training.
    """
    model = getattr(model, "best_", model)  # of a search, what it chose
    if hasattr(model, "saved"):
        ending, content = model.saved()
        content = without_addresses(content) if ending == "skops" else content
    else:
        ending, content = "skops", kept_by_skops(model)
    return SavedModel(ending, content, getattr(model, "history_", None))


@functools.cache
def settle() -> None:
    """Once in a process, when the libraries are loaded: what is there stays and is not searched for garbage any more.

    joblib's workers collect garbage after each task; with torch loaded, that takes 0.1 s.
    """
    gc.freeze()


def one_thread() -> AbstractContextManager[Any]:
    """Numerical libraries use one thread: folds are the parallelism, and sums come out in the same order everywhere."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


def check_n_jobs(n_jobs: Any) -> None:
    """ConfigError for a number of processes that cannot be."""
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, int) or n_jobs == 0:
        raise ConfigError(f"execution.n_jobs is {n_jobs!r}; it must be a whole number, -1 for one process per core.")


def n_threads(n_jobs: int) -> int:
    """Threads for `n_jobs`, -1 being one per core that this process may use."""
    from joblib import effective_n_jobs

    return effective_n_jobs(n_jobs)


def n_processes(n_jobs: int) -> int:
    """That compute at the same time with `n_jobs`: here, or on the cluster that is joined."""
    client = client_in_use()
    return n_threads(n_jobs) if client is None or n_jobs == 1 else max(1, sum(client.nthreads().values()))


def outcomes(
    calls: Iterable[Call],
    *,
    n_jobs: int,
    where: Path,
    limit_s: float | None = None,
    piece: str = "a fold or permutation",
) -> Iterator[Any]:
    """Outcomes as they come, in any order; in this process when n_jobs is 1.

    Worker processes end with this one, even when it is killed. limit_s: what one call may take; processes that do not
    even answer that they took longer are ended (time_limit.py). piece: what one call is, for messages.
    """
    import joblib

    client = client_in_use()
    if client is not None and n_jobs != 1:
        yield from on_cluster(client, calls, where=where)
        return
    # A worker whose memory grew, or that had nothing to do for long, ends between two pieces and another takes its
    # place: nothing is lost, and there is nothing to do about it. Said in a thread of loky's, so for the whole process.
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given to the executor")
    with joblib.parallel_config(
        backend="loky", inner_max_num_threads=1, initializer=begin, initargs=(os.getpid(), tuple(sys.path))
    ):
        pool = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")
        try:
            found = pool(joblib.delayed(function)(*arguments) for function, arguments in calls)
            yield from while_they_answer(found, limit_s)
        except PicklingError as error:  # joblib's word for whatever kept a call from being sent, a full disk too
            why = str(error.__cause__ or error).strip().strip("'\"\n ").splitlines()[-1]
            raise RunFailedError(
                f"Work could not be sent to the worker processes of {where}: {why}. What was written is kept; "
                "mend that and give the same command again, or set execution.n_jobs=1."
            ) from error
        except BrokenProcessPool as error:
            hung = (
                f", or that {piece} hung longer than execution.fold_timeout_s={limit_s:g} in compiled code"
                if limit_s
                else ""
            )
            raise RunFailedError(
                f"A worker process of {where} died, which mostly means that memory ran out{hung}. "
                "What was written is kept; run the same command with fewer execution.n_jobs."
            ) from error


def begin(parent: int, path: Sequence[str]) -> None:
    """In a worker: what it begins with. path: the parent's sys.path, which plug-ins of the user may have been added to.

    Workers are used again by the next run of a process; joblib starts others where these arguments are others.
    """
    sys.path.extend(place for place in path if place not in sys.path)
    end_with_parent(parent)


def end_with_parent(parent: int) -> None:
    """In a worker: end this process soon after process `parent`, which started it, is gone.

    A killed parent cannot tell its workers, and they would wait for work for ever. Asking who the parent is works on
    every POSIX system; Linux's PR_SET_PDEATHSIG follows the parent's thread instead, which may end long before.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_S)
        os._exit(1)

    threading.Thread(target=watch, name="end_with_parent", daemon=True).start()
