"""Gradients of a network's answer by what it is given: integrated gradients, and Grad-CAM in 2-D and 3-D."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

STEPS = 32  # between baseline and input; more change attributions of our networks by less than 1 %


def integrated_gradients(
    answer: Callable[[Tensor], Tensor], x: Tensor, baseline: Tensor, *, steps: int = STEPS
) -> Tensor:
    """As x: what each input adds to answer(x) - answer(baseline), of which they are the parts.

    answer: (B, ...) -> (B,), differentiable. The path from the baseline is straight, its integral by Gauss and
    Legendre's rule. Sundararajan, Taly & Yan, ICML 2017.
    """
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    total = torch.zeros_like(x)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        at = (baseline + float(node) * (x - baseline)).detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(answer(at).sum(), at)
        total += float(weight) * gradient
    return total * (x - baseline)


def grad_cam(answer: Callable[[Tensor], Tensor], layer: nn.Module, x: Tensor) -> Tensor:
    """(B, 1, h, w) or (B, 1, t, h, w), 0 or more: where the layer's channels speak for the answer.

    answer: (B, ...) -> (B,), through `layer`, whose output is (B, C, h, w) or (B, C, t, h, w). Each channel is weighted
    by its mean gradient over places. Selvaraju et al., ICCV 2017; over time, the same with one more axis.
    """
    kept: dict[str, Tensor] = {}

    def keep(module: nn.Module, given: Any, output: Tensor) -> None:
        kept["output"] = output

    hook = layer.register_forward_hook(keep)
    try:
        with torch.enable_grad():
            said = answer(x.detach().requires_grad_(True))
            (gradient,) = torch.autograd.grad(said.sum(), kept["output"])
    finally:
        hook.remove()
    output = kept["output"].detach()
    weights = gradient.flatten(2).mean(dim=2).reshape(*output.shape[:2], *[1] * (output.ndim - 2))
    return torch.relu((weights * output).sum(dim=1, keepdim=True))


def last_convolution(network: nn.Module) -> nn.Module | None:
    """The last layer of a network that convolves in two or three directions; None where none does."""
    found = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Conv3d)]
    return found[-1] if found else None


def of_pictures(classifier: Any, X: np.ndarray, target: int, *, batch: int = 16) -> np.ndarray:
    """(n, S, S): integrated gradients of the logit of class number `target`, summed over colours; X: (n, S, S, C).

    The baseline is the mean picture of the training people, which is 0 to the network. classifier: a fitted
    TorchClassifier on pictures.
    """
    network = classifier.network_
    device = next(network.parameters()).device
    rows = classifier.inputs_.rows(X, device)
    parts = []
    network.eval()
    for at in torch.arange(len(X)).split(batch):
        x, seen = classifier.inputs_.batch(rows, at, device)

        def answer(values: Tensor, seen: Any = seen) -> Tensor:
            return network(values, seen)[:, target]

        parts.append(integrated_gradients(answer, x, torch.zeros_like(x)).sum(dim=-1).cpu().numpy())
    return np.concatenate(parts)


def with_random_weights(classifier: Any, *, seed: int = 0) -> Any:
    """The same classifier with all weights drawn anew: a map that stays the same is not about what was learnt.

    Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018. The classifier that is given stays as it is.
    """
    other = copy.copy(classifier)
    other.network_ = copy.deepcopy(classifier.network_)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for layer in other.network_.modules():
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()
    return other


def at_points(maps: np.ndarray, points: np.ndarray, *, sigma_px: float) -> np.ndarray:
    """(n, 68) mean of maps (n, S, S) about points (n, 68, 2) px, weighted by a Gaussian; NaN outside the picture."""
    grid = np.arange(maps.shape[-1])
    out = np.full(points.shape[:2], np.nan)
    for i, (light, places) in enumerate(zip(maps, points, strict=True)):
        across = np.exp(-((grid - places[:, :1]) ** 2) / (2 * sigma_px**2))  # (68, S)
        down = np.exp(-((grid - places[:, 1:]) ** 2) / (2 * sigma_px**2))
        total = across.sum(axis=1) * down.sum(axis=1)
        inside = (places >= 0).all(axis=1) & (places < maps.shape[-1]).all(axis=1)
        value = np.einsum("ph,hw,pw->p", down, light, across)
        out[i, inside] = value[inside] / total[inside]
    return out
