"""FAN, the face alignment network: a stack of hourglasses, each of which draws a heat-map per landmark.

Bulat & Tzimiropoulos, "How far are we from solving the 2D & 3D face alignment problem?", ICCV 2017. Parameters have
the names and, at the default size, the shapes of the authors' published network, so that its weights load strictly.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from neuroface.errors import ConfigError

STRIDE = 4  # px of the input per cell of a heat-map: the stem halves twice
DEPTH = 4  # how often an hourglass halves its input
NARROWEST = 8  # the narrowest branch has 1/8 of the width


class ConvBlock(nn.Module):
    """(B, inputs, h, w) -> (B, outputs, h, w): three 3x3 convolutions in a row, all of them kept, plus the input.

    The branches have 1/2, 1/4 and 1/4 of the outputs; normalisation comes before convolution.
    Bulat & Tzimiropoulos, "Binarized convolutional landmark localizers", ICCV 2017.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = _conv3x3(inputs, outputs // 2)
        self.bn2 = nn.BatchNorm2d(outputs // 2)
        self.conv2 = _conv3x3(outputs // 2, outputs // 4)
        self.bn3 = nn.BatchNorm2d(outputs // 4)
        self.conv3 = _conv3x3(outputs // 4, outputs // 4)
        self.downsample = (
            nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(inplace=True), nn.Conv2d(inputs, outputs, 1, bias=False))
            if inputs != outputs
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        half = self.conv1(F.relu(self.bn1(x), inplace=True))
        quarter = self.conv2(F.relu(self.bn2(half), inplace=True))
        last = self.conv3(F.relu(self.bn3(quarter), inplace=True))
        return torch.cat([half, quarter, last], dim=1) + (x if self.downsample is None else self.downsample(x))


class HourGlass(nn.Module):
    """(B, width, h, w) -> the same shape: halve `depth` times, then double again, with a branch past each level."""

    def __init__(self, depth: int, width: int) -> None:
        super().__init__()
        self.depth = depth
        self._add_level(depth, width)

    def _add_level(self, level: int, width: int) -> None:
        self.add_module(f"b1_{level}", ConvBlock(width, width))
        self.add_module(f"b2_{level}", ConvBlock(width, width))
        if level > 1:
            self._add_level(level - 1, width)
        else:
            self.add_module(f"b2_plus_{level}", ConvBlock(width, width))
        self.add_module(f"b3_{level}", ConvBlock(width, width))

    def _level(self, level: int, x: Tensor) -> Tensor:
        past = getattr(self, f"b1_{level}")(x)
        low = getattr(self, f"b2_{level}")(F.avg_pool2d(x, 2))  # (B, width, h/2, w/2)
        low = self._level(level - 1, low) if level > 1 else getattr(self, f"b2_plus_{level}")(low)
        low = getattr(self, f"b3_{level}")(low)
        return past + F.interpolate(low, scale_factor=2.0, mode="nearest")

    def forward(self, x: Tensor) -> Tensor:
        return self._level(self.depth, x)


class FAN(nn.Module):
    """Heat-maps of all stacks, each refining the one before. The defaults are the published size.

    width: channels between the stacks (the stem has 1/4 and 1/2 of it). size: side of the square input, px.
    Errors: ConfigError for a size that cannot be halved as often as the network does, or a width it cannot divide.
    """

    def __init__(self, stacks: int = 4, *, width: int = 256, landmarks: int = 68, size: int = 256) -> None:
        super().__init__()
        _check(stacks, width, landmarks, size)
        self.stacks, self.width, self.landmarks, self.size = stacks, width, landmarks, size

        self.conv1 = nn.Conv2d(3, width // 4, kernel_size=7, stride=2, padding=3)
        self.bn1 = nn.BatchNorm2d(width // 4)
        self.conv2 = ConvBlock(width // 4, width // 2)
        self.conv3 = ConvBlock(width // 2, width // 2)
        self.conv4 = ConvBlock(width // 2, width)

        for i in range(stacks):
            self.add_module(f"m{i}", HourGlass(DEPTH, width))
            self.add_module(f"top_m_{i}", ConvBlock(width, width))
            self.add_module(f"conv_last{i}", nn.Conv2d(width, width, 1))
            self.add_module(f"bn_end{i}", nn.BatchNorm2d(width))
            self.add_module(f"l{i}", nn.Conv2d(width, landmarks, 1))
            if i < stacks - 1:
                self.add_module(f"bl{i}", nn.Conv2d(width, width, 1))
                self.add_module(f"al{i}", nn.Conv2d(landmarks, width, 1))

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, 3, size, size) RGB 0..1 -> one (B, landmarks, size/4, size/4) per stack; the last is the answer."""
        features, heatmaps = self._to_last_stack(x)
        return [*heatmaps, self.last(features)]

    def trunk(self, x: Tensor) -> Tensor:
        """(B, 3, size, size) RGB 0..1 -> (B, width, size/4, size/4): what the last stack sees."""
        return self._to_last_stack(x)[0]

    def last(self, features: Tensor) -> Tensor:
        """(B, width, size/4, size/4), as `trunk` gives it -> (B, landmarks, size/4, size/4): the last heat-maps."""
        return self._heatmaps(self.stacks - 1, self._hourglass(self.stacks - 1, features))

    def last_parts(self) -> list[nn.Module]:
        """The parts of the last stack, in order: all that `last` computes with."""
        return [self._part(name, self.stacks - 1) for name in ("m", "top_m_", "conv_last", "bn_end", "l")]

    def _to_last_stack(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        features, heatmaps = self._stem(x), []
        for i in range(self.stacks - 1):
            hidden = self._hourglass(i, features)
            heatmaps.append(self._heatmaps(i, hidden))
            features = features + self._part("bl", i)(hidden) + self._part("al", i)(heatmaps[-1])
        return features, heatmaps

    def _stem(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)  # (B, width/4, size/2, size/2)
        x = F.avg_pool2d(self.conv2(x), 2)  # (B, width/2, size/4, size/4)
        return self.conv4(self.conv3(x))  # (B, width, size/4, size/4)

    def _hourglass(self, i: int, features: Tensor) -> Tensor:
        hidden = self._part("top_m_", i)(self._part("m", i)(features))
        return F.relu(self._part("bn_end", i)(self._part("conv_last", i)(hidden)), inplace=True)

    def _heatmaps(self, i: int, hidden: Tensor) -> Tensor:
        return self._part("l", i)(hidden)

    def _part(self, name: str, i: int) -> nn.Module:
        return getattr(self, f"{name}{i}")


def _conv3x3(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)


def _check(stacks: int, width: int, landmarks: int, size: int) -> None:
    step = STRIDE * 2**DEPTH
    if size < step or size % step:
        raise ConfigError(f"A FAN halves its input {DEPTH + 2} times; size={size} must be a multiple of {step}.")
    if width < NARROWEST or width % NARROWEST:
        raise ConfigError(f"A FAN splits its width into eighths; width={width} must be a multiple of {NARROWEST}.")
    if stacks < 1 or landmarks < 1:
        raise ConfigError(f"A FAN has stacks={stacks}, landmarks={landmarks}; at least one of each is needed.")
