from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_score, roc_auc_score, top_k_accuracy_score

from neuroface.errors import DataError
from neuroface.evaluate import statistics
from neuroface.evaluate.fold import run_fold
from neuroface.evaluate.leave_pair_out import LeavePairOut
from neuroface.evaluate.plan import plan
from neuroface.evaluate.predictions import fold_rows
from neuroface.evaluate.scores import summarise
from neuroface.evaluate.splits import Loso

from .people import ALS_HC, cohort, logistic

RNG = np.random.default_rng(1)


def predictions_of(scores: dict[str, list[float]], y: dict[str, str], *, tasks=("OPEN",)) -> pd.DataFrame:
    """Binary predictions HC v ALS; scores: person -> probability of ALS per repetition (the same in every task)."""
    rows = [
        {"sample": f"{s}/{task}/{r}", "subject": s, "task": task, "y": y[s], "p_HC": 1 - p, "p_ALS": p}
        for s, reps in scores.items()
        for task in tasks
        for r, p in enumerate(reps)
    ]
    return pd.DataFrame(rows).assign(threshold=0.5, dummy_p_HC=0.5, dummy_p_ALS=0.5)


FOUR = {"h1": [0.1, 0.3], "h2": [0.6], "a1": [0.9, 0.5, 0.7], "a2": [0.4, 0.8]}
CLASS = {"h1": "HC", "h2": "HC", "a1": "ALS", "a2": "ALS"}


def test_people_are_scored_by_their_mean_whatever_their_number_of_repetitions():
    # means .2, .6 | .7, .6: three pairs right, one tie -> 3.5 / 4; at .5 h2 is a false alarm.
    scores = summarise(predictions_of(FOUR, CLASS), None, classes=("HC", "ALS"))
    subject = scores["subject"]
    assert subject["auc"] == 3.5 / 4
    assert subject["confusion"] == [[1, 1], [0, 2]]
    assert (subject["sensitivity"], subject["specificity"], subject["balanced_accuracy"]) == (1, 0.5, 0.75)
    assert subject["sensitivity_ci"] == list(statistics.wilson(2, 2))
    assert subject["n"] == {"HC": 2, "ALS": 2}
    assert subject["dummy_auc"] == 0.5
    assert (subject["auc_p"], subject["n_permutations"]) == (None, 0)
    assert scores["positive"] == "ALS"
    repetition = scores["repetition"]
    flat = [(p, CLASS[s] == "ALS") for s, reps in FOUR.items() for p in reps]
    assert repetition["auc"] == pytest.approx(roc_auc_score([c for _, c in flat], [p for p, _ in flat]))
    assert repetition["n"] == {"HC": 3, "ALS": 5}
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores


