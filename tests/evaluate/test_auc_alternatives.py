from __future__ import annotations

import numpy as np
import pytest

from neuroface.evaluate.auc_alternatives import _areas_and_errors as areas_and_errors
from neuroface.evaluate.auc_alternatives import bootstrap_intervals, modified_wald, permutation_interval
from neuroface.evaluate.statistics import auc, delong_variance

POSITIVE = np.arange(25) < 11


def test_modified_wald_by_hand():
    reach = 1.959964 * np.sqrt(0.8 * 0.2 / (0.75 * 40 - 1)) + 1 / 80
    assert modified_wald(0.8, 40) == pytest.approx((0.8 - reach, 0.8 + reach))
    assert modified_wald(1.0, 40) == pytest.approx((1 - 1 / 80, 1))


def test_errors_of_permuted_labels_are_delongs_with_ties_too():
    rng = np.random.default_rng(0)
    ranked = np.sort(rng.integers(0, 6, 25)).astype(float)
    labels = rng.permuted(np.broadcast_to(POSITIVE, (5, 25)), axis=1)
    areas, errors = areas_and_errors(ranked, labels, 11, 14)
    assert areas == pytest.approx([float(auc(ranked, label)) for label in labels])
    assert errors**2 == pytest.approx([float(delong_variance(ranked, label)[0, 0]) for label in labels])


def test_bootstrap_limits_are_those_of_resampled_people():
    rng = np.random.default_rng(1)
    scores = rng.normal(size=25) + POSITIVE
    (low, high), (bca_low, bca_high) = bootstrap_intervals(scores, POSITIVE, rng, draws=4000)
    rows = [np.concatenate([rng.choice(np.flatnonzero(c == POSITIVE), (c == POSITIVE).sum()) for c in (True, False)])
            for _ in range(2000)]  # fmt: skip
    drawn = [float(auc(scores[r], POSITIVE[r])) for r in rows]
    assert (low, high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.02)
    assert bca_low < auc(scores, POSITIVE) < bca_high


def test_permutation_limits_hold_what_is_there_and_are_a_point_nowhere():
    rng = np.random.default_rng(2)
    low, high = permutation_interval(rng.normal(size=25) + POSITIVE, POSITIVE, rng, draws=500)
    assert 0 < low < 0.76 < high <= 1  # Phi(1 / sqrt(2)) = .76
    low, high = permutation_interval(POSITIVE.astype(float), POSITIVE, rng, draws=200)
    assert low < 1 == high
