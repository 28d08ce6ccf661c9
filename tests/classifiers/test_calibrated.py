from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.svm import SVC

from neuroface.classifiers.calibrated import SubjectCalibrated, held_out_people


def people(n_per_class: int, repetitions: int, *, shift: float = 1.0, classes: str = "AB", seed: int = 0):
    """(X, y, person): a person's repetitions hardly differ; class k lies k * shift away."""
    rng = np.random.default_rng(seed)
    person = np.array([f"{c}{i}" for c in classes for i in range(n_per_class) for _ in range(repetitions)])
    y = np.array([name[0] for name in person])
    own = np.repeat(rng.normal(size=(n_per_class * len(classes), 3)), repetitions, axis=0)
    X = own + 0.05 * rng.normal(size=own.shape) + shift * np.array([classes.index(c) for c in y])[:, None]
    return X, y, person


@pytest.mark.parametrize(("n", "expected"), [(2, 2), (4, 4), (9, 5)])
def test_people_are_held_out_whole_and_every_part_learns_every_class(n, expected):
    _, y, person = people(n, 3)
    splits = held_out_people(y, person, n_splits=5)
    assert len(splits) == expected
    for train, test in splits:
        assert not set(person[train]) & set(person[test])
        assert set(y[train]) == {"A", "B"}
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(len(y)))


def test_people_who_show_both_classes_are_held_out_whole():
    person, y = np.repeat(["P0", "P1", "P2"], 4), np.tile(["A", "A", "B", "B"], 3)
    splits = held_out_people(y, person, n_splits=5)
    assert sorted(set(person[test]).pop() for _, test in splits) == ["P0", "P1", "P2"]
    assert held_out_people(y[:4], person[:4], n_splits=5) == []


def test_the_sigmoid_is_that_of_held_out_people():
    """As many parts as people in each class, one person per class and part: scikit-learn's own, on the same parts."""
    X, y, person = people(4, 3)
    weight = np.linspace(0.5, 1.5, len(y))
    model = SubjectCalibrated(SVC(), n_splits=4).fit(X, y, sample_weight=weight, groups=person)
    part = np.array([int(name[1]) for name in person])
    parts = list(LeaveOneGroupOut().split(X, y, part))
    oracle = CalibratedClassifierCV(SVC(), cv=parts, ensemble=False).fit(X, y, sample_weight=weight)
    assert model.predict_proba(X) == pytest.approx(oracle.predict_proba(X), abs=0)


def test_recognised_people_do_not_make_it_sure_of_itself():
    """Rows of known people are told apart; a sigmoid fitted on them promises too much about people it never met."""

    def log_loss(seed: int, *, whole_people: bool) -> float:
        X, y, person = people(12, 6, shift=0.0, seed=seed)
        known = person if whole_people else np.random.default_rng(seed).permutation(len(y))
        strangers, truth, _ = people(300, 1, shift=0.0, seed=100 + seed)
        p = SubjectCalibrated(SVC()).fit(X, y, groups=known).predict_proba(strangers)
        return float(-np.log(np.where(truth == "A", p[:, 0], p[:, 1])).mean())

    excess = [log_loss(seed, whole_people=False) - log_loss(seed, whole_people=True) for seed in range(4)]
    assert min(excess) > 0
    assert np.mean(excess) > 0.2


def test_four_people_per_class_with_one_row_each_can_be_calibrated():
    X, y, person = people(4, 1, shift=3.0)
    model = SubjectCalibrated(SVC()).fit(X, y, groups=person)
    assert model.n_splits_ == 4
    assert (model.predict(X) == y).all()


def test_with_one_person_in_a_class_the_ranking_stays_and_a_warning_says_so():
    X, y, person = people(3, 2)
    kept = np.isin(person, ["A0", "A1", "A2", "B0"])
    with pytest.warns(UserWarning, match="too few people to hold any out: .* uncalibrated"):
        model = SubjectCalibrated(LogisticRegression()).fit(X[kept], y[kept], groups=person[kept])
    # a logistic regression's own probability is 1 / (1 + exp(-score))
    expected = LogisticRegression().fit(X[kept], y[kept]).predict_proba(X)
    assert model.predict_proba(X) == pytest.approx(expected)
    assert model.n_splits_ == 0


@pytest.mark.filterwarnings("ignore:A class has too few people")
@pytest.mark.parametrize("n", [1, 4])
def test_three_classes_add_up_to_one(n):
    X, y, person = people(n, 2, shift=4.0, classes="ABC")
    model = SubjectCalibrated(SVC()).fit(X, y, groups=person)
    p = model.predict_proba(X)
    assert p.sum(axis=1) == pytest.approx(1)
    assert (model.predict(X) == y).all()


def test_it_is_cloned_with_its_parameters():
    copy = clone(SubjectCalibrated(SVC(C=3.0), n_splits=2))
    assert (copy.get_params()["estimator__C"], copy.n_splits) == (3.0, 2)
    assert not hasattr(copy, "model_")
