"""What happens to runs that last: kills, rot, full disks, hanging folds. Afterwards the bytes are the same."""

from __future__ import annotations

import errno
import itertools
import os
import random
import signal
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression

from neuroface.errors import ConfigError, RunFailedError
from neuroface.evaluate import engine
from neuroface.evaluate.plan import plan
from neuroface.evaluate.run_folder import LOCK, RunFolder
from neuroface.evaluate.splits import Loso
from neuroface.evaluate.spread import spread
from neuroface.evaluate.time_limit import time_limit

from .people import ALS_HC, cohort

PROTOCOL = replace(ALS_HC, permutations=2)
SEED = 7


def run(path: Path, estimator=None, **options) -> None:
    planned = plan(cohort({"HC": 2, "ALS": 2}), estimator or LogisticRegression(), Loso(), protocol=PROTOCOL)
    with RunFolder(path).open({"seed": 0}) as folder:
        engine.run(planned, folder, save_models=False, **options)


def results(path: Path) -> dict[str, bytes]:
    files = [path / "predictions.csv", path / "scores.json", *path.glob("folds/*"), *path.glob("null/*")]
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, bytes]:
    path = tmp_path_factory.mktemp("whole")
    run(path)
    return results(path)


class Killed(BaseException):
    """Stands for kill -9: nothing catches it."""


@contextmanager
def killed_at(monkeypatch, instant: int):
    """Stop at the n-th step of writing: before a file is opened, when it is half there, before it gets its name."""
    steps = iter(range(10_000))

    def step():
        if next(steps) == instant:
            raise Killed

    opened, named = Path.open, Path.replace

    def open_(self, mode="r", *rest, **more):
        if "w" in mode and self.suffix == ".tmp":
            step()
            file = opened(self, mode, *rest, **more)
            file.write(b"half of what sh")
            file.flush()
            try:
                step()
            except Killed:
                file.close()
                raise
            file.seek(0)
            file.truncate()
            return file
        return opened(self, mode, *rest, **more)

    def replace_(self, target):
        step()
        return named(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_)
        patch.setattr(Path, "replace", replace_)
        yield


def test_killed_at_any_instant_and_started_again_the_bytes_are_the_same(tmp_path, monkeypatch, whole):
    chosen = random.Random(SEED)
    for number in range(3):
        path = tmp_path / str(number)
        for _ in range(2):
            with killed_at(monkeypatch, chosen.randrange(60)), pytest.raises(Killed):
                run(path)
        run(path)
        assert results(path) == whole
        assert not list(path.rglob("*.tmp"))


@pytest.mark.parametrize("name", ["folds/ALS01.csv", "null/00001.csv"])
def test_a_file_that_rots_is_found_by_its_sum_told_and_made_again(tmp_path, whole, capsys, name):
    run(tmp_path)
    rotten = bytearray((tmp_path / name).read_bytes())
    rotten[-3] ^= 1  # another digit: a number all the same
    (tmp_path / name).write_bytes(rotten)
    run(tmp_path)
    assert results(tmp_path) == whole
    assert f"{tmp_path / name} is damaged" in capsys.readouterr().err


def test_a_file_of_an_older_version_has_no_sum_and_counts(tmp_path):
    run(tmp_path)
    (tmp_path / "folds" / ".ALS01.csv.sha256").unlink()
    assert RunFolder(tmp_path).holds("folds/ALS01.csv")


def test_a_full_disk_is_one_message_and_leaves_nothing_half_written(tmp_path, monkeypatch, whole):
    synced, folds = os.fsync, []

    def full(number):
        if list(tmp_path.glob("folds/.*.tmp")):
            folds.append(number)
            if len(folds) > 1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        synced(number)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RunFailedError, match=r"could not be written: No space left on device\. What was") as told:
            run(tmp_path)
    assert "\n" not in str(told.value)
    assert not list(tmp_path.rglob("*.tmp"))
    assert len(list(tmp_path.glob("folds/[!.]*.csv"))) == 1
    run(tmp_path)
    assert results(tmp_path) == whole


class Hangs(LogisticRegression):
    """Waits for ever on the training rows of one fold."""

    def __init__(self, row=0.0):
        super().__init__()
        self.row = row

    def fit(self, X, y, sample_weight=None):
        if self.row not in X[:, 0]:
            time.sleep(60)
        return super().fit(X, y, sample_weight)


