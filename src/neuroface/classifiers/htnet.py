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
    REGIONS,
    FaceAsymmetry,
    LandmarkRegions,
    PublishedRegions,
    WindowAsymmetry,
    merge_windows,
    neighbours,
    split_windows,
)
from neuroface.errors import ConfigError, DataError, did_you_mean

VARIANTS = (None, "as_published", "mirror")
GATE = 0.5  # how much a full asymmetry lifts the attended values: the palsy adaptation's asymmetry_weight


class Attention(nn.Module):
    """Multi-head self-attention inside each window; `local` lets a token see only the 3x3 tokens about it.

    The heads share `heads * (dim // heads)` channels (255 of 256 at 3 heads), as published.
    """

    mask: Tensor | None

    def __init__(self, dim: int, heads: int, window: int, *, dropout: float = 0.0, local: bool = False):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        inner = heads * (dim // heads)
        self.to_qk = nn.Linear(dim, 2 * inner, bias=False)
        self.to_v = nn.Linear(dim, inner, bias=False)
        self.to_out = nn.Linear(inner, dim)
        everywhere = window <= 2
        self.register_buffer("mask", neighbours(window) if local and not everywhere else None, persistent=False)

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

    def forward(self, streams: list[Tensor], across: int) -> tuple[list[Tensor], Tensor | None]:
        """Each stream (N, T, dim) -> the same, and the first stream's asymmetry map (N, T) where there is one."""
        normed = [self.attention_norm(x) for x in streams]
        values = [self.attention.attend(x) for x in normed]
        asymmetry = None
        if self.asymmetry is not None:
            maps = self.asymmetry(normed, across)
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
    """One hierarchy: a transformer inside each of across x across windows, then aggregation (not after the last)."""

    def __init__(self, blocks: Sequence[Block], merge: Aggregate | None, window: int, across: int):
        super().__init__()
        self.across = across
        self.position = nn.Parameter(torch.randn(window**2))  # one number per place in the window, for all channels
        self.blocks = nn.ModuleList(blocks)
        self.merge = merge

    def forward(self, streams: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Each stream (B, H, W, dim) -> (B, H/2, W/2, 2 dim), and the first stream's asymmetry maps, (B, H, W) each."""
        streams = [split_windows(x, self.across) + self.position.unsqueeze(-1) for x in streams]
        maps = []
        for block in self.blocks:
            streams, asymmetry = block(streams, self.across)
            if asymmetry is not None:
                maps.append(merge_windows(asymmetry.unsqueeze(-1), self.across).squeeze(-1))
        streams = [merge_windows(x, self.across) for x in streams]
        return (streams if self.merge is None else [self.merge(x) for x in streams]), maps


class HTNet(nn.Module):
    """(B, channels, image_size, image_size) float -> (B, num_classes) logits.

    block_repeats: transformer blocks of each hierarchy, finest first; channels and heads double from each to the next.
    micro_attention: every second block attends to its 3x3 neighbours only and lifts values by an asymmetry map;
    "as_published" compares the halves of each window, "mirror" the face with its mirror image, at every hierarchy, and
    both have the same logits. roi: "as_published" learns five unnamed maps; "mirror" weighs the five named regions that
    `forward` is given. With "mirror" faces must be upright and centred. Raises ConfigError for an unknown option or
    sizes that do not fit.
    """

    def __init__(
        self,
        image_size: int = 28,
        patch_size: int = 7,
        num_classes: int = 3,
        dim: int = 256,
        heads: int = 3,
        num_hierarchies: int = 3,
        block_repeats: Sequence[int] = (2, 2, 10),
        *,
        channels: int = 3,
        mlp_mult: int = 4,
        dropout: float = 0.0,
        micro_attention: str | None = None,
        roi: str | None = None,
    ):
        super().__init__()
        window = _window(image_size, patch_size, num_hierarchies)
        _check_blocks(dim, heads, num_hierarchies, block_repeats)
        _check_variants(micro_attention, roi, window, block_repeats)
        self.image_size, self.patch_size, self.channels = image_size, patch_size, channels
        self.micro_attention, self.roi = micro_attention, roi
        self.embed = nn.Linear(channels * patch_size**2, dim)
        self.regions = None if roi is None else (LandmarkRegions if roi == "mirror" else PublishedRegions)(dim)
        self.levels = nn.ModuleList()
        for i, depth in enumerate(block_repeats):
            width, across = dim * 2**i, 2 ** (num_hierarchies - 1 - i)
            blocks = [
                Block(width, heads * 2**i, window, mlp_mult, dropout, _asymmetry(micro_attention, k, width, window))
                for k in range(depth)
            ]
            self.levels.append(Level(blocks, Aggregate(width, 2 * width) if across > 1 else None, window, across))
        self.head_norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, num_classes)

    def forward(self, x: Tensor, regions: Tensor | None = None) -> Tensor:
        """regions: (B, 5, image_size, image_size) masks of `palsy_attention.REGIONS`, 0..1, for roi="mirror" only."""
        return self.head(self._features(x, regions)[0])

    def forward_with_maps(self, x: Tensor, regions: Tensor | None = None) -> tuple[Tensor, dict[str, Tensor]]:
        """Logits, and what there is to draw, by name; each map lies upright over the face, values 0..1.

        "asymmetry": (B, image_size, image_size), mean over the hierarchies; "asymmetry.<i>": (B, h, w) tokens, mean
        over the blocks of hierarchy i, 0 the finest. "roi": (B, 5, h, w) and "roi_mask": (B, h, w) tokens;
        "roi_weight": (B, 5), roi="mirror" only. Empty where neither option is set.
        """
        features, maps = self._features(x, regions)
        levels = [of_level.unsqueeze(1) for name, of_level in maps.items() if name.startswith("asymmetry.")]
        if levels:
            size = (self.image_size, self.image_size)
            whole = [functional.interpolate(m, size, mode="bilinear", align_corners=False) for m in levels]
            maps["asymmetry"] = torch.cat(whole, dim=1).mean(1)
        return self.head(features), maps

    def _features(self, x: Tensor, regions: Tensor | None) -> tuple[Tensor, dict[str, Tensor]]:
        """What the head sees, (B, width of the last hierarchy), and the maps in tokens."""
        self._check_input(x, regions)
        # The face and its mirror image stay two tensors of one shape: equal inputs then give equal outputs to the bit.
        streams = [self._patches(x)]
        if "mirror" in (self.micro_attention, self.roi):
            streams.append(self._patches(x.flip(-1)))
        maps: dict[str, Tensor] = {}
        if self.regions is not None:
            streams, maps = self.regions(streams, regions)
        if self.micro_attention != "mirror":
            streams = streams[:1]
        for i, level in enumerate(self.levels):
            streams, asymmetries = level(streams)
            if asymmetries:
                maps[f"asymmetry.{i}"] = torch.stack(asymmetries).mean(0)
        return torch.stack([self.head_norm(x).mean((1, 2)) for x in streams]).mean(0), maps

    def _patches(self, x: Tensor) -> Tensor:
        """(B, channels, S, S) -> (B, S/p, S/p, dim); inside a patch the channel runs fastest, as published."""
        b, c, height, width = x.shape
        p = self.patch_size
        x = x.reshape(b, c, height // p, p, width // p, p).permute(0, 2, 4, 3, 5, 1)
        return self.embed(x.reshape(b, height // p, width // p, p * p * c))

    def _check_input(self, x: Tensor, regions: Tensor | None) -> None:
        size = self.image_size
        if x.ndim != 4 or tuple(x.shape[1:]) != (self.channels, size, size):
            raise DataError(
                f"HTNet takes images (n, {self.channels}, {size}, {size}), these are {tuple(x.shape)}. "
                "Resize them, or set image_size and channels."
            )
        if regions is None and self.roi == "mirror":
            raise DataError(
                "roi=mirror needs the regions of each face. Make them from landmarks with palsy_attention.region_masks."
            )
        if regions is not None and self.roi != "mirror":
            raise ConfigError(f"Regions were given, and roi={self.roi} uses none. Set roi=mirror or leave them out.")
        if regions is not None and tuple(regions.shape) != (len(x), len(REGIONS), size, size):
            raise DataError(
                f"These images need regions ({len(x)}, {len(REGIONS)}, {size}, {size}), not {tuple(regions.shape)}. "
                "Make them with palsy_attention.region_masks."
            )


class RegionFusion(nn.Module):
    """Class scores of five facial regions and of the whole face -> one set of logits (the official Fusionmodel).

    The official batch normalisation is left out: it is created there and never used.
    """

    def __init__(self, num_classes: int = 3, regions: int = 5, dropout: float = 0.5):
        super().__init__()
        self.fuse_regions = nn.Linear(regions * num_classes, num_classes)
        self.fuse_whole = nn.Linear(2 * num_classes, num_classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, whole: Tensor, regions: Tensor) -> Tensor:
        """whole: (B, num_classes); regions: (B, 5, num_classes), left eye, left lip, nose, right eye, right lip."""
        fused = self.dropout(self.fuse_regions(regions.flatten(1)).relu())
        return self.fuse_whole(self.dropout(torch.cat([whole, fused], dim=1).relu()))


def _asymmetry(micro_attention: str | None, block: int, dim: int, window: int) -> nn.Module | None:
    """What gives a block its asymmetry map: every second block has one."""
    if micro_attention is None or block % 2 == 0:
        return None
    return FaceAsymmetry(dim) if micro_attention == "mirror" else WindowAsymmetry(dim, window)


def _window(image_size: int, patch_size: int, num_hierarchies: int) -> int:
    """Tokens along the side of an attention window, the same at every hierarchy."""
    if min(image_size, patch_size, num_hierarchies) < 1:
        raise ConfigError(
            f"image_size={image_size}, patch_size={patch_size} and num_hierarchies={num_hierarchies} must be 1 or more."
        )
    across = 2 ** (num_hierarchies - 1)
    if image_size % patch_size:
        raise ConfigError(
            f"image_size={image_size} is no multiple of patch_size={patch_size}. "
            f"Nearest that fit: {_nearest(image_size, patch_size * across)}."
        )
    patches = image_size // patch_size
    if patches % across:
        raise ConfigError(
            f"image_size={image_size} holds {patches} patches of {patch_size} px side by side, and num_hierarchies="
            f"{num_hierarchies} needs a multiple of {across}. "
            f"Nearest image_size that fit: {_nearest(image_size, patch_size * across)}."
        )
    return patches // across


def _nearest(size: int, step: int) -> str:
    below = size // step * step
    return f"{below} and {below + step}" if below else f"{step}"


def _check_blocks(dim: int, heads: int, num_hierarchies: int, block_repeats: Sequence[int]) -> None:
    if len(block_repeats) != num_hierarchies or min(block_repeats) < 1:
        raise ConfigError(
            f"block_repeats={tuple(block_repeats)} must hold a number of blocks, 1 or more, for each of the "
            f"num_hierarchies={num_hierarchies}. Set one of the two."
        )
    if not 1 <= heads <= dim:
        raise ConfigError(f"heads={heads} cannot share dim={dim} channels. Set heads between 1 and dim.")


def _check_variants(micro_attention: str | None, roi: str | None, window: int, block_repeats: Sequence[int]) -> None:
    for key, value in (("micro_attention", micro_attention), ("roi", roi)):
        if value not in VARIANTS:
            raise ConfigError(f"{key}={value!r} is unknown.{did_you_mean(str(value), map(str, VARIANTS))}")
    if micro_attention == "as_published" and window < 2:
        raise ConfigError(
            "micro_attention=as_published compares the halves of a window, and here a window is a single patch. "
            "Set a larger image_size, a smaller patch_size, or micro_attention=mirror."
        )
    if micro_attention is not None and max(block_repeats) < 2:
        raise ConfigError(
            f"micro_attention stands in every second block, and block_repeats={tuple(block_repeats)} has none. "
            "Give one hierarchy at least 2 blocks."
        )
