from __future__ import annotations

import pandas as pd
import pytest
from scipy import stats

from neuroface.report import run as runs
from neuroface.report.html import render
from neuroface.report.mixed_table import mixed, words
from neuroface.report.run import feature_columns
from neuroface.studies.covariates import write_repeatability


def test_the_page_has_the_mixed_model_of_each_feature(make_run):
    folder = make_run(permutations=0)
    run = runs.read(folder)
    table = mixed(run)
    names = feature_columns(run.features)
    assert list(table["column"]) == names
    means = run.features.groupby(["subject", "y"], sort=False)[names].mean().reset_index()
    groups = [means.loc[means["y"] == label, names[0]] for label in reversed(run.classes)]
    row = table.iloc[0]
    assert row["p"] == pytest.approx(stats.ttest_ind(*groups).pvalue, rel=0.01)  # a few values are missing
    assert row["difference"] == pytest.approx(groups[0].mean() - groups[1].mean(), rel=0.01)
    assert (table["p_holm"].to_numpy() >= table["p"].to_numpy() - 1e-12).all()
    assert f"{run.classes[1]} − {run.classes[0]}" in words(table, *run.classes)
    write_repeatability(folder)  # as train does
    pd.testing.assert_frame_equal(words(runs.read(folder).mixed, *run.classes), words(table, *run.classes))
    assert "Do the groups differ, all repetitions used?" in render(folder).read_text()
    assert (folder / "report" / "mixed.csv").is_file()


def test_there_is_none_of_three_groups_or_of_classes_within_people(make_run):
    assert mixed(runs.read(make_run("three_way", name="three", permutations=0))).empty
    assert mixed(runs.read(make_run("within", name="within", permutations=0))).empty
