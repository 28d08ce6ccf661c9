from __future__ import annotations

import json

import numpy as np
import pytest

from neuroface.evaluate.predictions import read_predictions
from neuroface.evaluate.scores import summarise
from neuroface.report import reliability
from neuroface.report import run as runs
from neuroface.report.html import render


@pytest.fixture(params=["binary", "three_way"])
def folder(request, make_run):
    path = make_run(request.param, permutations=0)
    scores = json.loads((path / "scores.json").read_text())
    again = summarise(read_predictions(path / "predictions.csv"), None, classes=scores["classes"], n_bootstrap=100)
    (path / "scores.json").write_text(json.dumps(scores | {"calibration": again["calibration"]}))
    return path


def test_the_page_says_whether_probabilities_are_right(folder):
    page = render(folder).read_text()
    assert "Are the probabilities right?" in page
    assert "Expected calibration error" in page
    assert all(
        (folder / "report" / name).is_file() for name in ("reliability.png", "reliability.csv", "calibration.csv")
    )


def test_bins_hold_everybody_and_lie_in_their_intervals(folder):
    run = runs.read(folder)
    bins = reliability.bins(run)
    assert bins["n"].sum() == sum(run.people.values())
    assert (bins["low"] <= bins["came_true"]).all()
    assert (bins["came_true"] <= bins["high"]).all()
    assert bins["said"].is_monotonic_increasing
    numbers = reliability.table(run).set_index("measure")
    assert np.isfinite(numbers["value"]).all()
    assert numbers.loc["Brier score", "low"] < numbers.loc["Brier score", "value"] < numbers.loc["Brier score", "high"]


def test_runs_of_earlier_versions_have_none(make_run):
    run = runs.read(make_run(permutations=0))
    assert reliability.table(run).empty
    assert reliability.in_words(run) == ""
    assert "Are the probabilities right?" not in render(run.folder).read_text()
