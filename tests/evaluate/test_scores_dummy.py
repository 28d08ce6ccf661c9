"""The dummy against scikit-learn's, and against class sizes that anybody can count."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, f1_score

from neuroface.evaluate.scores import summarise
from neuroface.evaluate.scores_dummy import dummy_scores

SIZES = (10, 4, 2, 2, 2)


def people(sizes, *, repetitions=1, within=False):
    """Predictions of nothing about people of classes a, b, ... of the given sizes; within: all are of one person."""
    labels = [name for name, n in zip("abcde", sizes, strict=False) for _ in range(n)]
    rows = [
        {"sample": f"{i}/{r}", "subject": "p" if within else f"s{i}", "group": "g", "task": "", "y": y}
        for i, y in enumerate(labels)
        for r in range(repetitions + 3 * (y == "b"))  # more repetitions are not more people
    ]
    classes = list("abcde")[: len(sizes)]
    numbers = {f"{kind}{c}": 1 / len(sizes) for c in classes for kind in ("p_", "dummy_p_")}
    return pd.DataFrame(rows).assign(**numbers), classes


@pytest.mark.parametrize("ordered", [False, True])
def test_the_dummy_names_the_largest_class_of_five(ordered):
    table, classes = people(SIZES, repetitions=2)
    found = summarise(table, None, classes=classes, ordered=ordered, n_bootstrap=20)["subject"]
    y = np.repeat(classes, SIZES)
    said = DummyClassifier(strategy="most_frequent").fit(np.zeros((20, 1)), y).predict(np.zeros((20, 1)))
    assert found["dummy_accuracy"] == 0.5
    assert found["dummy_balanced_accuracy"] == pytest.approx(balanced_accuracy_score(y, said))
    assert found["dummy_macro_f1"] == pytest.approx(f1_score(y, said, average="macro"))
    assert found["dummy_weighted_f1"] == pytest.approx(f1_score(y, said, average="weighted"))
    assert found["dummy_auc_ovr"] == 0.5
    if ordered:
        codes = np.repeat(np.arange(5), SIZES)
        assert found["dummy_quadratic_kappa"] == cohen_kappa_score(codes, 0 * codes, weights="quadratic") == 0
        assert found["dummy_grade_error"] == pytest.approx(codes.mean())


def test_two_classes_of_unlike_size():
    table, classes = people((3, 9))
    found = summarise(table.assign(threshold=0.5), None, classes=classes, n_bootstrap=20)["subject"]
    assert (found["dummy_auc"], found["dummy_accuracy"]) == (0.5, 0.75)
    assert (found["dummy_sensitivity"], found["dummy_specificity"]) == (1, 0)


def test_equally_large_classes_are_named_equally_often():
    found = dummy_scores(np.repeat([0, 1, 2], [11, 11, 6]), 3)
    assert found["dummy_accuracy"] == pytest.approx(11 / 28)
    assert dummy_scores(np.array([0, 1]), 2)["dummy_sensitivity"] == 0.5


def test_within_people_the_dummy_counts_repetitions():
    table, classes = people((2, 2, 1), within=True)  # 2, 8 and 1 samples of one person
    assert summarise(table, None, classes=classes, n_bootstrap=20)["repetition"]["dummy_accuracy"] == pytest.approx(
        8 / 11
    )
