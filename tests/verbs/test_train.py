"""`neuroface train` from end to end on small synthetic cohorts: results, resuming, honesty."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuroface.cli import main
from neuroface.errors import ConfigError, NeurofaceError, RunMismatchError
from neuroface.studies.experiment import distinct_cells
from neuroface.studies.train import run_path
from neuroface.verbs import eval as eval_verb
from neuroface.verbs import report as report_verb
from neuroface.verbs import show, train

SMALL = ["size=ci", "classifier.estimator.n_estimators=10", "execution.n_jobs=1", "protocol.permutations=4"]


def read(folder: Path, name: str):
    return json.loads((folder / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "small"
    train.run([*SMALL, f"run={folder}"])
    return folder


def test_the_run_folder_is_complete(finished):
    wanted = {
        "config.yaml", "run.json", "splits.json", "predictions.csv", "scores.json", "audit.json", "cohort.json",
        "samples.csv", "folds", "null", "models", "report", "tensorboard",
    }  # fmt: skip
    assert wanted <= {path.name for path in finished.iterdir()}
    assert read(finished, "run.json")["status"] == "done"
    assert read(finished, "audit.json")["verdict"] == "clean"
    assert len(list((finished / "folds").glob("*.csv"))) == 12
    assert "synthetic" in (finished / "report" / "report.html").read_text()


def test_predictions_hold_every_repetition_once(finished):
    predictions = pd.read_csv(finished / "predictions.csv")
    assert len(predictions) == 12 * 5
    assert predictions["sample"].is_unique
    assert (predictions["subject"] == predictions["fold"]).all()
    assert np.allclose(predictions["p_HC"] + predictions["p_ALS"], 1)


def test_scores_follow_from_the_predictions_alone(finished):
    from sklearn.metrics import roc_auc_score

    people = pd.read_csv(finished / "predictions.csv").groupby("subject").agg({"y": "first", "p_ALS": "mean"})
    expected = roc_auc_score(people["y"] == "ALS", people["p_ALS"].round(12))
    assert read(finished, "scores.json")["subject"]["auc"] == pytest.approx(expected)


def test_a_finished_run_is_not_done_again(finished, monkeypatch, capsys):
    def unexpected(*_, **__):
        raise AssertionError("a finished run must not read data")

    monkeypatch.setattr("neuroface.studies.building.build_samples", unexpected)
    train.run([*SMALL, f"run={finished}"])
    assert "subject AUC" in capsys.readouterr().out


def test_other_science_in_the_same_folder_is_refused(finished):
    with pytest.raises(RunMismatchError, match=r"seed is 0 there, 1 here. Choose another run="):
        train.run([*SMALL, "seed=1", f"run={finished}"])


def test_how_it_runs_is_not_what_it_is(finished):
    """Other numbers of processes are the same science."""
    train.run([*SMALL, "execution.n_jobs=2", "execution.save_models=false", f"run={finished}"])


def test_eval_scores_again_from_what_is_stored(finished):
    before = read(finished, "scores.json")
    (finished / "scores.json").write_text(json.dumps({**before, "subject": {}}))
    eval_verb.run([f"run={finished}"])
    assert read(finished, "scores.json") == before


def test_report_is_drawn_again(finished, capsys):
    page = finished / "report" / "report.html"
    page.unlink()
    report_verb.run([f"run={finished}"])
    assert page.is_file()
    assert capsys.readouterr().out.strip() == str(page)


def test_a_final_model_is_fitted_on_everybody_and_marked_as_never_evaluated(finished, tmp_path):
    from neuroface.classifiers import forest

    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    assert not list((copy / "models").glob("final.*"))
    train.run([*SMALL, "execution.final_model=true", f"run={copy}"])
    about = read(copy / "models", "final.json")
    assert about["evaluated"] is False
    assert "never evaluated" in about["note"]
    samples = pd.read_csv(copy / "samples.csv")
    assert set(about["fitted_on"]) == set(samples["subject"])
    model = forest.load(copy / "models" / "final.npz")
    p = model.predict_proba(samples[about["features"]].to_numpy())
    assert (model.classes_[p.argmax(axis=1)] == samples["y"]).mean() > 0.95  # on what it has learnt, as a forest does
    for name in ("predictions.csv", "scores.json"):
        assert (copy / name).read_bytes() == (finished / name).read_bytes()


def test_several_runs_are_laid_side_by_side(finished, tmp_path, capsys):
    train.after_several([[*SMALL, f"run={finished}"], [*SMALL, "seed=9", f"run={tmp_path / 'gone'}"]])
    header, first, second = capsys.readouterr().out.strip().splitlines()
    assert header.split() == ["run", "score", "interval", "null", "p", "time", "folder"]
    found = read(finished, "scores.json")["subject"]
    low, high = found["auc_ci"]
    assert f"subject AUC {found['auc']:.2f}" in first
    assert f"[{low:.2f}, {high:.2f}]" in first
    assert f"{found['auc_null_mean']:.2f} ± {found['auc_null_sd']:.2f}" in first
    assert first.endswith(str(finished))
    assert second.startswith("seed=9  not finished")


def test_show_tells_what_a_run_holds_and_opens_it_only_on_request(finished, capsys, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    show.run([f"run={finished}"])
    told = capsys.readouterr().out
    assert "subject AUC" in told
    assert re.search(r"folds/\*.csv +12: finished folds", told)
    assert opened == []
    show.run([f"run={finished}", "open=true"])
    assert opened == [(finished / "report" / "report.html").resolve().as_uri()]


def test_show_of_an_unfinished_run_says_how_far_it_is_and_how_to_go_on(tmp_path, capsys):
    facts = {
        "status": "incomplete",
        "digest": "0",
        "wall_s": 1.0,
        "n_done": 3,
        "n_folds": 12,
        "command": "neuroface train",
    }
    (tmp_path / "run.json").write_text(json.dumps(facts))
    show.run([f"run={tmp_path}"])
    assert (
        f"{tmp_path}: incomplete, 3 of 12 folds\ngo on with it: neuroface train run={tmp_path}"
        in capsys.readouterr().out
    )
    with pytest.raises(ConfigError, match="has no page yet; neuroface report run="):
        show.run([f"run={tmp_path}", "open=true"])


def test_a_run_that_is_not_there():
    with pytest.raises(ConfigError, match=r"^run= names a run folder: run=runs/NAME, or run=\[A,B\]\.$"):
        eval_verb.run([])


def test_killed_and_started_again_gives_the_same_bytes(finished, tmp_path):
    command = [sys.executable, "-m", "neuroface", "train", *SMALL, "execution.n_jobs=2", f"run={tmp_path / 'killed'}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    folds = tmp_path / "killed" / "folds"
    deadline = time.monotonic() + 120
    while len(list(folds.glob("*.csv"))) < 3 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert len(list(folds.glob("*.csv"))) >= 3
    subprocess.run(command, check=True, capture_output=True)
    for name in ("predictions.csv", "scores.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (finished / name).read_bytes()


@pytest.mark.parametrize("wrong", ["execution.n_jobs=0", "split=group_kfold split.n_splits=40", "seed=abc"])
def test_what_cannot_start_leaves_nothing_behind(wrong, tmp_path):
    with pytest.raises(NeurofaceError):
        train.run([*SMALL[:2], *SMALL[3:], *wrong.split(), f"run={tmp_path / 'r'}"])
    assert not any(tmp_path.iterdir())


def test_default_name_says_the_question_and_the_digest(tmp_path, monkeypatch):
    from neuroface.configuration.compose import compose

    monkeypatch.chdir(tmp_path)
    path = run_path(*compose("train", []))
    assert path.parent == Path("runs")
    assert path.name.startswith("als_vs_hc-OPEN-forest-")
    assert run_path(*compose("train", ["execution.n_jobs=7"])) == path
    assert run_path(*compose("train", ["seed=7"])) != path
    others = compose("train", ["protocol.classes=[HC,PD/de novo]"])
    assert run_path(*others).name.startswith("PD_de_novo_vs_HC-OPEN-forest-")


@pytest.mark.parametrize("landmarks", ["fan", "face_alignment"])
def test_where_landmarks_are_found_is_not_what_they_are(landmarks):
    from neuroface.configuration.compose import compose

    words = [f"landmarks={landmarks}"]
    path = run_path(*compose("train", words))
    batch = ["landmarks.batch_size=4"] if landmarks == "fan" else []
    where = ["landmarks.device=cpu", "landmarks.allow_download=true", *batch]
    assert run_path(*compose("train", [*words, *where])) == path
    assert run_path(*compose("train", [*words, "landmarks.flip=null"])) != path


def test_other_arithmetic_of_landmarks_is_other_science():
    from neuroface.configuration.compose import compose

    paths = [
        run_path(*compose("train", ["landmarks=fan", *words]))
        for words in ([], ["landmarks.engine=openvino"], ["landmarks.precision=bf16"])
    ]
    assert len(set(paths)) == 3


def test_a_run_without_the_quality_of_its_recordings(tmp_path):
    words = ["size=ci", "classifier=dummy", "protocol.permutations=0", "execution.n_jobs=1", "quality=null"]
    train.run([*words, f"run={tmp_path / 'r'}"])
    assert not (tmp_path / "r" / "quality.csv").read_text().strip()
    assert not (tmp_path / "r" / "report" / "quality.csv").exists()
    train.run([*words, f"run={tmp_path / 'r'}"])
    with pytest.raises(RunMismatchError, match="quality"):
        train.run([*words[:-1], f"run={tmp_path / 'r'}"])


def test_table_of_features_from_anywhere(tmp_path, capsys):
    rng = np.random.default_rng(0)
    subject = np.repeat([f"p{i:02d}" for i in range(16)], 2)
    group = np.where(np.arange(32) < 16, "control", "patient")
    table = pd.DataFrame({"id": subject, "group": group, "f_a": rng.normal(size=32) + 3 * (group == "patient")})
    table.to_csv(tmp_path / "some.csv", index=False, encoding="utf-8-sig")
    train.run([
        "cohort=table", f"cohort.path={tmp_path / 'some.csv'}", "cohort.subject=id", "cohort.label=group",
        "cohort.features=f_*", "protocol.permutations=0", "execution.n_jobs=1", f"run={tmp_path / 't'}",
    ])  # fmt: skip
    assert "control 8 v patient 8" in capsys.readouterr().out
    assert read(tmp_path / "t", "scores.json")["positive"] == "patient"
    assert read(tmp_path / "t", "scores.json")["subject"]["auc"] > 0.9


def test_cells_that_the_command_line_makes_equal_are_run_once():
    cells = [
        {"protocol": "als_vs_hc", "protocol.task": "BBP", "features": ["als11_v1"]},
        {"protocol": "als_vs_hc", "protocol.task": "OPEN", "features": ["als11_v1"]},
    ]
    assert list(distinct_cells(cells, [])) == ["als_vs_hc-BBP", "als_vs_hc-OPEN"]
    assert distinct_cells(cells, ["protocol.task=OPEN"]) == {
        "als_vs_hc": {"protocol": "als_vs_hc", "features": ["als11_v1"]}
    }


@pytest.mark.slow
def test_the_six_cells_of_guarin(tmp_path, capsys):
    train.run(["experiment=guarin_forest", *SMALL, f"run={tmp_path / 'g'}"])
    table = pd.read_csv(tmp_path / "g" / "table.csv")
    assert list(table["published"]) == [0.87, 0.95, 0.95, 0.85, 0.77, 0.92]
    assert (tmp_path / "g" / "als_vs_hc-BBP" / "report" / "report.html").is_file()
    assert "synthetic" in capsys.readouterr().out


@pytest.mark.slow
def test_expressions_of_two_signers(shared_data, tmp_path):
    root = shared_data / "gfe_kinect3d"
    train.run([
        "experiment=gfe_expression", f"cohort.root={root}", "protocol.permutations=9", "execution.n_jobs=1",
        "execution.save_models=false", "execution.tensorboard=false", f"run={tmp_path / 'gfe'}",
    ])  # fmt: skip
    table = pd.read_csv(tmp_path / "gfe" / "table.csv")
    mean = table[table["name"].str.startswith("mean")].iloc[0]
    assert mean["value"] >= 0.80
    assert mean["null_mean"] == pytest.approx(0.5, abs=0.07)
    predictions = pd.read_csv(tmp_path / "gfe" / "topics" / "predictions.csv")
    assert set(predictions["expression"]) == {"topics"}


@pytest.mark.slow
def test_nothing_is_significant_where_nothing_is(tmp_path):
    """On cohorts without an effect, p stays above .05 in most and the AUC stays near its own null."""
    p_values = []
    for seed in range(4):
        folder = tmp_path / str(seed)
        train.run([
            "cohort.effect=0", f"cohort.seed={seed}", "size=ci", "classifier=logistic", "protocol.permutations=39",
            "execution.n_jobs=1", "execution.save_models=false", "execution.tensorboard=false", f"run={folder}",
        ])  # fmt: skip
        scores = read(folder, "scores.json")["subject"]
        assert abs(scores["auc"] - scores["auc_null_mean"]) < 3 * scores["auc_null_sd"]
        p_values.append(scores["auc_p"])
    assert sum(p < 0.05 for p in p_values) <= 1


def test_an_audit_that_is_not_clean_ends_with_its_exit_code_after_all_is_written(tmp_path, capsys):
    rows = [
        f"{g}{i},{g},{i % 3 + 0.1 * i + 0.01 * (g == 'HC')},{int(g == 'ALS')}" for g in ("HC", "ALS") for i in range(4)
    ]
    (tmp_path / "t.csv").write_text("\n".join(["id,group,a,b", *rows]))
    words = ["cohort=table", f"cohort.path={tmp_path / 't.csv'}", "cohort.subject=id", "classifier=logistic"]
    words += ["execution.n_jobs=1", "execution.tensorboard=false", "protocol.permutations=0"]
    for name, features, code in (("suspect", "[a,b]", 5), ("clean", "[a]", 0)):
        assert main(["train", *words, f"cohort.features={features}", f"run={tmp_path / name}"]) == code
        assert (tmp_path / name / "report" / "report.html").is_file()
    assert "suspect is SUSPECT (NF010 b: one value per class)" in capsys.readouterr().err
    runs = f"run=[{tmp_path / 'clean'},{tmp_path / 'suspect'}]"
    assert main(["eval", runs, f"out={tmp_path / 'both'}", "bootstrap=50"]) == 5
    assert read(tmp_path / "both", "audit.json")["verdict"] == "suspect"


def test_permutations_are_no_other_science(tmp_path):
    from neuroface.configuration.compose import compose
    from neuroface.configuration.identity import science

    few, many = (science(compose("train", [f"protocol.permutations={n}"])[0]) for n in (3, 99))
    assert few == many
