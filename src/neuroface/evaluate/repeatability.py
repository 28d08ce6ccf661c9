"""How well a value comes back when the same person is measured again: ICC, its interval, and the least real change.

Two designs. `of_repetitions`: several values per person in no order that matters, as many as there are of each.
`of_visits`: the same k visits of everybody, whose common shift (practice, another camera) counts as disagreement.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from neuroface.errors import DataError
from neuroface.evaluate.statistics import CONFIDENCE, two_sided_z


class Repeatability(NamedTuple):
    """icc: share of the variance of single values that lies between people, with limits; NaN where it is not known.

    sem: standard error of measurement, in the value's unit. mdc: minimal detectable change between two single values
    of one person, at 95 %. people, values: how many there are.
    """

    icc: float
    low: float
    high: float
    sem: float
    mdc: float
    people: int
    values: int


def of_repetitions(values: np.ndarray, person: np.ndarray, *, confidence: float = CONFIDENCE) -> Repeatability:
    """ICC(1) of a one-way random model. values: (n,), NaN is missing; person: (n,).

    People may have different numbers of repetitions: n0 of Snedecor & Cochran stands for their number, and the limits
    are then approximate (Thomas & Hultquist, Annals of Statistics 1978; 6:582). People with one value count towards
    the spread between people only. SEM is the root of the mean square within people. Undefined (NaN) where nobody has
    two values; the ICC alone with fewer than two people, or where all values are equal.
    """
    values, person = np.asarray(values, dtype=float), np.asarray(person).astype(str)
    kept = np.isfinite(values)
    values = values[kept]
    names, code = np.unique(person[kept], return_inverse=True)
    n, total = len(names), len(values)
    if total <= n:
        return _unknown(n, total)
    counts = np.bincount(code)
    means = np.bincount(code, weights=values) / counts
    within = float(((values - means[code]) ** 2).sum()) / (total - n)
    sem = math.sqrt(within)
    scatter = _unknown(n, total)._replace(sem=sem, mdc=detectable_change(sem))
    if n < 2:
        return scatter
    between = float((counts * (means - values.mean()) ** 2).sum()) / (n - 1)
    n0 = (total - float((counts**2).sum()) / total) / (n - 1)
    if within + between == 0:
        return scatter
    low, high = (
        _icc_of_ratio(f, n0) for f in _f_limits(_ratio(between, within), n - 1, total - n, confidence=confidence)
    )
    return scatter._replace(icc=_icc_of_ratio(_ratio(between, within), n0), low=low, high=high)


def of_visits(table: np.ndarray, *, confidence: float = CONFIDENCE) -> Repeatability:
    """ICC(A,1), absolute agreement of a two-way random model. table: (people, visits); a row with NaN is left out.

    Limits: McGraw & Wong, Psychological Methods 1996; 1:30. SEM is the root of the variance of visits and of what is
    left, so that a shift common to everybody counts (Weir, Journal of Strength and Conditioning Research 2005; 19:231).
    Undefined (NaN) with fewer than two complete people. Raises DataError for fewer than two visits.
    """
    table = np.asarray(table, dtype=float)
    if table.ndim != 2 or table.shape[1] < 2:
        raise DataError(f"Agreement of visits needs a column for each of two or more; the table is {table.shape}.")
    table = table[np.isfinite(table).all(axis=1)]
    n, k = table.shape
    if n < 2 or np.ptp(table) == 0:
        return _unknown(n, n * k)
    grand = table.mean()
    rows = k * float(((table.mean(axis=1) - grand) ** 2).sum()) / (n - 1)
    columns = n * float(((table.mean(axis=0) - grand) ** 2).sum()) / (k - 1)
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + grand
    error = float((rest**2).sum()) / ((n - 1) * (k - 1))
    icc = (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)
    low, high = _agreement_limits(rows, columns, error, n, k, icc, confidence=confidence)
    sem = math.sqrt(max(columns - error, 0.0) / n + error)
    return Repeatability(icc, low, high, sem, detectable_change(sem), n, n * k)


def detectable_change(sem: float, first: int = 1, second: int = 1) -> float:
    """The change of a mean over `first` repetitions to one over `second` that scatter alone exceeds in 5 % of cases.

    1.96 sem sqrt(1/first + 1/second): the minimal detectable change at 95 % (Weir, J Strength Cond Res 2005; 19:231) of
    means. It knows the scatter within a visit only: what changes from day to day without any change of disease comes on
    top, and only visits can show it.
    """
    return two_sided_z() * sem * math.sqrt(1 / first + 1 / second)


def _agreement_limits(
    rows: float, columns: float, error: float, n: int, k: int, icc: float, *, confidence: float
) -> tuple[float, float]:
    """Limits of ICC(A,1) by mean squares; McGraw & Wong 1996, table 7, with Satterthwaite's degrees of freedom."""
    from scipy.stats import f

    if error == 0 and columns == 0:
        return icc, icc
    a = k * icc / (n * (1 - icc)) if icc < 1 else math.inf
    b = 1 + k * icc * (n - 1) / (n * (1 - icc)) if icc < 1 else math.inf
    if not math.isfinite(a):
        return icc, icc
    spread = a * columns + b * error
    v = spread**2 / ((a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    quantile = (1 + confidence) / 2
    upper, lower = float(f.ppf(quantile, n - 1, v)), float(f.ppf(quantile, v, n - 1))
    mixed = k * columns + (k * n - k - n) * error
    low = n * (rows - upper * error) / (upper * mixed + n * rows)
    high = n * (lower * rows - error) / (mixed + n * lower * rows)
    return low, high


def _f_limits(ratio: float, between: int, within: int, *, confidence: float) -> tuple[float, float]:
    from scipy.stats import f

    quantile = (1 + confidence) / 2
    return ratio / float(f.ppf(quantile, between, within)), ratio * float(f.ppf(quantile, within, between))


def _ratio(between: float, within: float) -> float:
    return between / within if within > 0 else math.inf


def _icc_of_ratio(ratio: float, n0: float) -> float:
    return 1.0 if math.isinf(ratio) else (ratio - 1) / (ratio + n0 - 1)


def _unknown(people: int, values: int) -> Repeatability:
    return Repeatability(math.nan, math.nan, math.nan, math.nan, math.nan, people, values)
