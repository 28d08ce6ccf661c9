"""What a worker does, and how work is handed out: joblib tasks that compute and return, and never write."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.errors import RunFailedError
from neuroface.evaluate.fold import FoldResult, Task, run_fold
from neuroface.evaluate.permutations import run_permutation
from neuroface.evaluate.splits import Fold

Call = tuple[Callable[..., Any], tuple[Any, ...]]


@dataclass(frozen=True)
class Failure:
    """Why a fold or a permutation has no result."""

    name: str
    cause: str
    trace: str


def fold_call(task: Task, fold: Fold, save_model: bool) -> tuple[FoldResult, bytes | None, list[str]] | Failure:
    """In a worker: one fold without its model object, the model as skops bytes, and what was warned of."""
    try:
        with _one_thread(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = run_fold(task, fold)
            model = _model_bytes(result.model) if save_model else None
    except Exception as error:
        return Failure(fold.name, f"{type(error).__name__}: {error}", traceback.format_exc())
    messages = sorted({f"{w.category.__name__}: {w.message}" for w in caught})
    return replace(result, model=None), model, messages


def permutation_call(task: Task, splitter: Any, b: int) -> tuple[int, np.ndarray, np.ndarray] | Failure:
    """In a worker: all folds of one permutation. Warnings would repeat those of the folds."""
    try:
        with _one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return (b, *run_permutation(task, splitter, b))
    except Exception as error:
        return Failure(f"permutation {b}", f"{type(error).__name__}: {error}", traceback.format_exc())


def _model_bytes(model: Any) -> bytes:
    """skops: loads without executing code from the file. Level 1 makes a forest 7 times smaller for 10 % more time."""
    import zipfile

    import skops.io

    return skops.io.dumps(model, compression=zipfile.ZIP_DEFLATED, compresslevel=1)


def _one_thread() -> AbstractContextManager[Any]:
    """Numerical libraries use one thread: folds are the parallelism, and sums come out in the same order everywhere."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


def outcomes(calls: Iterable[Call], *, n_jobs: int, where: Path) -> Iterator[Any]:
    """Outcomes as they come, in any order; in this process when n_jobs is 1."""
    import joblib
    from joblib.parallel import get_active_backend

    backend = type(get_active_backend()[0]).__name__
    ours = backend in ("LokyBackend", "SequentialBackend")
    threads = joblib.parallel_config(backend="loky", inner_max_num_threads=1) if ours else nullcontext()
    with threads:
        pool = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")
        try:
            yield from pool(joblib.delayed(function)(*arguments) for function, arguments in calls)
        except BrokenProcessPool as error:
            raise RunFailedError(
                f"A worker process of {where} died, which mostly means that memory ran out. What was finished is "
                "kept; run the same command with fewer execution.n_jobs."
            ) from error
