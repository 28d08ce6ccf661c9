from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from neuroface.evaluate import statistics
from neuroface.evaluate.predictions import part_column
from neuroface.evaluate.scores_parts import part_scores

CLASSES = ("none", "big", "small")


def predictions(strength, people=40, pictures=2, seed=0):
    """strength: {part: how much each class's own probability stands out there}; rows of people with two pictures."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(people) % 3, pictures)
    rows = {
        "sample": [f"s{i}" for i in range(len(y))],
        "subject": np.repeat([f"p{i:02d}" for i in range(people)], pictures),
        "task": "still",
        "y": np.array(CLASSES)[y],
    }
    for part, of_class in strength.items():
        z = rng.normal(size=(len(y), 3))
        z[np.arange(len(y)), y] += np.array([of_class.get(name, 0) for name in CLASSES])[y]
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        rows |= {part_column(part, name): p[:, c] for c, name in enumerate(CLASSES)}
    return pd.DataFrame(rows)


STRENGTH = {"nose": {"big": 6}, "mouth": {"small": 6}, "chin": {}, "whole": {"big": 9, "small": 9}}


def test_each_part_is_scored_over_people_as_scikit_learn_does():
    table = predictions(STRENGTH)
    found = part_scores(table, CLASSES, np.random.default_rng(0))["each"]["nose"]
    people = table.groupby("subject").agg({"y": "first", **{part_column("nose", c): "mean" for c in CLASSES}})
    p = people[[part_column("nose", c) for c in CLASSES]].to_numpy()
    truth, decided = people["y"].to_numpy(), np.array(CLASSES)[p.argmax(axis=1)]
    assert found["people"] == 40
    assert found["accuracy"] == pytest.approx((decided == truth).mean())
    assert found["accuracy_ci"] == list(statistics.wilson(int((decided == truth).sum()), 40))
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(truth, decided))
    assert found["auc"] == pytest.approx(np.mean([roc_auc_score(truth == c, p[:, i]) for i, c in enumerate(CLASSES)]))
    low, high = found["auc_ci"]
    assert low < found["auc"] < high


def test_the_part_that_tells_a_class_is_found_and_the_whole_takes_no_part():
    best = part_scores(predictions(STRENGTH), CLASSES, np.random.default_rng(0))["best"]
    assert best["big"]["part"] == "nose"
    assert best["small"]["part"] == "mouth"
    assert best["big"]["share"] > 0.95
    assert set(best["big"]["auc"]) == {"nose", "mouth", "chin"}


def test_where_no_part_knows_none_is_sure():
    nothing = {"nose": {}, "mouth": {}, "chin": {}}
    shares = [
        part_scores(predictions(nothing, seed=seed), CLASSES, np.random.default_rng(0))["best"]["big"]["share"]
        for seed in range(8)
    ]
    assert np.median(shares) < 0.9


def test_parts_that_are_equal_share_the_draws():
    table = predictions({"nose": {"big": 2}})
    for c in CLASSES:
        table[part_column("twin", c)] = table[part_column("nose", c)]
    best = part_scores(table, CLASSES, np.random.default_rng(0))["best"]
    assert best["big"]["share"] == pytest.approx(0.5)


def test_people_in_whom_a_part_is_missing_are_not_its_people():
    table = predictions(STRENGTH)
    gone = table["subject"].isin(["p00", "p03"]) | (table["sample"] == "s3")  # of p01 one of two pictures
    table.loc[gone, [part_column("nose", c) for c in CLASSES]] = np.nan
    found = part_scores(table, CLASSES, np.random.default_rng(0))
    assert found["each"]["nose"]["people"] == 38
    assert found["each"]["mouth"]["people"] == 40
    assert found["best"]["big"]["people"] == 38
    table[[part_column("nose", c) for c in CLASSES]] = np.nan
    assert "nose" not in part_scores(table, CLASSES, np.random.default_rng(0))["each"]


def test_predictions_without_parts_have_none():
    assert part_scores(predictions({}), CLASSES, np.random.default_rng(0)) is None
