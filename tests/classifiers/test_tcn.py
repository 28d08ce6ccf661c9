from __future__ import annotations

import pytest
import torch

from neuroface.classifiers.tcn import TCN
from neuroface.errors import ConfigError

LENGTHS = torch.tensor([9, 4, 1])


def inputs(padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    seen = torch.arange(9 + padding) < LENGTHS[:, None]
    x = torch.cat([torch.randn(3, 9, 2), torch.zeros(3, padding, 2)], dim=1)
    return torch.where(seen[..., None], x, 0), seen


def test_padding_never_matters():
    network = TCN((9, 2), 2, width=6, levels=3).eval()
    assert torch.allclose(network(*inputs(0)), network(*inputs(7)), atol=1e-6)


@pytest.mark.parametrize(("levels", "kernel"), [(1, 3), (2, 3), (3, 5)])
def test_a_frame_is_felt_as_far_as_the_dilations_reach(levels, kernel):
    """Two centred convolutions per level: reach = sum over levels of 2 * (kernel // 2) * 2**level frames."""
    reach = 2 * (kernel // 2) * (2**levels - 1)
    torch.manual_seed(0)
    network = TCN((99, 1), 2, width=8, levels=levels, kernel=kernel).eval()
    frames = []
    network.blocks[-1].register_forward_hook(lambda _, __, y: frames.append(y))
    x = torch.zeros(1, 99, 1)
    seen = torch.ones(1, 99, dtype=torch.bool)
    network(x, seen)
    x[0, 49] = 5.0
    network(x, seen)
    changed = torch.nonzero((frames[0] - frames[1]).abs().sum(dim=2)[0] > 1e-7)[:, 0]
    assert 49 - reach <= changed.min()
    assert changed.max() <= 49 + reach
    assert changed.max() - changed.min() > reach  # it is felt on both sides


def test_an_even_kernel_is_refused():
    with pytest.raises(ConfigError, match="a centred kernel has an odd number of frames"):
        TCN((9, 2), 2, kernel=4)
