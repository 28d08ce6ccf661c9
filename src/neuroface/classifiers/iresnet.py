"""IR-ResNet, the residual networks of face recognition, with the names of insightface's weights.

Deng, Guo, Xue & Zafeiriou, "ArcFace", CVPR 2019, section 3.1: batch norm before the first convolution, PReLU, no
pooling after the stem, and a fully connected layer over what is left of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

LAYERS = {"iresnet18": (2, 2, 2, 2), "iresnet50": (3, 4, 14, 3), "iresnet100": (3, 13, 30, 3)}
WIDTHS = (64, 128, 256, 512)
EPS = 1e-5


class Block(nn.Module):
    """x: (B, C, H, W) -> (B, width, H / stride, W / stride): BN, 3x3, BN, PReLU, 3x3 by stride, BN, and x added."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels, eps=EPS)
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width, eps=EPS)
        self.prelu = nn.PReLU(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width, eps=EPS)
        self.downsample: nn.Module | None = None
        if stride != 1 or channels != width:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width, eps=EPS)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        out = self.bn3(self.conv2(out))
        return out + (x if self.downsample is None else self.downsample(x))


class IResNet(nn.Module):
    """x: (B, 3, S, S) -> (B, 512). layers: blocks of each stage. size: S px, 112 as published, 224 by Emoface."""

    n_features = 512

    def __init__(self, layers: Sequence[int], size: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, WIDTHS[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0], eps=EPS)
        self.prelu = nn.PReLU(WIDTHS[0])
        channels = WIDTHS[0]
        for number, (width, count) in enumerate(zip(WIDTHS, layers, strict=True), 1):
            blocks = [Block(channels if i == 0 else width, width, 2 if i == 0 else 1) for i in range(count)]
            setattr(self, f"layer{number}", nn.Sequential(*blocks))
            channels = width
            size = -(-size // 2)
        self.bn2 = nn.BatchNorm2d(channels, eps=EPS)
        self.fc = nn.Linear(channels * size * size, self.n_features)
        self.features = nn.BatchNorm1d(self.n_features, eps=EPS)
        self.features.weight.requires_grad = False  # 1, as published: only the offset is learnt
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0, 0.1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.prelu(self.bn1(self.conv1(x)))
        for number in range(1, len(WIDTHS) + 1):
            x = getattr(self, f"layer{number}")(x)  # (B, width, S / 2^number, S / 2^number)
        return self.features(self.fc(self.bn2(x).flatten(1)))
