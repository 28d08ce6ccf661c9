from __future__ import annotations

import functools

import pytest
import torch

from neuroface.classifiers import model_file
from neuroface.classifiers.lstm import LSTM
from neuroface.errors import ConfigError, DataError


def test_what_is_described_is_built_again():
    value = functools.partial(LSTM, hidden=4, inner=functools.partial(LSTM, layers=2), sizes=(1, 2))
    told = model_file.described(value)
    assert told["_target_"] == "neuroface.classifiers.lstm.LSTM"
    again = model_file.built(told)
    assert again.func is LSTM
    assert again.keywords["inner"].func is LSTM
    assert model_file.described(again) == told


def test_only_our_own_targets_are_imported_unless_trusted():
    node = {"_target_": "subprocess.run", "_partial_": True}
    with pytest.raises(
        ConfigError, match=r"asks for subprocess.run, which is not part of neuroface. Name it as trusted"
    ):
        model_file.built(node)
    assert model_file.built(node, trusted=["subprocess.run"]).func.__name__ == "run"


def test_a_target_that_is_gone_is_told():
    with pytest.raises(ConfigError, match=r"asks for neuroface.classifiers.lstm.GRU, which cannot be imported"):
        model_file.built({"_target_": "neuroface.classifiers.lstm.GRU"})


def test_a_function_without_a_name_cannot_be_kept():
    with pytest.raises(ConfigError, match="give a function or class of a module"):
        model_file.described(functools.partial(lambda shape, n: None))
    with pytest.raises(ConfigError, match="bind them by name"):
        model_file.described(functools.partial(LSTM, (1, 2)))


def test_a_file_holds_config_and_tensors_and_the_same_gives_the_same_bytes(tmp_path):
    tensors = {"a": torch.arange(3.0), "b": torch.ones(2, 2)}
    content = model_file.to_bytes({"x": [1, None]}, tensors)
    assert content == model_file.to_bytes({"x": [1, None]}, tensors)
    (tmp_path / "m.safetensors").write_bytes(content)
    config, found = model_file.from_file(tmp_path / "m.safetensors")
    assert config == {"x": [1, None]}
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())


@pytest.mark.parametrize("content", [b"", b"nonsense" * 10])
def test_a_damaged_file_is_told(tmp_path, content):
    (tmp_path / "m.safetensors").write_bytes(content)
    with pytest.raises(DataError, match="is no model file of a network, or is damaged"):
        model_file.from_file(tmp_path / "m.safetensors")