def test_two_classes_have_an_accuracy_and_a_macro_f1():
    # Right: h1 of HC, both of ALS. F1 is 2/3 and 4/5.
    subject = summarise(predictions_of(FOUR, CLASS), None, classes=("HC", "ALS"))["subject"]
    assert (subject["accuracy"], subject["accuracy_ci"]) == (3 / 4, list(statistics.wilson(3, 4)))
    low, high = subject["accuracy_ci_bootstrap"]
    assert 0 < low < 2 / 4
    assert 3 / 4 < high < 1
    assert subject["macro_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_no_interval_collapses_where_everybody_is_right():
    people = {f"{c}{i}": c for c in ("HC", "ALS") for i in range(6)}
    table = predictions_of({s: [0.9 if c == "ALS" else 0.1] * 2 for s, c in people.items()}, people)
    assert_none_collapses(summarise(table, None, classes=("HC", "ALS")), at_least=8)
    grades = three_class_table(18)[0]
    for c in ("HC", "ALS", "PS"):
        grades[f"p_{c}"] = np.where(grades["y"] == c, 0.8, 0.1)
    assert_none_collapses(summarise(grades, None, classes=("HC", "ALS", "PS"), ordered=True), at_least=15)
    within = within_table({"p": 0.1, "q": 0.7, "r": 0.2})
    within["p_expression"] = np.where(within["y"] == "expression", 0.9, 0.1)
    assert_none_collapses(summarise(within, None, classes=("other", "expression")), at_least=6)


def assert_none_collapses(scores: dict, *, at_least: int):
    found = {
        (part, name): ends
        for part in ("subject", "repetition")
        for name, ends in scores[part].items()
        if "_ci" in name and isinstance(ends, list)
    }
    assert len(found) >= at_least
    assert {key for key, (low, high) in found.items() if not high - low > 0.02} == set()


def test_a_decision_uses_the_threshold_of_the_persons_own_fold():
    table = predictions_of(FOUR, CLASS)
    table.loc[table["subject"] == "h2", "threshold"] = 0.65
    subject = summarise(table, None, classes=("HC", "ALS"))["subject"]
    assert subject["specificity"] == 1
    assert subject["threshold"] == {"median": 0.5, "range": [0.5, 0.65], "chosen": "inside each training fold"}


def test_the_p_value_counts_permutations_at_least_as_good():
    drawn = [
        {"permutation": str(b), "subject": s, "task": "OPEN", "y": y, "p_HC": 1 - p, "p_ALS": p}
        for b, order in enumerate([("HC", "HC", "ALS", "ALS"), ("ALS", "ALS", "HC", "HC"), ("HC", "ALS", "HC", "ALS")])
        for s, y, p in zip(FOUR, order, (0.2, 0.5, 0.7, 0.9), strict=True)
    ]
    subject = summarise(predictions_of(FOUR, CLASS), pd.DataFrame(drawn), classes=("HC", "ALS"))["subject"]
    null = [1, 0, 0.75]
    assert subject["auc_null_mean"] == pytest.approx(np.mean(null))
    assert subject["auc_null_sd"] == pytest.approx(np.std(null, ddof=1))
    assert (subject["auc_p"], subject["n_permutations"]) == (2 / 4, 3)


def test_permutations_of_other_people_are_refused():
    rows = [{"permutation": "0", "subject": "h1"}, {"permutation": "1", "subject": "h2"}]
    null = pd.DataFrame(rows).assign(task="OPEN", y="HC", p_HC=0.5, p_ALS=0.5)
    with pytest.raises(DataError, match="The permutations of this run hold different people"):
        summarise(predictions_of(FOUR, CLASS), null, classes=("HC", "ALS"))


def test_each_task_is_told_apart_and_weighs_the_same():
    once, twice = predictions_of(FOUR, CLASS), predictions_of(FOUR, CLASS, tasks=("OPEN", "KISS"))
    a, b = (summarise(table, None, classes=("HC", "ALS"))["subject"] for table in (once, twice))
    assert b["auc_ci"] == pytest.approx(a["auc_ci"])  # twice the rows are not twice the people
    assert {task: part["auc"] for task, part in b["tasks"].items()} == {"KISS": a["auc"], "OPEN": a["auc"]}
    assert "tasks" not in a


def test_more_repetitions_are_not_more_people():
    people = {f"h{i}": "HC" for i in range(8)} | {f"a{i}": "ALS" for i in range(8)}
    p = {s: [float(RNG.random())] * 5 for s in people}
    scores = summarise(predictions_of(p, people), None, classes=("HC", "ALS"))
    assert scores["repetition"]["auc"] == pytest.approx(scores["subject"]["auc"])
    assert scores["repetition"]["auc_ci"] == pytest.approx(scores["subject"]["auc_ci"])


def three_class_table(n=12, repetitions=2):
    classes, rows = ["HC", "ALS", "PS"], []
    for i in range(n):
        centre = RNG.dirichlet(np.ones(3) + 3 * (np.arange(3) == i % 3))
        for r in range(repetitions):
            p = RNG.dirichlet(1 + 20 * centre)
            rows.append({"sample": f"{i}/{r}", "subject": f"s{i}", "task": "OPEN", "y": classes[i % 3]})
            rows[-1] |= {f"p_{c}": v for c, v in zip(classes, p, strict=True)}
            rows[-1] |= {f"dummy_p_{c}": 1 / 3 for c in classes}
    return pd.DataFrame(rows), classes


def test_three_classes_equal_scikit_learn():
    table, classes = three_class_table()
    columns = [f"p_{c}" for c in classes]
    people = table.groupby("subject", sort=False).agg({"y": "first", **dict.fromkeys(columns, "mean")})
    p, y = people[columns].to_numpy(), people["y"].to_numpy(str)
    predicted = np.array(classes)[p.argmax(axis=1)]
    subject = summarise(table, None, classes=classes)["subject"]
    assert subject["accuracy"] == pytest.approx(accuracy_score(y, predicted))
    assert subject["macro_f1"] == pytest.approx(f1_score(y, predicted, average="macro"))
    expected = np.mean([roc_auc_score(y == c, p[:, k]) for k, c in enumerate(classes)])
    assert subject["auc_ovr"] == pytest.approx(expected)
    assert subject["accuracy_ci"] == list(statistics.wilson(int((predicted == y).sum()), 12))
    assert subject["recall"]["PS"] == pytest.approx((predicted[y == "PS"] == "PS").mean())
    assert subject["dummy_accuracy"] == pytest.approx(1 / 3)
    codes = [classes.index(c) for c in y]
    assert subject["top_2_accuracy"] == pytest.approx(top_k_accuracy_score(codes, p, k=2))
    assert subject["dummy_top_2_accuracy"] == pytest.approx(2 / 3)
    low, high = subject["accuracy_ci_bootstrap"]
    assert low <= subject["accuracy"] <= high


def test_three_class_null():
    table, classes = three_class_table()
    null = pd.concat([table.assign(permutation=str(b)) for b in range(3)])
    scores = summarise(table, null, classes=classes)["subject"]
    assert scores["accuracy_null_mean"] == pytest.approx(scores["accuracy"])
    assert (scores["accuracy_p"], scores["macro_f1_p"], scores["auc_ovr_p"]) == (1, 1, 1)


def within_table(offsets: dict[str, float]) -> pd.DataFrame:
    """People whose own scores lie at an offset; of each person's four pairs of repetitions one is reversed."""
    rows = []
    for person, offset in offsets.items():
        for r, (y, p) in enumerate([("other", 0.0), ("other", 0.06), ("expression", 0.05), ("expression", 0.15)]):
            rows.append({"sample": f"{person}/{r}", "subject": person, "task": "", "y": y, "p_expression": offset + p})
    table = pd.DataFrame(rows)
    return table.assign(p_other=1 - table["p_expression"], threshold=0.5, dummy_p_other=0.5, dummy_p_expression=0.5)


def test_classes_within_people_are_scored_within_people():
    table = within_table({"p": 0.1, "q": 0.7})
    scores = summarise(table, None, classes=("other", "expression"))
    assert scores["target"] == "label"
    assert scores["subject"]["per_subject"] == {"p": 0.75, "q": 0.75}
    assert scores["subject"]["auc"] == 0.75
    # pooled: 3/4 of the pairs within each person; between them 4 of 8 (q's are all above p's).
    assert scores["repetition"]["auc"] == pytest.approx((3 + 3 + 4) / 16)
    assert scores["repetition"]["confusion"] == [[2, 2], [2, 2]]
    assert (scores["repetition"]["accuracy"], scores["repetition"]["macro_f1"]) == (0.5, 0.5)
    low, high = scores["repetition"]["macro_f1_ci_bootstrap"]
    assert low < 0.5 < high
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores


def test_within_people_null_and_people_without_an_auc():
    table = within_table({"p": 0.1, "q": 0.7})
    only_one_class = table.loc[(table["subject"] == "q") & (table["y"] == "other")].assign(subject="r")
    only_one_class["sample"] = "r" + only_one_class["sample"]
    table = pd.concat([table, only_one_class])
    flipped = {"other": "expression", "expression": "other"}
    null = pd.concat([table.assign(permutation="0"), table.assign(permutation="1", y=table["y"].map(flipped))])
    subject = summarise(table, null, classes=("other", "expression"))["subject"]
    assert subject["without_auc"] == ["r"]
    assert subject["n"] == {"subjects": 2}
    assert subject["auc_null_mean"] == pytest.approx((0.75 + 0.25) / 2)
    assert subject["auc_p"] == 2 / 3


def test_predictions_without_their_columns_are_named():
    table = predictions_of(FOUR, CLASS).drop(columns="p_HC")
    with pytest.raises(DataError, match="Predictions lack the columns p_HC; they hold sample, subject"):
        summarise(table, None, classes=("HC", "ALS"))


def test_ranks_of_a_tournament_are_no_probabilities_to_be_calibrated():
    samples = cohort({"HC": 5, "ALS": 5})
    for splitter, told in ((LeavePairOut(), False), (Loso(), True)):
        planned = plan(samples, logistic(), splitter, protocol=ALS_HC)
        results = [run_fold(planned.task, fold) for fold in planned.folds]
        rows = [row for result in results for row in fold_rows(samples, result, ALS_HC.classes)]
        assert ("calibration" in summarise(pd.DataFrame(rows), None, classes=ALS_HC.classes)) == told


def test_precision_of_each_class_is_that_of_scikit_learn():
    rng = np.random.default_rng(5)
    classes = ("a", "b", "c", "never")
    y = np.repeat(["a", "b", "c", "never"], 8)
    p = rng.dirichlet(np.ones(4), len(y))
    p[:, 3] = 0
    columns = {f"p_{c}": p[:, k] for k, c in enumerate(classes)}
    table = pd.DataFrame(
        {"sample": range(len(y)), "subject": [f"s{i}" for i in range(len(y))], "task": "still", "y": y}
    )
    found = summarise(table.assign(**columns), None, classes=classes, n_bootstrap=10)["subject"]
    decided = np.array(classes)[p.argmax(axis=1)]
    expected = precision_score(y, decided, labels=classes, average=None, zero_division=np.nan)
    assert [found["precision"][c] for c in classes[:3]] == pytest.approx(expected[:3])
    assert found["precision"]["never"] is None
    hits = int(((decided == "a") & (y == "a")).sum())
    assert found["precision_ci"]["a"] == list(statistics.wilson(hits, int((decided == "a").sum())))
