"""Frames one by one through a CNN and an LSTM, joined with all of them at once through C3D: Neuro-Net's hybrid."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from neuroface.classifiers.c3d import C3D, checked_sight, sight
from neuroface.classifiers.frame_cnn import FrameCNN


class Hybrid(nn.Module):
    """x: (B, T, H, W, C) scaled clips -> logits (B, n_classes).

    frame_cnn, frame_width, frame_weights: see FrameCNN. hidden: units of the LSTM over its features, and as many that
    C3D's are brought to. width, se, reduction, batch_norm: see C3D. sees: see `c3d.sight`, of both; "picture" as
    published, and for frame_weights. dropout: in C3D and before the last layer.
    """

    def __init__(
        self,
        shape: tuple[int, int, int, int],
        n_classes: int,
        *,
        frame_cnn: str = "small",
        frame_width: int = 8,
        frame_weights: str | Path | None = None,
        hidden: int = 32,
        width: int = 8,
        se: str = "both",
        reduction: int = 4,
        sees: str = "motion",
        batch_norm: bool = True,
        dropout: float = 0.5,
    ):
        super().__init__()
        self.frames = FrameCNN(shape[-1], kind=frame_cnn, width=frame_width, weights=frame_weights)
        self.lstm = nn.LSTM(self.frames.n_features, hidden, batch_first=True)
        self.sees = checked_sight(sees)
        self.clip = C3D(
            shape,
            hidden,
            width=width,
            se=se,
            reduction=reduction,
            sees="picture",
            batch_norm=batch_norm,
            dropout=dropout,
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * hidden, n_classes)

    def forward(self, x: Tensor, seen: None = None) -> Tensor:
        x, (b, t) = sight(x, self.sees), x.shape[:2]
        each = self.frames(x.flatten(0, 1).permute(0, 3, 1, 2)).view(b, t, -1)  # (B, T, n_features)
        _, (last, _) = self.lstm(each)  # (1, B, hidden)
        return self.head(self.dropout(torch.cat([last[0], torch.relu(self.clip(x))], dim=1)))
