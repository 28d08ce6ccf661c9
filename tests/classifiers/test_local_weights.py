from __future__ import annotations

import pickle

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from neuroface.classifiers.backbones import Backbone
from neuroface.classifiers.local_weights import load_backbone
from neuroface.errors import DataError, WeightsNotFoundError


def network(inner=4):
    return nn.ModuleDict({"body": nn.Linear(3, inner), "fc": nn.Linear(inner, 2)})


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_the_body_is_filled_and_the_head_is_not(tmp_path, ending):
    given, mine = network(), network()
    file, head = tmp_path / f"w.{ending}", mine["fc"].weight.clone()
    torch.save(given.state_dict(), file) if ending == "pth" else save_file(given.state_dict(), file)
    load_backbone(mine, file, head="fc.")
    assert torch.equal(mine["body"].weight, given["body"].weight)
    assert torch.equal(mine["fc"].weight, head)


def test_no_file_says_what_to_do(tmp_path):
    with pytest.raises(WeightsNotFoundError) as told:
        load_backbone(network(), tmp_path / "w.pth", head="fc.")
    assert str(told.value) == (
        f"weights={tmp_path / 'w.pth'}: there is no such file. Download the weights yourself and name the file, or set "
        "weights=null to start at random."
    )


def test_weights_of_another_network_are_refused_whole(tmp_path):
    torch.save(network(inner=5).state_dict(), tmp_path / "w.pth")
    mine = network()
    before = mine["body"].weight.clone()
    with pytest.raises(DataError) as told:
        load_backbone(mine, tmp_path / "w.pth", head="fc.")
    assert str(told.value) == (
        f"{tmp_path / 'w.pth'} holds weights of another network: 2 parameters are missing, unknown or of another "
        "shape, body.bias among them."
    )
    assert torch.equal(mine["body"].weight, before)


class Harmful:
    def __reduce__(self):
        return (print, ("run",))


@pytest.mark.parametrize("content", [b"", b"no weights", pickle.dumps(Harmful(), protocol=2)])
def test_a_file_that_is_none_is_refused_and_not_run(tmp_path, content, capsys):
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(DataError, match="cannot be read as weights"):
        load_backbone(network(), tmp_path / "w.pth", head="fc.")
    assert capsys.readouterr().out == ""


def test_a_file_of_something_else_is_refused(tmp_path):
    torch.save([1, 2], tmp_path / "w.pth")
    with pytest.raises(DataError, match=r"is no table of parameters by name; a state_dict is wanted\.$"):
        load_backbone(network(), tmp_path / "w.pth", head="fc.")


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict"])
def test_the_network_is_taken_out_of_a_checkpoint_of_several_gpus(tmp_path, key):
    given, mine = network(), network()
    state = {f"module.{name}": value for name, value in given.state_dict().items()}
    torch.save({"iter": 70, key: state, "optimizer_state_dict": {"state": {}}}, tmp_path / "epoch.pth.tar")
    load_backbone(mine, tmp_path / "epoch.pth.tar", head="fc.")
    assert torch.equal(mine["body"].weight, given["body"].weight)


def test_a_self_cure_network_as_published_is_a_resnet_cut_into_numbered_parts(tmp_path):
    """Its code keeps Sequential(*children of torchvision's ResNet-18 but the last), and heads alpha and fc."""
    whole = torchvision.models.resnet18(weights=None)
    with torch.no_grad():
        whole.bn1.running_mean.uniform_()
    cut = nn.ModuleDict(
        {
            "features": nn.Sequential(*list(whole.children())[:-1]),
            "alpha": nn.Sequential(nn.Linear(512, 1), nn.Sigmoid()),
            "fc": nn.Linear(512, 7),
        }
    )
    torch.save({"model_state_dict": cut.state_dict()}, tmp_path / "scn.pth.tar")
    mine = Backbone((32, 32, 3), kind="resnet18", weights=tmp_path / "scn.pth.tar")
    whole.fc = nn.Identity()
    x = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(mine.eval()(x.permute(0, 2, 3, 1)), whole.eval()(x))
    with pytest.raises(DataError, match="holds weights of another network"):
        Backbone((32, 32, 3), kind="resnet34", weights=tmp_path / "scn.pth.tar")


def test_a_checkpoint_that_runs_code_is_refused_and_not_run(tmp_path, capsys):
    torch.save({"state_dict": {"w": Harmful()}}, tmp_path / "w.pth.tar")
    with pytest.raises(DataError, match="cannot be read as weights"):
        load_backbone(network(), tmp_path / "w.pth.tar", head="fc.")
    assert capsys.readouterr().out == ""
