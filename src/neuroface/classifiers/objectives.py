"""What a network is trained to minimise, and how its outputs become probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Objective:
    """outputs: number of outputs for K classes. losses: (outputs (B, .), targets (B, K) that add up to 1) -> (B,).
    probabilities: outputs (B, .) -> (B, K)."""

    outputs: Callable[[int], int]
    losses: Callable[[Tensor, Tensor], Tensor]
    probabilities: Callable[[Tensor], Tensor]


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """(B,) nats: cross-entropy of the softmax of logits (B, K) with soft targets (B, K)."""
    return -(targets * functional.log_softmax(logits, dim=1)).sum(dim=1)


OBJECTIVES = {
    "cross_entropy": Objective(
        outputs=lambda n_classes: n_classes,
        losses=cross_entropy,
        probabilities=lambda logits: functional.softmax(logits.double(), dim=1),
    )
}
