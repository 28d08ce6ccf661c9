"""A graph network over landmarks: points pass messages along the face and across it, then along time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from neuroface import face
from neuroface.errors import ConfigError, DataError, did_you_mean

CHAINS = (face.JAW, face.BROW_RIGHT, face.BROW_LEFT, face.NOSE_BRIDGE, face.NOSTRILS)
RINGS = (face.EYE_RIGHT, face.EYE_LEFT, face.MOUTH_OUTER, face.MOUTH_INNER)
# Where regions hang together: nose, lips in the middle and at the corners.
BRIDGES = (
    (face.NOSE_TIP, face.NOSE_BASE),
    (face.NOSE_BASE, face.LIP_TOP_OUTER),
    (face.LIP_TOP_OUTER, face.LIP_TOP_INNER),
    (face.LIP_BOTTOM_INNER, face.LIP_BOTTOM_OUTER),
    (face.LIP_BOTTOM_OUTER, face.CHIN),
)
POINTS = {"all": np.arange(face.N_POINTS), **face.REGIONS}


class STGCN(nn.Module):
    """Coordinates of points (B, T, C) -> blocks of graph and temporal convolution -> mean over points and time.

    points, velocities: what the series view was told, which is how its channels are laid out. width: channels per
    point. blocks: how many. kernel: frames of a temporal convolution, odd. dropout: after each block.
    Yan, Xiong & Lin, Spatial temporal graph convolutional networks, AAAI 2018. The kinds of edges here are a point
    itself, its neighbours along the face, and its mirror point; each edge has a weight that is learnt.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        n_classes: int,
        *,
        points: str = "all",
        velocities: bool = True,
        width: int = 16,
        blocks: int = 2,
        kernel: int = 9,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if points not in POINTS:
            raise ConfigError(f"classifier.network.points is {points!r}.{did_you_mean(points, POINTS)}")
        if kernel < 1 or kernel % 2 == 0:
            raise ConfigError(f"classifier.network.kernel is {kernel}; a centred kernel has an odd number of frames.")
        chosen = POINTS[points]
        self.n_points, self.kinds = len(chosen), 1 + velocities
        per_point = shape[-1] // (self.n_points * self.kinds)
        if per_point not in (2, 3) or per_point * self.n_points * self.kinds != shape[-1]:
            raise DataError(
                f"A series of {shape[-1]} channels is no {self.n_points} points in 2-D or 3-D"
                f"{' with velocities' if velocities else ''}. Set classifier.view.signals=null, and points and "
                "velocities of classifier.view and classifier.network alike."
            )
        edges = torch.from_numpy(adjacency(chosen)).float()
        channels = [per_point * self.kinds, *[width] * blocks]
        self.blocks = nn.ModuleList(Block(c, width, edges, kernel, dropout) for c in channels[:-1])
        self.head = nn.Linear(width, n_classes)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """x: (B, T, C); seen: (B, T) bool, True up to each series' end. (B, n_classes) logits."""
        x = x.unflatten(2, (self.kinds, self.n_points, -1)).transpose(2, 3).flatten(3)  # (B, T, points, channels)
        mask = seen[:, :, None, None].to(x.dtype)
        for block in self.blocks:
            x = block(x, mask)
        return self.head(x.mean(dim=2).sum(dim=1) / mask.sum(dim=1).flatten(1))


class Block(nn.Module):
    """A graph convolution over each frame and a convolution over the time of each point, beside a short cut."""

    edges: Tensor

    def __init__(self, before: int, width: int, edges: Tensor, kernel: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("edges", edges, persistent=False)
        self.edge_weights = nn.Parameter(torch.ones_like(edges))
        self.gather = nn.Linear(before * len(edges), width)
        self.over_time = nn.Conv2d(width, width, (kernel, 1), padding=(kernel // 2, 0))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.shortcut = nn.Identity() if before == width else nn.Linear(before, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x: (B, T, V, before), 0 where the mask (B, T, 1, 1) is. (B, T, V, width), likewise."""
        edges = self.edges * self.edge_weights
        heard = torch.einsum("kvw,btwc->btvkc", edges, x)  # (B, T, V, kinds of edges, before)
        y = self.gather(heard.flatten(3))
        y = mask * functional.relu(self.norms[0](y))
        y = self.over_time(y.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return mask * self.dropout(functional.relu(self.norms[1](y) + self.shortcut(x)))


def adjacency(points: np.ndarray) -> np.ndarray:
    """(3, V, V) shares of messages between the given landmarks: from itself, from neighbours, from its mirror point.

    Rows add up to 1, or to 0 for a point without such an edge.
    """
    size = face.N_POINTS
    kinds = np.zeros((3, size, size))
    kinds[0] = np.eye(size)
    for a, b in _neighbours():
        kinds[1, a, b] = kinds[1, b, a] = 1
    across = np.flatnonzero(np.arange(size) != face.MIRROR)
    kinds[2, across, face.MIRROR[across]] = 1
    kinds = kinds[:, points][:, :, points]
    return kinds / np.maximum(kinds.sum(axis=2, keepdims=True), 1)


def _neighbours() -> Iterator[tuple[int, int]]:
    for chain in CHAINS:
        yield from pairwise(chain)
    for ring in RINGS:
        yield from zip(ring, np.roll(ring, -1), strict=True)
    yield from BRIDGES
