from __future__ import annotations

import json

import pandas as pd
import pytest

from neuroface.errors import ConfigError, DataError
from neuroface.report.comparison import compare


def test_two_runs_of_the_same_people(make_run, tmp_path):
    a, b = make_run(name="a", permutations=0), make_run(name="b", skill=0.3, permutations=0)
    text = compare([a, b], tmp_path / "out", margin=0.9)
    table = pd.read_csv(tmp_path / "out" / "differences.csv").set_index("measure")
    assert set(table.index) == {"AUC", "accuracy", "kappa"}
    for name, run in (("a", a), ("b", b)):  # columns a and b are the first and the second run
        auc = json.loads((run / "scores.json").read_text())["subject"]["auc"]
        assert table.loc["AUC", name] == pytest.approx(auc)
    assert table.loc["AUC", "difference"] == pytest.approx(table.loc["AUC", "b"] - table.loc["AUC", "a"])
    assert "McNemar, exact" in text
    assert "could have told" in text
    assert (tmp_path / "out" / "table.html").is_file()


def test_other_people_and_one_run_are_refused(make_run, tmp_path):
    a, b = make_run(name="a", permutations=0), make_run(name="b", permutations=0)
    with pytest.raises(ConfigError, match="two runs or more"):
        compare([a, a], tmp_path / "out")
    with pytest.raises(ConfigError, match="margin is 2"):
        compare([a, b], tmp_path / "out", margin=2)
    file = b / "predictions.csv"
    file.write_text(file.read_text().replace("A001", "A999"))
    with pytest.raises(DataError, match="judge different people: A001, A999"):
        compare([a, b], tmp_path / "out")


def test_people_of_the_same_names_who_may_be_others(make_run, tmp_path):
    """Two synthetic clinics are refused; other facts of a name are told."""
    a, b = make_run(name="a", permutations=0), make_run(name="b", permutations=0)
    for run, age in ((a, 61), (b, 47)):
        (run / "people.csv").write_text(f"subject,group,age\nA001,ALS,{age}\nN001,HC,50\n")
    assert "A001 has age 61 in one, 47 in the other. A comparison is of the same people; are they?" in compare(
        [a, b], tmp_path / "out"
    )
    for run, seed in ((a, 0), (b, 1)):
        with (run / "config.yaml").open("a") as file:
            file.write(f"cohort: {{_target_: neuroface.cohorts.synthetic.SyntheticCohort, seed: {seed}}}\n")
    with pytest.raises(DataError, match=r"two synthetic clinics \(cohort.seed=0 and 1\)"):
        compare([a, b], tmp_path / "out")
