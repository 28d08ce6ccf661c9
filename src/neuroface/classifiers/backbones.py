"""Networks that turn a picture into a vector, by name, from scratch or from local weights; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from neuroface.classifiers import iresnet
from neuroface.classifiers.frame_cnn import FrameCNN
from neuroface.classifiers.local_weights import load_backbone
from neuroface.errors import ConfigError, DataError, did_you_mean

RESNETS = ("resnet18", "resnet34")  # the layout and names of torchvision
INCEPTION = "inception_resnet_v2"  # of timm
SMALLEST_PX = {INCEPTION: 75, "vgg16": 32}  # of a side, below which nothing is left of a picture
BACKBONES = ("small", "vgg16", *RESNETS, INCEPTION, *iresnet.LAYERS)
COLORS = 3
HEADS = {"vgg16": "classifier.", INCEPTION: "classif.", **dict.fromkeys(RESNETS, "fc.")}  # of files, not used here


class Backbone(nn.Module):
    """x: (B, H, W, 3) scaled pictures -> (B, n_features) pooled vectors.

    shape: (H, W, 3) of one picture. kind: one of BACKBONES; "small" is four convolutions of `width` to 8 `width`
    channels, for processors. weights: a file on this machine, of torchvision for vgg16, resnet18 and resnet34, of timm
    for inception_resnet_v2, of insightface for the others, or of `pretrain=identity` for any; None starts at random.
    Errors: ConfigError for another kind, or timm that is not installed; DataError for other pictures; those of
    load_backbone.
    """

    def __init__(self, shape: Sequence[int], *, kind: str, width: int = 8, weights: str | Path | None = None) -> None:
        super().__init__()
        if kind not in BACKBONES:
            raise ConfigError(f"classifier.backbone is {kind!r}." + did_you_mean(kind, BACKBONES))
        if len(shape) != 3 or shape[2] != COLORS:
            raise DataError(f"{kind} takes pictures (H, W, 3), these are {tuple(shape)}; set classifier.view.regions.")
        if kind in iresnet.LAYERS and shape[0] != shape[1]:
            raise DataError(f"{kind} takes square pictures, these are {tuple(shape)}.")
        if min(shape[:2]) < SMALLEST_PX.get(kind, 1):
            raise DataError(f"{kind} needs pictures of {SMALLEST_PX[kind]} px, these are {shape[0]}; set view.size.")
        network, self.n_features = _network(kind, tuple(shape), width)
        if weights is not None:
            load_backbone(
                file_names(network, kind), weights, head=HEADS.get(kind, "\0")
            )  # no name begins so: all of it
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x.permute(0, 3, 1, 2))  # (B, 3, H, W); in memory, channels stay last


def file_names(network: Any, kind: str) -> Any:
    """The network as its published file names it: of vgg16, which is its convolutions alone, these as "features"."""
    return nn.ModuleDict({"features": network.layers}) if kind == "vgg16" else network


def _network(kind: str, shape: Sequence[int], width: int) -> tuple[Any, int]:
    if kind in ("small", "vgg16"):
        frames = FrameCNN(COLORS, kind=kind, width=width, weights=None)
        return frames, frames.n_features
    if kind == INCEPTION:
        try:
            from timm import create_model
        except ImportError as error:
            raise ConfigError(f"classifier.backbone={kind} needs timm: pip install 'neuroface[timm]'.") from error
        inception = create_model(kind, pretrained=False, num_classes=0)
        return inception, inception.num_features
    if kind in RESNETS:
        import torchvision

        network = getattr(torchvision.models, kind)(weights=None)
        features = network.fc.in_features
        network.fc = nn.Identity()
        return network, features
    return iresnet.IResNet(iresnet.LAYERS[kind], shape[0]), iresnet.IResNet.n_features


@torch.no_grad()
def embedded(backbone: nn.Module, x: Tensor, *, batch_size: int = 32) -> Tensor:
    """(n, n_features) of pictures (n, H, W, 3), without chance."""
    backbone.eval()
    return torch.cat([backbone(part) for part in x.split(batch_size)])
