"""Other intervals of an AUC than the default (statistics.auc_interval), for comparison and for numbers of papers.

scripts/bench/coverage.py has what each of them holds. All are of scores that were not fitted to these people.
"""

from __future__ import annotations

import math

import numpy as np

from neuroface.evaluate.bootstrap import bca_interval
from neuroface.evaluate.statistics import CONFIDENCE, auc, delong_variance, percentile_interval, placements, two_sided_z

Limits = tuple[float, float]


def modified_wald(value: float, n: int, *, confidence: float = CONFIDENCE) -> Limits:
    """From an AUC and the number of people alone: Kottas, Kuss & Zapf, BMC Medical Research Methodology 2014; 14:26.

    With their continuity correction, for small samples. It serves where scores are not known, as of a published AUC.
    """
    reach = two_sided_z(confidence) * math.sqrt(value * (1 - value) / (0.75 * n - 1)) + 1 / (2 * n)
    return max(0.0, value - reach), min(1.0, value + reach)


def bootstrap_intervals(
    scores: np.ndarray, positive: np.ndarray, rng: np.random.Generator, *, draws: int = 2000
) -> tuple[Limits, Limits]:
    """Percentile and BCa limits of a bootstrap of people within each class. scores: (n,); positive: (n,) bool."""
    psi = placements(scores[positive], scores[~positive])
    n1, n0 = psi.shape
    times1, times0 = rng.multinomial(n1, np.full(n1, 1 / n1), draws), rng.multinomial(n0, np.full(n0, 1 / n0), draws)
    drawn = ((times1 @ psi) * times0).sum(axis=1) / (n1 * n0)
    total = psi.sum()
    left_out = np.concatenate(
        [(total - psi.sum(axis=1)) / ((n1 - 1) * n0), (total - psi.sum(axis=0)) / (n1 * (n0 - 1))]
    )
    return percentile_interval(drawn), bca_interval(float(psi.mean()), drawn, left_out)


def permutation_interval(
    scores: np.ndarray,
    positive: np.ndarray,
    rng: np.random.Generator,
    *,
    draws: int = 2000,
    confidence: float = CONFIDENCE,
) -> Limits:
    """Limits by inverting a studentised permutation test (Pauly, Asendorf & Konietschke, Biometrical Journal 2016).

    Quantiles are those of (AUC - .5) / DeLong's error over permuted classes. An error of 0 counts as half a pair.
    """
    order = np.argsort(scores, kind="stable")
    ranked, label = scores[order], positive[order]
    n1, n0 = int(label.sum()), int((~label).sum())
    shuffled = rng.permuted(np.broadcast_to(label, (draws, len(label))), axis=1)
    area, error = _areas_and_errors(ranked, shuffled, n1, n0)
    low, high = np.quantile((area - 0.5) / error, [(1 - confidence) / 2, (1 + confidence) / 2])
    value = float(auc(scores, positive))
    own = max(math.sqrt(max(float(delong_variance(scores, positive)[0, 0]), 0.0)), 0.5 / (n1 * n0))
    return max(0.0, value - float(high) * own), min(1.0, value - float(low) * own)


def _areas_and_errors(ranked: np.ndarray, label: np.ndarray, n1: int, n0: int) -> tuple[np.ndarray, np.ndarray]:
    """(B,) AUC and DeLong's standard error of sorted scores (n,) under B labels (B, n) bool; ties count half."""
    first, last = np.searchsorted(ranked, ranked, "left"), np.searchsorted(ranked, ranked, "right")

    def below(of: np.ndarray) -> np.ndarray:
        counted = np.concatenate([np.zeros((len(of), 1)), np.cumsum(of, axis=1)], axis=1)
        return (counted[:, first] + counted[:, last]) / 2

    beaten, beating = below(~label) / n0, 1 - below(label) / n1
    area = (beaten * label).sum(axis=1) / n1
    spread1 = (label * (beaten - area[:, None]) ** 2).sum(axis=1) / (n1 - 1)
    spread0 = (~label * (beating - area[:, None]) ** 2).sum(axis=1) / (n0 - 1)
    return area, np.maximum(np.sqrt(spread1 / n1 + spread0 / n0), 0.5 / (n1 * n0))
