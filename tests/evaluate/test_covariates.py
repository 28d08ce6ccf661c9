"""Covariates alone, and scores without them, against oracles and planted confounds."""

from __future__ import annotations

import numpy as np
import pytest

from neuroface.errors import ConfigError
from neuroface.evaluate import covariates
from neuroface.evaluate.statistics import auc


def people(seed: int, *, shift: float = 0.0, n: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """(2n, 3) covariates, the first of which differs between the classes by `shift`, and the classes."""
    rng = np.random.default_rng(seed)
    positive = np.arange(2 * n) % 2 == 1
    X = rng.normal(size=(2 * n, 3))
    X[:, 0] += shift * positive
    return (X - X.mean(axis=0)) / X.std(axis=0), positive


def test_pairs_left_out_are_those_of_fits_without_them() -> None:
    X, positive = people(0, shift=1.0, n=6)
    right = []
    for i in np.flatnonzero(positive):
        for j in np.flatnonzero(~positive):
            kept = ~np.isin(np.arange(12), (i, j))
            a, b = X[kept & positive], X[kept & ~positive]
            within = sum((g - g.mean(axis=0)).T @ (g - g.mean(axis=0)) for g in (a, b)) / 10
            within += np.diag(np.diag(within)) * covariates.RIDGE
            w = np.linalg.solve(within, a.mean(axis=0) - b.mean(axis=0))
            right.append(w @ X[i] > w @ X[j])
    assert covariates.left_pairs(X, positive, np.random.default_rng(0)) == pytest.approx(np.mean(right))


def test_covariates_that_know_nothing_average_a_half() -> None:
    found = [covariates.left_pairs(*people(seed, n=8), np.random.default_rng(0)) for seed in range(200)]
    assert np.mean(found) == pytest.approx(0.5, abs=4 * np.std(found) / 200**0.5)


def test_a_confound_is_found_and_its_null_is_not() -> None:
    strong = covariates.only(*people(1, shift=3.0))
    assert strong.auc > 0.9
    assert strong.p == pytest.approx(1 / (covariates.PERMUTATIONS + 1))
    assert strong.null_mean == pytest.approx(0.5, abs=0.05)


def test_adjusting_takes_away_what_a_covariate_gives() -> None:
    """Scores that are age and noise: told apart by age alone; a disease beside age stays."""
    X, positive = people(2, shift=2.0, n=200)
    noise = np.random.default_rng(3).normal(size=400)
    by_age, by_disease = X[:, 0] + 0.3 * noise, X[:, 0] + 2 * positive + 0.3 * noise
    weights = covariates.overlap_weights(X, positive)
    assert auc(by_age, positive) > 0.85
    assert covariates.adjusted_auc(by_age, X, positive) == pytest.approx(0.5, abs=0.08)
    assert covariates.weighted_auc(by_age, positive, weights) == pytest.approx(0.5, abs=0.08)
    assert covariates.adjusted_auc(by_disease, X, positive) > 0.95


def test_overlap_weights_balance_the_means_of_covariates() -> None:
    X, positive = people(4, shift=1.0, n=300)
    weights = covariates.overlap_weights(X, positive)
    means = [np.average(X[m], axis=0, weights=weights[m]) for m in (positive, ~positive)]
    assert abs(X[positive, 0].mean() - X[~positive, 0].mean()) > 0.7
    assert np.abs(means[0] - means[1]).max() < 0.02  # but for the small penalty
    assert covariates.effective(weights[positive]) < 300


def test_equal_weights_give_the_auc_itself() -> None:
    rng = np.random.default_rng(5)
    scores, positive = np.round(rng.normal(size=30), 1), np.arange(30) < 12
    assert covariates.weighted_auc(scores, positive, np.ones(30)) == pytest.approx(auc(scores, positive))


def test_weighted_auc_counts_pairs() -> None:
    rng = np.random.default_rng(6)
    scores, positive, weights = np.round(rng.normal(size=25), 1), np.arange(25) % 3 == 0, rng.uniform(size=25)
    pairs = [
        (weights[i] * weights[j], (scores[i] > scores[j]) + (scores[i] == scores[j]) / 2)
        for i in np.flatnonzero(positive)
        for j in np.flatnonzero(~positive)
    ]
    expected = np.average([order for _, order in pairs], weights=[weight for weight, _ in pairs])
    assert covariates.weighted_auc(scores, positive, weights) == pytest.approx(expected)


def test_large_cohorts_draw_their_pairs() -> None:
    X, positive = people(7, shift=1.0, n=3000)  # nine million pairs
    found = covariates.left_pairs(X, positive, np.random.default_rng(0))
    assert found == pytest.approx(0.76, abs=0.04)  # Phi(1 / sqrt(2))


def test_texts_and_missing_values_become_columns() -> None:
    facts = [{"sex": "F", "age": 60}, {"sex": "M", "age": None}, {"sex": "F", "age": 70.0}, {"sex": "M", "age": 65}]
    X, columns = covariates.matrix(facts, ["sex", "age", "site"])
    assert columns == ["sex M", "age", "age not known"]
    assert X.mean(axis=0) == pytest.approx(0)
    assert X[1, 1] == pytest.approx(0)  # the mean of those known


def test_sites_cameras_and_sexes_are_categories_also_as_numbers() -> None:
    facts = [{"site": 1, "sex": 0.0, "age": 60}, {"site": 2, "sex": 1.0, "age": 61}, {"site": 3.0, "age": 62}]
    _, columns = covariates.matrix(facts, ["site", "sex", "age"])
    assert columns == ["site 2", "site 3", "sex 1", "sex not known", "age"]


def test_a_covariate_that_is_the_label_is_refused() -> None:
    facts = [{"diagnosis": name, "sex": sex} for name, sex in (("no", "F"), ("yes", "M"), ("no", "M"), ("yes", "F"))]
    y = np.array(["HC", "ALS", "HC", "ALS"])
    covariates.refuse_labels(facts, ["sex"], y)
    with pytest.raises(ConfigError, match=r"diagnosis has one value for each class.*it is the class itself"):
        covariates.refuse_labels(facts, ["sex", "diagnosis"], y)


def test_as_many_values_as_people_are_refused() -> None:
    facts = [{"site": f"s{i}", "sex": "FM"[i % 2], "age": 50 + i} for i in range(12)]
    covariates.refuse_many(facts, ["sex", "age"])
    with pytest.raises(ConfigError, match=r"site has 12 values among 12 people.*are 12, and 12 people allow 4"):
        covariates.refuse_many(facts, ["sex", "site"])
