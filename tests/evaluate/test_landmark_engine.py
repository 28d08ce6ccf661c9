"""The engine of landmark networks, on an estimator whose points are known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from neuroface.errors import RunFailedError, RunMismatchError
from neuroface.evaluate import landmark_engine
from neuroface.evaluate.predictions import read_predictions
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.splits import StratifiedSubjectKFold, make_folds


class MeanShape(BaseEstimator):
    """Predicts the mean of the points it was fitted to; before, zeros."""

    def __init__(self, *, fails_without=""):
        self.fails_without = fails_without

    def untrained(self):
        return MeanShape()

    def fit(self, crops, points, *, groups, labels, checkpoint):
        if self.fails_without and self.fails_without not in groups:
            raise ValueError("the disk is full")
        self.mean_, self.history_ = points.mean(axis=0), [{"epoch": 1, "loss": 0.5}]
        self.who_ = sorted(set(groups.tolist()))
        return self

    def predict(self, crops):
        points = getattr(self, "mean_", np.zeros((68, 2)))
        return np.broadcast_to(points, (len(crops), 68, 2)).copy(), np.ones((len(crops), 68))

    def saved(self):
        return "json", json.dumps(self.who_).encode()


def distance(predicted, truth):
    return np.linalg.norm(predicted - truth, axis=2).mean(axis=1)


def task(estimator, *, shift=0.0):
    """Six people with two frames each; every point of person i lies at (10 i, 0)."""
    subject = np.repeat([f"P{i}" for i in range(6)], 2)
    points = np.zeros((12, 68, 2))
    points[..., 0] = np.repeat(np.arange(6) * 10.0, 2)[:, None] + shift
    meta = {
        "sample": np.array([f"{s}/{i % 2}" for i, s in enumerate(subject)]),
        "subject": subject,
        "group": np.repeat(["HC", "ALS"], 6),
        "task": np.full(12, "OPEN"),
    }
    return landmark_engine.LandmarkTask(np.zeros((12, 4, 4, 3), np.uint8), points, meta, estimator, distance, 0)


def run(path, estimator, **options):
    what = task(estimator, **options)
    folds = tuple(make_folds(StratifiedSubjectKFold(n_splits=3), what.points, what.meta["group"], what.meta["subject"]))
    with RunFolder(path).open({"seed": 0}) as folder:
        landmark_engine.run(what, folds, folder)
    return what, folds


def test_everyone_is_judged_by_a_network_that_never_saw_them(tmp_path):
    what, folds = run(tmp_path, MeanShape())
    table = read_predictions(tmp_path / "predictions.csv")
    assert table["sample"].tolist() == what.meta["sample"].tolist()
    for fold in folds:
        seen = json.loads((tmp_path / "models" / f"{fold.name}.json").read_text())
        assert not set(seen) & set(what.meta["subject"][fold.test])
        error = np.abs(what.points[fold.test, 0, 0] - what.points[fold.train, 0, 0].mean())
        rows = table[table["fold"] == fold.name]
        assert [float(value) for value in rows["error_after"]] == pytest.approx(error.tolist())
    assert [float(value) for value in table["error_before"]] == pytest.approx(
        np.repeat(np.arange(6) * 10.0, 2).tolist()
    )
    points = landmark_engine.points_of(tmp_path, what.meta["sample"])
    assert not points["before"].any()
    assert RunFolder(tmp_path).facts["status"] == "done"


def test_what_is_finished_is_kept_and_only_the_rest_is_done_again(tmp_path):
    with pytest.raises(RunFailedError, match=r"1 of 3 folds failed.*the disk is full"):
        run(tmp_path, MeanShape(fails_without="P0"))
    kept = {file: file.stat().st_mtime_ns for file in (tmp_path / "folds").glob("*.csv")}
    assert len(kept) == 2
    run(tmp_path, MeanShape())
    assert {file: file.stat().st_mtime_ns for file in kept} == kept
    assert len(list((tmp_path / "folds").glob("*.csv"))) == 3


def test_a_run_is_not_continued_with_other_frames(tmp_path):
    run(tmp_path, MeanShape())
    with pytest.raises(RunMismatchError, match="was started with other frames"):
        run(tmp_path, MeanShape(), shift=1.0)


@pytest.mark.parametrize("file", ["csv", "npz"])
def test_a_rotten_file_of_a_fold_is_told_and_made_again(file, tmp_path, capsys):
    with pytest.raises(RunFailedError):
        run(tmp_path, MeanShape(fails_without="P0"))
    rotten = sorted((tmp_path / "folds").glob(f"*.{file}"))[0]
    content = bytearray(rotten.read_bytes())
    content[len(content) // 2] ^= 1
    rotten.write_bytes(bytes(content))
    run(tmp_path, MeanShape())
    assert f"{rotten} is damaged" in capsys.readouterr().err
    run(tmp_path / "fresh", MeanShape())
    assert (tmp_path / "predictions.csv").read_bytes() == (tmp_path / "fresh" / "predictions.csv").read_bytes()
    assert rotten.read_bytes() == (tmp_path / "fresh" / "folds" / rotten.name).read_bytes()
