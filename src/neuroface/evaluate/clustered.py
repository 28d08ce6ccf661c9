"""The AUC of units that come in clusters, repetitions of a person say: an interval that knows who is the same."""

from __future__ import annotations

import math

import numpy as np

from neuroface.evaluate import statistics
from neuroface.evaluate.separation import separation_limit
from neuroface.evaluate.statistics import CONFIDENCE, Interval


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
    """Interval of an AUC whose units come in clusters: this variance on the logit scale (statistics.logit_interval).

    Near complete separation only the numbers of clusters count. Where a class has a single one nothing is known.
    """
    value, positive = float(statistics.auc(scores, positive)), np.asarray(positive, dtype=bool)
    variance = clustered_auc_variance(scores, positive, cluster)
    if math.isnan(variance):
        return Interval(0.0, 1.0, statistics.NOTHING_KNOWN)
    sizes = len(set(cluster[positive].tolist())), len(set(cluster[~positive].tolist()))
    found = statistics.logit_interval(value, variance, separation_limit([sizes], confidence=CONFIDENCE))
    return found._replace(method=f"{found.method}: units of a person are a cluster")
