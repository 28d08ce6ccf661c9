from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

import neuroface as nf
from neuroface.cli import main
from neuroface.errors import ConfigError, DataError, LeakageError
from neuroface.studies.predict import predict

PEOPLE = "cohort.people={HC: 4, ALS: 4}"
# people of the same clinic whom the run has not seen: numbers 5 and 6 of each group
NEW = ["cohort=synthetic", "cohort.people={HC: 6, ALS: 6}", "cohort.exclude=[N001,N002,N003,N004,A001,A002,A003,A004]"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("predict") / "run"
    return nf.train(PEOPLE, "protocol.permutations=0", "execution.n_jobs=1", classifier="logistic", run=folder)


def test_new_people_are_judged_by_every_folds_model(run):
    table = predict([f"run={run.path}", *NEW]).table
    assert table["subject"].tolist() == ["N005", "N006", "A005", "A006"]
    assert (table["task"] == "OPEN").all()
    assert (table["p_HC"] + table["p_ALS"]).tolist() == pytest.approx([1] * 4)
    files = sorted((run.path / "models").glob("*.skops"))
    assert len(files) == 8
    features = nf.features(*NEW, **{"cohort.tasks": ["OPEN"]})
    names = [name for name in run.features.columns if "." in name]
    by_hand = np.mean([nf.load_model(file).predict_proba(features[names].to_numpy())[:, 0] for file in files], axis=0)
    mean = pd.Series(by_hand).groupby(features["subject"], sort=False).mean()
    assert table.set_index("subject")["p_ALS"].to_dict() == pytest.approx(mean.to_dict())
    assert (table["sd_ALS"] > 0).all()


def test_people_of_the_run_are_refused_by_name(run):
    with pytest.raises(LeakageError, match="were fitted on A001, A002"):
        predict([f"run={run.path}", "cohort=synthetic", PEOPLE])


def test_what_lies_outside_the_runs_range_is_counted_and_told(run):
    found = predict([f"run={run.path}", *NEW, "cohort.effect=6"])
    assert found.table["outside"].max() > 0
    assert any("outside the range that the run knows" in warning for warning in found.warnings)
    assert any("synthetic" in warning for warning in found.warnings)
    assert "not a medical device" in found.warnings[-1]


def test_the_question_is_the_runs(run):
    with pytest.raises(ConfigError, match="classifier, features: the question"):
        predict([f"run={run.path}", *NEW, "classifier=forest", "features=[rom]"])
    with pytest.raises(ConfigError, match="cohort= says whose"):
        predict([f"run={run.path}"])


def test_pixels_where_mm_were_learnt_are_refused(run):
    filmed = ["cohort.modality=rgbd", "cohort.fps=10", "cohort.repetitions={OPEN: 1}", "lift=none", "quality=null"]
    with pytest.raises(DataError, match=r"other features than these recordings give.*lift=depth"):
        predict([f"run={run.path}", NEW[0], "cohort.people={HC: 5}", "cohort.exclude=[N001,N002,N003,N004]", *filmed])


def test_a_run_without_models_says_so(run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(run.path, copy)
    shutil.rmtree(copy / "models")
    with pytest.raises(ConfigError, match="keeps no models"):
        predict([f"run={copy}", *NEW])


def test_both_doors_give_the_same(run, tmp_path, capsys):
    out = tmp_path / "p.csv"
    assert main(["predict", f"run={run.path}", *NEW, f"out={out}"]) == 0
    table = nf.predict(run, *NEW)
    pd.testing.assert_frame_equal(pd.read_csv(out), table, check_dtype=False)
    assert table.attrs["command"].startswith("neuroface predict cohort=synthetic")
    assert "not a medical device" in capsys.readouterr().err
