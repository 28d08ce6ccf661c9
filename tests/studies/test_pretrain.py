"""`pretrain=identity` from the command line, and a question that starts from its weights."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neuroface.errors import ConfigError, DataError, LeakageError
from neuroface.verbs import eval as evaluation
from neuroface.verbs import train

cv2 = pytest.importorskip("cv2")
TINY = [
    "pretrain=identity",
    "cohort=image_folder",
    "pretrain.align=whole",
    "pretrain.size=16",
    "pretrain.width=2",
    "pretrain.epochs=2",
    "pretrain.scale=16",
    "quality=null",
]


def pictures_in(folder, people, each):
    """Noise as pictures folder/NAME/I.png."""
    rng = np.random.default_rng(0)
    for name in people:
        (folder / name).mkdir(parents=True)
        for i in range(each):
            cv2.imwrite(str(folder / name / f"{i}.png"), rng.integers(0, 256, (24, 24, 3)).astype(np.uint8))
    return folder


def words(root, run, *more):
    return [*TINY, f"cohort.root={root}", "cohort.pattern=(?P<subject>[^/]+)/", f"run={run}", *more]


def test_weights_are_fitted_once_and_folds_that_judge_whom_they_know_are_refused(tmp_path, capsys):
    root = pictures_in(tmp_path / "faces", ["P0", "P1", "P2", "P3", "Q0", "Q1", "Q2", "Q3"], each=3)
    run = tmp_path / "run"
    train.run(words(root, run))
    told = capsys.readouterr().out
    assert "5 people, 15 pictures · small · arcface, margin 0.5, scale 16" in told
    assert "3 people who were not learnt from: pairs of their pictures told apart with AUC" in told
    weights = run / "weights.safetensors"
    before = weights.stat().st_mtime_ns
    train.run(words(root, run))
    assert weights.stat().st_mtime_ns == before
    assert capsys.readouterr().out == told
    with pytest.raises(ConfigError, match="a backbone that knows people, and no predictions"):
        evaluation.run([f"run={run}"])
    learnt = json.loads((run / "pretrain.json").read_text(encoding="utf-8"))["people"]
    with pytest.raises(LeakageError, match=learnt[0]):
        train.run([
            *("cohort=image_folder", f"cohort.root={root}", r"cohort.pattern=(?P<subject>(?P<label>[PQ])\d)"),
            *("classifier=scn", "classifier.view.align=whole", "classifier.view.size=16", "classifier.width=2"),
            *(f"classifier.weights={weights}", "quality=null", f"run={tmp_path / 'judged'}"),
        ])  # fmt: skip


def test_one_identity_and_one_picture_each_are_told(tmp_path):
    root = pictures_in(tmp_path / "one", ["P0"], each=4)
    with pytest.raises(DataError, match="1 of 1 people have two pictures or more"):
        train.run(words(root, tmp_path / "run"))
    root = pictures_in(tmp_path / "single", [f"P{i}" for i in range(6)], each=1)
    with pytest.raises(DataError, match="0 of 6 people have two pictures or more"):
        train.run(words(root, tmp_path / "run"))


def test_a_cohort_that_does_not_say_who_is_who_is_told(tmp_path):
    root = pictures_in(tmp_path / "faces", ["a", "b"], each=3)
    told = [word for word in words(root, tmp_path / "run") if not word.startswith("cohort.pattern")]
    with pytest.raises(ConfigError, match="learns who is in a picture, and this cohort does not say"):
        train.run(told)
