from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("matplotlib")

from neuroface.report import figures, roc


def legend(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def people(wrong: str = "H2") -> pd.DataFrame:
    names, scores = ["H1", "H2", "A1", "A2"], [0.1, 0.6, 0.7, 0.9]
    return pd.DataFrame(
        {"subject": names, "y": ["HC", "HC", "ALS", "ALS"], "p_ALS": scores, "p_HC": [1 - s for s in scores],
         "lowest": [s - 0.1 for s in scores], "highest": [s + 0.1 for s in scores], "threshold": [0.4, 0.5, 0.5, 0.6],
         "correct": [name != wrong for name in names]}
    )  # fmt: skip


def test_roc_draws_the_curve_the_band_and_the_null() -> None:
    positive, score = np.array([False, True, True]), np.array([0.1, 0.5, 0.9])
    band = roc.bootstrap_band(positive, score, n_bootstrap=10)
    figure = figures.roc(roc.curve(positive, score), auc=1.0, band=band, null=(*band, band[1]))
    drawn = next(line for line in figure.axes[0].lines if line.get_label() == "this run, AUC 1.00")
    assert np.array_equal(drawn.get_xydata(), np.transpose(roc.curve(positive, score)))
    assert legend(figure) == ["null, 5–95 %", "null, mean", "95 % over people", "this run, AUC 1.00"]


def test_roc_without_a_null_does_not_mention_one() -> None:
    figure = figures.roc((np.array([0, 1]), np.array([0, 1])), auc=0.5)
    assert legend(figure) == ["this run, AUC 0.50"]


def test_each_person_is_a_point_and_the_misclassified_is_circled() -> None:
    figure = figures.subject_scores(people(), classes=["HC", "ALS"], positive="ALS")
    points = {
        c.get_label(): c.get_offsets().data.tolist() for c in figure.axes[0].collections if hasattr(c, "get_offsets")
    }
    assert points["HC"] == [[0.1, 0], [0.6, 1]]
    assert points["ALS"] == [[0.7, 3], [0.9, 4]]  # an empty row between the groups
    assert points["misclassified"] == [[0.6, 1]]
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["H1", "H2", "A1", "A2"]


def test_many_people_are_not_named() -> None:
    many = pd.concat([people().assign(subject=lambda t, i=i: t["subject"] + str(i)) for i in range(40)])
    figure = figures.subject_scores(many, classes=["HC", "ALS"], positive="ALS")
    assert figure.axes[0].get_ylabel() == "160 people, sorted by group and score"
    assert not figure.axes[0].get_yticks().size


def test_bars_of_probabilities_fill_the_row() -> None:
    figure = figures.subject_probabilities(people(), classes=["HC", "ALS"])
    ends = [bar.get_x() + bar.get_width() for bar in figure.axes[0].containers[-1]]
    assert ends == pytest.approx([1] * 4)
    assert legend(figure)[-1] == "misclassified"


def test_confusion_prints_every_count() -> None:
    figure = figures.confusion([[9, 2], [1, 10]], classes=["HC", "ALS"])
    assert {text.get_text() for text in figure.axes[0].texts} == {"9", "2", "1", "10", "82 %", "18 %", "9 %", "91 %"}


def test_null_histogram_counts_every_permutation() -> None:
    values = np.array([0.0, 0.2, 0.4, 0.4, 1.0])
    figure = figures.null_histogram(values, observed=0.9, name="subject AUC", p="p = 0.200")
    assert sum(bar.get_height() for bar in figure.axes[0].patches) == len(values)
    assert legend(figure) == ["5 permutations", "their mean, 0.40", "this run, 0.90 (p = 0.200)"]


def test_effect_sizes_have_the_largest_on_top() -> None:
    table = pd.DataFrame(
        {"feature": ["small", "large"], "pair": "ALS − HC", "g": [0.1, -2.0], "low": [-0.5, -3.0], "high": [0.7, -1.0]}
    )
    figure = figures.effect_sizes(table)
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["large", "small"]
    assert figure.axes[0].get_xlabel() == "Hedges g with 95 % interval, ALS − HC (right: larger in ALS)"


def test_people_left_out_are_sorted_about_their_mean() -> None:
    figure = figures.per_person({"A": 0.6, "B": 0.9}, name="AUC")
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["B", "A"]
    assert legend(figure) == ["person left out", "mean, 0.75"]


def test_many_curves_have_no_legend() -> None:
    line = (np.array([0, 1]), np.array([0, 1]), 0.5)
    assert figures.roc_of_several({str(i): line for i in range(30)}).axes[0].get_legend() is None
    assert legend(figures.roc_of_several({"A": line})) == ["A, AUC 0.50"]


def test_drawing_leaves_no_figure_behind() -> None:
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    figures.confusion([[1]], classes=["HC"])
    assert plt.get_fignums() == before
