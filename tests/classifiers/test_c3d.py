from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from clip_networks import accuracy_after, flashes, n_parameters
from torch import nn

from neuroface.classifiers.c3d import C3D
from neuroface.errors import ConfigError


def test_the_published_size():
    """Tran et al. 2015: kernels 3x3x3, fc6 sees 512 x 1 x 4 x 4; 78.4 million parameters for UCF101."""
    with torch.device("meta"):
        network = C3D((16, 112, 112, 3), 101, width=64, se="none", batch_norm=False, sees="picture")
    widths = [3, 64, 128, 256, 256, 512, 512, 512, 512]
    convolutions = sum(27 * a * b + b for a, b in pairwise(widths))
    fully_connected = (8192 + 1) * 4096 + (4096 + 1) * 4096 + (4096 + 1) * 101
    assert n_parameters(network) == convolutions + fully_connected == 78_409_573
    assert network(torch.empty(2, 16, 112, 112, 3, device="meta")).shape == (2, 101)


def test_poolings_are_the_published_ones():
    """pool1 leaves time alone, so 16 frames stay 16, then 8, 4, 2 and 1."""
    network, sizes = C3D((16, 112, 112, 3), 2, width=1), []
    for layer in network.convolutions:
        if isinstance(layer, nn.MaxPool3d):
            layer.register_forward_hook(lambda _, __, out: sizes.append(tuple(out.shape[2:])))
    network(torch.zeros(2, 16, 112, 112, 3))
    assert sizes == [(16, 56, 56), (8, 28, 28), (4, 14, 14), (2, 7, 7), (1, 4, 4)]


@pytest.mark.parametrize("shape", [(1, 20, 30, 3), (9, 33, 17, 1), (20, 56, 56, 3)])
def test_clips_of_any_size_and_length(shape):
    assert C3D(shape, 3, width=2)(torch.zeros(2, *shape)).shape == (2, 3)


@pytest.mark.parametrize("se", ["none", "channel", "temporal", "both"])
def test_it_learns_when_something_happens(se):
    torch.manual_seed(0)
    x, y = flashes(32)
    assert accuracy_after(C3D(x.shape[1:], 2, width=4, se=se, dropout=0.0), x, y) >= 0.9


def test_the_order_of_axes_is_time_height_width():
    """A filter that looks along time only answers to what changes in time, and to nothing that changes in space."""
    network = C3D((4, 8, 8, 1), 2, width=1, batch_norm=False)
    first = network.convolutions[0]
    with torch.no_grad():
        first.weight.zero_()
        first.weight[0, 0, 0, 1, 1], first.weight[0, 0, 2, 1, 1] = -1, 1
        first.bias.zero_()
    space = torch.randn(1, 1, 8, 8, 1).expand(1, 4, 8, 8, 1)
    time = torch.arange(4.0).view(1, 4, 1, 1, 1).expand(1, 4, 8, 8, 1)
    assert first(space.permute(0, 4, 1, 2, 3))[:, :, 1:-1].abs().max() == 0
    assert (first(time.permute(0, 4, 1, 2, 3))[:, :, 1:-1] == 2).all()


def test_motion_is_what_differs_from_the_mean_over_time():
    torch.manual_seed(0)
    network = C3D((4, 16, 16, 3), 2, width=2).eval()
    still = torch.randn(3, 1, 16, 16, 3).expand(3, 4, 16, 16, 3)
    moving = torch.randn(1, 4, 16, 16, 3)
    torch.testing.assert_close(network(still), network(torch.zeros_like(still)), atol=1e-6, rtol=0)
    torch.testing.assert_close(network(still + moving), network(moving).expand(3, 2), atol=1e-4, rtol=0)
    with pytest.raises(ConfigError, match=r"^network\.sees=moton: there is no such sight\. Did you mean 'motion'\?$"):
        C3D((4, 16, 16, 3), 2, sees="moton")
