"""Scores of people who count in more than one class: drawn as a whole, and an interval that knows who is the same."""

from __future__ import annotations

import math

import numpy as np

from neuroface.evaluate import statistics
from neuroface.evaluate.statistics import CONFIDENCE, Interval
from neuroface.evaluate.units import Units


def people_weights(units: Units, *, n_bootstrap: int, rng: np.random.Generator) -> np.ndarray:
    """(n_bootstrap, n) how often each unit is drawn when whole people are drawn, among those of the same classes."""
    people = list(dict.fromkeys(units.subject.tolist()))
    codes = [sorted(units.y[units.subject == person].tolist()) for person in people]
    strata = np.array(["+".join(f"{code:03d}" for code in shown) for shown in codes])
    weights = statistics.resampling_weights(strata, n_bootstrap=n_bootstrap, rng=rng)
    return weights[:, [people.index(person) for person in units.subject.tolist()]]


def clustered_auc_variance(scores: np.ndarray, positive: np.ndarray, cluster: np.ndarray) -> float:
    """Variance of an AUC whose units come in clusters; DeLong's where every cluster is a single unit, up to n/(n-1).

    scores, positive, cluster: (n,). Each unit's placement among the other class is summed over its cluster, and the
    sums of both classes may covary (Obuchowski, Biometrics 1997; 53:567). NaN with fewer than two clusters in a class.
    """
    positive = np.asarray(positive, dtype=bool)
    psi = statistics.placements(scores[positive], scores[~positive])
    area, m, n = psi.mean(), int(positive.sum()), int((~positive).sum())
    names, code = np.unique(cluster, return_inverse=True)
    above = np.bincount(code[positive], weights=psi.mean(axis=1) - area, minlength=len(names))
    below = np.bincount(code[~positive], weights=psi.mean(axis=0) - area, minlength=len(names))
    with_positive, with_negative = len(set(code[positive])), len(set(code[~positive]))
    if min(with_positive, with_negative) < 2:
        return math.nan
    s10 = with_positive / ((with_positive - 1) * m) * float(above @ above)
    s01 = with_negative / ((with_negative - 1) * n) * float(below @ below)
    s11 = len(names) / (len(names) - 1) * float(above @ below)
    return s10 / m + s01 / n + 2 * s11 / (m * n)


def clustered_auc_interval(scores: np.ndarray, positive: np.ndarray, cluster: np.ndarray) -> Interval:
    """Interval of an AUC whose units come in clusters, on the logit scale; at its ends that of single units."""
    from scipy.stats import norm

    value = float(statistics.auc(scores, positive))
    variance = clustered_auc_variance(scores, positive, cluster)
    if value in (0.0, 1.0) or not variance > 0:
        return statistics.auc_interval(scores, positive)
    centre, error = math.log(value / (1 - value)), math.sqrt(variance) / (value * (1 - value))
    reach = float(norm.ppf((1 + CONFIDENCE) / 2)) * error
    low, high = (1 / (1 + math.exp(-(centre + side * reach))) for side in (-1, 1))
    return Interval(low, high, "Obuchowski, logit scale: people with several classes are clusters")
