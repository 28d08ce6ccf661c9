from __future__ import annotations

import numpy as np
import pytest

from neuroface.errors import ConfigError
from neuroface.evaluate.leave_pair_out import LeavePairOut
from neuroface.evaluate.splits import make_folds

from .people import cohort, two_classes_each


def test_every_two_people_are_left_out_together_once():
    samples = cohort({"HC": 3, "ALS": 4}, repetitions=2)
    folds = make_folds(LeavePairOut(), samples.X, samples.y, samples.subject)
    pairs = [frozenset(samples.subject[fold.test]) for fold in folds]
    assert len(set(pairs)) == len(folds) == 7 * 6 // 2 == LeavePairOut().get_n_splits(groups=samples.subject)
    for fold in folds:
        assert len(fold.test) == 4
        assert sorted(np.concatenate([fold.train, fold.test])) == list(range(14))


def test_names_stay_apart_whatever_stands_in_an_id():
    names = LeavePairOut().fold_names(np.array([]), np.array(["a+b", "c", "a", "b+c"]))
    assert len(set(names)) == 6
    assert names[0] == "a%2Bb+c"


@pytest.mark.parametrize("samples", [cohort({"HC": 3, "ALS": 3, "PS": 3}), two_classes_each()], ids=["three", "within"])
def test_only_people_of_two_classes_can_be_ranked(samples):
    with pytest.raises(ConfigError, match="ranks people of two classes"):
        make_folds(LeavePairOut(), samples.X, samples.y, samples.subject)
