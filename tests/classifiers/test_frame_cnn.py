from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from clip_networks import n_parameters

from neuroface.classifiers.frame_cnn import FrameCNN
from neuroface.errors import ConfigError


def test_vgg16_is_torchvisions_without_its_head():
    """Thirteen 3x3 convolutions: 14.7 million parameters (Simonyan & Zisserman 2015, table 2, configuration D)."""
    with torch.device("meta"):
        network = FrameCNN(3, kind="vgg16", width=8, weights=None)
    widths = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    assert n_parameters(network) == sum(9 * a * b + b for a, b in pairwise(widths)) == 14_714_688
    assert network(torch.empty(2, 3, 64, 64, device="meta")).shape == (2, network.n_features)


def test_weights_from_a_file_are_those_it_works_with(tmp_path):
    """Named as torchvision names them; the layers after the convolutions are not used."""
    torch.manual_seed(0)
    given = FrameCNN(3, kind="vgg16", width=8, weights=None)
    state = {f"features.{name}": value for name, value in given.layers.state_dict().items()}
    torch.save({**state, "classifier.0.weight": torch.zeros(2, 2)}, tmp_path / "vgg16.pth")
    network = FrameCNN(3, kind="vgg16", width=8, weights=str(tmp_path / "vgg16.pth"))
    x = torch.randn(1, 3, 32, 32)
    assert torch.equal(network(x), given(x))
    assert not torch.equal(FrameCNN(3, kind="vgg16", width=8, weights=None)(x), given(x))


def test_vgg16_starts_with_activations_that_neither_die_nor_explode():
    torch.manual_seed(0)
    out = FrameCNN(3, kind="vgg16", width=8, weights=None)(torch.randn(4, 3, 32, 32))
    assert 0.01 < out.std() < 100


def test_the_small_one_takes_frames_of_any_size_and_channels():
    assert FrameCNN(1, kind="small", width=4, weights=None)(torch.zeros(3, 1, 21, 9)).shape == (3, 32)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "vgg19", "weights": None}, "frame_cnn=vgg19: there is no such network. Did you mean 'vgg16'?"),
        (
            {"kind": "small", "weights": "x.pth"},
            "frame_weights are of vgg16; set frame_cnn=vgg16, or frame_weights=null.",
        ),
    ],
)
def test_what_cannot_be_is_refused(keys, message):
    with pytest.raises(ConfigError) as told:
        FrameCNN(3, width=8, **keys)
    assert str(told.value) == message
