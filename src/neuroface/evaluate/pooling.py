"""One probability out of several: a weighted mean whose weights are learnt from people who were held out."""

from __future__ import annotations

import numpy as np

# Weight of equal weights beside what the held-out people say: few people must not choose one member alone.
PRIOR = 1.0
TINY = 1e-6  # a probability is taken to be no smaller


def learnt_weights(of_truth: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(R,) weights, adding up to 1, with the least log-loss of the mean, drawn towards equal weights by PRIOR.

    of_truth: (R, n) probability of the true class by each of R members, NaN where a member does not know the row; those
    that know it are then weighed by their shares of what is left. counts: (n,) how much each row counts.
    """
    from scipy.optimize import minimize

    known = np.isfinite(of_truth)
    p = np.clip(np.where(known, of_truth, 0), TINY, 1) * known
    kept = known.any(axis=0)
    p, known, counts = p[:, kept], known[:, kept].astype(float), np.asarray(counts, dtype=float)[kept]

    def loss(z: np.ndarray) -> tuple[float, np.ndarray]:
        w = np.exp(z - z.max())
        w = w / w.sum()
        pooled, there = w @ p, w @ known
        value = -(counts * np.log(pooled / there)).sum() - PRIOR * np.log(w).mean()
        slope = -(p @ (counts / pooled)) + known @ (counts / there)
        slope = w * (slope - w @ slope) - PRIOR * (1 / len(w) - w)
        return float(value), slope

    z = minimize(loss, np.zeros(len(of_truth)), method="L-BFGS-B", jac=True).x
    w = np.exp(z - z.max())
    return np.asarray(w / w.sum())


def pooled(p: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n, k) weighted mean of p (R, n, k) over the members that know a row (not NaN); NaN where none of them does."""
    known = np.isfinite(p).all(axis=2) & (np.asarray(weights) > 0)[:, None]
    share = np.asarray(weights, dtype=float)[:, None] * known
    there = share.sum(axis=0)
    total = np.einsum("rn,rnk->nk", share, np.where(known[..., None], p, 0))
    return np.where(there[:, None] > 0, total / np.where(there > 0, there, 1)[:, None], np.nan)
