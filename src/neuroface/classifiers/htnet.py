"""HTNet: a hierarchy of windowed transformers over patches of a face, for micro-expressions and facial palsy.

Source: Wang et al., "HTNet for micro-expression recognition", Neurocomputing 2024; layout of github.com/
wangzhifengharrison/HTNet (Model.py). Same function and number of parameters, kept token-major: every 1x1 convolution is
a linear layer over (..., channels), and what a window of one token does not need is not computed. `htnet_weights`
carries published weights over. Sizes of the palsy adaptation: base dim=256, heads=3, 3 hierarchies, (2, 2, 10); small
dim=128, heads=2, 2 hierarchies, (2, 2); large dim=384, heads=4, 3 hierarchies, (3, 3, 12). Research software, not a
medical device.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from neuroface.classifiers.palsy_attention import (
    FaceAsymmetry,
    LandmarkRegions,
    PublishedRegions,
    WindowAsymmetry,
    neighbours,
)
from neuroface.classifiers.windows import merge_windows, split_windows
from neuroface.errors import ConfigError, DataError, did_you_mean

VARIANTS = (None, "as_published", "mirror")
GATE = 0.5  # how much a full asymmetry lifts the attended values: the palsy adaptation's asymmetry_weight


class Attention(nn.Module):
    """Multi-head self-attention inside each window; `local` lets a token see only the 3x3 tokens about it.

    The heads share `heads * (dim // heads)` channels (255 of 256 at 3 heads), as published.
    """

    def __init__(self, dim: int, heads: int, window: int, *, dropout: float = 0.0, local: bool = False):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        inner = heads * (dim // heads)
        self.to_qk = nn.Linear(dim, 2 * inner, bias=False)
        self.to_v = nn.Linear(dim, inner, bias=False)
        self.to_out = nn.Linear(inner, dim)
        mask = neighbours(window) if local else None
        self.register_buffer("mask", None if mask is None or bool(mask.all()) else mask, persistent=False)

    def attend(self, x: Tensor) -> Tensor:
        """(N, T, dim) tokens of N windows -> (N, T, inner) values, not yet projected back."""
        v = self.to_v(x)
        dropout = self.dropout if self.training else 0.0
        if x.shape[1] == 1 and not dropout:
            return v  # a softmax over one token is 1: queries and keys have no effect and no gradient
        n, t, _ = x.shape
        q, k = self.to_qk(x).view(n, t, 2, self.heads, -1).permute(2, 0, 3, 1, 4)  # each (N, heads, T, d)
        v = v.view(n, t, self.heads, -1).transpose(1, 2)
        out = functional.scaled_dot_product_attention(q, k, v, attn_mask=self.mask, dropout_p=dropout)
        return out.transpose(1, 2).reshape(n, t, -1)

    def project(self, x: Tensor) -> Tensor:
        """(N, T, inner) -> (N, T, dim)."""
        return functional.dropout(self.to_out(x), self.dropout, self.training)


class Block(nn.Module):
    """Attention and feed-forward, each after a layer norm and added to its input."""

    def __init__(
        self, dim: int, heads: int, window: int, mlp_mult: int, dropout: float, asymmetry: nn.Module | None = None
    ):
        super().__init__()
        self.attention_norm = nn.LayerNorm(dim)
        self.attention = Attention(dim, heads, window, dropout=dropout, local=asymmetry is not None)
        self.asymmetry = asymmetry
        self.feed_norm = nn.LayerNorm(dim)
        self.widen = nn.Linear(dim, mlp_mult * dim)
        self.narrow = nn.Linear(mlp_mult * dim, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, streams: list[Tensor], blocks: int) -> tuple[list[Tensor], Tensor | None]:
        """Each stream (N, T, dim) -> the same, and the first stream's asymmetry map (N, T) where there is one."""
        normed = [self.attention_norm(x) for x in streams]
        values = [self.attention.attend(x) for x in normed]
        asymmetry = None
        if self.asymmetry is not None:
            maps = self.asymmetry(normed, blocks)
            values = [v * (1 + GATE * m.unsqueeze(-1)) for v, m in zip(values, maps, strict=True)]
            asymmetry = maps[0]
        streams = [x + self.attention.project(v) for x, v in zip(streams, values, strict=True)]
        return [x + self.feed_forward(self.feed_norm(x)) for x in streams], asymmetry

    def feed_forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.narrow(self.dropout(functional.gelu(self.widen(x)))))


class Aggregate(nn.Module):
    """Four neighbouring blocks become one: 3x3 convolution, layer norm over channels, 3x3 max-pooling by 2."""

    def __init__(self, dim: int, dim_out: int):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim_out, 3, padding=1)
        self.norm = nn.LayerNorm(dim_out)

    def forward(self, x: Tensor) -> Tensor:
        """(B, H, W, dim) -> (B, H/2, W/2, dim_out)."""
        x = self.norm(self.conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1))
        return functional.max_pool2d(x.permute(0, 3, 1, 2), 3, stride=2, padding=1).permute(0, 2, 3, 1)


class Level(nn.Module):
    """One hierarchy: a transformer inside each of blocks x blocks windows, then aggregation (not after the last)."""

    def __init__(
        self,
        dim: int,
        dim_out: int | None,
        heads: int,
        window: int,
        blocks: int,
        *,
        depth: int,
        mlp_mult: int,
        dropout: float,
        micro_attention: str | None,
    ):
        super().__init__()
        self.blocks_across, self.window = blocks, window
        self.position = nn.Parameter(torch.randn(window * window))  # one number per place, added to all channels
        odd = {
            None: lambda: None,
            "as_published": lambda: WindowAsymmetry(dim, window),
            "mirror": lambda: FaceAsymmetry(dim),
        }
        self.blocks = nn.ModuleList(
            Block(dim, heads, window, mlp_mult, dropout, odd[micro_attention]() if i % 2 else None)
            for i in range(depth)
        )
        self.merge = None if dim_out is None else Aggregate(dim, dim_out)

    def forward(self, streams: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Each stream (B, H, W, dim) -> (B, H/2, W/2, dim_out), and the asymmetry maps (B, H, W) of its blocks."""
        n, window = self.blocks_across, self.window
        streams = [split_windows(x, n) + self.position.unsqueeze(-1) for x in streams]
        maps = []
        for block in self.blocks:
            streams, asymmetry = block(streams, n)
            if asymmetry is not None:
                maps.append(merge_windows(asymmetry.unsqueeze(-1), n).squeeze(-1))
        streams = [merge_windows(x, n) for x in streams]
        return (streams if self.merge is None else [self.merge(x) for x in streams]), maps
