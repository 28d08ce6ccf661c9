from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuroface.evaluate import engine
from neuroface.evaluate.plan import plan
from neuroface.evaluate.predictions import read_predictions
from neuroface.evaluate.protocol import Protocol
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.splits import Loso
from neuroface.evaluate.threshold import inner_threshold, threshold_of, youden_threshold
from neuroface.evaluate.units import judged, mean_in_stages
from neuroface.types import Samples

from .people import logistic


def test_threshold_lies_midway_between_separated_classes():
    assert youden_threshold([0.1, 0.3, 0.7, 0.9], [False, False, True, True]) == pytest.approx(0.5)
    assert youden_threshold([0.1, 0.2, 0.3, 0.9], [False, False, True, True]) == pytest.approx(0.25)


def test_of_equally_good_thresholds_the_one_nearest_one_half():
    # J is 1/2 both at .35 (2 of 2 right, 1 of 2 spared) and at .75 (1 of 2, 2 of 2); .35 is nearer to .5.
    assert youden_threshold([0.2, 0.5, 0.6, 0.9], [False, True, False, True]) == pytest.approx(0.35)


def test_no_information_gives_one_half():
    assert youden_threshold([0.8, 0.8], [True, False]) == 0.5
    assert youden_threshold([0.1, 0.8], [True, True]) == 0.5


def test_people_are_judged_by_their_mean_and_never_by_a_model_that_saw_them():
    subject = np.repeat([f"s{i}" for i in range(8)], 3)
    y = np.where(np.repeat(np.arange(8), 3) < 4, "HC", "ALS")
    noise = np.tile([-0.3, 0.0, 0.3], 8)  # cancels in each person's mean

    def fit_predict(train, test, inner):
        assert not set(subject[train]) & set(subject[test])
        return np.where(y[test] == "ALS", 0.8, 0.4) + noise[test]

    assert inner_threshold(fit_predict, y, subject, positive="ALS", seed=0) == pytest.approx(0.6)


def test_a_single_training_subject_is_divided_by_repetitions():
    subject, y = np.full(8, "signer"), np.tile(["other", "expression"], 4)

    def fit_predict(train, test, inner):
        return np.where(y[test] == "expression", 0.7, 0.1)

    assert inner_threshold(fit_predict, y, subject, positive="expression", seed=0) == pytest.approx(0.4)


def test_too_few_people_to_hold_out_gives_one_half():
    subject, y = np.array(["h", "a1", "a2"]), np.array(["HC", "ALS", "ALS"])
    assert inner_threshold(lambda *_: pytest.fail("nobody can be held out"), y, subject, positive="ALS", seed=0) == 0.5


@pytest.fixture
def eight_and_one():
    """12 people, 8 repetitions of OPEN that tell nothing and 1 of REST that tells all: person, task, class, score."""
    subject = np.repeat([f"s{i:02d}" for i in range(12)], 9)
    task = np.tile(["OPEN"] * 8 + ["REST"], 12)
    y = np.where(np.repeat(np.arange(12), 9) < 6, "HC", "ALS")
    scores = np.where(task == "OPEN", 0.1, np.where(y == "ALS", 0.6, 0.2))
    return subject, task, y, scores


def test_a_threshold_is_chosen_on_the_average_that_is_judged(eight_and_one):
    subject, task, y, scores = eight_and_one
    # Means of a person's tasks: (.1 + .6) / 2 and (.1 + .2) / 2; means of rows would be .156 and .111.
    assert threshold_of(scores, y, subject, positive="ALS", task=task) == pytest.approx((0.35 + 0.15) / 2)


def test_tasks_of_unequal_length_are_decided_as_well_as_they_are_ordered(tmp_path, eight_and_one):
    subject, task, y, scores = eight_and_one
    X = scores[:, None] + 1e-3 * np.random.default_rng(0).normal(size=(len(y), 1))
    number = np.tile(np.arange(9), 12)
    meta = {"sample": np.char.add(np.char.add(subject, "/"), number.astype(str)), "group": y, "task": task}
    samples = Samples(X=X, y=y, subject=subject, meta={**meta, "repetition": number}, feature_names=("a",))
    planned = plan(
        samples, logistic(C=100), Loso(), protocol=Protocol(classes=("HC", "ALS"), task=None, permutations=0)
    )
    with RunFolder(tmp_path).open({}) as folder:
        found = engine.run(planned, folder, save_models=False)["subject"]
    assert (found["auc"], found["sensitivity"], found["specificity"]) == (1, 1, 1)
    inner = read_predictions(tmp_path / "inner" / "s00.csv").set_index("sample")
    assert inner["task"].to_dict() == {
        s: t for s, t in zip(meta["sample"], task, strict=True) if not s.startswith("s00/")
    }


def test_a_training_fold_without_the_stray_label_is_judged_like_the_others():
    subject, y = np.repeat(["a", "b", "c", "d"], 2), np.array(["x", "z"] * 4)
    scores = np.array([0.1, 0.3, 0.5, 0.7, 0.2, 0.4, 0.6, 0.8])
    within = threshold_of(scores, y, subject, positive="z")
    assert threshold_of(scores, y, subject, positive="z", design="within") == within
    one_class = np.repeat(["x", "x", "z", "z"], 2)
    people = threshold_of(scores, one_class, subject, positive="z")
    assert threshold_of(scores, one_class, subject, positive="z", design="mixed") == people


@pytest.mark.parametrize("design", ["between", "mixed", "within"])
def test_it_averages_as_the_scores_do(design):
    rng = np.random.default_rng(0)
    subject, tasks = rng.choice(["a", "b", "c", "d"], 60), rng.choice(["OPEN", "SPREAD"], 60, p=[0.8, 0.2])
    y, p = rng.choice(["HC", "ALS"], 60), rng.random(60)
    rows = pd.DataFrame({"sample": np.arange(60), "subject": subject, "task": tasks, "y": y, "p": p})
    units = mean_in_stages(rows, ["p"], judged(design))
    expected = youden_threshold(units["p"].to_numpy(), (units["y"] == "ALS").to_numpy())
    assert threshold_of(p, y, subject, positive="ALS", task=tasks, design=design) == pytest.approx(expected, abs=1e-12)
