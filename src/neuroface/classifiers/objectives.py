"""What a network is trained to minimise, and how its outputs become probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Objective:
    """outputs: number of outputs for K classes. losses: (outputs (B, .), targets (B, K) that add up to 1) -> (B,).
    probabilities: outputs (B, .) -> (B, K). penalty: outputs of a batch in training -> a number added to its loss.
    relabel: (epoch from 1, outputs (B, .), one-hot targets (B, K)) -> the targets that these rows have from then on.
    each: of networks of parts, outputs -> (B, R, K) probabilities by each part alone, NaN where it is missing."""

    outputs: Callable[[int], int]
    losses: Callable[[Tensor, Tensor], Tensor]
    probabilities: Callable[[Tensor], Tensor]
    penalty: Callable[[Tensor], Tensor] | None = None
    relabel: Callable[[int, Tensor, Tensor], Tensor] | None = None
    each: Callable[[Tensor], Tensor] | None = None


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """(B,) nats: cross-entropy of the softmax of logits (B, K) with soft targets (B, K)."""
    return -(targets * functional.log_softmax(logits, dim=1)).sum(dim=1)


def log_stepwise(logits: Tensor) -> Tensor:
    """(B, K) log-probabilities of ordered classes from logits (B, K-1), each of going on beyond a class once there.

    p(k) = (1 - s_k) prod_{j<k} s_j: the continuation-ratio model, as in CORN (Shi, Cao & Raschka, Pattern Analysis and
    Applications 2023). p(y > k) never rises with k, whatever the logits.
    """
    beyond = functional.logsigmoid(logits).cumsum(dim=1)
    reached = functional.pad(beyond, (1, 0))
    return reached + functional.pad(functional.logsigmoid(-logits), (0, 1))


def ordinal(logits: Tensor, targets: Tensor) -> Tensor:
    """(B,) nats: cross-entropy of stepwise probabilities of ordered classes; logits (B, K-1), targets (B, K)."""
    return -(targets * log_stepwise(logits)).sum(dim=1)


def with_side(objective: Objective, weight: float) -> Objective:
    """The objective with one output more, the log-odds of "left", whose cross-entropy counts `weight` times.

    Targets become (B, K + 2): the classes, then left and right, both 0 where the side is not known.
    """

    def losses(outputs: Tensor, targets: Tensor) -> Tensor:
        log_odds = torch.stack([outputs[:, -1], -outputs[:, -1]], dim=1)
        side = -(targets[:, -2:] * functional.logsigmoid(log_odds)).sum(dim=1)
        return objective.losses(outputs[:, :-1], targets[:, :-2]) + weight * side

    return Objective(
        outputs=lambda n_classes: objective.outputs(n_classes) + 1,
        losses=losses,
        probabilities=lambda outputs: objective.probabilities(outputs[:, :-1]),
    )


OBJECTIVES = {
    "cross_entropy": Objective(
        outputs=lambda n_classes: n_classes,
        losses=cross_entropy,
        probabilities=lambda logits: functional.softmax(logits.double(), dim=1),
    ),
    "ordinal": Objective(
        outputs=lambda n_classes: n_classes - 1,
        losses=ordinal,
        probabilities=lambda logits: log_stepwise(logits.double()).exp(),
    ),
}

# One output, towards a standardised number (B, 1).
SQUARED = Objective(
    outputs=lambda _: 1,
    losses=lambda outputs, targets: (outputs[:, 0] - targets[:, 0]) ** 2,
    probabilities=lambda outputs: outputs.double(),
)
