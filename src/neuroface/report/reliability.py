"""How far a measure must move between two visits to be more than its scatter from repetition to repetition."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

Z = 1.959964  # of a two-sided 95 %


class Reliability(NamedTuple):
    """icc: of one repetition, share of variance that lies between people. sem: standard deviation of repetitions within
    a person, in the measure's unit. people, repetitions: how many it is known from; NaN where it cannot be known."""

    icc: float
    sem: float
    people: int
    repetitions: int


def reliability(values: np.ndarray, person: np.ndarray) -> Reliability:
    """ICC(1,1) of a one-way analysis of variance, for people with unequal numbers of repetitions.

    values: (n,) one measure, NaN is left out. person: (n,). Shrout & Fleiss, Psychol Bull 1979; 86:420, with the mean
    number of repetitions corrected for inequality (Snedecor & Cochran 1989, ch. 13). A negative estimate stays.
    """
    known = np.isfinite(values)
    values, person = np.asarray(values, dtype=float)[known], np.asarray(person)[known]
    names, code, count = np.unique(person, return_inverse=True, return_counts=True)
    k, n = len(names), len(values)
    if k < 1 or n <= k:
        return Reliability(float("nan"), float("nan"), k, n)
    means = np.bincount(code, values, k) / count
    within = ((values - means[code]) ** 2).sum() / (n - k)
    if k < 2:
        return Reliability(float("nan"), float(np.sqrt(within)), k, n)
    between = (count * (means - values.mean()) ** 2).sum() / (k - 1)
    each = (n - (count**2).sum() / n) / (k - 1)
    total = between + (each - 1) * within
    icc = (between - within) / total if total > 0 else float("nan")
    return Reliability(float(icc), float(np.sqrt(within)), k, n)


def detectable_change(sem: float, first: int, second: int) -> float:
    """The change of a mean over `first` repetitions to one over `second` that scatter alone exceeds in 5 % of cases.

    1.96 sem sqrt(1/first + 1/second): the minimal detectable change at 95 % (Weir, J Strength Cond Res 2005; 19:231) of
    means. It knows the scatter within a visit only: what changes from day to day without any change of disease comes on
    top, and only visits can show it.
    """
    return Z * sem * float(np.sqrt(1 / first + 1 / second))
