"""Whether probabilities mean what they say to other people: calibration in the large, and slope.

Cox, Biometrika 1958; 45:562; Van Calster et al., BMC Medicine 2019; 17:230. Logistic regression of the class on the
logit of the probability: its slope is 1 for well calibrated probabilities, below 1 for too extreme ones; with the slope
held at 1, its intercept is 0, above 0 where the class is more common than was said.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neuroface.errors import DataError

CLIPPED = 1e-3  # forests say 0 and 1, whose logit is no number
STEPS = 50
Z = 1.959964


class Calibration(NamedTuple):
    """intercept (in the large) and slope with their 95 % Wald intervals; NaN where the classes part perfectly."""

    intercept: float
    intercept_low: float
    intercept_high: float
    slope: float
    slope_low: float
    slope_high: float
    observed: float
    expected: float


def calibration(p: np.ndarray, y: np.ndarray) -> Calibration:
    """p: (n,) probabilities of the class, one per person. y: (n,) bool. Errors: DataError with one class only.

    observed, expected: the class's share among people, and the mean probability.
    """
    p, y = np.asarray(p, dtype=float), np.asarray(y, dtype=bool)
    if y.all() or not y.any():
        raise DataError("Calibration needs people of both classes.")
    logit = np.log(np.clip(p, CLIPPED, 1 - CLIPPED) / (1 - np.clip(p, CLIPPED, 1 - CLIPPED)))
    level, level_se = _fit(np.ones((len(p), 1)), logit, y)
    both, both_se = _fit(np.column_stack([np.ones(len(p)), logit]), np.zeros(len(p)), y)
    ends = (level[0] - Z * level_se[0], level[0] + Z * level_se[0])
    slope_ends = (both[1] - Z * both_se[1], both[1] + Z * both_se[1])
    return Calibration(*map(float, (level[0], *ends, both[1], *slope_ends, y.mean(), p.mean())))


def _fit(X: np.ndarray, offset: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(k,) coefficients and standard errors by Newton's method; NaN where it does not settle."""
    beta = np.zeros(X.shape[1])
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            mu = 1 / (1 + np.exp(-(offset + X @ beta)))
            information = (X * (mu * (1 - mu))[:, None]).T @ X
            if not np.isfinite(information).all() or np.linalg.cond(information) > 1e12:
                break
            step = np.linalg.solve(information, X.T @ (y - mu))
            beta = beta + step
            if np.abs(step).max() < 1e-10:
                return beta, np.sqrt(np.diag(np.linalg.inv(information)))
    nothing = np.full(X.shape[1], np.nan)
    return nothing, nothing
