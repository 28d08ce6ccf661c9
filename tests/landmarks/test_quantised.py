from __future__ import annotations

import pytest
import torch
from torch import nn

from neuroface.landmarks import quantised
from neuroface.landmarks.fan import FAN, ConvBlock


def norm():
    """Two channels whose values have means 1 and -3 and deviations 0.5 and 1: at most 7 = max(1 + 10 / 2, -3 + 10)."""
    layer = nn.BatchNorm2d(2)
    layer.weight.data, layer.bias.data = torch.tensor([0.5, -1.0]), torch.tensor([1.0, -3.0])
    return layer


def convolution(kernel):
    conv = nn.Conv2d(2, len(kernel), 3, padding=1, bias=False)
    conv.weight.data = kernel
    return conv


def test_it_is_the_convolution_of_rounded_numbers():
    generator = torch.Generator().manual_seed(0)
    kernel = torch.randn(3, 2, 3, 3, generator=generator) * torch.tensor([1.0, 10.0, 0.1])[:, None, None, None]
    x = torch.rand(1, 2, 6, 6, generator=generator) * 8
    steps = kernel.abs().amax(dim=(1, 2, 3), keepdim=True).double() / 127
    rounded_x = (x.double() * 255 / 7).round().clamp(0, 255) * 7 / 255
    wanted = nn.functional.conv2d(rounded_x, (kernel / steps).round() * steps, padding=1)
    got = quantised._Conv8(convolution(kernel), norm())(x)
    assert got.numpy() == pytest.approx(wanted.numpy(), abs=1e-3 * float(wanted.abs().max()))


def test_every_input_is_within_half_a_step_of_itself_up_to_the_highest():
    """An identity kernel: what comes out is what goes in; a step is 7 / 255."""
    kernel = torch.zeros(1, 2, 3, 3)
    kernel[0, 0, 1, 1] = 1.0
    x = torch.linspace(0, 9, 72).reshape(1, 2, 6, 6)
    got = quantised._Conv8(convolution(kernel), norm())(x)
    assert (got[:, 0] - x[:, 0].clamp(max=7)).abs().max() <= 7 / 255 / 2 + 1e-6


def test_a_copy_changes_and_the_network_does_not():
    torch.manual_seed(0)
    fan = FAN(1, width=16, size=64).eval()
    before = {name: value.clone() for name, value in fan.state_dict().items()}
    copy = quantised.quantised(fan)
    assert {name: torch.equal(value, before[name]) for name, value in fan.state_dict().items()} == dict.fromkeys(
        before, True
    )
    blocks = [module for module in copy.modules() if isinstance(module, ConvBlock)]
    assert all(isinstance(b.conv1, quantised._Conv8) and isinstance(b.conv3, quantised._Conv8) for b in blocks)
    x = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        difference = (copy(x)[-1] - fan(x)[-1]).abs().max() / fan(x)[-1].abs().max()
    assert 0 < difference < 0.1
