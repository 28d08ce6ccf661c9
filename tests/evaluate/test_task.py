"""What all folds share travels to workers while the process that sends it goes on."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neuroface.errors import ConfigError
from neuroface.evaluate.spread import spread
from neuroface.evaluate.task import Task
from neuroface.evaluate.workers import outcomes
from neuroface.types import Parts


class Sent:
    """An estimator that is on its way when the main thread first asks the task for its design."""

    task: Task

    def __reduce__(self):
        assert self.task.design == "between"
        return Sent, ()


def task(X, estimator=None) -> Task:
    given = {"y": np.array(list("abab")), "subject": np.array(list("wxyz")), "classes": ("a", "b")}
    return Task(X=X, estimator=estimator, balance=True, seed=0, **given)


def test_a_task_can_be_sent_while_it_is_asked():
    Sent.task = task(np.eye(4), Sent())
    there = pickle.loads(pickle.dumps(Sent.task))
    assert there.y.tolist() == list("abab")
    assert there.design == "between"


@pytest.fixture
def pictures(tmp_path):
    """(4, 700, 700) uint8 in a file."""
    drawn = np.random.default_rng(0).integers(0, 255, (4, 700, 700), dtype=np.uint8)
    np.save(tmp_path / "pictures.npy", drawn)
    return np.load(tmp_path / "pictures.npy", mmap_mode="r")


def test_arrays_of_a_file_are_sent_by_its_path_and_others_as_they_are(pictures):
    whole = task(pictures).by_path()
    assert len(pickle.dumps(whole)) < 10_000 < pictures.nbytes
    assert np.array_equal(pickle.loads(pickle.dumps(whole)).opened().X, pictures)
    for in_memory in (pictures[[2, 0]], np.array(pictures[:3])):  # chosen rows still know the file they are not in
        two = replace(task(pictures), X=in_memory)
        assert np.array_equal(pickle.loads(pickle.dumps(two.by_path())).opened().X, in_memory)
    parts = pickle.loads(pickle.dumps(task(Parts({"images": pictures, "table": np.eye(4)})).by_path())).opened().X
    assert np.array_equal(parts.arrays["images"], pictures)
    assert np.array_equal(parts.arrays["table"], np.eye(4))


def test_a_worker_that_does_not_see_the_file_says_so(pictures, tmp_path):
    sent = task(pictures).by_path()
    (tmp_path / "pictures.npy").unlink()
    with pytest.raises(ConfigError, match=r"pictures\.npy .*execution\.store=.*execution\.shared_disk=false"):
        sent.opened()


def test_workers_of_a_cluster_on_this_machine_open_the_file(pictures):
    pytest.importorskip("distributed")

    def of(task):
        return type(task.X).__name__, int(task.X.sum())

    with spread("dask", n_jobs=1):
        [found] = outcomes([(of, (task(pictures),))], n_jobs=2, where=Path("runs/d"))
    assert found == ("memmap", int(pictures.sum()))
