"""3-D residual networks of 18 layers from torchvision, from scratch or from local weights; nothing is downloaded.

r3d18: 3x3x3 convolutions. r2plus1d18: each of them parted into one over space and one over time. Both from Tran et al.,
"A Closer Look at Spatiotemporal Convolutions for Action Recognition", CVPR 2018.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from neuroface.classifiers.local_weights import load_backbone


class VideoResNet(nn.Module):
    """x: (B, T, H, W, 3) scaled clips -> logits (B, n_classes), by a network of torchvision with another last layer."""

    def __init__(self, network: Any, n_classes: int):
        super().__init__()
        network.fc = nn.Linear(network.fc.in_features, n_classes)
        self.network = network

    def forward(self, x: Tensor, seen: None = None) -> Tensor:
        return self.network(x.contiguous().permute(0, 4, 1, 2, 3))  # (B, C, T, H, W); in memory, channels stay last


def r3d18(shape: tuple[int, int, int, int], n_classes: int, *, weights: str | Path | None = None) -> VideoResNet:
    """shape: (T, H, W, 3). weights: file of torchvision's R3D_18_Weights on this machine; None starts at random.

    Errors: WeightsNotFoundError for no such file, DataError for a file of another network.
    """
    from torchvision.models.video import r3d_18

    return _video_resnet(r3d_18, n_classes, weights)


def r2plus1d18(shape: tuple[int, int, int, int], n_classes: int, *, weights: str | Path | None = None) -> VideoResNet:
    """shape: (T, H, W, 3). weights: file of torchvision's R2Plus1D_18_Weights on this machine; None starts at random.

    Errors: WeightsNotFoundError for no such file, DataError for a file of another network.
    """
    from torchvision.models.video import r2plus1d_18

    return _video_resnet(r2plus1d_18, n_classes, weights)


def _video_resnet(build: Callable[..., nn.Module], n_classes: int, weights: str | Path | None) -> VideoResNet:
    network = build(weights=None)
    if weights is not None:
        load_backbone(network, weights, head="fc.")
    return VideoResNet(network, n_classes)
