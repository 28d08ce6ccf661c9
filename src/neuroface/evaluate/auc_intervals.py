"""Intervals of means of AUCs: of each class against the rest, and of each person's own.

All are DeLong's variance (see statistics.delong_variance) by way of what each unit contributes, on the logit scale and
with the correction near complete separation (statistics.logit_interval).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neuroface.evaluate.separation import separation_limit
from neuroface.evaluate.statistics import CONFIDENCE, NOTHING_KNOWN, Interval, auc, logit_interval, placements


def influence(scores: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """(n,) how much each row moves the AUC: its share of rightly ordered pairs less the AUC, over its class's size."""
    psi = placements(scores[positive], scores[~positive])
    moved = np.empty(len(scores))
    moved[positive] = (psi.mean(axis=1) - psi.mean()) / len(psi)
    moved[~positive] = (psi.mean(axis=0) - psi.mean()) / psi.shape[1]
    return moved


def ovr_interval(p: np.ndarray, y: np.ndarray, unit: np.ndarray) -> Interval:
    """Interval of the mean over classes of the AUC of each class against the rest.

    p: (n, k) probabilities. y: (n,) class codes. unit: (n,) who or what is independent of others. Contributions to all
    k AUCs are averaged and summed over each unit before their variance is taken: among units of the same classes, as
    class sizes are given. Classes without members are left out.
    """
    members = [c for c in range(p.shape[1]) if 0 < np.count_nonzero(y == c) < len(y)]
    value = float(np.mean([auc(p[:, c], y == c) for c in members]))
    moved = np.mean([influence(p[:, c], y == c) for c in members], axis=0)
    _, code = np.unique(unit, return_inverse=True)
    shows = np.zeros((code.max() + 1, p.shape[1]), dtype=bool)
    shows[code, y] = True
    sizes = [int(shows[:, c].sum()) for c in members]
    if min(sizes) < 2:
        return Interval(0.0, 1.0, NOTHING_KNOWN)
    total = np.bincount(code, weights=moved)
    variance = _variance_within(total, np.unique(shows, axis=0, return_inverse=True)[1].ravel())
    rest = [int(np.delete(shows, c, axis=1).any(axis=1).sum()) for c in members]
    limit = min(separation_limit([pair], confidence=CONFIDENCE) for pair in zip(sizes, rest, strict=True))
    return logit_interval(value, variance, limit)


def _variance_within(total: np.ndarray, stratum: np.ndarray) -> float:
    """Variance of the sum of contributions (n,), independent within strata; those alone in theirs are pooled."""
    counts = np.bincount(stratum)
    stratum = np.where(counts[stratum] < 2, len(counts), stratum)
    groups = [total[stratum == s] for s in np.unique(stratum)]
    return float(sum(len(group) * group.var(ddof=1) if len(group) > 1 else group[0] ** 2 for group in groups))


def mean_interval(samples: Sequence[tuple[np.ndarray, np.ndarray]], *, confidence: float = CONFIDENCE) -> Interval:
    """Interval of the mean of independent AUCs, each of one person's own rows; these people, other repetitions.

    samples: (scores, positive) of each person, both classes in each. A class of a single row counts as varying as much
    as it can for a share with that mean.
    """
    sizes = [(int(positive.sum()), int((~positive).sum())) for _, positive in samples]
    value = float(np.mean([auc(scores, positive) for scores, positive in samples]))
    variance = 0.0
    for scores, positive in samples:
        psi = placements(scores[positive], scores[~positive])
        for shares in (psi.mean(axis=1), psi.mean(axis=0)):
            spread = shares.var(ddof=1) if len(shares) > 1 else value * (1 - value)
            variance += spread / len(shares) / len(samples) ** 2
    if sum(min(pair) for pair in sizes) < 2:
        return Interval(0.0, 1.0, "none: fewer than two repetitions in a class")
    return logit_interval(value, variance, separation_limit(sizes, confidence=confidence), confidence=confidence)
