"""HTNet from the command line: micro-expressions by three choices of the epoch, palsy by the grade."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuroface.errors import DataError, LeakageError
from neuroface.studies.start import with_meant_cohort
from neuroface.verbs import train
from palsy_folders import write_fnp, write_megc

TINY = [
    "size=ci",
    "execution.n_jobs=1",
    "execution.tensorboard=false",
    "protocol.permutations=4",
    "classifier.dim=6",
    "classifier.epochs=2",
]


def read(folder: Path, name: str):
    return json.loads((folder / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["experiment=htnet_megc", "cohort=synthetic"], ["experiment=htnet_megc", "cohort=synthetic_micro"]),
        (["cohort=synthetic", "experiment=palsy_grading"], ["cohort=rendered_palsy", "experiment=palsy_grading"]),
        (["cohort=synthetic", "experiment=guarin_forest"], ["cohort=synthetic", "experiment=guarin_forest"]),
        (["cohort=synthetic"], ["cohort=synthetic"]),
        (["cohort=megc", "experiment=htnet_megc"], ["cohort=megc", "experiment=htnet_megc"]),
    ],
)
def test_the_synthetic_cohort_is_that_of_the_question(words, meant):
    assert with_meant_cohort(words) == meant


@pytest.fixture(scope="module")
def published_layout(tmp_path_factory) -> Path:
    """The experiment on a folder in the published layout: six people of three databases."""
    root, folder = (tmp_path_factory.mktemp(name) for name in ("megc", "runs"))
    write_megc(root)
    words = ["experiment=htnet_megc", "cohort=megc", f"cohort.root={root}", *TINY, "classifier.epochs=12"]
    words += ["classifier.learning_rate=3e-3", f"run={folder / 'megc'}"]
    train.run(words)
    return folder / "megc"


def test_three_ways_to_choose_the_epoch_run_on_the_published_layout(published_layout):
    table = pd.read_csv(published_layout / "table.csv").set_index("method")
    assert list(table.index[:3]) == ["last", "inner_people", "test_best-accepted"]
    assert table["audit"].tolist()[:3] == ["clean", "clean", "leaky"]
    assert table.loc["HTNet (published)", "casme2 uf1"] == 0.9532
    for name in table.index[:3]:
        scores = read(published_layout / name, "scores.json")
        assert scores["repetition"]["groups"].keys() == {"all", "casme2", "smic", "samm"}
        assert scores["repetition"]["n"] == {"negative": 6, "positive": 6, "surprise": 6}
        assert table.loc[name, "all uf1"] == pytest.approx(scores["repetition"]["macro_f1"])


def test_who_looks_at_the_test_person_does_no_worse_there_than_the_last_epoch(published_layout):
    """Both train alike, on the same seeds; the one keeps the best of the epochs that the other passes through."""
    right = {}
    for name in ("last", "test_best-accepted"):
        table = pd.read_csv(published_layout / name / "predictions.csv")
        decided = table[[f"p_{c}" for c in ("negative", "positive", "surprise")]].to_numpy().argmax(axis=1)
        hit = np.array(["negative", "positive", "surprise"])[decided] == table["y"]
        right[name] = hit.groupby(table["subject"]).mean()
    assert (right["test_best-accepted"] >= right["last"]).all()


def test_the_habit_needs_its_protocol(tmp_path):
    root = write_megc(tmp_path / "megc")
    words = ["classifier=htnet", "protocol=micro_expression", "cohort=megc", f"cohort.root={root}", *TINY]
    with pytest.raises(LeakageError, match=r"set protocol\.leak=accepted"):
        train.run([*words, "classifier.epoch_selection=test_best", f"run={tmp_path / 'run'}"])
    assert not (tmp_path / "run").exists()


PEOPLE = {f"patient{i:03d}": 1 + i % 6 for i in range(18)}
STILLS = ["experiment=palsy_grading", "cohort=fnp", "classifier.view.align=whole", "split.n_splits=2", *TINY]


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Path:
    root, run = tmp_path_factory.mktemp("fnp"), tmp_path_factory.mktemp("runs") / "palsy"
    write_fnp(root, PEOPLE)
    words = [f"cohort.root={root}", "classifier.loss=ordinal", "classifier.side_weight=0.5", "classifier.save_every=1"]
    words += ["classifier.augment.flip=0"]  # a mirrored face has its other side affected
    train.run([*STILLS, *words, f"run={run}"])
    return run


def test_grades_of_stills_are_scored_as_grades(graded):
    scores = read(graded, "scores.json")
    assert scores["ordered"] is True
    assert {"quadratic_kappa", "grade_error", "weighted_f1", "recall"} <= scores["subject"].keys()
    assert scores["side"]["unit"] == "sample"  # each person was photographed from both sides
    assert scores["side"]["n"] == {"left": 18, "right": 18}
    predictions = pd.read_csv(graded / "predictions.csv")
    assert np.allclose(predictions[[f"p_{g}" for g in range(1, 7)]].sum(axis=1), 1)


def test_both_photographs_of_a_person_lie_in_one_fold(graded):
    predictions = pd.read_csv(graded / "predictions.csv")
    assert len(predictions[["subject", "fold"]].drop_duplicates()) == len(PEOPLE)


def test_the_files_that_users_of_the_palsy_system_expect(graded):
    names = {"confusion_matrix.png", "evaluation_results.txt", "predictions.npz", "training_history.json"}
    assert names <= {file.name for file in (graded / "report").iterdir()}
    assert list(read(graded, "report/training_history.json")) == ["fold_1", "fold_2"]
    kept = {file.name for file in (graded / "models").glob("*.epoch-*.safetensors")}
    assert {"fold_1.epoch-0001.safetensors", "fold_2.epoch-0002.safetensors"} <= kept


def test_scored_again_it_is_still_a_matter_of_grades(graded):
    from neuroface.verbs import eval as eval_verb

    before = read(graded, "scores.json")["subject"]["quadratic_kappa"]
    eval_verb.run([f"run={graded}", "bootstrap=50"])
    assert read(graded, "scores.json")["subject"]["quadratic_kappa"] == before


def test_three_classes_from_six_grades(tmp_path):
    root = write_fnp(tmp_path / "fnp", PEOPLE)
    train.run([*STILLS, "protocol=palsy_three", f"cohort.root={root}", f"run={tmp_path / 'run'}"])
    assert read(tmp_path / "run", "scores.json")["subject"]["n"] == {"1": 3, "2-3": 6, "4-6": 9}


def test_stills_without_landmarks_say_what_to_set(tmp_path):
    root = write_fnp(tmp_path / "fnp", PEOPLE)
    words = [word for word in STILLS if not word.startswith("classifier.view.align")]
    with pytest.raises(DataError, match=r"find them \(landmarks=fan\), or set align=whole"):
        train.run([*words, f"cohort.root={root}", f"run={tmp_path / 'run'}"])


def test_micro_expressions_are_a_start_for_palsy(published_layout, tmp_path):
    start = published_layout / "last" / "models" / "casme2-sub01.safetensors"
    root = write_fnp(tmp_path / "fnp", PEOPLE)
    body = ["classifier.block_repeats=[1,1,2]", "classifier.micro_attention=null"]
    run = tmp_path / "run"
    train.run([*STILLS, *body, f"cohort.root={root}", f"classifier.start_from={start}", f"run={run}"])
    (told,) = [text for text in read(run, "run.json")["warnings"] if "Not taken over" in text]
    assert "htnet.head.weight" in told
    assert "embed" not in told


@pytest.mark.slow
def test_on_people_without_any_difference_only_the_leak_finds_one(tmp_path):
    """A null clinic: the honest choices are at chance; choosing the epoch on the test person is not."""
    words = ["experiment=htnet_megc", "cohort=synthetic", "cohort.effect=0", "size=ci", "execution.n_jobs=1"]
    train.run([*words, "execution.tensorboard=false", f"run={tmp_path / 'null'}"])
    found = pd.read_csv(tmp_path / "null" / "table.csv").set_index("method")
    honest, leaky = found.loc[["last", "inner_people"]], found.loc["test_best-accepted"]
    assert (honest["p"] > 0.05).all()
    assert leaky["all uf1"] > honest["all uf1"].max() + 0.1