def test_a_fold_that_hangs_is_given_up_and_the_others_are_kept(tmp_path):
    first = float(cohort({"HC": 2, "ALS": 2}).X[0, 0])
    with pytest.raises(RunFailedError, match=r"1 of 4 folds failed.*HC00: TimeoutError: no result") as told:
        run(tmp_path, Hangs(first), limit_s=0.3)
    assert "execution.fold_timeout_s" in str(told.value)
    assert len(list(tmp_path.glob("folds/[!.]*.csv"))) == 3


def test_a_limit_leaves_no_alarm_behind():
    with time_limit(0.05):
        pass
    time.sleep(0.1)
    with time_limit(None):
        pass


def test_backends_that_are_none():
    with pytest.raises(ConfigError, match="Did you mean 'dask'"), spread("dusk"):
        pass
    with pytest.raises(ConfigError, match=r"add execution\.backend=dask"), spread("loky", address="tcp://127.0.0.1:1"):
        pass


def test_a_folder_that_is_moved_away_is_one_message_and_nothing_begins_in_its_place(tmp_path, monkeypatch, whole):
    path, away = tmp_path / "run", tmp_path / "away"
    written = RunFolder.write_bytes

    def moved(self, name, content):
        if name == "folds/HC00.csv":
            path.rename(away)
        written(self, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_bytes", moved)
        with pytest.raises(RunFailedError, match="could not be written"):
            run(path)
    assert not path.exists()
    away.rename(path)
    run(path)
    assert results(path) == whole


def test_a_folder_that_is_moved_while_a_file_is_begun_is_not_made_again(tmp_path, monkeypatch):
    path, away = tmp_path / "run", tmp_path / "away"
    there = Path.exists

    def looked(self):
        found = there(self)
        if self == path / LOCK:  # moved as soon as it was seen to be there
            path.rename(away)
        return found

    with RunFolder(path).open({"seed": 0}) as folder:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "exists", looked)
            with pytest.raises(RunFailedError, match="could not be written"):
                folder.write_text("folds/HC00.csv", "")
        assert not path.exists()
        away.rename(path)
    assert not (path / "folds").exists()


def test_an_empty_folder_where_the_disk_was_stays_empty(tmp_path, monkeypatch, whole):
    path, away = tmp_path / "run", tmp_path / "away"
    written = RunFolder.write_bytes

    def vanished(self, name, content):
        if name == "null/00001.csv":
            path.rename(away)
            path.mkdir()
        written(self, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_bytes", vanished)
        with pytest.raises(RunFailedError, match="the run folder is not there any more"):
            run(path)
    assert not list(path.iterdir())
    path.rmdir()
    away.rename(path)
    run(path)
    assert results(path) == whole


class Frozen(LogisticRegression):
    """Its process stops at once and hears nothing any more, as one that waits for a dead disk."""

    def fit(self, X, y, sample_weight=None):
        os.kill(os.getpid(), signal.SIGSTOP)
        return super().fit(X, y, sample_weight)


@pytest.mark.slow
def test_a_worker_that_is_frozen_is_ended_from_outside(tmp_path, monkeypatch):
    monkeypatch.setattr("neuroface.evaluate.time_limit.STARTS_S", 5.0)
    with pytest.raises(RunFailedError, match=r"A worker process .* died"):
        run(tmp_path, Frozen(), n_jobs=2, limit_s=0.5)


@pytest.mark.slow
def test_a_scheduler_and_workers_of_their_own_give_the_same_bytes(tmp_path, whole):
    """One scheduler and three workers as separate processes on loopback, joined by address."""
    distributed = pytest.importorskip("distributed")
    where = {"host": "127.0.0.1", "dashboard_address": ":0", "threads_per_worker": 1}
    with (
        distributed.SubprocessCluster(n_workers=3, **where) as cluster,
        spread("dask", address=cluster.scheduler_address),
    ):
        run(tmp_path, n_jobs=-1)
    assert results(tmp_path) == whole


def test_a_cluster_started_here_gives_the_same_bytes_and_is_gone_afterwards(tmp_path, whole):
    pytest.importorskip("distributed")
    with spread("dask", n_jobs=1):
        run(tmp_path, n_jobs=2)
    assert results(tmp_path) == whole


class HangsInC(LogisticRegression):
    """Holds the interpreter for ever, as compiled code may."""

    def fit(self, X, y, sample_weight=None):
        sum(itertools.repeat(0, 10**12))
        return super().fit(X, y, sample_weight)


@pytest.mark.slow
def test_a_worker_that_hangs_in_compiled_code_is_ended(tmp_path):
    started = time.monotonic()
    with pytest.raises(RunFailedError, match=r"A worker process .* died"):
        run(tmp_path, HangsInC(), n_jobs=2, limit_s=0.5)
    assert time.monotonic() - started < 60
