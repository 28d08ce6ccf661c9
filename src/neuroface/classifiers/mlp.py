"""A small network over a row of features: the plainest thing that TorchClassifier trains."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn


class MLP(nn.Module):
    """Features (B, d) -> hidden layers, each with ReLU and dropout -> classes. hidden: their widths."""

    def __init__(
        self, shape: tuple[int], n_classes: int, *, hidden: Sequence[int] = (32,), dropout: float = 0.1
    ) -> None:
        super().__init__()
        widths = [shape[0], *hidden]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], n_classes))

    def forward(self, x: Tensor, seen: None = None) -> Tensor:
        """x: (B, d) float, standardised. (B, n_classes) logits."""
        return self.layers(x)
