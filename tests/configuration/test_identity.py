from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from neuroface.configuration.compose import compose
from neuroface.configuration.identity import paths, science
from neuroface.configuration.values import parameters
from neuroface.errors import RunMismatchError
from neuroface.evaluate.run_folder import RunFolder

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
# Each argument that takes a file or a folder, and the words that choose its target.
TAKES_FILES = {
    "classifier.start_from": ["classifier=mlp"],
    "classifier.network.weights": ["classifier=r3d18"],
    "classifier.network.frame_weights": ["classifier=hybrid", "classifier.network.frame_cnn=vgg16"],
    "landmarks.weights": ["landmarks=fan"],
    "landmarks.detector.path": ["landmarks=fan", "faces/detector@landmarks.detector=boxes"],
    "landmarks.detector.model": ["landmarks=fan", "faces/detector@landmarks.detector=yunet"],
    "finetune.weights": ["experiment=fan_finetune"],
    "cohort.root": ["cohort=folder"],
    "cohort.path": ["cohort=table", "cohort.features=*"],
    "cohort.tracks": ["cohort=videos"],
    "cohort.subjects": ["cohort=openface"],
    "cohort.parsing": ["cohort=toronto"],
    "cohort.annotations": ["cohort=fnp"],
    "cohort.grades": ["cohort=ckplus"],
    "cohort.regions": ["cohort=megc"],
    "cohort.sheet": ["cohort=meei"],
    "cohort.map": ["cohort=points"],
    "cohort.table": ["cohort=image_folder"],
    "cohort.labels": ["cohort=image_folder"],
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def identity(*words):
    return science(compose("train", list(words))[0])


def with_file(config, key, file):
    OmegaConf.update(config, key, file)
    return science(config)


@pytest.mark.parametrize("key", TAKES_FILES)
def test_the_content_of_a_file_counts_and_its_path_does_not(key, tmp_path):
    for name, content in (("one", "1"), ("two", "2"), ("three", "1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(content)
    config, _ = compose("train", [*TAKES_FILES[key], f"{key}=one"])
    one, two = science(config), with_file(config, key, "two")
    assert one != two
    assert [with_file(config, key, given) for given in ("three", "./one", str(tmp_path / "one"))] == [one] * 3
    (tmp_path / "one" / "file").write_text("2")
    assert with_file(config, key, "one") == two
    assert paths(config)[key] == "one"


def test_other_content_behind_the_same_path_is_refused_by_its_key(tmp_path):
    (tmp_path / "start.safetensors").write_bytes(b"of one training")
    words = ["classifier=mlp", "classifier.start_from=start.safetensors"]
    folder = RunFolder(tmp_path / "run")
    with folder.open(identity(*words)):
        folder.write_text("folds/A.csv", "")
    (tmp_path / "start.safetensors").write_bytes(b"of another one")
    with pytest.raises(RunMismatchError, match=r"classifier\.start_from is \"content [0-9a-f]{16}\" there"):
        folder.is_done(identity(*words))


@pytest.mark.parametrize(
    "words",
    [
        ["protocol.task=OPEN"],
        ["landmarks=fan", "landmarks.weights=bundled"],
        ["landmarks=fan", "landmarks.decode=quarter"],
        ["cohort.exclude=[OPEN/bundled]"],
        ["cohort=table", "cohort.path=none.csv", "cohort.features=b*"],
    ],
)
def test_a_word_that_is_also_the_name_of_a_file_stays_a_word(words, tmp_path):
    before = identity(*words)
    for name in ("OPEN", "bundled", "quarter", "loso", "OPEN/bundled"):
        (tmp_path / name).mkdir()
    assert identity(*words) == before
    assert paths(compose("train", words)[0]) == {}


def test_of_targets_that_are_not_ours_what_looks_like_a_path_counts(tmp_path):
    (tmp_path / "rbf").write_text("no path")
    (tmp_path / "weights.bin").write_text("1")
    node = OmegaConf.create({"classifier": {"_target_": "elsewhere.Net", "kernel": "rbf", "file": "weights.bin"}})
    before = science(node)
    assert before["classifier"]["kernel"] == "rbf"
    (tmp_path / "weights.bin").write_text("2")
    assert science(node) != before


def test_two_workbooks_of_one_root_are_two_data(tmp_path):
    """A name that is looked for below the root is no path from here: it stays."""
    (tmp_path / "meei").mkdir()
    words = ["cohort=meei", "cohort.root=meei"]
    assert identity(*words, "cohort.sheet=a.xlsx") != identity(*words, "cohort.sheet=b.xlsx")


def test_every_argument_that_takes_a_file_says_so_and_is_tried_here():
    """An argument is known by its annotation: all that have it are in the list above, and the list's names have it."""
    names = {key.rpartition(".")[2] for key in TAKES_FILES}
    choices_elsewhere = {"grades", "regions"}  # names of a rule in other places
    undeclared, declared = [], set()
    for target in _targets():
        for name, one in parameters(target).items():
            if "Path" in str(one.annotation):
                declared.add(name)
            elif name in names - choices_elsewhere and "str" in str(one.annotation):
                undeclared.append(f"{target} {name}")
    assert undeclared == []
    assert declared - names == {"flow"}  # which lies below cohort.root


def _targets():
    """Every target of ours that a YAML of these groups names."""
    for group in ("cohort", "landmarks", "classifier", "faces", "finetune"):
        for file in (CONFIGS / group).rglob("*.yaml"):
            yield from re.findall(r"_target_: (neuroface\.\S+)", file.read_text(encoding="utf-8"))


def test_what_is_kept_of_another_science_without_folds_is_not_gone_on_with(tmp_path):
    """Killed before the first fold was finished, started again with other weights: no state of the old training."""
    folder = RunFolder(tmp_path / "run")
    with folder.open({"seed": 0}):
        folder.write_bytes("checkpoints/A.pt", b"state")
        folder.write_text("annotated/faces.csv", "cut out")
    with folder.open({"seed": 0}):
        assert (folder.path / "checkpoints" / "A.pt").is_file()
    with folder.open({"seed": 1}):
        assert not (folder.path / "checkpoints").exists()
        assert not (folder.path / "annotated").exists()
    assert json.loads((folder.path / "run.json").read_text())["status"] == "incomplete"
