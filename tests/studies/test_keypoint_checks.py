from __future__ import annotations

import numpy as np
import pytest

from neuroface import face
from neuroface.explain import keypoints
from neuroface.explain.keypoints import Told
from neuroface.studies.keypoint_checks import Blind, _lost, beside

N = 12


def told(g: np.ndarray) -> Told:
    """Twelve people with a sample each, six of each class; ALS loses the movement of points 0 to 9."""
    moved = np.ones((N, face.N_POINTS))
    moved[N // 2 :, :10] = 0.2
    names = np.array([f"p{i}" for i in range(N)])
    y = np.array(["HC"] * (N // 2) + ["ALS"] * (N // 2))
    places = np.random.default_rng(0).random((N, face.N_POINTS, 2))
    return Told(g, places, moved, names, names, y, np.full(N, ""))


def test_what_a_still_point_takes_is_told_by_point():
    said = np.full((69 * 2, 2), 0.5)
    said[2 * (1 + 5) + 1, -1] = 0.2  # with point 5 held still, of the second sample
    lost = _lost(said, 2)
    assert lost.shape == (2, face.N_POINTS)
    assert lost[1, 5] == pytest.approx(0.3)
    assert np.abs(lost).sum() == pytest.approx(0.3)


def test_a_significance_that_was_learnt_stands_out_and_one_that_was_not_does_not():
    rng = np.random.default_rng(1)
    noise = np.abs(rng.normal(size=(20, N, face.N_POINTS))) * 0.1
    learnt = np.abs(rng.normal(size=(N, face.N_POINTS))) * 0.1
    learnt[:, :10] += 1.0
    for g, stands_out in ((learnt, True), (noise[0], False)):
        this = told(g)
        table = keypoints.table(this, positive="ALS", permutations=9)
        table, said = beside(this, table, Blind(noise[1], noise), positive="ALS")
        first = table.nsmallest(10, "rank")
        assert bool(first["p_any"].max() < 0.06) is stands_out
        assert (table["shuffled_mean"] < table["shuffled_high"]).all()
        assert len(said) == 3
        assert "put a point that loses movement above another with probability 0.5" in said[2]


def test_without_shuffling_only_scrambling_is_told():
    this = told(np.random.default_rng(0).random((N, face.N_POINTS)))
    table = keypoints.table(this, positive="ALS", permutations=9)
    after, said = beside(this, table, Blind(this.g, np.zeros((0, N, face.N_POINTS))), positive="ALS")
    assert list(after.columns) == list(table.columns)
    assert "by 1.00 (Spearman)" in said[0]
    assert len(said) == 1
