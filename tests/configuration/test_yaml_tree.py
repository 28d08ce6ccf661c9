"""What is read from the plain files is what Hydra composes."""

from __future__ import annotations

import subprocess
import sys

import pytest
from omegaconf import OmegaConf

from neuroface.configuration import yaml_tree
from neuroface.configuration.compose import compose


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("train", []),
        ("train", ["cohort=table"]),
        ("train", ["cohort=gfe", "classifier=lstm", "features=[rom,velocity]"]),
        ("train", ["cohort=fnp", "classifier=htnet_palsy"]),
        ("train", ["landmarks=fan", "faces/detector@landmarks.detector=yunet", "classifier=multimodal"]),
        ("train", ["experiment=guarin_as_published", "size=ci"]),
        ("train", ["experiment=htnet_megc", "protocol=three_way"]),
        ("train", ["experiment=palsy_grading"]),
        ("train", ["experiment=fan_finetune", "loss@finetune.loss=wing"]),
        ("landmarks", ["cohort=videos", "quality=null"]),
        ("prepare", ["faces/detector=landmarks"]),
        ("features", []),
    ],
)
def test_choices_and_keys_are_those_that_hydra_composes(verb, words):
    tree = yaml_tree.Tree(verb, words)
    config, choices = compose(verb, words)
    plain = {key: value for key, value in choices.items() if "@" not in key}
    found = {group: names for place, (group, names) in tree.choices.items()}
    assert {group: found.get(group) for group in plain} == {
        group: ",".join(names) if isinstance(names, list) else names for group, names in plain.items()
    }
    missing = object()
    composed = {key: OmegaConf.select(config, key, default=missing) for key in tree.keys()}  # noqa: SIM118
    assert [key for key, value in composed.items() if value is missing] == []
    resolved = OmegaConf.create(tree.config)
    for key in composed:
        if key.endswith(".choice"):  # null in the file; what is best here is settled when the words are composed
            assert OmegaConf.select(resolved, key) is None
        elif not OmegaConf.is_config(composed[key]):
            assert OmegaConf.select(resolved, key) == composed[key], key


def test_a_broken_file_and_a_broken_plug_in_count_as_empty(tmp_path):
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "bad.yaml").write_text("a: [1\n")
    (tmp_path / "features" / "blink.yaml").write_text("blink:\n  closure: {_target_: gone.closure, open: 1}\n")
    tree = yaml_tree.Tree("train", ["features=[blink,bad]"], [str(tmp_path)])
    assert {"bad", "blink", "rom"} <= set(tree.groups["features"])
    assert tree.keys()["features.blink.closure.open"] == 1


def test_nothing_heavy_is_loaded():
    code = (
        "import sys; from neuroface.configuration.yaml_tree import Tree; Tree('train', ['cohort=table']).keys();"
        "print(sorted({'hydra', 'omegaconf', 'numpy', 'torch', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
