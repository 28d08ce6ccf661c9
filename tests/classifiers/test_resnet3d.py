from __future__ import annotations

import pytest
import torch
from clip_networks import accuracy_after, flashes, n_parameters

from neuroface.classifiers.resnet3d import r2plus1d18, r3d18
from neuroface.errors import DataError


@pytest.mark.parametrize(("build", "published"), [(r3d18, 33_371_472), (r2plus1d18, 31_505_325)])
def test_sizes_are_those_that_torchvision_states_for_kinetics(build, published):
    with torch.device("meta"):
        assert n_parameters(build((16, 112, 112, 3), 400)) == published


def test_weights_from_a_file_are_those_it_works_with(tmp_path):
    from torchvision.models.video import r3d_18

    torch.manual_seed(0)
    given = r3d_18(weights=None).eval()
    torch.save(given.state_dict(), tmp_path / "r3d.pth")
    network = r3d18((4, 32, 32, 3), 2, weights=str(tmp_path / "r3d.pth")).eval()
    network.network.fc = given.fc
    x = torch.randn(1, 4, 32, 32, 3)
    assert torch.equal(network(x), given(x.permute(0, 4, 1, 2, 3)))
    with pytest.raises(DataError, match="holds weights of another network"):
        r2plus1d18((4, 32, 32, 3), 2, weights=str(tmp_path / "r3d.pth"))


@pytest.mark.slow
@pytest.mark.parametrize("build", [r3d18, r2plus1d18])
def test_it_learns_when_something_happens(build):
    torch.manual_seed(0)
    x, y = flashes(16, frames=4)
    assert accuracy_after(build(x.shape[1:], 2), x, y, steps=8, rate=3e-4) >= 0.9
