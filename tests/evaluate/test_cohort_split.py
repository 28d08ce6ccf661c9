from __future__ import annotations

import numpy as np
import pytest

from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.cohort_split import LeaveOneCohortOut
from neuroface.evaluate.splits import make_folds

from .people import cohort

SAMPLES = cohort({"HC": 4, "ALS": 4}, repetitions=2)
SITES = {name: {"site": "Rome/1" if name.endswith(("0", "1")) else "Bern"} for name in set(SAMPLES.subject)}


def test_a_site_is_judged_by_a_model_of_the_others():
    splitter = LeaveOneCohortOut().told(SITES)
    folds = make_folds(splitter, SAMPLES.X, SAMPLES.y, SAMPLES.subject)
    assert [fold.name for fold in folds] == ["Rome%2F1", "Bern"]
    assert set(SAMPLES.subject[folds[1].test]) == {"HC02", "HC03", "ALS02", "ALS03"}
    assert set(SAMPLES.subject[folds[1].train]) == {"HC00", "HC01", "ALS00", "ALS01"}
    assert splitter.get_n_splits(groups=SAMPLES.subject) == 2


def test_facts_that_cannot_divide_people_are_refused():
    with pytest.raises(ConfigError, match=r"does not tell it of anybody.*site"):
        LeaveOneCohortOut(by="sites").told(SITES)
    with pytest.raises(DataError, match="1 of 8 people have no site: HC00"):
        LeaveOneCohortOut().told(SITES | {"HC00": {"site": ""}})
    with pytest.raises(ConfigError, match="everybody has Bern"):
        LeaveOneCohortOut().told({name: {"site": "Bern"} for name in SITES})


def test_a_splitter_that_was_not_told_says_whose_site_it_lacks():
    with pytest.raises(DataError, match="Nothing says the site of"):
        list(LeaveOneCohortOut().split(np.zeros((2, 1)), None, np.array(["a", "b"])))
