from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from neuroface.evaluate.permutations import arrangements, permute_labels, run_permutation
from neuroface.evaluate.splits import Loso, LosoRebalanced, make_folds
from neuroface.evaluate.task import Task
from neuroface.evaluate.weights import sample_weights

from .people import cohort, logistic, two_classes_each


def test_classes_of_people_change_hands_between_whole_people():
    samples = cohort({"HC": 4, "ALS": 7})
    drawn = [permute_labels(samples.y, samples.subject, seed=0, permutation=b) for b in range(30)]
    for y in drawn:
        people = dict(zip(samples.subject, y, strict=True))
        assert all(people[s] == label for s, label in zip(samples.subject, y, strict=True))
        assert Counter(people.values()) == {"HC": 4, "ALS": 7}
    assert len({tuple(y) for y in drawn}) > 25


def test_classes_within_people_stay_with_their_person():
    samples = two_classes_each(n_people=3, per_class=5)
    y = permute_labels(samples.y, samples.subject, seed=0, permutation=1)
    assert (y != samples.y).any()
    for person in set(samples.subject):
        assert Counter(y[samples.subject == person].tolist()) == {"other": 5, "expression": 5}


def test_a_permutation_is_fitted_with_its_own_labels_and_splits():
    samples = cohort({"HC": 6, "ALS": 6})
    task = Task(samples.X, samples.y, samples.subject, ("HC", "ALS"), logistic(), True, 0)
    y, p = run_permutation(task, LosoRebalanced(), 4)
    assert np.allclose(p.sum(axis=1), 1)
    assert not np.array_equal(y, samples.y)
    for fold in make_folds(LosoRebalanced(), samples.X, y, samples.subject):
        weights = sample_weights(y[fold.train], samples.subject[fold.train])
        model = logistic().fit(samples.X[fold.train], y[fold.train], logisticregression__sample_weight=weights)
        assert p[fold.test] == pytest.approx(model.predict_proba(samples.X[fold.test])[:, ::-1])
    again = run_permutation(task, LosoRebalanced(), 4)
    assert np.array_equal(y, again[0])
    assert np.array_equal(p, again[1])
    assert not np.array_equal(y, run_permutation(task, Loso(), 5)[0])


@pytest.mark.parametrize(
    ("samples", "n"),
    [
        (cohort({"HC": 2, "ALS": 2}), 6),
        (cohort({"HC": 2, "ALS": 2, "PS": 2}), 90),
        (two_classes_each(n_people=2, per_class=2), 36),
        (cohort({"HC": 30, "ALS": 30}), None),
    ],
)
def test_few_people_allow_few_arrangements(samples, n):
    assert arrangements(samples.y, samples.subject) == n
    if n is not None:
        drawn = {tuple(permute_labels(samples.y, samples.subject, seed=0, permutation=b)) for b in range(12 * n)}
        assert len(drawn) == n
