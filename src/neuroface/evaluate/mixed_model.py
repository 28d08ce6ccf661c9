"""A difference between two groups of people who repeat: a mixed model with a random intercept of each person, by REML.

value = intercept + difference * group (+ task) + person + rest. Patterson & Thompson, Biometrika 1971; 58:545. With as
many values of everybody the test is the t test on people's means.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from neuroface.evaluate.statistics import CONFIDENCE

GRID = np.linspace(-9.0, 9.0, 73)  # logarithm of the ratio of variances: where the likelihood is looked at first


class GroupDifference(NamedTuple):
    """difference: second group minus first, in the value's unit, with limits; p: two-sided.

    icc: share of the variance that lies between people, within groups; 0 where values of a person are no more alike
    than those of others: then the difference is that of people's means, by a t test. NaN where it cannot be known.
    p_means: of the t test on people's means. people, values: how many there are.
    """

    difference: float
    low: float
    high: float
    p: float
    icc: float
    p_means: float
    people: int
    values: int


def group_difference(
    values: np.ndarray,
    second: np.ndarray,
    person: np.ndarray,
    task: np.ndarray | None = None,
    *,
    confidence: float = CONFIDENCE,
) -> GroupDifference:
    """values: (n,), NaN is missing. second: (n,) bool, whether of the second group. person: (n,).

    task: (n,); of several tasks each person's mean of each is taken, and the tasks' own means stand in the model, so
    that who misses one does not shift the difference. t with (people - 2) degrees of freedom, which is exact where
    everybody has as many values and a little too few where not.
    """
    kept = np.isfinite(values)
    y, group, who = (
        np.asarray(values, float)[kept],
        np.asarray(second, bool)[kept],
        np.unique(person[kept], return_inverse=True)[1],
    )
    tasks = np.zeros(len(y), int) if task is None else np.unique(task[kept], return_inverse=True)[1]
    if len(y) and tasks.max() > 0:
        _, first, back = np.unique(who * (tasks.max() + 1) + tasks, return_index=True, return_inverse=True)
        y = np.bincount(back, y) / np.bincount(back)
        group, who, tasks = group[first], who[first], tasks[first]
    people = int(who.max()) + 1 if len(y) else 0
    of_person = np.zeros(people, bool)
    of_person[who] = group
    freedom, nothing = people - 2, math.nan
    unknown = GroupDifference(nothing, nothing, nothing, nothing, nothing, nothing, people, len(y))
    if min(of_person.sum(), (~of_person).sum(), freedom) < 1 or np.ptp(y) == 0:
        return unknown
    means = _fit_of_means(y, who, of_person, tasks)
    if means is None:
        return unknown
    p_means = _p(*means, freedom)
    ratio = _ratio(y, group, who, tasks) if len(y) > people else 0.0
    estimate, error = _fixed(y, group, who, tasks, ratio) if ratio > 0 else means
    half = _quantile(0.5 + confidence / 2, freedom) * error
    icc = ratio / (1 + ratio) if len(y) > people else nothing
    return GroupDifference(
        estimate, estimate - half, estimate + half, _p(estimate, error, freedom), icc, p_means, people, len(y)
    )


def _design(group: np.ndarray, tasks: np.ndarray) -> np.ndarray:
    """(n, p) intercept, group, and the tasks but the first."""
    others = [tasks == i for i in range(1, tasks.max() + 1)]
    return np.stack([np.ones(len(group)), group, *others], axis=1).astype(float)


def _fit_of_means(
    y: np.ndarray, who: np.ndarray, of_person: np.ndarray, tasks: np.ndarray
) -> tuple[float, float] | None:
    """Difference of people's means, tasks' own means taken off first, and its standard error; None without spread."""
    level = np.bincount(tasks, y) / np.bincount(tasks)
    means = np.bincount(who, y - level[tasks]) / np.bincount(who)
    a, b = means[~of_person], means[of_person]
    square = ((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum()
    if square <= 1e-24 * max(float((y**2).sum()), 1e-300):
        return None
    return float(b.mean() - a.mean()), math.sqrt(square / (len(means) - 2) * (1 / len(a) + 1 / len(b)))


class _Sums:
    """What the likelihood needs of the rows: products over all rows, and sums and counts of each person."""

    def __init__(self, y: np.ndarray, group: np.ndarray, who: np.ndarray, tasks: np.ndarray) -> None:
        X = _design(group, tasks)
        y = y - y.mean()
        self.rows, self.count = X.shape[0] - X.shape[1], np.bincount(who)
        self.xx, self.xy, self.yy = X.T @ X, X.T @ y, float(y @ y)
        self.x = np.stack([np.bincount(who, column) for column in X.T], axis=1)
        self.y = np.bincount(who, y)

    def solved(self, ratio: float) -> tuple[np.ndarray, np.ndarray, float]:
        """Coefficients (p,), inverse of X'V^-1X (p, p) and the residual sum of squares y'V^-1(y - Xb)."""
        shrink = ratio / (1 + self.count * ratio)
        xx = self.xx - (self.x * shrink[:, None]).T @ self.x
        xy = self.xy - self.x.T @ (shrink * self.y)
        inverse = np.linalg.inv(xx)
        b = inverse @ xy
        return b, inverse, self.yy - float(shrink @ self.y**2) - float(b @ xy)

    def deviance(self, ratio: float) -> float:
        """-2 times the logarithm of the restricted likelihood at V = I + ratio * J of each person, up to a constant."""
        _, inverse, rss = self.solved(ratio)
        return (
            self.rows * math.log(max(rss, 1e-300))
            + float(np.log1p(self.count * ratio).sum())
            - np.linalg.slogdet(inverse)[1]
        )


def _ratio(y: np.ndarray, group: np.ndarray, who: np.ndarray, tasks: np.ndarray) -> float:
    """Variance between people over that within them with the highest restricted likelihood; 0 where it is at 0."""
    from scipy.optimize import minimize_scalar

    sums = _Sums(y, group, who, tasks)
    on_grid = [sums.deviance(math.exp(z)) for z in GRID]
    best = int(np.argmin(on_grid))
    if best == 0 or sums.deviance(0.0) <= on_grid[best]:
        return 0.0
    ends = GRID[best - 1], GRID[min(best + 1, len(GRID) - 1)]
    found = minimize_scalar(
        lambda z: sums.deviance(math.exp(z)), bounds=ends, method="bounded", options={"xatol": 1e-10}
    )
    return math.exp(float(found.x))


def _fixed(y: np.ndarray, group: np.ndarray, who: np.ndarray, tasks: np.ndarray, ratio: float) -> tuple[float, float]:
    """The difference and its standard error."""
    sums = _Sums(y, group, who, tasks)
    b, inverse, rss = sums.solved(ratio)
    return float(b[1]), math.sqrt(max(rss, 0.0) / sums.rows * float(inverse[1, 1]))


def _p(estimate: float, error: float, freedom: int) -> float:
    from scipy.stats import t

    return float(2 * t.sf(abs(estimate) / error, freedom)) if error > 0 else math.nan


def _quantile(level: float, freedom: int) -> float:
    from scipy.stats import t

    return float(t.ppf(level, freedom))
