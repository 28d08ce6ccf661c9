"""Handcrafted features joined with what a 3-D CNN sees: Neuro-Net's multimodal network."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from neuroface.classifiers.c3d import C3D
from neuroface.errors import ConfigError, did_you_mean

FUSIONS = ("joint", "late")


class Multimodal(nn.Module):
    """x: {"features": (B, d), "clips": (B, T, H, W, C)}, scaled -> logits (B, n_classes).

    fusion: "joint", one last layer decides on both at once; "late", each decides by itself and the logits are those of
    the mean of their probabilities. hidden: units that features and clips are brought to. width, se, reduction,
    sees, batch_norm: see C3D. dropout: in C3D and before the last layers.
    Errors: ConfigError for another fusion, or a view without these two parts.
    """

    def __init__(
        self,
        shape: Mapping[str, tuple[int, ...]],
        n_classes: int,
        *,
        fusion: str = "joint",
        hidden: int = 32,
        width: int = 8,
        se: str = "both",
        reduction: int = 4,
        sees: str = "motion",
        batch_norm: bool = True,
        dropout: float = 0.5,
    ):
        super().__init__()
        if fusion not in FUSIONS:
            raise ConfigError(f"fusion={fusion}: there is no such way to join." + did_you_mean(fusion, FUSIONS))
        if not isinstance(shape, Mapping) or set(shape) != {"features", "clips"}:
            raise ConfigError("multimodal looks at two parts; set classifier.view.parts to features and clips.")
        clip_shape = shape["clips"]
        assert len(clip_shape) == 4
        self.clip = C3D(
            clip_shape,
            hidden,
            width=width,
            se=se,
            reduction=reduction,
            sees=sees,
            batch_norm=batch_norm,
            dropout=dropout,
        )
        self.table = nn.Linear(shape["features"][0], hidden)
        self.dropout = nn.Dropout(dropout)
        self.late = fusion == "late"
        self.heads = nn.ModuleList(nn.Linear(size, n_classes) for size in ([hidden] * 2 if self.late else [2 * hidden]))

    def forward(self, x: Mapping[str, Tensor], seen: Mapping[str, None] | None = None) -> Tensor:
        features = self.dropout(torch.relu(self.table(x["features"])))  # (B, hidden)
        clips = self.dropout(torch.relu(self.clip(x["clips"])))
        if not self.late:
            return self.heads[0](torch.cat([features, clips], dim=1))
        each = [functional.log_softmax(head(part), 1) for head, part in zip(self.heads, (features, clips), strict=True)]
        return torch.logsumexp(torch.stack(each), dim=0)  # log of the sum; its constant does not change probabilities
