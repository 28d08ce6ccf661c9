"""What single frames show: small VGG-like convolutions, or VGG-16 with local weights.

Layout after Simonyan and Zisserman, "Very Deep Convolutional Networks", ICLR 2015: 3x3 convolutions, the width doubled
after each pooling; the mean over what is left of the picture stands for its fully connected layers.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from neuroface.classifiers.local_weights import load_backbone
from neuroface.errors import ConfigError, did_you_mean

KINDS = ("small", "vgg16")


class FrameCNN(nn.Module):
    """x: (N, C, H, W) -> (N, n_features).

    kind: "small", four convolutions of `width` to 8 `width` channels, or "vgg16" of torchvision. weights: a file of
    VGG16_Weights on this machine, for "vgg16" only; None starts at random.
    Errors: ConfigError for another kind, or weights of the small one; see load_backbone for weights.
    """

    def __init__(self, channels: int, *, kind: str, width: int, weights: str | Path | None):
        super().__init__()
        if kind not in KINDS:
            raise ConfigError(f"frame_cnn={kind}: there is no such network." + did_you_mean(kind, KINDS))
        if kind == "small" and weights is not None:
            raise ConfigError("frame_weights are of vgg16; set frame_cnn=vgg16, or frame_weights=null.")
        self.layers: nn.Module = _small(channels, width) if kind == "small" else _vgg16(weights)
        self.n_features = 8 * width if kind == "small" else 512

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).mean(dim=(2, 3))


def _small(channels: int, width: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise([channels, width, 2 * width, 4 * width, 8 * width]):
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        layers.append(nn.MaxPool2d(2, ceil_mode=True))
    return nn.Sequential(*layers)


def _vgg16(weights: str | Path | None) -> nn.Module:
    """The convolutions alone; the fully connected layers, which are most of VGG-16, are never made."""
    from torchvision.models import vgg16

    with torch.device("meta"):
        layers = vgg16(weights=None, init_weights=False).features
    layers = layers.to_empty(device="cpu")
    for layer in layers:
        if isinstance(layer, nn.Conv2d) and layer.bias is not None:  # as torchvision begins
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    if weights is not None:
        load_backbone(nn.ModuleDict({"features": layers}), weights, head="classifier.")
    return layers
