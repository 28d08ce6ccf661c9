"""A run whose covariates tell the groups says so in its first lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuroface.errors import ConfigError
from neuroface.evaluate.run_files import read_json
from neuroface.report import run as runs
from neuroface.report.covariates_table import warning
from neuroface.studies import covariates, evaluate, folders, start


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise as a feature, and an age that tells the groups all but completely."""
    where = tmp_path_factory.mktemp("covariates")
    rng = np.random.default_rng(0)
    n = 20
    group = np.array(["HC", "ALS"] * (n // 2))
    age = np.where(group == "ALS", 70, 50) + rng.normal(0, 6, n)
    table = pd.DataFrame({"id": [f"p{i:02d}" for i in range(n)], "group": group, "f_a": rng.normal(size=n)})
    table["age"], table["diagnosis"] = age.round(1), np.where(group == "ALS", "yes", "no")
    table["f_b"] = rng.normal(size=n)
    table.to_csv(where / "table.csv", index=False)
    words = [
        "cohort=table", f"cohort.path={where / 'table.csv'}", "cohort.subject=id", "cohort.label=group",
        "cohort.features=[f_*]", "cohort.age=age", "cohort.site=diagnosis",
        "protocol.task=null", "classifier=ridge", "protocol.permutations=19",
    ]  # fmt: skip
    return start.run([*words, f"run={where / 'run'}"])


def test_the_first_lines_and_the_page_tell_a_confound(run: Path) -> None:
    found = read_json(run / "covariates.json")
    assert found["only"]["auc"] > 0.9
    assert found["only"]["p"] <= 0.05
    assert "Covariates alone (age" in folders.summary(run)
    assert "Covariates alone (age" in (run / "report" / "report.html").read_text(encoding="utf-8")
    rows = pd.read_csv(run / "report" / "covariates.csv").set_index("what")
    assert rows.loc["covariates only", "auc"] == pytest.approx(found["only"]["auc"])


def test_a_covariate_that_is_the_label_is_refused(run: Path) -> None:
    with pytest.raises(ConfigError, match="it is the class itself"):
        list(evaluate.evaluated([f"run={run}", "covariates=[age,site]"]))
    with pytest.raises(ConfigError, match=r"covariates names agge.*age"):
        list(evaluate.evaluated([f"run={run}", "covariates=agge"]))


def test_features_that_are_repeated_have_a_table(run: Path) -> None:
    assert not (run / "repeatability.csv").exists()  # one row per person
    samples = pd.read_csv(run / "samples.csv")
    again = samples.assign(sample=samples["sample"].astype(str) + "b", f_a=samples["f_a"] + 0.1)
    pd.concat([samples, again]).to_csv(run / "samples.csv", index=False)
    covariates.write_repeatability(run)
    table = pd.read_csv(run / "repeatability.csv").set_index("feature")
    samples.to_csv(run / "samples.csv", index=False)
    assert table.loc["f a", "sem"] == pytest.approx(0.1 / 2**0.5)
    assert table.loc["f b", "icc"] == pytest.approx(1.0)


def test_covariates_asked_for_by_name_stay_when_the_run_is_scored_again(run: Path) -> None:
    list(evaluate.evaluated([f"run={run}", "covariates=[age]"]))
    list(evaluate.evaluated([f"run={run}"]))
    assert read_json(run / "covariates.json")["names"] == ["age"]


def test_as_many_sites_as_people_are_refused_where_asked_for_and_left_out_where_not(run: Path) -> None:
    people = (run / "people.csv").read_bytes()
    table = pd.read_csv(run / "people.csv", dtype={"subject": str})
    try:
        table.assign(site=[f"s{i}" for i in range(len(table))]).to_csv(run / "people.csv", index=False)
        with pytest.raises(ConfigError, match="site has 20 values among 20 people"):
            covariates.write(run, ["site"])
        covariates.write(run)
    finally:
        (run / "people.csv").write_bytes(people)
    assert "site" not in read_json(run / "covariates.json")["names"]


def test_covariates_that_order_the_groups_the_wrong_way_tell_nothing(run: Path) -> None:
    covariates.write(run)
    told = runs.read(run)
    assert "Covariates alone" in warning(told)
    told.covariates["only"]["auc"] = 0.08  # type: ignore[index]
    assert not warning(told)


def test_covariates_that_can_no_longer_be_asked_for_are_told_and_the_usual_ones_stand_in(run: Path, capsys) -> None:
    """A fact that is gone from people.csv does not end the scoring of a run again."""
    covariates.write(run, ["age"])
    people = run / "people.csv"
    before = people.read_text()
    people.write_text(before.replace("age", "years", 1))
    covariates.write_again(run)
    assert (
        "covariates=age, as asked before, cannot be looked at any more; the usual ones are." in capsys.readouterr().err
    )
    assert covariates.asked_of(run) is None
    assert "age" not in read_json(run / "covariates.json")["names"]
    people.write_text(before)
