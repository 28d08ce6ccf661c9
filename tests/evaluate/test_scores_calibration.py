from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss

from neuroface.evaluate.scores_calibration import _interval, calibration_scores
from neuroface.evaluate.units import Units

TWO, THREE = ("HC", "ALS"), ("a", "b", "c")


def units_of(p, y):
    return Units(np.array([f"p{i:03d}" for i in range(len(y))]), np.asarray(y), p, np.full(len(y), 0.5))


def two(n=80, *, sharper=1.0, seed=0):
    """People whose class follows p; what is said is p with log-odds times `sharper`."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(0, 1.5, n)
    y = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(int)
    said = 1 / (1 + np.exp(-sharper * log_odds))
    return units_of(np.stack([1 - said, said], axis=1), y)


def scores(units, classes=TWO, n_draws=500):
    return calibration_scores(units, classes, n_draws=n_draws, rng=np.random.default_rng(0))


def test_brier_and_bins_are_those_of_scikit_learn():
    units = two()
    found = scores(units)
    assert found["brier"] == pytest.approx(brier_score_loss(units.y, units.p[:, 1]))
    true, said = calibration_curve(units.y, units.p[:, 1], n_bins=10, strategy="quantile")
    assert [b["came_true"] for b in found["bins"]] == pytest.approx(true)
    assert [b["said"] for b in found["bins"]] == pytest.approx(said)
    assert found["ece"] == pytest.approx(np.abs(true - said).mean())  # bins of 8 each
    assert found["brier_dummy"] == pytest.approx(units.y.mean() * (1 - units.y.mean()))


def test_brier_is_the_sum_of_its_parts_by_another_isotonic_regression():
    for units, classes in ((two(), TWO), (three(), THREE)):
        found = scores(units, classes)
        parts = found["miscalibration"] - found["discrimination"] + found["uncertainty"]
        assert found["brier"] == pytest.approx(parts)
        assert found["miscalibration"] >= 0
        assert found["discrimination"] >= 0
    units = two()
    mended = IsotonicRegression().fit_transform(units.p[:, 1], units.y)
    best = brier_score_loss(units.y, mended)
    assert scores(units)["miscalibration"] == pytest.approx(brier_score_loss(units.y, units.p[:, 1]) - best)


def three(n=90, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(3), n)
    return units_of(p, [rng.choice(3, p=row) for row in p])


def test_of_more_classes_the_most_probable_one_is_looked_at_and_brier_adds_them_up():
    units = three()
    found = scores(units, THREE)
    assert found["of"] == "probability of the most probable class"
    assert found["brier"] == pytest.approx(((units.p - np.eye(3)[units.y]) ** 2).sum(axis=1).mean())
    right = (units.p.argmax(axis=1) == units.y).mean()
    assert sum(b["came_true"] * b["n"] for b in found["bins"]) / len(units) == pytest.approx(right)


def test_calibrated_probabilities_have_the_error_that_chance_leaves_and_sharper_ones_more():
    """ECE of 80 calibrated people is not 0; that of probabilities three times too sharp is beyond chance."""
    calibrated = [scores(two(seed=seed)) for seed in range(40)]
    gap = np.mean([f["ece"] - f["ece_if_calibrated"] for f in calibrated])
    assert np.mean([f["ece"] for f in calibrated]) > 0.05
    assert abs(gap) < 0.015
    assert np.mean([f["ece_p"] <= 0.05 for f in calibrated]) < 0.2
    too_much = np.mean([f["miscalibration"] - f["miscalibration_if_calibrated"] for f in calibrated])
    assert abs(too_much) < 0.01
    sharp = [scores(two(seed=seed, sharper=3.0)) for seed in range(10)]
    assert np.mean([f["ece_p"] <= 0.05 for f in sharp]) > 0.8


def test_the_interval_of_brier_covers_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    log_odds = rng.normal(0, 1.5, 10**5)
    p = 1 / (1 + np.exp(-log_odds))
    truth = float((p * (1 - p)).mean())  # of calibrated probabilities
    ends = []
    for seed in range(200):
        units = two(40, seed=seed)
        squared = (units.p[:, 1] - units.y) ** 2
        ends.append(_interval(squared, units.subject, 300, np.random.default_rng(seed)))
    assert 0.87 < np.mean([low < truth < high for low, high in ends]) < 0.99


def test_probabilities_that_are_all_equal_and_few_people():
    equal = scores(units_of(np.full((20, 2), 0.5), [0, 1] * 10))
    assert equal["ece"] == 0
    assert equal["brier"] == equal["uncertainty"] == 0.25
    assert equal["discrimination"] == 0
    assert len(equal["bins"]) == 1
    assert scores(two(9)) is None
