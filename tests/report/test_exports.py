from __future__ import annotations

import io
import json

import numpy as np

from neuroface.report import html
from neuroface.report import run as runs
from neuroface.report.exports import exports


def test_arrays_are_those_of_the_predictions(make_run):
    folder = make_run("three_way")
    run = runs.read(folder)
    held = np.load(io.BytesIO(exports(run)["predictions.npz"]))
    classes = held["classes"].tolist()
    assert classes == list(run.classes)
    table = run.predictions
    assert held["probabilities"].tolist() == table[[f"p_{c}" for c in classes]].to_numpy().tolist()
    assert [classes[code] for code in held["labels"]] == table["y"].tolist()
    assert (held["predictions"] == held["probabilities"].argmax(axis=1)).all()
    assert held["samples"].tolist() == table["sample"].tolist()


def test_the_files_of_the_palsy_system_stand_beside_the_report(make_run):
    folder = make_run("three_way")
    (folder / "models").mkdir(exist_ok=True)
    (folder / "models" / "A001.history.json").write_text(json.dumps({"epochs": [{"epoch": 1, "loss": 0.5}]}))
    report = html.render(folder).parent
    assert json.loads((report / "training_history.json").read_text()) == {"A001": [{"epoch": 1, "loss": 0.5}]}
    assert (report / "confusion_matrix.png").read_bytes() == (report / "confusion.png").read_bytes()
    text = (report / "evaluation_results.txt").read_text()
    confusion = runs.read(folder).decisions["confusion"]
    assert "  ".join(f"{count:4d}" for count in confusion[0]) in text
    assert "not a medical device" in text


def test_a_side_that_was_told_is_in_the_text(make_run):
    folder = make_run("three_way")
    scores = json.loads((folder / "scores.json").read_text())
    scores["side"] = {"accuracy": 0.75, "auc": 0.8, "n": {"left": 3, "right": 5}, "unit": "person"}
    (folder / "scores.json").write_text(json.dumps(scores))
    text = exports(runs.read(folder))["evaluation_results.txt"].decode()
    assert "affected side: 0.75 of 8 people right (AUC 0.80)" in text


def test_two_classes_are_decided_at_a_threshold_and_have_no_such_files(make_run):
    assert exports(runs.read(make_run("binary"))) == {}
