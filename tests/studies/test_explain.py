"""`neuroface explain` on a small finished run of HTNet over drawn, graded stills."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml

from neuroface.classifiers import model_file
from neuroface.errors import ConfigError, DataError, LeakageError
from neuroface.verbs import explain, train
from palsy_folders import write_fnp

PEOPLE = {f"patient{i:03d}": 1 if i % 2 else 6 for i in range(8)}
CLASSIFIER = """# HTNet on whole stills.
view: {_target_: neuroface.views.images.Images, size: 28, align: whole, margin: 0.1}
_target_: neuroface.classifiers.face_htnet.htnet
dim: 8
heads: 1
num_hierarchies: 2
block_repeats: [2, 2]
micro_attention: mirror
epochs: 2
batch_size: 8
epoch_selection: last
device: auto
random_state: 0
"""
UNTOUCHED = """# Stills come without landmarks, and whole pictures need none.
_target_: untouched_step_of_a_test.untouched
_partial_: true
"""
STEP = "def untouched(recording):\n    return recording.landmarks, {}\n"


@pytest.fixture(scope="module")
def palsy(tmp_path_factory) -> Path:
    """A finished run over eight people with two stills each."""
    root = tmp_path_factory.mktemp("palsy")
    (root / "options" / "classifier").mkdir(parents=True)
    (root / "options" / "classifier" / "small_htnet.yaml").write_text(CLASSIFIER)
    (root / "options" / "landmarks").mkdir()
    (root / "options" / "landmarks" / "untouched.yaml").write_text(UNTOUCHED)
    (root / "options" / "untouched_step_of_a_test.py").write_text(STEP)
    write_fnp(root / "faces", PEOPLE)
    words = [
        f"hydra.searchpath=[file://{root / 'options'}]", "classifier=small_htnet", "cohort=fnp",
        "landmarks=untouched",
        f"cohort.root={root / 'faces'}", "protocol=expression", "protocol.classes=['1','6']", "lift=none",
        "protocol.permutations=0", "features=[]", "split=group_kfold", "split.n_splits=2", "execution.n_jobs=1",
        "execution.tensorboard=false", f"execution.store={root / 'store'}", f"run={root / 'run'}",
    ]  # fmt: skip
    train.run(words)
    return root / "run"


@pytest.fixture
def run(palsy, tmp_path) -> Path:
    """A copy of the run that a test may break."""
    return Path(shutil.copytree(palsy, tmp_path / "run"))


@pytest.fixture(scope="module")
def explained(palsy) -> Path:
    explain.run([f"run={palsy}", "panels=3", "tiles=4"])
    return palsy / "explain"


def test_every_sample_is_measured_by_the_fold_that_left_it_out(explained):
    table = pd.read_csv(explained / "asymmetry.csv", dtype={"y": str})
    splits = pd.read_csv(explained.parent / "predictions.csv").set_index("sample")["fold"]
    assert len(table) == 2 * len(PEOPLE)
    assert dict(zip(table["sample"], table["fold"], strict=True)) == splits.to_dict()
    assert set(table["side"]) == {"left", "right"}


def test_the_text_tells_what_the_table_holds(explained, capsys):
    table = pd.read_csv(explained / "asymmetry.csv", dtype={"y": str})
    text = (explained / "asymmetry_report.txt").read_text()
    grade = table[table["y"] == "6"]["picture_asymmetry"]
    assert f"{grade.mean():<8.4f}{grade.std():<8.4f}{grade.min():<8.4f}{grade.max():<8.4f}4" in text
    towards = table["exchange_lean_face"] * np.where(table["side"] == "left", 1, -1)
    hits = int((towards.groupby(table["subject"]).mean() > 0).sum())
    assert f"exchange   face      {hits}/8" in text


def test_pictures_are_drawn_as_many_as_asked_for(explained):
    drawn = sorted((explained / "panels").glob("*.png"))
    assert len(drawn) == 3
    for file in [*drawn, explained / "asymmetry_analysis.png", explained / "class_faces.png"]:
        assert cv2.imread(str(file)).std() > 5, f"{file.name} is blank"


def test_the_page_shows_both_checks_and_every_sample_is_in_the_table(explained):
    table = pd.read_csv(explained / "lights.csv")
    assert len(table) == 2 * len(PEOPLE)
    checks = pd.read_csv(explained / "checks.csv").set_index(["method", "check"])
    assert checks.loc[("gradient", "random"), "people"] == len(PEOPLE)
    assert 0 < checks.loc[("gradient", "shuffled"), "people"] < len(PEOPLE), "one fold of two was learnt anew"
    assert table["gradient shuffled_like"].notna().sum() == table["gradient shuffled_lean_face"].notna().sum() == 8
    assert checks["like"].abs().max() <= 1
    page = (explained / "explain.html").read_text()
    assert "learnt from shuffled labels" in page
    assert len(list((explained / "lights").glob("*.png"))) == 3


@pytest.mark.slow
def test_of_clips_there_is_light_over_time(tmp_path):
    words = [
        "cohort=rendered", "classifier=c3d", "cohort.people={HC: 2, ALS: 2}", "cohort.tasks=[OPEN]",
        "cohort.repetitions={OPEN: 2}", "cohort.fps=15", "split=group_kfold", "split.n_splits=2",
        "classifier.max_epochs=1", "classifier.epoch_selection=last", "protocol.permutations=0", "execution.n_jobs=1",
        "execution.tensorboard=false", "quality=null", f"execution.store={tmp_path / 'store'}",
        f"run={tmp_path / 'run'}",
    ]  # fmt: skip
    train.run(words)
    explain.run([f"run={tmp_path / 'run'}", "panels=1", "refits=0"])
    out = tmp_path / "run" / "explain"
    assert (out / "over_time.svg").is_file()
    assert not (out / "asymmetry.csv").exists()
    assert "not looked at (refits=0" in (out / "explain.html").read_text()


def test_a_run_without_features_is_refused(run):
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["classifier"] = {"_target_": "sklearn.dummy.DummyClassifier", "strategy": "prior"}
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(DataError, match=r"samples.csv holds no features"):
        explain.run([f"run={run}"])


def test_a_missing_model_is_told(run):
    file = sorted((run / "models").glob("*.safetensors"))[0]
    file.unlink()
    with pytest.raises(ConfigError) as raised:
        explain.run([f"run={run}"])
    assert str(raised.value) == (f"{file} is not there. Train again with execution.save_models=true and another run=.")


def test_changed_data_are_not_explained(run):
    predictions = pd.read_csv(run / "predictions.csv", dtype=str)
    predictions.iloc[1:].to_csv(run / "predictions.csv", index=False)
    with pytest.raises(DataError, match=r"1 samples are only in predictions.csv or only in the data: patient"):
        explain.run([f"run={run}"])


def test_another_model_than_the_judged_one_is_not_explained(run):
    """A model whose last bias differs says something else than predictions.csv."""
    file = sorted((run / "models").glob("*.safetensors"))[0]
    config, tensors = model_file.from_file(file)
    tensors["network.htnet.head.bias"] = tensors["network.htnet.head.bias"] + tensors[
        "network.htnet.head.bias"
    ].new_tensor([4.0, -4.0])
    file.write_bytes(model_file.to_bytes(config, tensors))
    with pytest.raises(DataError, match=r"its model now gives probabilities up to 0\.\d\d away from those in"):
        explain.run([f"run={run}"])


def test_a_model_that_knows_the_person_explains_nothing(run):
    file = sorted((run / "models").glob("*.safetensors"))[0]
    config, tensors = model_file.from_file(file)
    config["people"] = sorted(PEOPLE)
    file.write_bytes(model_file.to_bytes(config, tensors))
    with pytest.raises(LeakageError, match=r"was fitted on patient\d+, .*, who are judged by it"):
        explain.run([f"run={run}"])


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("panels=-1", r"panels is -1; it must be a whole number of at least 0\."),
        ("tiles=7", r"tiles is 7; it must be an even number, so that tiles lie opposite, or 0\."),
    ],
)
def test_numbers_that_make_no_sense_are_refused(palsy, word, message):
    with pytest.raises(ConfigError, match=message):
        explain.run([f"run={palsy}", word])
