"""Heat-maps: one picture per landmark, drawn around a point and read back as a point.

Heat-map px: (0, 0) is the centre of the first cell. A cell spans `stride` px of the crop; pixel centres correspond as
crop = (heat-map + 0.5) * stride - 0.5. Everything runs on the device of what comes in, without loops.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from neuroface.errors import ConfigError, did_you_mean

METHODS = ("subpixel", "quarter")
# The blur before the Taylor step, in cells. On Gaussians of sigma 1 with noise of 2 to 10 % of their height, 1 had the
# least error among 0, 0.5, 0.7, 1 and 1.4, and less than centroids of 5x5 and 7x7 or weighted fits of a parabola.
BLUR_SIGMA = 1.0
BLUR_RADIUS = 3
REACH = 6.0  # sigma: further out a Gaussian is zero (below 2e-8), because arithmetic with denormal numbers is slow
FAINT = 1e-6  # floor of a heat-map before its logarithm


def draw(points: Tensor, size: int, *, sigma: float = 1.0) -> Tensor:
    """(N, L, size, size) float32: a Gaussian of height 1 and `sigma` cells about each point (N, L, 2), heat-map px.

    A point that is NaN or outside the map leaves its map zero. Drawn as the product of a row and a column, which is
    what a round Gaussian is.
    """
    cells = torch.arange(size, device=points.device, dtype=torch.float32)
    inside = ((points > -0.5) & (points < size - 0.5)).all(dim=-1, keepdim=True)  # false for NaN
    centre = points.to(torch.float32).masked_fill(~inside, torch.inf)
    squared = ((cells - centre[..., None]) / sigma).square()  # (N, L, 2, size)
    profile = F.threshold(torch.exp(-0.5 * squared.clamp(max=REACH**2 + 1)), math.exp(-0.5 * REACH**2), 0.0)
    return profile[..., 1, :, None] * profile[..., 0, None, :]


def decode(heatmaps: Tensor, *, method: str = "subpixel") -> tuple[Tensor, Tensor]:
    """Points (N, L, 2), heat-map px, and scores (N, L): place and height of the highest cell of each map (N, L, h, w).

    "subpixel" steps from the highest cell to the top of the parabola through the logarithm of the blurred map around
    it, at most one cell: exact for a Gaussian that the map holds whole. Zhang et al., "Distribution-aware coordinate
    representation for human pose estimation" (DARK), CVPR 2020.
    "quarter" moves a quarter of a cell towards the higher neighbour on each axis, as the published pipeline does (which
    counts from the outer edge of the first cell: its coordinates are these plus 0.5).
    Neither moves a cell on the border. Errors: ConfigError for another method.
    """
    if method not in METHODS:
        raise ConfigError(f"decode={method} is no way to read heat-maps." + did_you_mean(method, METHODS))
    heatmaps = heatmaps.float()
    height, width = heatmaps.shape[-2:]
    score, place = heatmaps.flatten(2).max(dim=-1)
    cell = torch.stack([place % width, place // width], dim=-1)  # (N, L, 2)
    last = torch.tensor([width - 1, height - 1], device=cell.device)
    inside = ((cell > 0) & (cell < last)).all(dim=-1, keepdim=True)
    step = _quarter(heatmaps, cell) if method == "quarter" else _taylor(heatmaps, cell)
    return cell + step * inside, score


def to_crop(points: Tensor, *, stride: int = 4) -> Tensor:
    """(..., 2) px of the crop from heat-map px."""
    return (points + 0.5) * stride - 0.5


def from_crop(points: Tensor, *, stride: int = 4) -> Tensor:
    """(..., 2) heat-map px from px of the crop."""
    return (points + 0.5) / stride - 0.5


def _quarter(heatmaps: Tensor, cell: Tensor) -> Tensor:
    """(N, L, 2): a quarter of a cell towards the higher neighbour on each axis."""
    around = _around(heatmaps, cell, 1)
    slope = torch.stack([around[..., 1, 2] - around[..., 1, 0], around[..., 2, 1] - around[..., 0, 1]], dim=-1)
    return 0.25 * slope.sign()


def _taylor(heatmaps: Tensor, cell: Tensor) -> Tensor:
    """(N, L, 2): from the cell to the top of the parabola about it, zero where the map has no top there."""
    blurred = (_around(heatmaps, cell, BLUR_RADIUS + 1).flatten(2) @ _blur(heatmaps.device)).clamp_min(FAINT)
    log = blurred.log().unflatten(-1, (3, 3))
    slope_x, slope_y = (log[..., 1, 2] - log[..., 1, 0]) / 2, (log[..., 2, 1] - log[..., 0, 1]) / 2
    bend_x = log[..., 1, 2] - 2 * log[..., 1, 1] + log[..., 1, 0]
    bend_y = log[..., 2, 1] - 2 * log[..., 1, 1] + log[..., 0, 1]
    twist = (log[..., 2, 2] - log[..., 2, 0] - log[..., 0, 2] + log[..., 0, 0]) / 4
    determinant = bend_x * bend_y - twist.square()
    step = torch.stack([twist * slope_y - bend_y * slope_x, twist * slope_x - bend_x * slope_y], dim=-1)
    a_top = ((determinant > 0) & (bend_x < 0))[..., None]
    return torch.where(a_top, step / determinant[..., None], 0.0).clamp(-1.0, 1.0)


def _around(heatmaps: Tensor, cell: Tensor, radius: int) -> Tensor:
    """(N, L, 2 radius + 1, 2 radius + 1): the cells about each cell (N, L, 2); beyond the border the map is zero."""
    padded = F.pad(heatmaps, (radius,) * 4)
    offset = torch.arange(2 * radius + 1, device=cell.device)
    row, column = cell[..., 1, None, None] + offset[:, None], cell[..., 0, None, None] + offset
    place = row * padded.shape[-1] + column
    return padded.flatten(2).gather(-1, place.flatten(2)).unflatten(-1, place.shape[-2:])


def _blur(device: torch.device) -> Tensor:
    """(side^2, 9): carries a square of cells, flat, to the blurred 3x3 in its middle; side = 2 BLUR_RADIUS + 3."""
    offset = torch.arange(-BLUR_RADIUS - 1, BLUR_RADIUS + 2, device=device, dtype=torch.float32)
    distance = offset[:, None] - torch.tensor([-1.0, 0.0, 1.0], device=device)
    profile = torch.exp(-0.5 * (distance / BLUR_SIGMA).square()) * (distance.abs() <= BLUR_RADIUS)
    profile = profile / profile.sum(dim=0)
    return torch.einsum("yi,xj->yxij", profile, profile).reshape(-1, 9)
