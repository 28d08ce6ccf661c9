from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score, mean_absolute_error

from neuroface.evaluate.scores_grades import grade_error, quadratic_kappa, weighted_f1
from neuroface.evaluate.statistics import confusion


@pytest.fixture(params=range(3))
def decided(request) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(request.param)
    y = rng.integers(0, 6, 40)
    return y, np.clip(y + rng.integers(-2, 3, 40), 0, 5)


def test_as_scikit_learn_has_it(decided):
    y, guess = decided
    counts = confusion(y, guess, 6)
    assert quadratic_kappa(counts) == pytest.approx(cohen_kappa_score(y, guess, weights="quadratic"))
    assert grade_error(counts) == pytest.approx(mean_absolute_error(y, guess))
    assert weighted_f1(counts) == pytest.approx(f1_score(y, guess, average="weighted", zero_division=0))


def test_many_tables_at_once(decided):
    counts = confusion(*decided, 6)
    several = np.stack([counts, np.eye(6) * 3, counts.T])
    assert quadratic_kappa(several)[[0, 1]] == pytest.approx([quadratic_kappa(counts), 1])
    assert grade_error(several)[1] == 0
    assert weighted_f1(several)[1] == 1


def test_one_grade_only_has_no_kappa():
    assert np.isnan(quadratic_kappa(np.diag([0, 5, 0])))
