from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from neuroface.errors import DataError
from neuroface.evaluate.calibration import calibration


@pytest.fixture
def people():
    """True logits of 4,000 people, and who has the class."""
    rng = np.random.default_rng(0)
    logit = rng.normal(0, 1.5, 4000)
    return logit, rng.random(4000) < 1 / (1 + np.exp(-logit))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_right_probabilities_are_called_so(people):
    logit, y = people
    found = calibration(sigmoid(logit), y)
    assert found.slope_low < 1 < found.slope_high
    assert found.intercept_low < 0 < found.intercept_high
    assert found.observed == pytest.approx(found.expected, abs=0.02)


def test_too_extreme_and_too_low_ones_are_seen(people):
    logit, y = people
    assert calibration(sigmoid(2 * logit), y).slope == pytest.approx(0.5, abs=0.04)
    assert calibration(sigmoid(logit - 1), y).intercept == pytest.approx(1.0, abs=0.1)


def test_the_slope_is_that_of_a_logistic_regression(people):
    logit, y = people
    theirs = LogisticRegression(C=np.inf, tol=1e-8).fit(logit[:200, None], y[:200])
    assert calibration(sigmoid(logit[:200]), y[:200]).slope == pytest.approx(theirs.coef_[0, 0], rel=1e-3)


def test_classes_that_part_perfectly_have_no_slope():
    found = calibration(np.array([0.1, 0.2, 0.8, 1.0]), np.array([False, False, True, True]))
    assert np.isnan(found.slope)
    assert np.isfinite(found.intercept)
    with pytest.raises(DataError, match="both classes"):
        calibration(np.array([0.5, 0.6]), np.array([True, True]))
