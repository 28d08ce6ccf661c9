from __future__ import annotations

import numpy as np
import pytest

from neuroface.errors import ConfigError
from neuroface.evaluate.repeated_split import RepeatedSubjectKFold
from neuroface.evaluate.splits import make_folds

from .people import cohort


def test_everybody_is_tested_once_in_each_deal_and_deals_differ():
    samples = cohort({"HC": 6, "ALS": 6})
    folds = make_folds(RepeatedSubjectKFold(n_splits=3, repeats=4, seed=2), samples.X, samples.y, samples.subject)
    assert len(folds) == 12
    deals = [folds[i : i + 3] for i in range(0, 12, 3)]
    for deal in deals:
        assert sorted(np.concatenate([fold.test for fold in deal])) == list(range(len(samples)))
        assert {len(set(samples.y[fold.test])) for fold in deal} == {2}
    assert len({frozenset(frozenset(fold.test.tolist()) for fold in deal) for deal in deals}) == 4
    assert folds[-1].name == "deal_4_fold_3"


def test_no_deal_is_refused():
    with pytest.raises(ConfigError, match=r"split\.repeats is 0"):
        RepeatedSubjectKFold(repeats=0)
