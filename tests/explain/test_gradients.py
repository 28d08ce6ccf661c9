from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from neuroface.explain import gradients

from .faces import fitted, pictures


@pytest.fixture(params=[2, 3])
def network(request) -> tuple[nn.Module, nn.Module, torch.Tensor]:
    """A network of two convolutions in two or three directions, its last one, and two inputs."""
    torch.manual_seed(0)
    conv = nn.Conv2d if request.param == 2 else nn.Conv3d
    body = nn.Sequential(conv(1, 3, 3), nn.Softplus(), conv(3, 4, 3), nn.Softplus(), nn.Flatten(), nn.LazyLinear(2))
    x = torch.randn(2, 1, *[7] * request.param)
    body(x)
    return body.eval(), body[2], x


def test_the_parts_add_up_to_the_answer(network):
    body, _, x = network
    parts = gradients.integrated_gradients(lambda z: body(z)[:, 1], x, torch.zeros_like(x))
    with torch.no_grad():
        whole = body(x)[:, 1] - body(torch.zeros_like(x))[:, 1]
    np.testing.assert_allclose(parts.flatten(1).sum(dim=1).numpy(), whole.numpy(), rtol=1e-4)


def test_a_linear_answer_is_explained_exactly():
    weights = torch.tensor([1.0, -2.0, 0.0])
    x = torch.tensor([[3.0, 1.0, 5.0]])
    parts = gradients.integrated_gradients(lambda z: z @ weights, x, torch.ones_like(x), steps=2)
    np.testing.assert_allclose(parts.numpy(), [[2.0, 0.0, 0.0]], atol=1e-6)


def test_grad_cam_is_its_definition(network):
    body, layer, x = network
    found = gradients.grad_cam(lambda z: body(z)[:, 0], layer, x)
    features = body[:3](x).detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(body[3:](features)[:, 0].sum(), features)
    axes = tuple(range(2, features.ndim))
    weights = gradient.mean(dim=axes, keepdim=True)
    np.testing.assert_allclose(found.numpy(), torch.relu((weights * features).sum(1, keepdim=True)).detach(), rtol=1e-5)
    assert gradients.last_convolution(body) is layer
    assert not layer._forward_hooks, "nothing is left on the network"


def test_captum_says_the_same(network):
    attr = pytest.importorskip("captum.attr", reason="captum is not installed")
    body, layer, x = network
    theirs = attr.IntegratedGradients(body).attribute(x, torch.zeros_like(x), target=1, n_steps=gradients.STEPS)
    ours = gradients.integrated_gradients(lambda z: body(z)[:, 1], x, torch.zeros_like(x))
    np.testing.assert_allclose(ours.numpy(), theirs.detach().numpy(), rtol=1e-4, atol=1e-6)
    theirs = attr.LayerGradCam(body, layer).attribute(x, target=0, relu_attributions=True)
    ours = gradients.grad_cam(lambda z: body(z)[:, 0], layer, x)
    np.testing.assert_allclose(ours.numpy(), theirs.detach().numpy(), rtol=1e-4, atol=1e-6)


def test_a_map_is_read_about_each_point():
    maps = np.zeros((1, 20, 20))
    maps[0, 5, 14] = 1.0
    points = np.full((1, 68, 2), 2.0)
    points[0, 0] = (14, 5)
    points[0, 1] = (-3, 5)
    found = gradients.at_points(maps, points, sigma_px=1.0)[0]
    assert found[0] == pytest.approx(1 / (2 * np.pi), rel=0.01)
    assert np.isnan(found[1])
    assert found[2] < 1e-6
    flat = gradients.at_points(np.ones((1, 20, 20)), points, sigma_px=2.0)[0]
    assert flat[[0, 2]] == pytest.approx([1, 1])


@pytest.fixture(scope="module")
def htnet():
    shown = pictures(["", "left", "right", "left"])
    return fitted(shown, ["1", "6", "6", "6"]), shown


def logits(model, X: np.ndarray | None, like: np.ndarray) -> np.ndarray:
    """Of class 1; None for the baseline, the mean picture."""
    rows = model.inputs_.rows(like, torch.device("cpu"))
    x, seen = model.inputs_.batch(rows, torch.arange(len(like)), torch.device("cpu"))
    with torch.no_grad():
        return model.network_(torch.zeros_like(x) if X is None else x, seen)[:, 1].numpy()


def test_a_map_of_a_picture_adds_up_to_the_networks_answer(htnet):
    model, shown = htnet
    maps = gradients.of_pictures(model, shown, 1, batch=3)
    assert maps.shape == shown.shape[:3]
    whole = logits(model, shown, shown) - logits(model, None, shown)
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), whole, atol=0.02 * np.abs(whole).max() + 1e-4)


def test_random_weights_are_other_weights_and_the_network_stays(htnet):
    model, shown = htnet
    before = model.predict_proba(shown)
    maps = gradients.of_pictures(model, shown, 1)
    random = gradients.with_random_weights(model)
    assert np.abs(gradients.of_pictures(random, shown, 1) - maps).max() > 0.1 * np.abs(maps).max()
    np.testing.assert_array_equal(model.predict_proba(shown), before)
