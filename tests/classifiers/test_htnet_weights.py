"""Official checkpoints go in and out without loss, and what does not fit is named."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from published_htnet import PublishedHTNet

from neuroface.classifiers.htnet import HTNet
from neuroface.classifiers.htnet_weights import from_official, load_official, read, to_official
from neuroface.errors import DataError, WeightsNotFoundError

SIZE = (56, 7, 3, 10, 3, 2, (1, 2))


@pytest.fixture
def official() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return PublishedHTNet(*SIZE, micro=True, roi=True).state_dict()


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_there_and_back(official: dict):
    assert same(to_official(from_official(official)), official)
    own = HTNet(*SIZE, micro_attention="as_published", roi="as_published").state_dict()
    assert same(from_official(to_official(own)), own)


def test_names_are_the_written_ones(official: dict):
    ours = from_official(official)
    inner = 9  # 3 heads of 10 // 3 channels
    qkv = official["layers.0.0.layers.0.0.fn.to_qkv.weight"]
    assert torch.equal(ours["levels.0.blocks.0.attention.to_v.weight"], qkv[2 * inner :, :, 0, 0])
    assert torch.equal(ours["levels.0.blocks.0.attention.to_qk.weight"], qkv[: 2 * inner, :, 0, 0])
    assert torch.equal(ours["levels.1.blocks.1.narrow.bias"], official["layers.1.0.layers.1.1.fn.net.3.bias"])
    assert torch.equal(ours["levels.0.merge.norm.weight"], official["layers.0.1.1.g"].flatten())
    assert torch.equal(ours["regions.refine.1.running_var"], official["roi_module.roi_refine.1.running_var"])


@pytest.mark.parametrize("wrap", [dict, lambda weights: {"epoch": 3, "model_state_dict": weights, "val_acc": 0.5}])
def test_a_checkpoint_is_read(tmp_path: Path, official: dict, wrap):
    torch.save(wrap(official), tmp_path / "s03.pth")
    assert same(read(tmp_path / "s03.pth"), official)


def test_a_missing_file_is_told(tmp_path: Path):
    with pytest.raises(WeightsNotFoundError) as error:
        read(tmp_path / "s03.pth")
    assert str(error.value) == (
        f"No HTNet weights at {tmp_path / 's03.pth'}. Give the path of an official checkpoint (.pth)."
    )


class Payload:
    """Unpickling it would create a file."""

    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


def test_nothing_in_a_file_is_executed(tmp_path: Path):
    torch.save({"model_state_dict": Payload(tmp_path / "harm")}, tmp_path / "a.pth")
    with pytest.raises(DataError, match="cannot be read as a file of tensors only"):
        read(tmp_path / "a.pth")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("held", [[1, 2], {"epoch": 3}], ids=["a list", "no weights"])
def test_a_file_without_weights_is_told(tmp_path: Path, held):
    torch.save(held, tmp_path / "a.pth")
    with pytest.raises(DataError, match="holds no state dict"):
        read(tmp_path / "a.pth")


def test_odd_keys_are_named(official: dict):
    del official["layers.1.0.layers.1.0.fn.to_k.weight"]
    with pytest.raises(DataError) as error:
        from_official(official | {"module.mlp_head.2.bias": torch.zeros(3)})
    assert str(error.value) == (
        "This is no official HTNet state dict: levels.1.blocks.1.attention of q, v only, module.mlp_head.2.bias. "
        "Give one of HTNet or its palsy adaptation."
    )


def test_weights_of_another_size_are_named():
    plain = PublishedHTNet(56, 7, 6, 10, 3, 2, (1, 2))
    network = HTNet(56, 7, 3, 10, 3, 2, (1, 1))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(DataError) as error:
        load_official(network, plain.state_dict())
    assert str(error.value) == (
        "These weights are of another HTNet: head.bias is (6,) and must be (3,), head.weight is (6, 20) and must be "
        "(3, 20), levels.1.blocks.1.attention.to_out.bias has no place, levels.1.blocks.1.attention.to_out.weight has "
        "no place, levels.1.blocks.1.attention.to_qk.weight has no place, levels.1.blocks.1.attention.to_v.weight has "
        "no place, and 8 more. "
        "Set image_size, dim, heads, block_repeats, num_classes, micro_attention and roi as they were trained."
    )
    assert same(network.state_dict(), before)


@pytest.mark.parametrize("variant", ["micro_attention", "roi"])
def test_the_mirror_variants_have_no_official_names(variant: str):
    network = HTNet(*SIZE, **{variant: "mirror"})
    with pytest.raises(DataError, match=r"The official HTNet has no place for .* Only as_published variants"):
        to_official(network.state_dict())
