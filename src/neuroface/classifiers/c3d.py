"""C3D: eight 3x3x3 convolutions over space and time, after Tran et al., "Learning Spatiotemporal Features", ICCV 2015.

The published network is width=64, batch_norm=false, se=none on clips (16, 112, 112, 3): 78.4 million parameters for the
101 classes of UCF101. With se it is the 3-D CNN of Neuro-Net: squeeze and excitation after each group of convolutions.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from neuroface.classifiers.squeeze_excitation import squeeze_excitation
from neuroface.errors import ConfigError, did_you_mean

# Convolutions of each group in units of the width, and the pooling (T, H, W) after it.
GROUPS = ((1,), (2,), (4, 4), (8, 8), (8, 8))
POOLING = ((1, 2, 2), (2, 2, 2), (2, 2, 2), (2, 2, 2), (2, 2, 2))
FULLY_CONNECTED = 64  # 4096 units at the published width of 64
SIGHTS = ("motion", "picture")
MOTION_GAIN = 3.0  # a face moves by about a third of what faces differ by


class C3D(nn.Module):
    """x: (B, T, H, W, C) scaled clips -> logits (B, n_classes).

    width: channels of the first convolution. se: squeeze and excitation over "channel", "temporal" (frames), "both" or
    "none"; reduction: how much narrower its hidden layer is. sees: see `sight`; "picture" as published. batch_norm:
    after each convolution; a network from scratch on few people does not learn without. dropout: after each fully
    connected layer. Errors: ConfigError for another sight.
    """

    def __init__(
        self,
        shape: tuple[int, int, int, int],
        n_classes: int,
        *,
        width: int = 8,
        se: str = "both",
        reduction: int = 4,
        sees: str = "motion",
        batch_norm: bool = True,
        dropout: float = 0.5,
    ):
        super().__init__()
        self.sees = checked_sight(sees)
        *size, channels = shape
        layers: list[nn.Module] = []
        for group, pool in zip(GROUPS, POOLING, strict=True):
            for before, after in pairwise([channels, *(width * n for n in group)]):
                layers.append(nn.Conv3d(before, after, 3, padding=1, bias=not batch_norm))
                layers += [nn.BatchNorm3d(after)] if batch_norm else []
                layers.append(nn.ReLU(inplace=True))
            channels = width * group[-1]
            layers.append(squeeze_excitation(se, channels=channels, frames=size[0], reduction=reduction))
            layers.append(nn.MaxPool3d(pool, ceil_mode=True))
            size = [-(-n // by) for n, by in zip(size, pool, strict=True)]
        self.convolutions = nn.Sequential(*layers)
        units = FULLY_CONNECTED * width
        self.fc6 = nn.Linear(channels * math.prod(size), units)
        self.fc7 = nn.Linear(units, units)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(units, n_classes)

    def forward(self, x: Tensor, seen: None = None) -> Tensor:
        x = self.convolutions(
            sight(x, self.sees).contiguous().permute(0, 4, 1, 2, 3)
        )  # (B, C, T, H, W); in memory, channels stay last
        x = self.dropout(torch.relu(self.fc6(x.flatten(1))))
        return self.head(self.dropout(torch.relu(self.fc7(x))))


def checked_sight(sees: str) -> str:
    if sees not in SIGHTS:
        raise ConfigError(f"network.sees={sees}: there is no such sight." + did_you_mean(sees, SIGHTS))
    return sees


def sight(x: Tensor, sees: str) -> Tensor:
    """(B, T, H, W, C): clips as they are ("picture"), or less their mean over time ("motion").

    Motion leaves out skin, hair and background, by which a network of few people knows each of them.
    """
    return x if sees == "picture" else MOTION_GAIN * (x - x.mean(dim=1, keepdim=True))
