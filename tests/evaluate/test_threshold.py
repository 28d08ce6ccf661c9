from __future__ import annotations

import numpy as np
import pytest

from neuroface.evaluate.threshold import inner_threshold, youden_threshold


def test_threshold_lies_midway_between_separated_classes():
    assert youden_threshold([0.1, 0.3, 0.7, 0.9], [False, False, True, True]) == pytest.approx(0.5)
    assert youden_threshold([0.1, 0.2, 0.3, 0.9], [False, False, True, True]) == pytest.approx(0.25)


def test_of_equally_good_thresholds_the_one_nearest_one_half():
    # J is 1/2 both at .35 (2 of 2 right, 1 of 2 spared) and at .75 (1 of 2, 2 of 2); .35 is nearer to .5.
    assert youden_threshold([0.2, 0.5, 0.6, 0.9], [False, True, False, True]) == pytest.approx(0.35)


def test_no_information_gives_one_half():
    assert youden_threshold([0.8, 0.8], [True, False]) == 0.5
    assert youden_threshold([0.1, 0.8], [True, True]) == 0.5


def test_people_are_judged_by_their_mean_and_never_by_a_model_that_saw_them():
    subject = np.repeat([f"s{i}" for i in range(8)], 3)
    y = np.where(np.repeat(np.arange(8), 3) < 4, "HC", "ALS")
    noise = np.tile([-0.3, 0.0, 0.3], 8)  # cancels in each person's mean

    def fit_predict(train, test, inner):
        assert not set(subject[train]) & set(subject[test])
        return np.where(y[test] == "ALS", 0.8, 0.4) + noise[test]

    assert inner_threshold(fit_predict, y, subject, positive="ALS", seed=0) == pytest.approx(0.6)


def test_a_single_training_subject_is_divided_by_repetitions():
    subject, y = np.full(8, "signer"), np.tile(["other", "expression"], 4)

    def fit_predict(train, test, inner):
        return np.where(y[test] == "expression", 0.7, 0.1)

    assert inner_threshold(fit_predict, y, subject, positive="expression", seed=0) == pytest.approx(0.4)


def test_too_few_people_to_hold_out_gives_one_half():
    subject, y = np.array(["h", "a1", "a2"]), np.array(["HC", "ALS", "ALS"])
    assert inner_threshold(lambda *_: pytest.fail("nobody can be held out"), y, subject, positive="ALS", seed=0) == 0.5
