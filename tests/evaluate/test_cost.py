"""What a run will cost, from its first pieces, against what it then did."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from sklearn.linear_model import LogisticRegression

from neuroface.evaluate import cost, engine
from neuroface.evaluate.cost import Meter, Spent
from neuroface.evaluate.plan import plan
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.splits import Loso
from neuroface.studies import contents

from .people import ALS_HC, cohort

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
