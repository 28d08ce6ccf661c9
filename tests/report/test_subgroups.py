from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuroface.evaluate.statistics import auc
from neuroface.report import run as runs
from neuroface.report.subgroups import subgroups


def test_each_subgroup_has_the_auc_of_its_own_people(make_run):
    folder = make_run(permutations=0, people={"HC": 6, "ALS": 6})
    names = runs.read(folder).units["subject"].tolist()
    ages = np.arange(50, 62)
    table = pd.DataFrame({"subject": names, "group": "?", "sex": ["F", "M"] * 6, "age": ages, "site": "one"})
    table.to_csv(folder / "people.csv", index=False)
    run = runs.read(folder)
    found = subgroups(run).set_index(["fact", "value"])
    assert list(found.index) == [("sex", "F"), ("sex", "M"), ("age", "up to 55.5"), ("age", "above 55.5")]
    women = run.units[run.units["subject"].isin(names[::2])]
    score, positive = women["p_ALS"].to_numpy(), (women["y"] == "ALS").to_numpy()
    assert found.loc[("sex", "F"), "auc"] == pytest.approx(float(auc(score, positive)))
    assert found.loc[("sex", "F"), "low"] < found.loc[("sex", "F"), "auc"]
    assert np.isnan(found.loc[("age", "up to 55.5"), "auc"])  # units are sorted by class: all of them are HC


def test_nothing_is_said_where_nothing_is_known(make_run):
    assert subgroups(runs.read(make_run(permutations=0))).empty
