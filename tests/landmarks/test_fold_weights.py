from __future__ import annotations

import json
import re

import pytest

from neuroface.errors import ConfigError, DataError, WeightsNotFoundError
from neuroface.landmarks.fold_weights import weights_for

SPLITS = {
    "small": {"test": ["A", "B"], "train": ["C"]},
    "large": {"test": ["C"], "train": ["A", "B"]},
    "as_large": {"test": [], "train": ["A", "C"]},
}


@pytest.fixture
def run(tmp_path):
    (tmp_path / "splits.json").write_text(json.dumps(SPLITS))
    (tmp_path / "models").mkdir()
    for fold in SPLITS:
        (tmp_path / "models" / f"{fold}.safetensors").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("subject", "fold", "held_out"), [("A", "small", True), ("C", "large", True), ("Z", "large", False)]
)
def test_the_network_that_held_the_person_out(run, subject, fold, held_out):
    assert weights_for(str(run), subject) == (str(run / "models" / f"{fold}.safetensors"), held_out)


@pytest.mark.parametrize("weights", ["official", "bundled", "net.pth"])
def test_what_names_no_folder_is_left_as_it_is(weights, tmp_path, monkeypatch):
    (tmp_path / "bundled").mkdir()
    monkeypatch.chdir(tmp_path)
    assert weights_for(weights, "A") == (weights, True)


def test_a_run_without_its_models(run):
    (run / "models" / "small.safetensors").unlink()
    with pytest.raises(WeightsNotFoundError, match=re.escape("The run is not finished, or its models were not kept")):
        weights_for(str(run), "A")


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(ConfigError) as error:
        weights_for(str(tmp_path), "A")
    assert str(error.value) == (
        f"landmarks.weights={tmp_path} is a folder without splits.json. Name a weight file, or the folder of a run of "
        "neuroface train experiment=fan_finetune."
    )


@pytest.mark.parametrize("text", ["", "[]", '{"a": {"test": ["A"]}}', '{"a": 3}'])
def test_splits_that_cannot_be_read(tmp_path, text):
    (tmp_path / "splits.json").write_text(text)
    with pytest.raises(DataError, match="does not say which subject is tested in which fold"):
        weights_for(str(tmp_path), "A")
