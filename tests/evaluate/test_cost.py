"""What a run will cost, from its first pieces, against what it then did."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from neuroface.errors import DataError
from neuroface.evaluate import cost, engine, regression
from neuroface.evaluate.cost import Meter, Spent
from neuroface.evaluate.each import each, meter_of
from neuroface.evaluate.number_protocol import NumberProtocol
from neuroface.evaluate.plan import plan
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.splits import Loso
from neuroface.studies import contents

from . import test_landmark_engine
from .people import ALS_HC, cohort
from .test_landmark_engine import MeanShape

GB = 10**9
CLOCK = [0.0]


class Slow(LogisticRegression):
    """Each fit takes a second of CLOCK."""

    def fit(self, X, y, sample_weight=None):
        CLOCK[0] += 1.0
        return super().fit(X, y, sample_weight)


def test_the_forecast_of_a_run_agrees_with_what_it_did(tmp_path, monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: CLOCK[0])
    planned = plan(cohort({"HC": 4, "ALS": 4}), Slow(), Loso(), protocol=replace(ALS_HC, permutations=6))
    with RunFolder(tmp_path / "run").open({"seed": 0}) as folder:
        engine.run(planned, folder, save_models=False)
    facts = folder.facts
    for stage, n in (("folds", 8), ("permutations", 6)):
        expected, did = facts["forecast"][stage], facts["cost"][stage]
        assert expected["n"] == did["n"] == n
        assert expected["disk_bytes"] == pytest.approx(did["disk_bytes"], rel=0.3)
        assert 1e7 < did["memory_bytes"] < 3e10
    # a fold fits itself and three inner folds (a training class has three people), a permutation every fold again
    assert facts["forecast"]["folds"]["wall_s"] == facts["cost"]["folds"]["wall_s"] == 8 * (1 + 3)
    assert facts["cost"]["permutations"]["wall_s"] == 6 * 8
    assert "took: 8 folds: " in contents.told(folder.path)


class SlowLine(LinearRegression):
    """Each fit takes ten seconds of CLOCK."""

    def fit(self, X, y, sample_weight=None):
        CLOCK[0] += 10.0
        return super().fit(X, y, sample_weight)


def test_a_run_of_numbers_says_what_it_will_cost(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(time, "monotonic", lambda: CLOCK[0])
    samples = cohort({"HC": 5, "ALS": 5}, features=2)
    facts = {s: {"severity": float(row.sum()) ** 2} for s, row in zip(samples.subject, samples.X, strict=True)}
    asked = NumberProtocol("severity", permutations=4)
    planned = regression.plan(samples, facts, SlowLine(), Loso(), protocol=asked)
    with RunFolder(tmp_path / "run").open({"seed": 0}) as folder:
        regression.run(planned, folder, save_models=False)
    for stage, n, seconds in (("folds", 10, 100), ("permutations", 4, 400)):
        expected, did = folder.facts["forecast"][stage], folder.facts["cost"][stage]
        assert (expected["n"], expected["wall_s"]) == (did["n"], did["wall_s"]) == (n, seconds)
        assert expected["disk_bytes"] == pytest.approx(did["disk_bytes"], rel=0.3)
    told = capsys.readouterr().err
    assert "by the first 2: 10 folds: 2 min, " in told
    assert "by the first 2: 4 permutations: 7 min, " in told


class SlowShape(MeanShape):
    """Each fit takes a minute of CLOCK."""

    def fit(self, crops, points, **who):
        CLOCK[0] += 60.0
        return super().fit(crops, points, **who)

    def untrained(self):
        return SlowShape()


def test_a_run_of_landmark_networks_says_what_it_will_cost(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(time, "monotonic", lambda: CLOCK[0])
    test_landmark_engine.run(tmp_path / "run", SlowShape())
    facts = RunFolder(tmp_path / "run").facts
    assert facts["forecast"]["folds"]["wall_s"] == facts["cost"]["folds"]["wall_s"] == 3 * 60
    assert "by the first 2: 3 folds: 3 min, " in capsys.readouterr().err


def minute(_, thing):
    CLOCK[0] += 60.0
    if thing == 3:
        raise DataError("has no face.")
    return thing


def test_work_on_recordings_says_what_it_will_cost_and_what_it_did(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(time, "monotonic", lambda: CLOCK[0])
    meter, notes = meter_of(tmp_path, range(20), n_jobs=1)
    for place, _ in each(minute, None, range(20), n_jobs=1, where=tmp_path, meter=meter):
        (tmp_path / f"{place}.bin").write_bytes(b"x" * 10**6)
    notes.tell()
    expected, did = notes.facts["forecast"]["recordings"], notes.facts["cost"]["recordings"]
    assert (expected["n"], expected["wall_s"]) == (did["n"], did["wall_s"]) == (20, 1200)
    assert (expected["disk_bytes"], did["disk_bytes"]) == (20 * 10**6, 20 * 10**6)
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(" of memory")[0][:-7].rstrip() for line in told] == [
        "by the first 2: 20 recordings: 20 min,",
        "took: 20 recordings: 20 min,",
    ]


def pid(_, thing):
    return os.getpid()


def test_the_memory_of_worker_processes_is_counted(tmp_path):
    meter, notes = meter_of(tmp_path, range(6), n_jobs=2)
    found = dict(each(pid, None, range(6), n_jobs=2, where=tmp_path, meter=meter))
    assert set(meter.peaks) == set(found.values())
    assert os.getpid() not in meter.peaks
    did = notes.facts["cost"]["recordings"]
    assert did["processes"] == 2
    assert did["memory_bytes"] > sum(meter.peaks.values())


def test_workers_share_the_time_and_add_up_in_memory(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cost, "peak_bytes", lambda: 1 * GB)
    with RunFolder(tmp_path / "run").open({"seed": 0}) as folder:
        meter = Meter(folder, "folds", 100, 4)
        for pid in (1, 2, 3, 4):
            folder.write_bytes(f"folds/{pid}.csv", b"x" * 10**6)
            meter.count(Spent(30.0, pid * GB, pid))
    expected = folder.facts["forecast"]["folds"]
    assert expected["wall_s"] == 100 * 30 / 4
    assert expected["memory_bytes"] == (1 + 1 + 2 + 3 + 4) * GB
    assert expected["disk_bytes"] == pytest.approx(100 * 10**6, rel=0.01)
    assert (
        "by the first 4: 100 folds: 12 min, 11.0 GB of memory in 4 processes, 100.0 MB on disk"
        in capsys.readouterr().err
    )


def test_what_happens_once_is_not_expected_each_time(tmp_path, monkeypatch, capsys):
    """Compiling takes 3 s here, each of 400 permutations 0.02 s: 11 s, and not 10 min."""
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with RunFolder(tmp_path / "run").open({"seed": 0}) as folder:
        meter = Meter(folder, "permutations", 400, 1)
        clock[0] = 3.0
        for _ in range(400):
            clock[0] += 0.02
            meter.count()
        meter.end()
    assert not capsys.readouterr().err
    assert folder.facts["forecast"]["permutations"]["wall_s"] < 25
    assert folder.facts["cost"]["permutations"]["wall_s"] == 11.0


def test_a_short_stage_says_nothing(tmp_path, capsys):
    with RunFolder(tmp_path / "run").open({"seed": 0}) as folder:
        meter = Meter(folder, "folds", 2, 1)
        meter.count(Spent(0.5, GB, 1))
        meter.count(Spent(0.5, GB, 1))
        meter.end()
    assert not capsys.readouterr().err
    assert folder.facts["cost"]["folds"]["n"] == 2


@pytest.mark.parametrize(("seconds", "told"), [(40, "40 s"), (700, "12 min"), (12600, "3.5 h")])
def test_durations(seconds, told):
    assert cost.duration(seconds) == told
