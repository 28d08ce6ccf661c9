from __future__ import annotations

import functools

import numpy as np
import pytest
import torch

from neuroface.classifiers import transfer
from neuroface.classifiers.face_htnet import FaceHTNet
from neuroface.classifiers.htnet_weights import to_official
from neuroface.classifiers.torch_classifier import TorchClassifier
from neuroface.errors import DataError, WeightsNotFoundError

SMALL = {"dim": 6, "heads": 1, "num_hierarchies": 1, "patch_size": 7}


def network(classes: int = 3, size: int = 14, repeats: tuple = (2,), **more) -> FaceHTNet:
    return FaceHTNet((size, size, 3), classes, **{**SMALL, "block_repeats": repeats, **more})


def fitted(folder, size: int = 14):
    """A model file of a network fitted on three people."""
    y, people = np.array(["a", "b", "c"] * 4), np.array(["P1", "P2", "P3"] * 4)
    X = np.random.default_rng(0).integers(0, 255, (12, size, size, 3)).astype(np.uint8)
    build = functools.partial(FaceHTNet, **SMALL, block_repeats=(2,))
    model = TorchClassifier(build, max_epochs=1, epoch_selection="last", device="cpu").fit(X, y, people)
    file = folder / "model.safetensors"
    file.write_bytes(model.saved()[1])
    return model, file


def test_the_body_is_taken_and_what_belongs_to_the_question_is_told(tmp_path):
    model, file = fitted(tmp_path)
    new = network(classes=6, size=28)
    head = new.htnet.head.weight.clone()
    told = transfer.start_from(new, file)
    torch.testing.assert_close(new.htnet.embed.weight, model.network_.htnet.embed.weight)
    torch.testing.assert_close(new.htnet.head.weight, head)
    assert told == ["htnet.head.bias, htnet.head.weight, htnet.levels.0.position (has another shape)"]


def test_all_of_an_equal_network_is_taken(tmp_path):
    model, file = fitted(tmp_path)
    new = network()
    assert transfer.start_from(new, file) == []
    for name, value in model.network_.state_dict().items():
        torch.testing.assert_close(new.state_dict()[name], value)


def test_new_and_unused_weights_are_told(tmp_path):
    _, file = fitted(tmp_path)
    told = " ".join(transfer.start_from(network(repeats=(3,)), file))
    assert "htnet.levels.0.blocks.2.attention_norm.weight" in told
    assert "(is new here)" in told
    assert "(has no place here)" in " ".join(transfer.start_from(network(repeats=(1,)), file))


def test_another_width_is_refused_by_name(tmp_path):
    _, file = fitted(tmp_path)
    with pytest.raises(DataError, match=r"htnet.embed.bias is \(6,\), not \(8,\).* Set dim, heads, block_repeats"):
        transfer.start_from(network(dim=8), file)


def test_an_official_checkpoint_is_a_start(tmp_path):
    plain = network().htnet
    file = tmp_path / "official.pth"
    torch.save(to_official(plain.state_dict()), file)
    new = network()
    assert transfer.start_from(new, file) == []
    torch.testing.assert_close(
        new.htnet.levels[0].blocks[0].attention.to_qk.weight, plain.levels[0].blocks[0].attention.to_qk.weight
    )
    assert transfer.people_of(file) == frozenset()


def test_whom_a_model_was_fitted_on_travels_with_it(tmp_path):
    _, file = fitted(tmp_path)
    assert transfer.people_of(file) == {"P1", "P2", "P3"}
    assert TorchClassifier(network, start_from=str(file)).fitted_on == {"P1", "P2", "P3"}


def test_no_file_says_what_to_give(tmp_path):
    with pytest.raises(WeightsNotFoundError, match=r"Give classifier.start_from a model of a run"):
        transfer.people_of(tmp_path / "absent.safetensors")
