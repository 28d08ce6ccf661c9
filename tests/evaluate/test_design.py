"""Where classes lie is told by the data and never turned round by one label, nor is anything that follows from it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from neuroface.evaluate import engine
from neuroface.evaluate.clustered import clustered_auc_variance
from neuroface.evaluate.design import design_of
from neuroface.evaluate.permutations import permute_labels
from neuroface.evaluate.plan import plan
from neuroface.evaluate.protocol import Protocol
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.scores import summarise
from neuroface.evaluate.splits import Loso, LosoRebalanced, StratifiedSubjectKFold
from neuroface.evaluate.statistics import auc, delong_variance

from .people import cohort, logistic, table, two_classes_each


def stray(people: dict[str, int], **keys: float):
    """A question between people in which one row of the first person got another class."""
    samples = cohort(people, **keys)
    y = samples.y.copy()
    y[0] = list(people)[1]
    return table(samples.X, y, samples.subject)


def test_one_stray_label_makes_a_question_mixed_and_the_reverse_leaves_it_within():
    between, mixed, within = cohort({"HC": 4, "ALS": 4}), stray({"HC": 4, "ALS": 4}), two_classes_each(5)
    assert design_of(between.y, between.subject).kind == "between"
    found = design_of(mixed.y, mixed.subject)
    assert (found.kind, found.several) == ("mixed", ("HC00",))
    y = np.where(within.subject == "P2", "other", within.y)
    found = design_of(y, within.subject)
    assert (found.kind, found.one) == ("within", ("P2",))
    assert found.facts["unlike_most"] == ["P2"]


@pytest.mark.parametrize("people", [{"HC": 10, "ALS": 10}, {"HC": 6, "ALS": 6, "PS": 6}], ids=["two", "three"])
def test_a_stray_label_hardly_changes_a_score_and_not_its_null(tmp_path, people):
    protocol = Protocol(classes=tuple(people), task=None, target="label", permutations=15)
    found = []
    for name, samples in {"right": cohort(people, shift=2), "stray": stray(people, shift=2)}.items():
        planned = plan(samples, logistic(), Loso(), protocol=protocol)
        with RunFolder(tmp_path / name).open({"seed": 0}) as folder:
            found.append(engine.run(planned, folder, save_models=False))
    key = "auc" if len(people) == 2 else "accuracy"
    right, wrong = (scores["subject"] for scores in found)
    assert [scores["design"]["kind"] for scores in found] == ["between", "mixed"]
    assert found[1]["design"]["unlike_most"] == ["HC00"]
    assert wrong["n"] == {**right["n"], "ALS": right["n"]["ALS"] + 1}  # HC00 counts once more, as ALS
    assert wrong[key] == pytest.approx(right[key], abs=0.12)
    assert wrong[f"{key}_null_mean"] == pytest.approx(right[f"{key}_null_mean"], abs=0.15)
    assert wrong[f"{key}_null_sd"] > 0.05


def test_people_of_one_class_change_hands_beside_one_of_several():
    samples = stray({"HC": 5, "ALS": 5})
    drawn = [permute_labels(samples.y, samples.subject, seed=0, permutation=b) for b in range(40)]
    for y in drawn:
        own = Counter(y[samples.subject == "HC00"].tolist())
        assert own == {"HC": 2, "ALS": 1}
        of_others = {s: label for s, label in zip(samples.subject, y, strict=True) if s != "HC00"}
        assert Counter(of_others.values()) == {"HC": 4, "ALS": 5}
        assert design_of(y, samples.subject).several == ("HC00",)
    assert len({tuple(y) for y in drawn}) > 35


def test_rebalancing_and_dealing_go_on_with_a_stray_label():
    samples = stray({"HC": 5, "ALS": 5})
    for train, test in LosoRebalanced().split(samples.X, samples.y, samples.subject):
        person, learnt = samples.subject[test[0]], set(samples.subject[train])
        assert len(learnt) == (9 if person == "HC00" else 8)
        assert "HC00" in learnt or person == "HC00"
    for _, test in StratifiedSubjectKFold(n_splits=5).split(samples.X, samples.y, samples.subject):
        assert "ALS" in set(samples.y[test])


def test_the_interval_of_clustered_people_is_delongs_where_nobody_is_clustered():
    rng = np.random.default_rng(0)
    scores, positive = rng.normal(size=30), np.arange(30) < 12
    alone = clustered_auc_variance(scores, positive, np.arange(30))
    assert alone == pytest.approx(float(delong_variance(scores, positive)[0, 0]))
    # Pairs of equal offset: an AUC within pairs varies less than one over unrelated units does.
    offset = np.repeat(rng.normal(size=40), 2)
    pair, positive = np.repeat(np.arange(40), 2), np.tile([True, False], 40)
    scores = 3 * offset + positive + 0.1 * rng.normal(size=80)
    assert clustered_auc_variance(scores, positive, pair) < 0.2 * delong_variance(scores, positive)[0, 0]


def test_clustered_variance_is_that_of_drawing_people_again():
    rng, areas, told = np.random.default_rng(3), [], []
    pair, positive = np.repeat(np.arange(20), 2), np.tile([True, False], 20)
    for _ in range(800):
        scores = np.repeat(rng.normal(size=20), 2) + 0.7 * positive + 0.7 * rng.normal(size=40)
        areas.append(float(auc(scores, positive)))
        told.append(clustered_auc_variance(scores, positive, pair))
    assert np.mean(told) == pytest.approx(np.var(areas), rel=0.2)  # of DeLong's kind: a little too large in few people


def test_people_without_an_auc_of_their_own_are_counted():
    rows = [
        {"sample": f"{s}{i}", "subject": s, "task": "", "y": y, "p_b": p, "p_a": 1 - p}
        for s, labels in {"p": "ab", "q": "ab", "r": "a"}.items()
        for i, (y, p) in enumerate(zip(labels, (0.2, 0.8), strict=False))
    ]
    scores = summarise(pd.DataFrame(rows).assign(threshold=0.5, dummy_p_a=0.5, dummy_p_b=0.5), None, classes=("a", "b"))
    assert scores["design"] == {
        "kind": "within",
        "people_of_one_class": 1,
        "people_of_several_classes": 2,
        "unlike_most": ["r"],
    }
    assert scores["subject"]["n"] == {"subjects": 2}
