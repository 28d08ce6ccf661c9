from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from neuroface.classifiers.verification import verification, weighted_auc


def test_the_weighted_auc_is_that_of_scikit_learn_ties_included():
    rng = np.random.default_rng(0)
    score, positive, weight = rng.integers(0, 6, 60).astype(float), rng.random(60) < 0.4, rng.random(60)
    assert weighted_auc(score, positive, weight) == pytest.approx(roc_auc_score(positive, score, sample_weight=weight))
    assert np.isnan(weighted_auc(score, np.zeros(60, bool), weight))


def test_people_who_point_apart_are_told_apart_whatever_the_length():
    vectors = np.repeat(np.eye(4), 3, axis=0) * np.arange(1, 13)[:, None]
    told = verification(vectors, np.repeat(list("ABCD"), 3))
    assert told["auc"] == 1
    assert told["auc_ci"] == [1, 1]
    assert (told["same"], told["different"]) == (4 * 3, 6 * 9)


def test_vectors_that_know_nobody_tell_nobody_apart():
    vectors = np.random.default_rng(1).standard_normal((60, 8))
    told = verification(vectors, np.repeat(np.arange(20).astype(str), 3))
    assert told["auc_ci"][0] < 0.5 < told["auc_ci"][1]
