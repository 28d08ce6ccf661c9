from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from neuroface.evaluate.scores_regression import limits_of_agreement, measures, people_of, summarise


def people(y, predicted, dummy=0.0, group="ALS") -> pd.DataFrame:
    n = len(y)
    return pd.DataFrame(
        {"subject": [f"P{i}" for i in range(n)], "group": group, "task": "OPEN", "y": y, "predicted": predicted}
        | {"dummy": np.broadcast_to(dummy, n)}
    )


def test_measures_by_hand_and_against_scipy():
    rng = np.random.default_rng(0)
    y, predicted = rng.normal(size=(2, 20)).round(1)
    found = measures(y, predicted, np.full(20, 0.5))
    assert found["rmse"] == pytest.approx(np.sqrt(np.mean((y - predicted) ** 2)))
    assert found["mae"] == pytest.approx(np.mean(np.abs(y - predicted)))
    assert found["spearman"] == pytest.approx(spearmanr(y, predicted).statistic)
    assert found["r2"] == pytest.approx(1 - np.sum((y - predicted) ** 2) / np.sum((y - 0.5) ** 2))


def test_concordance_of_the_identity_is_one_and_a_shift_lowers_it():
    y = np.array([1.0, 2.0, 3.0])
    assert measures(y, y, y.mean() + 0 * y)["concordance"] == pytest.approx(1)
    # variances 2/3 each, covariance 2/3, shift 1: 2 (2/3) / (4/3 + 1)
    assert measures(y, y + 1, 0 * y)["concordance"] == pytest.approx(4 / 7)


def test_knowing_nothing_but_the_others_mean_has_no_r2_and_a_correlation_of_minus_one():
    y = np.arange(6.0)
    others = (y.sum() - y) / 5
    found = measures(y, others, others)
    assert found["r2"] == 0
    assert found["spearman"] == pytest.approx(-1)


def test_limits_of_agreement_by_hand():
    found = limits_of_agreement(np.zeros(4), np.array([-1.0, 1.0, -1.0, 1.0]))
    sd = np.sqrt(4 / 3)
    assert found["bias"] == 0
    assert found["high"] == pytest.approx(1.959964 * sd)
    assert found["bias_ci"][1] == pytest.approx(3.182446 * sd / 2)  # t with 3 degrees of freedom


def test_a_person_counts_once_whatever_the_number_of_repetitions():
    rows = people([1.0, 1.0, 2.0], [0.0, 2.0, 5.0])
    rows["subject"] = ["a", "a", "b"]
    assert people_of(rows)["predicted"].tolist() == [1.0, 5.0]


def test_scores_of_a_run_against_its_null():
    rng = np.random.default_rng(1)
    y = rng.normal(size=12)
    rows = people(y, y + 0.1 * rng.normal(size=12), dummy=y.mean(), group=["HC"] * 6 + ["ALS"] * 6)
    null = pd.concat([rows.assign(permutation=str(b), y=rng.permutation(y)) for b in range(19)])
    scores = summarise(rows, null, column="severity", n_bootstrap=200)
    found = scores["subject"]
    assert found["rmse_p"] == found["spearman_p"] == pytest.approx(1 / 20)
    assert found["rmse_ci"][0] < found["rmse"] < found["rmse_ci"][1] < found["dummy_rmse"]
    assert set(scores["within_groups"]) == {"HC", "ALS"}
    assert scores["within_groups"]["ALS"]["n"] == 6
