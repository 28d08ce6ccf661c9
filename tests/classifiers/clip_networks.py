"""Clips of two classes that any network over clips must tell apart, and how well one does after a little training."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def flashes(n: int, *, frames: int = 8, side: int = 16) -> tuple[Tensor, Tensor]:
    """(n, T, side, side, 3) noise in which a patch lights up for some frames, and which half of them is class 1.

    Both classes hold the same light; in one it comes early, in the other late, so a mean over time does not tell.
    """
    generator = torch.Generator().manual_seed(4)
    x, y = 0.3 * torch.randn((n, frames, side, side, 3), generator=generator), torch.arange(n) % 2
    for clip, late in zip(x, y, strict=True):
        start = frames // 2 if late else 0
        clip[start : start + frames // 2, side // 4 : 3 * side // 4, side // 4 : 3 * side // 4] += 1.5
    return x, y


def accuracy_after(network: nn.Module, x, y: Tensor, *, steps: int = 30, rate: float = 3e-3) -> float:
    """On other rows than those learnt from: the second half is for testing. x: (n, ...) or a mapping of them.

    Batch normalisation goes by the batch there, too: its running values need more steps than a test should take.
    """

    def part(rows: slice):
        return {name: value[rows] for name, value in x.items()} if isinstance(x, dict) else x[rows]

    half = len(y) // 2
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    for _ in range(steps):
        loss = nn.functional.cross_entropy(network(part(slice(half)), None), y[:half])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        return float((network(part(slice(half, None)), None).argmax(dim=1) == y[half:]).float().mean())


def n_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
