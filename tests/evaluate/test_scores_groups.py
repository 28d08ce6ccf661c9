from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from neuroface.evaluate.scores import summarise
from neuroface.evaluate.scores_groups import by_group
from neuroface.evaluate.units import repetition_units

CLASSES = ("negative", "positive", "surprise")


def predictions(seed: int = 0) -> pd.DataFrame:
    """Two databases of four people with six samples each, in an order that mixes them."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(8):
        for sample in range(6):
            y, p = CLASSES[sample % 3], rng.dirichlet(np.ones(3))
            p[sample % 3] += 0.5 * (person % 2)
            p /= p.sum()
            rows.append(
                {"sample": f"P{person}/{sample}", "subject": f"P{person}", "group": ("smic", "samm")[person % 2]}
                | {"task": "t", "repetition": sample, "fold": f"P{person}", "y": y}
                | dict(zip((f"p_{c}" for c in CLASSES), p, strict=True))
                | {f"dummy_p_{c}": 1 / 3 for c in CLASSES}
            )
    return pd.DataFrame(rows).sample(frac=1, random_state=0, ignore_index=True)


def scored(table: pd.DataFrame) -> dict:
    rng = np.random.default_rng(0)
    return by_group(repetition_units(table, CLASSES), table, CLASSES, n_bootstrap=300, rng=rng)


def test_each_database_and_all_of_them_as_scikit_learn_has_it():
    table = predictions()
    found = scored(table)
    decided = table[[f"p_{c}" for c in CLASSES]].to_numpy().argmax(axis=1)
    guess = np.array(CLASSES)[decided]
    assert list(found) == ["all", *dict.fromkeys(table["group"])]
    for name, scores in found.items():
        rows = table["group"] == name if name != "all" else np.ones(len(table), bool)
        assert scores["uf1"] == pytest.approx(f1_score(table["y"][rows], guess[rows], average="macro"))
        assert scores["uar"] == pytest.approx(balanced_accuracy_score(table["y"][rows], guess[rows]))
        assert scores["uf1_ci"][0] <= scores["uf1"] <= scores["uf1_ci"][1]
        assert sum(scores["n"].values()) == rows.sum()
    assert found["all"]["people"] == found["smic"]["people"] + found["samm"]["people"]


def test_counts_are_pooled_over_folds_and_never_averaged():
    """With one person a fold, a mean of per-fold UF1 would be another number."""
    table = predictions()
    guess = np.array(CLASSES)[table[[f"p_{c}" for c in CLASSES]].to_numpy().argmax(axis=1)]
    per_fold = [f1_score(of["y"], guess[of.index], average="macro", zero_division=0) for _, of in table.groupby("fold")]
    assert scored(table)["all"]["uf1"] != pytest.approx(np.mean(per_fold), abs=1e-3)


def test_a_single_group_is_told_by_the_scores_themselves():
    table = predictions()
    assert scored(table.assign(group="one")) == {}
    assert "groups" not in summarise(table.assign(group="one"), None, classes=CLASSES, n_bootstrap=20)["repetition"]
    assert "groups" in summarise(table, None, classes=CLASSES, n_bootstrap=20)["repetition"]
