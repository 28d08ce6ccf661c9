from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import neuroface as nf
from neuroface import face
from neuroface.cli import main
from neuroface.studies.keypoint_refits import FEWEST, Anew, beside_anew


def anew(own: np.ndarray, shuffled: np.ndarray) -> Anew:
    return Anew(own, shuffled, people=3, right=0.5, own_right=0.9)


def table(significance: np.ndarray) -> pd.DataFrame:
    rank = (-significance).argsort().argsort() + 1
    return pd.DataFrame({"name": face.NAMES, "significance": significance, "rank": rank})


def test_what_was_learnt_stands_out_and_what_the_model_sees_anyway_does_not():
    """Ten points count; of a learnt ranking three do much more than after shuffling, of the other as much as then."""
    rng = np.random.default_rng(0)
    base = np.zeros(face.N_POINTS)
    base[:10] = np.linspace(1, 2, 10)
    learnt = base.copy()
    learnt[:3] = 9.0
    for own, stands_out in ((learnt, True), (base, False)):
        folds = [anew(own, base * rng.uniform(0.8, 1.2, face.N_POINTS)) for _ in range(19)]
        points, (said,) = beside_anew(table(own), folds)
        first = points.nsmallest(1, "rank").iloc[0]
        assert (first["p_any"] == pytest.approx(1 / 20)) == stands_out
        assert points["shuffled_mean"][:10].tolist() == pytest.approx(base[:10].tolist(), rel=0.15)
        rho = float(re.search(r"over the 10 points that count the two correlate by (-?\d\.\d\d)", said).group(1))
        assert (rho > 0.9) != stands_out
        assert "decided 50 % of the samples of 57 people rightly, as learnt 90 %" in said


def test_few_models_are_told_of_without_a_p():
    one = np.random.default_rng(1).random(face.N_POINTS)
    points, (said,) = beside_anew(table(one), [anew(one, one)] * (FEWEST - 1))
    assert "p_any" not in points
    assert "correlate by 1.00" in said


@pytest.mark.slow
def test_networks_on_series_are_learnt_once_more_from_shuffled_labels(tmp_path, capsys):
    people = ["cohort.people={HC: 4, ALS: 4}", "cohort.repetitions={OPEN: 1}", "cohort.fps=20", "quality=null"]
    quick = ["protocol.permutations=0", "execution.n_jobs=1", "execution.tensorboard=false", "classifier.max_epochs=1"]
    folds = ["split=group_kfold", "split.n_splits=2"]
    nf.train(*people, *quick, *folds, classifier="lstm", run=tmp_path / "r")
    capsys.readouterr()
    assert main(["explain", f"run={tmp_path / 'r'}", "map=keypoints", f"refits={FEWEST}"]) == 0
    printed = capsys.readouterr().out
    assert f"Shuffled labels: {FEWEST} models learnt" in printed
    assert "% of the samples of 16 people rightly" in printed
    points = pd.read_csv(tmp_path / "r/explain/keypoints/keypoints.csv")
    assert set(points["p_any"] * (FEWEST + 1)) <= set(range(1, FEWEST + 2))
    assert "labels shuffled" in (tmp_path / "r/explain/keypoints/keypoints.html").read_text()
