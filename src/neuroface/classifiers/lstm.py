"""A recurrent network over a series: what Neuro-Net runs over landmarks, with bidirection and attention as keys."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from neuroface.errors import ConfigError, did_you_mean

POOLINGS = ("attention", "mean", "last")


class LSTM(nn.Module):
    """Series (B, T, C) -> LSTM -> one vector per series -> classes.

    hidden: units per direction. layers: LSTMs on top of each other. bidirectional: a second one runs from the end.
    pooling: over the frames seen, by attention, mean, or the last state of each direction. dropout: before each layer
    but the first, and before the head. Hochreiter & Schmidhuber, Neural Computation 1997; 9(8):1735-1780.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        n_classes: int,
        *,
        hidden: int = 32,
        layers: int = 1,
        bidirectional: bool = True,
        pooling: str = "attention",
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if pooling not in POOLINGS:
            raise ConfigError(f"classifier.network.pooling is {pooling!r}.{did_you_mean(pooling, POOLINGS)}")
        self.pooling, self.directions = pooling, 1 + bidirectional
        width = hidden * self.directions
        channels = [shape[-1], *[width] * (layers - 1)]
        self.onwards = nn.ModuleList(nn.LSTM(c, hidden, batch_first=True) for c in channels)
        self.backwards = nn.ModuleList(nn.LSTM(c, hidden, batch_first=True) for c in channels if bidirectional)
        self.dropout = nn.Dropout(dropout)
        self.attention = nn.Linear(width, 1) if pooling == "attention" else None
        self.head = nn.Linear(width, n_classes)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """x: (B, T, C); seen: (B, T) bool, True up to each series' end. (B, n_classes) logits."""
        back = reversal(seen)
        for depth, onwards in enumerate(self.onwards):
            x = self.dropout(x) if depth else x
            ways = [onwards(x)[0]]  # (B, T, hidden)
            if self.directions == 2:
                ways.append(turned(self.backwards[depth](turned(x, back))[0], back))
            x = torch.cat(ways, dim=2)
        return self.head(self.dropout(self._pooled(x, seen)))

    def _pooled(self, x: Tensor, seen: Tensor) -> Tensor:
        """(B, width): each series as one vector, from the frames seen."""
        if self.pooling == "last":
            ends = torch.gather(x, 1, (seen.sum(dim=1) - 1)[:, None, None].expand(-1, -1, x.shape[2]))[:, 0]
            forwards, backwards = ends.chunk(2, dim=1)[0], x[:, 0].chunk(2, dim=1)[1]
            return torch.cat([forwards, backwards], dim=1) if self.directions == 2 else ends
        scores = torch.zeros_like(x[..., 0]) if self.attention is None else self.attention(x)[..., 0]
        share = scores.masked_fill(~seen, -torch.inf).softmax(dim=1)
        return torch.einsum("bt,btc->bc", share, x)


def reversal(seen: Tensor) -> Tensor:
    """(B, T) positions that turn each series around within its own length and leave the padding where it is."""
    at, lengths = torch.arange(seen.shape[1], device=seen.device), seen.sum(dim=1, keepdim=True)
    return torch.where(seen, lengths - 1 - at, at)


def turned(x: Tensor, order: Tensor) -> Tensor:
    """(B, T, C) with the frames of each series in the given order (B, T)."""
    return torch.gather(x, 1, order[..., None].expand(-1, -1, x.shape[2]))
