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
    assert gradients.last_convolution(body, lambda: body(x)) is layer
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


def log_odds(model, like: np.ndarray, target: int, *, mean_picture: bool) -> np.ndarray:
    """(n,) of class number `target`, by the network's outputs; of the pictures, or of the mean picture, which is 0."""
    rows = model.inputs_.rows(like, torch.device("cpu"))
    x, seen = model.inputs_.batch(rows, torch.arange(len(like)), torch.device("cpu"))
    with torch.no_grad():
        p = model.objective.probabilities(model.network_(torch.zeros_like(x) if mean_picture else x, seen))
    return torch.log(p[:, target] / (1 - p[:, target])).numpy()


def test_a_map_of_a_picture_adds_up_to_the_networks_answer(htnet):
    model, shown = htnet
    maps = gradients.of_pictures(model, shown, 1, batch=3)
    assert maps.shape == shown.shape[:3]
    whole = log_odds(model, shown, 1, mean_picture=False) - log_odds(model, shown, 1, mean_picture=True)
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), whole, atol=0.02 * np.abs(whole).max() + 1e-4)


def test_a_network_of_grades_and_sides_is_asked_for_a_grade():
    """It has a threshold less than it has grades, and an output for the side: outputs are no classes."""
    shown = pictures(["", "left", "right", "left", "right", "left"])
    tuned = {"micro_attention": "mirror", "loss": "ordinal", "side_weight": 0.5}
    model = fitted(shown, ["1", "2", "3", "3", "2", "1"], **tuned, side=["", "left", "right", "left", "right", "left"])
    target = np.array([0, 1, 2, 2, 1, 0])
    maps = gradients.of_pictures(model, shown, target, batch=4)
    whole = np.stack(
        [log_odds(model, shown, k, mean_picture=False) - log_odds(model, shown, k, mean_picture=True) for k in range(3)]
    )
    rough = 0.1 * np.abs(whole).max()  # the mirror image is compared by absolute values, which bend at the mean picture
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), whole[target, np.arange(6)], atol=rough)


def test_frames_that_are_asked_one_by_one_keep_their_moment():
    torch.manual_seed(0)
    conv = nn.Conv2d(1, 3, 3, padding=1)

    def answer(x: torch.Tensor) -> torch.Tensor:  # (B, t, h, w): the second of four moments counts
        each = torch.relu(conv(x.flatten(0, 1)[:, None])).unflatten(0, x.shape[:2])
        return each[:, 1].sum(dim=(1, 2, 3)) if x.shape[1] == 4 else each.sum()

    x = torch.rand(2, 4, 8, 8)
    light = gradients.grad_cam(answer, conv, x)
    assert light.shape == (2, 1, 4, 8, 8)
    each = conv(x.flatten(0, 1)[:, None]).unflatten(0, (2, 4)).transpose(1, 2)  # (B, C, t, h, w)
    share = (each[:, :, 1] > 0).float().sum(dim=(2, 3)) / (4 * 64)  # the gradient is 1 where the second moment is lit
    np.testing.assert_allclose(
        light[:, 0].detach(), torch.relu((share[..., None, None, None] * each).sum(1)).detach(), rtol=1e-4, atol=1e-6
    )


def test_the_layer_is_the_last_one_that_is_wide_enough():
    wide, narrow = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1)
    body = nn.Sequential(narrow, wide)  # registered in another order than they are asked in
    pool = nn.AvgPool2d(2)

    def ask(size: int) -> torch.Tensor:
        return narrow(pool(wide(torch.zeros(1, 1, size, size))))

    assert gradients.last_convolution(body, lambda: ask(16)) is narrow
    assert gradients.last_convolution(body, lambda: ask(8)) is wide
    assert gradients.last_convolution(body, lambda: ask(4)) is narrow
    assert gradients.last_convolution(nn.Linear(2, 2), lambda: None) is None


def test_grad_cam_lies_over_the_picture(htnet):
    model, shown = htnet
    light = gradients.cams(model, shown, np.array([0, 1, 1, 0]), batch=3)
    assert light is not None
    assert light.shape == shown.shape[:3]
    assert light.min() >= 0
    np.testing.assert_allclose(gradients.cams(model, shown[3:], 0), light[3:], rtol=1e-3, atol=1e-6)


def test_what_a_network_is_given_is_told_in_colours(htnet):
    model, shown = htnet
    np.testing.assert_array_equal(gradients.pictures_given(model, shown), shown)


def test_random_weights_are_other_weights_and_the_network_stays(htnet):
    model, shown = htnet
    before = model.predict_proba(shown)
    maps = gradients.of_pictures(model, shown, 1)
    random = gradients.with_random_weights(model)
    assert np.abs(gradients.of_pictures(random, shown, 1) - maps).max() > 0.1 * np.abs(maps).max()
    np.testing.assert_array_equal(model.predict_proba(shown), before)
