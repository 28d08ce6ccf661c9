from __future__ import annotations

import json

import pytest
import yaml

from neuroface.report import parts_table
from neuroface.report import run as runs
from neuroface.report.html import render
from neuroface.report.tables import summary_text

EACH = {
    name: {"people": n, "accuracy": a, "accuracy_ci": [a - 0.1, a + 0.1], "balanced_accuracy": a,
           "balanced_accuracy_ci": [a - 0.1, a + 0.1], "auc": a + 0.1, "auc_ci": [a, a + 0.15]}
    for name, n, a in (("eyes", 33, 0.5), ("mouth", 32, 0.8), ("whole", 33, 0.84))
}  # fmt: skip
BEST = {
    "HC": {"part": "mouth", "auc": {"eyes": 0.6, "mouth": 0.7}, "share": 0.7, "people": 32},
    "ALS": {"part": "mouth", "auc": {"eyes": 0.5, "mouth": 0.9}, "share": 0.99, "people": 32},
    "PS": {"part": "eyes", "auc": {"eyes": 0.8, "mouth": 0.75}, "share": 0.6, "people": 32},
}


@pytest.fixture
def folder(make_run):
    path = make_run("three_way", permutations=0)
    scores = json.loads((path / "scores.json").read_text())
    scores["parts"] = {"each": EACH, "best": BEST, "note": "", "share_is": ""}
    (path / "scores.json").write_text(json.dumps(scores))
    cohort = path / "cohort.json"
    planted = {"planted": {"ALS": "mouth", "PS": "mouth"}}
    cohort.write_text(json.dumps(json.loads(cohort.read_text()) | planted))
    return path


def test_the_page_and_the_terminal_tell_region_by_region(folder):
    told = summary_text(folder)
    assert "best region by itself: mouth, balanced accuracy 0.80 [0.70, 0.90]" in told
    assert "planted regions found: 1 of 2, 1 of them in 95 % of draws" in told
    page = render(folder).read_text()
    assert "Region by region" in page
    assert "Which region tells which class" in page
    assert (folder / "report" / "parts.csv").is_file()
    assert (folder / "report" / "parts_of_classes.csv").is_file()


def test_the_best_region_stands_first_and_planted_ones_beside_what_was_found(folder):
    run = runs.read(folder)
    assert list(parts_table.parts(run)["part"]) == ["whole", "mouth", "eyes"]
    shown = parts_table.shown_tells(run)
    assert shown["next best"].tolist() == ["eyes 0.60", "eyes 0.50", "mouth 0.75"]
    assert shown["planted in"].tolist() == ["no region", "mouth", "mouth"]


def test_runs_without_parts_have_no_such_tables(make_run):
    run = runs.read(make_run(permutations=0))
    assert parts_table.parts(run).empty
    assert parts_table.shown_tells(run).empty
    assert parts_table.in_words(run) == ""


def test_tasks_with_models_of_their_own_are_told_with_what_each_counts(folder):
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(yaml.safe_load(config.read_text()) | {"protocol": {"task": "all"}}))
    (folder / "task_weights").mkdir()
    for fold, mouth in (("N001", 0.5), ("N002", 0.7)):
        weights = {"mouth": mouth, "eyes": 0.8 - mouth, "whole": 0.2}
        (folder / "task_weights" / f"{fold}.json").write_text(json.dumps(weights))
    run = runs.read(folder)
    assert list(parts_table.parts(run)["weight"]) == pytest.approx([0.2, 0.6, 0.2])
    shown = parts_table.shown_parts(run).set_index("task")
    assert shown.loc["mouth", "weight (over folds)"] == "0.60 (0.50 to 0.70)"
    assert "most weight: mouth 0.60, equal would be 0.33" in parts_table.in_words(run)
    page = render(folder).read_text()
    assert "Task by task" in page
    assert "single repetitions (not independent)" not in page
