from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from neuroface.classifiers.squeeze_excitation import SqueezeExcitation, squeeze_excitation
from neuroface.errors import ConfigError


def clips(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("axis", "size"), [(1, 8), (2, 6)])
def test_it_is_the_published_formula(axis, size):
    """s = sigmoid(W2 relu(W1 z + b1) + b2), z the mean of each slice; in numpy, slice by slice."""
    torch.manual_seed(1)
    block, x = SqueezeExcitation(axis, size, 2), clips(3, 8, 6, 5, 4)
    w1, b1, w2, b2 = (p.detach().double().numpy() for p in block.parameters())
    expected = x.double().numpy().copy()
    for sample in expected:
        slices = np.moveaxis(sample, axis - 1, 0)  # a view: what is scaled here is scaled there
        z = slices.reshape(size, -1).mean(axis=1)
        slices *= (1 / (1 + np.exp(-(w2 @ np.maximum(w1 @ z + b1, 0) + b2)))).reshape(-1, 1, 1, 1)
    assert w1.shape == (size // 2, size)
    assert_close(block(x).double(), torch.from_numpy(expected), atol=1e-6, rtol=1e-5)


def test_blocks_over_channels_then_frames():
    torch.manual_seed(1)
    both = squeeze_excitation("both", channels=8, frames=6, reduction=4)
    x = clips(2, 8, 6, 3, 3)
    assert [block.axis for block in both] == [1, 2]
    assert_close(both(x), both[1](both[0](x)))
    assert squeeze_excitation("none", channels=8, frames=6, reduction=4)(x) is x
    assert [b.axis for b in squeeze_excitation("temporal", channels=8, frames=6, reduction=4)] == [2]
    assert [b.axis for b in squeeze_excitation("channel", channels=8, frames=6, reduction=4)] == [1]


def test_a_single_frame_has_a_block_too():
    block = squeeze_excitation("both", channels=2, frames=1, reduction=16)
    assert block(clips(2, 2, 1, 3, 3)).shape == (2, 2, 1, 3, 3)


def test_another_name_is_refused():
    with pytest.raises(ConfigError) as told:
        squeeze_excitation("temporl", channels=8, frames=6, reduction=4)
    assert str(told.value) == "se=temporl: there is no such squeeze and excitation. Did you mean 'temporal'?"
