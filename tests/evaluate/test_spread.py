"""A Dask cluster of this machine that does not start is told in one message."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from neuroface.errors import RunFailedError
from neuroface.evaluate import spread


def test_a_local_cluster_whose_workers_do_not_come_is_one_message(monkeypatch):
    distributed = pytest.importorskip("distributed")

    def without_workers(n_workers, **settings):
        return distributed.LocalCluster(n_workers=0, **settings)

    fake = SimpleNamespace(LocalCluster=without_workers, Client=distributed.Client)
    monkeypatch.setattr(spread, "_distributed", lambda: (fake, pytest.importorskip("dask")))
    monkeypatch.setattr(spread, "START_S", "1s")
    with (
        pytest.raises(RunFailedError, match=r"cluster of 2 worker processes on this machine did not start .*n_jobs"),
        spread.spread("dask", n_jobs=2),
    ):
        pass


def test_a_local_cluster_leaves_the_environment_as_it_was():
    distributed = pytest.importorskip("distributed")
    before = dict(os.environ)
    with spread.spread("dask", n_jobs=1):
        [theirs] = distributed.get_client().run(lambda: dict(os.environ)).values()
    assert dict(os.environ) == before
    assert theirs.get("MALLOC_TRIM_THRESHOLD_") == before.get("MALLOC_TRIM_THRESHOLD_")  # Dask's own: x1.4 on pictures
    assert theirs["OMP_NUM_THREADS"] == "1"
