"""Squeeze and excitation of clips: each channel, each frame or both weighed by what the whole clip shows.

Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018, whose squeeze over space is over space and time here; over
frames it is the same with the axes changed, as in Neuro-Net's 3-D CNN.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from neuroface.errors import ConfigError, did_you_mean

OVER = ("none", "channel", "temporal", "both")


class SqueezeExcitation(nn.Module):
    """(B, C, T, H, W) -> the same, its slices along one axis multiplied by 0..1.

    axis: 1 for channels, 2 for frames. size: of that axis. reduction: how much narrower the hidden layer is.
    """

    def __init__(self, axis: int, size: int, reduction: int):
        super().__init__()
        hidden = max(size // reduction, 1)
        self.axis = axis
        self.others = tuple(i for i in range(1, 5) if i != axis)
        self.squeeze = nn.Linear(size, hidden)
        self.excite = nn.Linear(hidden, size)

    def forward(self, x: Tensor) -> Tensor:
        weight = torch.sigmoid(self.excite(torch.relu(self.squeeze(x.mean(dim=self.others)))))  # (B, size)
        shape = [1] * x.ndim
        shape[0], shape[self.axis] = weight.shape
        return x * weight.view(shape)


def squeeze_excitation(over: str, *, channels: int, frames: int, reduction: int) -> nn.Module:
    """Blocks over channels, then frames, as asked for. Errors: ConfigError for another `over`."""
    if over not in OVER:
        raise ConfigError(f"se={over}: there is no such squeeze and excitation." + did_you_mean(over, OVER))
    blocks: list[nn.Module] = []
    if over in ("channel", "both"):
        blocks.append(SqueezeExcitation(1, channels, reduction))
    if over in ("temporal", "both"):
        blocks.append(SqueezeExcitation(2, frames, reduction))
    return nn.Sequential(*blocks)
