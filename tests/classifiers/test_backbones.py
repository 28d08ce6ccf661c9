from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from neuroface.classifiers.backbones import BACKBONES, Backbone, embedded
from neuroface.classifiers.iresnet import LAYERS, Block
from neuroface.errors import ConfigError, DataError, WeightsNotFoundError

# Published sizes: torchvision less its last layer; insightface's IR-ResNet at 112 px, 512 of them fixed.
PARAMETERS = {"resnet18": 11_176_512, "resnet34": 21_284_672, "iresnet18": 24_025_600, "iresnet50": 43_590_848}


@pytest.mark.parametrize("kind", PARAMETERS)
def test_sizes_are_those_published(kind):
    with torch.device("meta"):
        backbone = Backbone((112, 112, 3), kind=kind)
    assert sum(one.numel() for one in backbone.parameters()) == PARAMETERS[kind]


@pytest.mark.parametrize("kind", ["small", "resnet18", "iresnet18"])
def test_pictures_become_vectors(kind):
    backbone = Backbone((32, 32, 3), kind=kind)
    x = torch.randn(5, 32, 32, 3)
    vectors = embedded(backbone, x, batch_size=2)
    assert vectors.shape == (5, backbone.n_features)
    torch.testing.assert_close(embedded(backbone, x), vectors, atol=1e-4 * float(vectors.abs().max()), rtol=0)


def test_an_ir_block_is_the_published_sum():
    block = Block(4, 4, 1).eval()
    x = torch.randn(2, 4, 6, 6)
    rest = torch.nn.Sequential(block.bn1, block.conv1, block.bn2, block.prelu, block.conv2, block.bn3)
    torch.testing.assert_close(block(x), x + rest(x))
    assert Block(4, 8, 2).eval()(x).shape == (2, 8, 3, 3)


@pytest.mark.parametrize("kind", ["resnet18", "iresnet18"])
def test_weights_of_a_file_are_taken_and_those_of_another_network_refused(kind, tmp_path):
    one, file = Backbone((32, 32, 3), kind=kind), tmp_path / "w.safetensors"
    save_file(one.network.state_dict(), file)
    again = Backbone((32, 32, 3), kind=kind, weights=file)
    x = torch.randn(2, 32, 32, 3)
    torch.testing.assert_close(embedded(again, x), embedded(one, x))
    other = "resnet34" if kind == "resnet18" else "resnet18"
    with pytest.raises(DataError, match="holds weights of another network"):
        Backbone((32, 32, 3), kind=other, weights=file)


def test_another_picture_size_is_another_ir_network(tmp_path):
    file = tmp_path / "w.safetensors"
    save_file(Backbone((32, 32, 3), kind="iresnet18").network.state_dict(), file)
    with pytest.raises(DataError, match=r"of another shape, fc\.weight among them"):
        Backbone((64, 64, 3), kind="iresnet18", weights=file)


def test_wrong_words_and_pictures_are_told():
    assert set(LAYERS) < set(BACKBONES)
    with pytest.raises(ConfigError, match=r"classifier\.backbone is 'resnet19'\. Did you mean 'resnet"):
        Backbone((32, 32, 3), kind="resnet19")
    with pytest.raises(WeightsNotFoundError, match=r"weights=w\.pth: there is no such file"):
        Backbone((32, 32, 3), kind="small", weights="w.pth")
    with pytest.raises(DataError, match="takes pictures"):
        Backbone((32, 32, 8), kind="small")
    with pytest.raises(DataError, match="takes square pictures"):
        Backbone((32, 48, 3), kind="iresnet18")
