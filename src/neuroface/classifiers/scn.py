"""The self-cure network: each picture's attention weighs its logits, and labels taken to be wrong are mended.

Wang et al., CVPR 2020; Emoface's diagnosis of mood disorders is this network. See `self_cure` for what it minimises.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from neuroface.classifiers.backbones import Backbone
from neuroface.classifiers.self_cure import self_cure
from neuroface.classifiers.torch_classifier import TorchClassifier


class SelfCureNetwork(nn.Module):
    """x: (B, H, W, 3) scaled pictures, or (B, d) vectors of a frozen network -> (B, K + 1).

    K logits times the attention, then the attention itself, 0 to 1. shape: of one sample. backbone, width, weights: see
    `Backbone`; of vectors there is none. dropout: of the pooled vector.
    """

    own = ("head.*",)  # of a question; see `transfer`

    def __init__(
        self,
        shape: Sequence[int],
        n_outputs: int,
        *,
        backbone: str = "small",
        width: int = 8,
        weights: str | Path | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if len(shape) == 1:
            self.backbone: nn.Module = nn.Identity()
            n_features = int(shape[0])
        else:
            of_pictures = Backbone(shape, kind=backbone, width=width, weights=weights)
            self.backbone, n_features = of_pictures, of_pictures.n_features
        self.dropout = nn.Dropout(dropout)
        self.attention = nn.Linear(n_features, 1)
        self.head = nn.Linear(n_features, n_outputs - 1)

    def forward(self, x: Tensor, seen: None = None) -> Tensor:
        vector = self.dropout(self.backbone(x))
        attention = self.attention(vector).sigmoid()
        return torch.cat([attention * self.head(vector), attention], dim=1)


def scn(
    *,
    backbone: str = "small",
    width: int = 8,
    weights: str | Path | None = None,
    dropout: float = 0.0,
    rank_share: float = 0.7,
    rank_margin: float = 0.05,
    relabel: str = "past_margin",
    relabel_from: int = 10,
    relabel_margin: float = 0.2,
    epochs: int = 40,
    **training: Any,
) -> TorchClassifier:
    """The self-cure network, trained by the one training loop.

    backbone, width, weights, dropout: see `SelfCureNetwork`. rank_share, rank_margin, relabel, relabel_from,
    relabel_margin: see `self_cure`. epochs: at most. training: further keys of `TorchClassifier`.
    """
    network = partial(SelfCureNetwork, backbone=backbone, width=width, weights=weights, dropout=dropout)
    loss = partial(
        self_cure,
        rank_share=rank_share,
        rank_margin=rank_margin,
        relabel=relabel,
        relabel_from=relabel_from,
        relabel_margin=relabel_margin,
    )
    return TorchClassifier(network, max_epochs=epochs, loss=loss, **training)
