"""Gradients of a network's answer by what it is given: integrated gradients, and Grad-CAM in 2-D and 3-D."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from neuroface.classifiers.inputs import SOLE

STEPS = 32  # between baseline and input; more change attributions of our networks by less than 1 %
FEWEST_PLACES = 7  # of a map, across: what the last layers of the networks have that Grad-CAM was made for
CERTAIN = 1e-12  # a probability nearer to 0 or 1 than that is taken to be that far


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

    answer: (B, ...) -> (B,), through `layer`, whose output is (B, C, h, w) or (B, C, t, h, w), or (B t, C, h, w) where
    it is given frames one by one. Each channel is weighted by its mean gradient over places. Selvaraju et al., ICCV
    2017; over time, the same with one more axis. A layer that is asked more than once counts as it was first asked:
    networks that compare a face with its mirror image see the face first.
    """
    kept: list[Tensor] = []
    hook = layer.register_forward_hook(lambda module, given, output: kept.append(output))
    try:
        with torch.enable_grad():
            said = answer(x.detach().requires_grad_(True))
            (gradient,) = torch.autograd.grad(said.sum(), kept[0])
    finally:
        hook.remove()
    output, gradient = (_frames_together(values, len(x)) for values in (kept[0].detach(), gradient))
    weights = gradient.flatten(2).mean(dim=2).reshape(*output.shape[:2], *[1] * (output.ndim - 2))
    return torch.relu((weights * output).sum(dim=1, keepdim=True))


def _frames_together(values: Tensor, samples: int) -> Tensor:
    """(B t, C, h, w), frames that were asked one by one, as (B, C, t, h, w); others as they are."""
    if values.ndim == 4 and len(values) > samples:
        return values.unflatten(0, (samples, -1)).transpose(1, 2)
    return values


def last_convolution(network: nn.Module, ask: Callable[[], Any]) -> nn.Module | None:
    """The last layer in 2-D or 3-D that `ask` goes through whose map is FEWEST_PLACES wide; else the very last one.

    Deeper layers of small networks on small pictures have maps of two or four places. None where nothing convolves.
    """
    found: list[tuple[nn.Module, int]] = []
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Conv3d)]
    hooks = [
        layer.register_forward_hook(lambda module, given, output: found.append((module, output.shape[-1])))
        for layer in layers
    ]
    try:
        with torch.no_grad():
            ask()
    finally:
        for hook in hooks:
            hook.remove()
    wide = [layer for layer, places in found if places >= FEWEST_PLACES]
    return wide[-1] if wide else found[-1][0] if found else None


def of_pictures(classifier: Any, X: np.ndarray, target: int | np.ndarray, *, batch: int = 16) -> np.ndarray:
    """(n, [T,] S, S): integrated gradients of the log-odds of class number `target`, summed over colours.

    X: (n, [T,] S, S, C), pictures or clips. target: one for all, or (n,). The baseline is the mean picture of the
    training people, which is 0 to the network. classifier: a fitted TorchClassifier; whatever it was trained to say, it
    is asked for its probability. A clip has those T frames that the network is given.
    """
    parts = [
        integrated_gradients(answer, x, torch.zeros_like(x)).sum(dim=-1).cpu().numpy()
        for answer, x in _asked(classifier, X, target, batch)
    ]
    return np.concatenate(parts)


def cams(classifier: Any, X: np.ndarray, target: int | np.ndarray, *, batch: int = 16) -> np.ndarray | None:
    """(n, [T,] S, S), 0 or more: Grad-CAM of the same, brought to the size of the pictures; None without convolutions.

    Its layer is that of `last_convolution`.
    """
    layer, parts = None, []
    for answer, x in _asked(classifier, X, target, batch):
        layer = layer or last_convolution(classifier.network_, partial(answer, x))
        if layer is None:
            return None
        light = grad_cam(answer, layer, x)
        mode = "trilinear" if light.ndim == 5 else "bilinear"
        parts.append(functional.interpolate(light, x.shape[1:-1], mode=mode)[:, 0].cpu().numpy())
    return np.concatenate(parts)


def pictures_given(classifier: Any, X: np.ndarray, *, batch: int = 16) -> np.ndarray:
    """(n, [T,] S, S, 3) uint8: X as the network is given it, without the frames that are spare."""
    part = classifier.inputs_.parts[SOLE]
    scale, centre = (torch.as_tensor(values, dtype=torch.float32) for values in (part.scale, part.centre))
    parts = [
        (x.cpu() * scale + centre)[..., :3].round().clamp(0, 255).byte().numpy()
        for _, x in _asked(classifier, X, 0, batch)
    ]
    return np.concatenate(parts)


def _asked(
    classifier: Any, X: np.ndarray, target: int | np.ndarray, batch: int
) -> Iterator[tuple[Callable[[Tensor], Tensor], Tensor]]:
    """Of each batch the answer, (B, ...) -> (B,) log-odds of its targets, and x as the network is given it."""
    network = classifier.network_.eval()
    device = next(network.parameters()).device
    rows = classifier.inputs_.rows(X, device)
    targets = torch.as_tensor(np.broadcast_to(target, len(X)).copy(), device=device)

    def answer(of: Tensor, seen: Any, values: Tensor) -> Tensor:
        p = classifier.objective.probabilities(network(values, seen))
        return p.gather(1, of[:, None])[:, 0].logit(eps=CERTAIN)

    with torch.backends.cudnn.flags(enabled=False):  # an LSTM of cuDNN has no gradient outside of training
        for at in torch.arange(len(X)).split(batch):
            x, seen = classifier.inputs_.batch(rows, at, device)
            yield partial(answer, targets[at.to(device)], seen), x


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
