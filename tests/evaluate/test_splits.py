from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from sklearn.model_selection import GroupShuffleSplit, LeavePGroupsOut

from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.splits import (
    FirstPeople,
    Loso,
    LosoRebalanced,
    StratifiedSubjectKFold,
    file_name,
    make_folds,
)

from .people import cohort, two_classes_each

SPLITTERS = [Loso(), LosoRebalanced(seed=3), StratifiedSubjectKFold(n_splits=3, seed=1)]


@pytest.mark.parametrize("splitter", SPLITTERS, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("samples", [cohort({"HC": 4, "ALS": 6}), two_classes_each()], ids=["between", "within"])
def test_nobody_stands_on_both_sides_and_everybody_is_tested_once(splitter, samples):
    folds = make_folds(splitter, samples.X, samples.y, samples.subject)
    for fold in folds:
        assert not set(samples.subject[fold.train]) & set(samples.subject[fold.test])
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(samples)))
    assert len(folds) == splitter.get_n_splits(samples.X, samples.y, samples.subject)


def test_loso_names_a_fold_after_its_subject():
    samples = cohort({"HC": 2, "ALS": 2})
    names = [fold.name for fold in make_folds(Loso(), samples.X, samples.y, samples.subject)]
    assert names == ["HC00", "HC01", "ALS00", "ALS01"]


def test_names_are_safe_as_files_and_distinct():
    assert [file_name(s) for s in ("A 1/b", "A_1", "..", "é")] == ["A%201%2Fb", "A_1", "%2E.", "%C3%A9"]


def test_rebalanced_folds_all_hold_the_same_class_shares():
    samples = cohort({"HC": 5, "ALS": 7, "PS": 3})
    shares = set()
    for fold in make_folds(LosoRebalanced(), samples.X, samples.y, samples.subject):
        people = dict(zip(samples.subject[fold.train], samples.y[fold.train], strict=True))
        shares.add(tuple(sorted(Counter(people.values()).items())))
    assert shares == {(("ALS", 6), ("HC", 4), ("PS", 2))}


def test_who_is_dropped_does_not_depend_on_the_order_of_rows():
    samples = cohort({"HC": 5, "ALS": 5})
    turned = samples[np.arange(len(samples))[::-1]]

    def training(of):
        folds = make_folds(LosoRebalanced(seed=1), of.X, of.y, of.subject)
        return {fold.name: set(of.subject[fold.train].tolist()) for fold in folds}

    assert training(samples) == training(turned)


def test_rebalancing_drops_nobody_where_classes_lie_within_people():
    samples = two_classes_each(n_people=4)
    for fold in make_folds(LosoRebalanced(), samples.X, samples.y, samples.subject):
        assert len(set(samples.subject[fold.train])) == 3


def test_kfold_spreads_each_class():
    samples = cohort({"HC": 6, "ALS": 9})
    for fold in make_folds(StratifiedSubjectKFold(n_splits=3), samples.X, samples.y, samples.subject):
        people = dict(zip(samples.subject[fold.test], samples.y[fold.test], strict=True))
        assert Counter(people.values()) == {"HC": 2, "ALS": 3}


def test_any_cross_validator_works_and_its_folds_are_numbered():
    samples = cohort({"HC": 2, "ALS": 2})
    folds = make_folds(LeavePGroupsOut(2), samples.X, samples.y, samples.subject)
    assert [fold.name for fold in folds] == [f"fold_{i}" for i in range(1, 7)]


def test_a_split_that_tests_only_some_is_refused():
    samples = cohort({"HC": 2, "ALS": 2}, repetitions=1)
    with pytest.raises(ConfigError, match=r"GroupShuffleSplit never tests 3 of 4 samples\. Choose"):
        make_folds(GroupShuffleSplit(1, test_size=1), samples.X, samples.y, samples.subject)


def test_one_subject_cannot_be_left_out():
    samples = cohort({"HC": 1})
    with pytest.raises(DataError, match=r"nobody to learn from or to judge in fold HC00 \(subjects: 1\)"):
        make_folds(Loso(), samples.X, samples.y, samples.subject)


def test_more_folds_than_people():
    samples = cohort({"HC": 2, "ALS": 2})
    with pytest.raises(DataError, match=r"4 subjects cannot fill 5 folds. Lower split.n_splits\."):
        make_folds(StratifiedSubjectKFold(), samples.X, samples.y, samples.subject)


def test_first_people_learns_from_so_many_of_each_class_and_judges_the_rest():
    subject = np.repeat([f"P{i:02d}" for i in range(9)], 2)
    y = np.where(np.arange(18) < 10, "HC", "ALS")
    ((train, test),) = FirstPeople(train_per_class=3).split(None, y, subject)
    for label, people in (("HC", 5), ("ALS", 4)):
        assert len(set(subject[train][y[train] == label])) == 3
        assert len(set(subject[test][y[test] == label])) == people - 3
    assert not set(subject[train]) & set(subject[test])


def test_first_people_needs_somebody_to_judge():
    subject = np.array(["A", "B", "C", "D"])
    with pytest.raises(
        DataError, match=r"^ALS has 2 subjects; to learn from 2 and judge others it needs 3\. Lower split"
    ):
        list(FirstPeople(train_per_class=2).split(None, np.array(["ALS", "ALS", "HC", "HC"]), subject))
