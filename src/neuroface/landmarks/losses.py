"""Losses between heat-maps. Each is one number: the mean over the cells of the landmarks that are seen.

prediction, target: (N, L, h, w). seen: (N, L) bool, or None when all are; a landmark that is not seen costs nothing
and has no gradient. x is always the error |target - prediction| of one cell.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

NEAR_A_POINT = 0.2  # height of the dilated target from which a cell counts as foreground (Wang et al., section 4.4)


def adaptive_wing(
    prediction: Tensor,
    target: Tensor,
    seen: Tensor | None = None,
    *,
    alpha: float = 2.1,
    omega: float = 14.0,
    epsilon: float = 1.0,
    theta: float = 0.5,
    weight: float = 10.0,
) -> Tensor:
    """omega ln(1 + (x / epsilon)^(alpha - target)) below theta, a straight line of the same slope above.

    The power follows the target: near 1 on a point, where small errors matter, near alpha on the background. Cells
    near a point (target dilated by 3x3, at least 0.2) count 1 + weight times.
    Wang, Bo & Fuxin, "Adaptive wing loss for robust face alignment via heatmap regression", ICCV 2019.
    """
    prediction, target = _shown(seen, prediction, target)
    error = (target - prediction).abs()
    power = alpha - target
    ratio = (theta / epsilon) ** power
    slope = omega / epsilon * power * (theta / epsilon) ** (power - 1) / (1 + ratio)
    offset = theta * slope - omega * torch.log1p(ratio)
    curved = omega * torch.log1p((error / epsilon) ** power)
    loss = torch.where(error < theta, curved, slope * error - offset)
    near = F.max_pool2d(target, kernel_size=3, stride=1, padding=1) >= NEAR_A_POINT
    return _mean(loss * (1 + weight * near), seen)


def wing(
    prediction: Tensor, target: Tensor, seen: Tensor | None = None, *, omega: float = 0.5, epsilon: float = 0.1
) -> Tensor:
    """omega ln(1 + x / epsilon) below omega, a straight line of slope 1 above.

    Feng et al., "Wing loss for robust facial landmark localisation with convolutional neural networks", CVPR 2018. The
    paper's 10 and 2 are for errors in px; here they are divided by 20, so that the switch is where the adaptive wing's
    is.
    """
    return rectified_wing(prediction, target, seen, omega=omega, epsilon=epsilon, tolerance=0.0)


def rectified_wing(
    prediction: Tensor,
    target: Tensor,
    seen: Tensor | None = None,
    *,
    omega: float = 0.5,
    epsilon: float = 0.1,
    tolerance: float = 0.025,
) -> Tensor:
    """Nothing below the tolerance, omega ln(1 + (x - tolerance) / epsilon) below omega, slope 1 above.

    An error that the annotation itself may have costs nothing. Feng et al., "Rectified wing loss for efficient and
    robust facial landmark localisation with convolutional neural networks", IJCV 128 (2020) 2126 (r is 0.5 px there;
    divided by 20 as for `wing`).
    """
    prediction, target = _shown(seen, prediction, target)
    error = (target - prediction).abs()
    curved = omega * torch.log1p((error - tolerance).clamp(min=0) / epsilon)
    offset = omega - omega * math.log1p((omega - tolerance) / epsilon)
    return _mean(torch.where(error < omega, curved, error - offset), seen)


def smooth_l1(prediction: Tensor, target: Tensor, seen: Tensor | None = None, *, beta: float = 0.1) -> Tensor:
    """x^2 / (2 beta) below beta, x - beta / 2 above. Girshick, "Fast R-CNN", ICCV 2015 (beta 1 there, for px)."""
    prediction, target = _shown(seen, prediction, target)
    return _mean(F.smooth_l1_loss(prediction, target, beta=beta, reduction="none"), seen)


def mse(prediction: Tensor, target: Tensor, seen: Tensor | None = None) -> Tensor:
    """x^2, the loss that FAN was published with."""
    prediction, target = _shown(seen, prediction, target)
    return _mean((target - prediction).square(), seen)


def asm_mse(
    prediction: Tensor, target: Tensor, seen: Tensor | None = None, *, smoothed: Tensor, weight: float = 1.0
) -> Tensor:
    """mse to the target + weight times mse to `smoothed`: heat-maps of the true points as a shape basis tells them.

    smoothed: (N, L, h, w), drawn around `ShapeBasis.smooth` of the points. Fard, Abdollahi & Mahoor, "ASMNet: a
    lightweight deep neural network for face alignment and pose estimation", CVPR workshops 2021; there for coordinates.
    """
    return mse(prediction, target, seen) + weight * mse(prediction, smoothed, seen)


def _shown(seen: Tensor | None, *maps: Tensor) -> tuple[Tensor, ...]:
    """The maps, zero where the landmark is not seen: no error there, even if the truth is NaN."""
    return maps if seen is None else tuple(torch.where(seen[..., None, None], each, 0.0) for each in maps)


def _mean(loss: Tensor, seen: Tensor | None) -> Tensor:
    """Mean of (N, L, h, w), zero where not seen, over the cells of what is seen; 0 where nothing is."""
    if seen is None:
        return loss.mean()
    return loss.sum() / (seen.sum() * loss.shape[-2] * loss.shape[-1]).clamp(min=1)
