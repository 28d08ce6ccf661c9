"""Networks of parts: each part says by itself what it sees, and what they say is averaged.

Outputs are (B, R, K + 1) for R parts and K classes: the logits of each part, and the logarithm of its weight in the
average. A part that is missing, or that nothing was learnt of, has the weight MISSING: nothing is learnt from it and
nothing is judged by it. A row in which all parts are missing gets equal probabilities.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from neuroface.classifiers.objectives import Objective

MISSING = -1e30  # a number, so that the softmax of missing parts alone is one, too
PRIOR = 1.0  # people that say that all parts weigh alike; few people must not choose one part alone


def of_parts() -> Objective:
    """The mean cross-entropy of the parts that are there; the probabilities are their weighted mean."""
    return Objective(outputs=lambda n_classes: n_classes, losses=_losses, probabilities=_mean, each=_each)


def _losses(outputs: Tensor, targets: Tensor) -> Tensor:
    """(B,) nats; outputs (B, R, K + 1), targets (B, K)."""
    losses = -(targets[:, None] * functional.log_softmax(outputs[..., :-1], dim=-1)).sum(dim=-1)  # (B, R)
    there = _there(outputs)
    return (losses * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)


def _mean(outputs: Tensor) -> Tensor:
    """(B, K) probabilities."""
    outputs = outputs.double()
    weights = functional.softmax(outputs[..., -1], dim=1)  # (B, R)
    return (weights[..., None] * functional.softmax(outputs[..., :-1], dim=-1)).sum(dim=1)


def _each(outputs: Tensor) -> Tensor:
    """(B, R, K) probabilities by each part alone, NaN where it is missing."""
    p = functional.softmax(outputs[..., :-1].double(), dim=-1)
    return p.masked_fill(~_there(outputs)[..., None], torch.nan)


def _there(outputs: Tensor) -> Tensor:
    return outputs[..., -1] > MISSING / 2


def skill_weights(of_truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(R,) weights of the parts that add up to 1, with the least log-loss of the average, drawn towards equal ones.

    of_truth: (n, R) probability that each part gave to what is true, of people it did not learn from; NaN is missing.
    weights: (n,) of the rows, which add up to the number of people.
    """
    from scipy.optimize import minimize

    n_parts, seen = of_truth.shape[1], np.isfinite(of_truth)
    p = np.where(seen, np.clip(of_truth, 1e-6, 1), 0)
    some = seen.any(axis=1)

    def loss(z: np.ndarray) -> float:
        w = np.exp(z - z.max())
        w = w / w.sum()
        average = (p[some] @ w) / (seen[some] @ w)
        return float(-(weights[some] * np.log(average)).sum() - PRIOR * np.log(w).mean())

    z = minimize(loss, np.zeros(n_parts), method="L-BFGS-B").x
    w = np.exp(z - z.max())
    return np.asarray(w / w.sum())
