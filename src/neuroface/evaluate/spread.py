"""Where folds and permutations are computed: processes of this machine (loky), or workers of a Dask cluster.

joblib hands the same calls to either, and a fold's seed is its name's, so the bytes of a run are the same.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from neuroface.errors import ConfigError, RunFailedError, did_you_mean
from neuroface.evaluate import cluster as dask_cluster

BACKENDS = ("loky", "dask")
CONNECT_S = "10s"
JOIN_S = "60s"  # for the first worker of a cluster that a queue has just begun
START_S = "120s"  # for worker processes of this machine, each of which reads its libraries first
# Dask has its workers give each small piece of freed memory back at once, which slows work on pictures.
TRIM = "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_"


@contextmanager
def spread(
    backend: str = "loky", *, address: str | None = None, n_jobs: int = -1, shared_disk: bool = False
) -> Iterator[None]:
    """While this lasts, `workers.outcomes` computes there.

    address: the scheduler of a cluster that runs, tcp://HOST:PORT; None starts one worker process per job here, and
    stops them afterwards. With n_jobs=1 everything is computed in this process. shared_disk: the workers of that
    cluster see the files of this process, and pictures of the store are sent by their path. Whoever may talk to a
    scheduler runs code on its workers: join your own cluster only.
    Errors: ConfigError for an unknown backend, an address without backend dask, or a scheduler that does not answer;
    RunFailedError where a cluster on this machine does not start.
    """
    if backend not in BACKENDS:
        raise ConfigError(f"execution.backend={backend}: there is no such backend." + did_you_mean(backend, BACKENDS))
    if backend == "loky":
        if address:
            raise ConfigError(f"execution.address={address} is of a Dask cluster: add execution.backend=dask.")
        yield
        return
    import joblib

    distributed, dask = _distributed()
    for name in ("distributed", "tornado.application", "asyncio"):  # a lost scheduler is told by us, in one message
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if address:
        client = _client(distributed, address)
        with client, joblib.parallel_config(backend="dask"), _disk(shared_disk):
            _wait_for_a_worker(client, address)
            yield
        return
    settings = {"threads_per_worker": 1, "processes": True, "host": "127.0.0.1", "dashboard_address": None}
    n_workers = joblib.effective_n_jobs(n_jobs)
    with ExitStack() as stack:
        stack.callback(_environment_as, dict(os.environ))
        stack.enter_context(dask.config.set({TRIM: None}))
        try:
            cluster = stack.enter_context(distributed.LocalCluster(n_workers=n_workers, **settings))
            client = stack.enter_context(distributed.Client(cluster, timeout=START_S))
            client.wait_for_workers(1, timeout=START_S)
        except (OSError, TimeoutError, RuntimeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise RunFailedError(
                f"execution.backend=dask: a cluster of {n_workers} worker processes on this machine did not start "
                f"({reason}). The machine may be busy: run the same command again, with fewer execution.n_jobs, or "
                "with execution.backend=loky."
            ) from error
        stack.enter_context(joblib.parallel_config(backend="dask"))
        stack.enter_context(_disk(True))
        yield


@contextmanager
def _disk(is_shared: bool) -> Iterator[None]:
    token = dask_cluster.shared_disk.set(is_shared)
    try:
        yield
    finally:
        dask_cluster.shared_disk.reset(token)


def _environment_as(before: dict[str, str]) -> None:
    """Take back what a cluster sets for its workers in this process and leaves there, for whatever is started later."""
    for name in set(os.environ) - set(before):
        del os.environ[name]
    os.environ.update(before)


def _distributed() -> tuple[Any, Any]:
    try:
        import dask
        import distributed
    except ImportError as error:
        raise ConfigError("execution.backend=dask needs Dask: pip install 'neuroface[dask]'.") from error
    return distributed, dask


def _wait_for_a_worker(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=JOIN_S)
    except TimeoutError as error:
        raise ConfigError(
            f"execution.address={address}: no worker has joined that scheduler. Start some: dask worker --nthreads 1 "
            f"{address}"
        ) from error


def _client(distributed: Any, address: str) -> Any:
    try:
        return distributed.Client(address, timeout=CONNECT_S)
    except (OSError, TimeoutError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(
            f"execution.address={address}: no Dask scheduler answers there ({reason}). Start one (dask scheduler), and "
            "workers with the same packages (dask worker --nthreads 1), or leave the address out."
        ) from error
