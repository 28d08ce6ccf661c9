"""A temporal convolutional network over a series: dilated convolutions with residual connections."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from neuroface.errors import ConfigError


class TCN(nn.Module):
    """Series (B, T, C) -> `levels` residual blocks of dilation 1, 2, 4, ... -> mean over the frames seen -> classes.

    width: channels of each block. kernel: frames of a convolution, odd, centred, because a repetition is known to its
    end. dropout: after each convolution. Bai, Kolter & Koltun, arXiv 1803.01271 (2018), with layer instead of weight
    normalisation and without its causality.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        n_classes: int,
        *,
        width: int = 32,
        levels: int = 4,
        kernel: int = 5,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if kernel < 1 or kernel % 2 == 0:
            raise ConfigError(f"classifier.network.kernel is {kernel}; a centred kernel has an odd number of frames.")
        channels = [shape[-1], *[width] * levels]
        self.blocks = nn.ModuleList(Block(channels[level], width, kernel, 2**level, dropout) for level in range(levels))
        self.head = nn.Linear(width, n_classes)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """x: (B, T, C); seen: (B, T) bool, True up to each series' end. (B, n_classes) logits."""
        mask = seen[:, :, None].to(x.dtype)
        for block in self.blocks:
            x = block(x, mask)
        return self.head(x.sum(dim=1) / mask.sum(dim=1))


class Block(nn.Module):
    """Two dilated convolutions beside a short cut; what lies after the end of a series counts as 0 for each."""

    def __init__(self, before: int, width: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        around = dilation * (kernel // 2)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(c, width, kernel, dilation=dilation, padding=around) for c in (before, width)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.dropout = nn.Dropout(dropout)
        self.shortcut = nn.Identity() if before == width else nn.Linear(before, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x: (B, T, before), 0 where the mask (B, T, 1) is. (B, T, width), likewise."""
        y = x
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            y = convolution(y.transpose(1, 2)).transpose(1, 2)  # channels come second in a convolution
            y = mask * self.dropout(functional.relu(norm(y)))
        return mask * functional.relu(y + self.shortcut(x))
