from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from neuroface.errors import DataError
from neuroface.evaluate.scores import summarise
from neuroface.report import run as runs
from neuroface.report import run_tables, tables

MakeRun = Callable[..., Path]


def test_the_last_lines_of_a_run(make_run: MakeRun) -> None:
    folder = make_run(permutations=499)
    scores = json.loads((folder / "scores.json").read_text())["subject"]
    hits, rejections = scores["confusion"][1][1], scores["confusion"][0][0]
    assert tables.summary_text(folder, published="guarin").splitlines() == [
        "synthetic · HC 11 v ALS 11 · OPEN · forest on als11_v1 · leave one subject out",
        f"subject AUC  {scores['auc']:.2f}  [0.70, 0.98]   "
        "null 0.43 ± 0.17, p = 0.002 (499 permutations)     paper 0.95",
        f"sensitivity {hits}/11 [.52, .95]  specificity {rejections}/11 [.62, .98]   dummy AUC 0.50",
        "2 of 22 people had frames filled (1.4 %); nobody left out; audit: clean",
        "timestamps merged: 3",
        str(folder / "report" / "report.html"),
    ]


def test_recorded_people_are_not_called_synthetic_and_no_paper_is_shown_unasked(make_run: MakeRun) -> None:
    text = tables.summary_text(make_run(synthetic=False))
    assert text.startswith("HC 11 v ALS 11 · OPEN")
    assert text.splitlines()[1].endswith("(99 permutations)")


def test_a_task_the_paper_does_not_have_shows_no_paper(make_run: MakeRun) -> None:
    score = tables.summary_text(make_run(task="KISS"), published="guarin").splitlines()[1]
    assert score.endswith("(99 permutations)")


def test_a_number_about_other_classes_is_not_shown_as_ours(make_run: MakeRun, tmp_path: Path) -> None:
    """protocol.classes=[HC,PS] under the protocol als_vs_hc asks what the paper's ALS v HC number does not answer."""
    folder = make_run(people={"HC": 11, "PS": 14}, protocol="als_vs_hc", task="OPEN")
    assert "paper" not in tables.summary_text(folder, published="guarin")
    cells = [{"name": "a", "folder": folder, "columns": {"protocol": "als_vs_hc", "task": "OPEN"}}]
    tables.experiment_table(cells, tmp_path, published="guarin")
    assert "published" not in pd.read_csv(tmp_path / "table.csv")


def test_a_number_of_another_measure_is_not_shown_as_ours(make_run: MakeRun, tmp_path: Path) -> None:
    """The paper's AUC at this protocol and task is nothing to lay beside an accuracy."""
    folder = make_run("three_way", protocol="als_vs_hc", task="OPEN")
    assert "paper" not in tables.summary_text(folder, published="guarin")
    cells = [{"name": "a", "folder": folder, "columns": {"protocol": "als_vs_hc", "task": "OPEN"}}]
    tables.experiment_table(cells, tmp_path, published="guarin")
    assert "published" not in pd.read_csv(tmp_path / "table.csv")


def test_three_groups(make_run: MakeRun) -> None:
    lines = tables.summary_text(make_run("three_way")).splitlines()
    assert lines[0].startswith("synthetic · HC 11 v ALS 11 v PS 14")
    assert lines[1].startswith("accuracy  ")
    assert lines[2] == "macro F1 0.71 [0.53, 0.85]  one-v-rest AUC 0.85 [0.74, 0.93]   dummy accuracy 0.39"


def test_classes_inside_people_show_each_person_left_out(make_run: MakeRun) -> None:
    folder = make_run("within")
    areas = json.loads((folder / "scores.json").read_text())["subject"]["per_subject"]
    lines = tables.summary_text(folder).splitlines()
    assert lines[0].startswith("synthetic · other v expression · 2 people · negative")
    assert lines[1].startswith(f"mean AUC per person  {np.mean(list(areas.values())):.2f}  [0.75, 0.97]   null 0.50")
    assert lines[2] == f"left out: A {areas['A']:.2f}  B {areas['B']:.2f}   dummy AUC 0.50"


def test_left_out_and_suspect_are_said(make_run: MakeRun) -> None:
    folder = make_run()
    cohort = json.loads((folder / "cohort.json").read_text())
    cohort |= {"left_out": [{"what": "A006/OPEN", "why": "has no depth"}], "frames_filled": 0}
    (folder / "cohort.json").write_text(json.dumps(cohort))
    (folder / "audit.json").write_text(json.dumps({"verdict": "suspect", "checks": {}}))
    assert "no frames filled; left out: A006/OPEN; audit: SUSPECT" in tables.summary_text(folder)


def test_an_unfinished_run_is_refused(make_run: MakeRun) -> None:
    folder = make_run()
    (folder / "predictions.csv").unlink()
    with pytest.raises(DataError) as error:
        tables.summary_text(folder)
    assert str(error.value) == (
        f"{folder} is not a finished run: predictions.csv missing. "
        f"Finish it with the same `neuroface train ... run={folder}`; done folds are kept."
    )


def test_holm_by_hand() -> None:
    # Sorted .01, .03, .04 times 3, 2, 1 is .03, .06, .04; never below the one before.
    assert tables.holm(np.array([0.01, np.nan, 0.04, 0.03])) == pytest.approx([0.03, np.nan, 0.06, 0.06], nan_ok=True)
    assert tables.holm(np.array([0.6, 0.7])) == pytest.approx([1.0, 1.0])
    assert np.isnan(tables.holm(np.array([np.nan]))).all()


@pytest.fixture
def six_cells(make_run: MakeRun, tmp_path: Path) -> list[dict]:
    """Six cells as in the paper's table; the last one was never run."""
    cells = []
    for protocol, patients in (("als_vs_hc", {"ALS": 11}), ("ps_vs_hc", {"PS": 14})):
        for task in ("BBP", "OPEN", "SPREAD"):
            name = f"{protocol}-{task}"
            if name != "ps_vs_hc-SPREAD":
                make_run(name=f"table/{name}", people={"HC": 11, **patients}, task=task, protocol=protocol)
            columns = {"protocol": protocol, "task": task}
            cells.append({"name": name, "folder": tmp_path / "table" / name, "columns": columns})
    return cells


def test_table_above_six_cells(six_cells: list[dict], tmp_path: Path) -> None:
    text = tables.experiment_table(six_cells, tmp_path / "table", published="guarin", title="Six AUCs")
    table = pd.read_csv(tmp_path / "table" / "table.csv")
    assert list(table["published"]) == [0.87, 0.95, 0.95, 0.85, 0.77, 0.92]
    assert list(table["status"]) == ["done"] * 5 + ["missing"]
    assert table["value"].notna().sum() == 5
    assert table["p_holm"].dropna().tolist() == pytest.approx([0.05] * 5)  # five times p = 1/100
    assert list(table["people"][:5]) == ["HC 11, ALS 11"] * 3 + ["HC 11, PS 14"] * 2
    assert set(table["data"].dropna()) == {"synthetic"}
    assert set(table["published_label"]) == {"paper (fine-tuned FAN, real patients)"}
    assert text.splitlines()[0] == "Six AUCs"
    assert "1 cell missing or unfinished; the same command fills them in." in text
    assert "All of our numbers are from a synthetic cohort; no patient was recorded for them." in text


def test_page_above_six_cells_links_only_what_is_there(six_cells: list[dict], tmp_path: Path) -> None:
    tables.experiment_table(six_cells, tmp_path / "table", published="guarin", title="<Six> AUCs")
    page = (tmp_path / "table" / "table.html").read_text(encoding="utf-8")
    assert '<a href="als_vs_hc-BBP/report/report.html">als_vs_hc-BBP</a>' in page
    assert 'href="ps_vs_hc-SPREAD' not in page
    assert "ps_vs_hc-SPREAD" in page
    assert "&lt;Six&gt; AUCs" in page
    assert "paper (fine-tuned FAN, real patients)" in page
    assert "not a medical device" in page


def test_accuracy_and_macro_f1_of_two_classes_stand_beside_those_of_three(make_run: MakeRun, tmp_path: Path) -> None:
    cells, right = [], []
    for kind, classes in (("binary", ["HC", "ALS"]), ("three_way", ["HC", "ALS", "PS"])):
        folder = make_run(kind, name=kind)
        scores = summarise(pd.read_csv(folder / "predictions.csv"), None, classes=classes)
        (folder / "scores.json").write_text(json.dumps(scores))
        cells.append({"name": kind, "folder": folder, "columns": {"protocol": kind}})
        right.append(run_tables.subjects(runs.read(folder))["correct"].mean())
    text = tables.experiment_table(cells, tmp_path, more=["accuracy", "macro_f1"])
    rows = [line for line in text.splitlines() if line.lstrip().startswith(("binary", "three_way"))]
    assert "AUC" in rows[0]  # which score each cell's value is
    assert "accuracy" in rows[1]
    table = pd.read_csv(tmp_path / "table.csv")
    assert list(table["accuracy"].str.partition(" ")[0]) == [f"{share:.2f}" for share in right]
    for column in ("accuracy", "macro_f1"):
        assert table[column].str.fullmatch(r"0\.\d\d \[0\.\d\d, [01]\.\d\d\]").all()


def test_an_unfinished_cell_keeps_its_row(six_cells: list[dict], tmp_path: Path) -> None:
    (six_cells[0]["folder"] / "scores.json").unlink()
    tables.experiment_table(six_cells, tmp_path / "table")
    assert pd.read_csv(tmp_path / "table" / "table.csv")["status"][0] == "incomplete"


def test_a_paper_without_any_of_the_cells_is_not_cited(make_run: MakeRun, tmp_path: Path) -> None:
    cells = [{"name": "kiss", "folder": make_run(task="KISS"), "columns": {"task": "KISS"}}]
    assert "Guarin" not in tables.experiment_table(cells, tmp_path, published="guarin")


def test_no_cell_done_is_still_a_table(tmp_path: Path) -> None:
    cells = [{"name": "a", "folder": tmp_path / "a", "columns": {"task": "OPEN"}}]
    assert "OPEN  missing" in tables.experiment_table(cells, tmp_path)


def test_people_left_out_have_columns_and_cells_a_mean(make_run: MakeRun, tmp_path: Path) -> None:
    folders = {name: make_run("within", name=f"gfe/{name}") for name in ("negative", "topics")}
    scores = json.loads((folders["topics"] / "scores.json").read_text())
    scores["subject"] |= {"auc": 0.5, "per_subject": {"A": 0.4, "B": 0.6}}
    (folders["topics"] / "scores.json").write_text(json.dumps(scores))
    cells = [{"name": name, "folder": folder, "columns": {"expression": name}} for name, folder in folders.items()]
    tables.experiment_table(cells, tmp_path / "gfe")
    table = pd.read_csv(tmp_path / "gfe" / "table.csv")
    assert table["name"].iloc[-1] == "mean of 2 cells"
    for column in ("left out A", "left out B", "value"):
        assert table[column].iloc[-1] == pytest.approx(table[column].iloc[:2].mean())
    assert table["left out A"].iloc[1] == 0.4


def test_a_row_of_the_paired_table_is_of_the_people_of_both_runs(make_run: MakeRun) -> None:
    folders = {name: make_run(name=name, permutations=0) for name in ("a", "b")}
    file = folders["b"] / "predictions.csv"
    fewer = pd.read_csv(file)
    fewer[~fewer["subject"].isin(["H001", "A001", "A002"])].to_csv(file, index=False)
    cells = [{"name": n, "folder": f, "columns": {"network": n}} for n, f in folders.items()]
    row = tables.paired_table(cells, by="network", first="a", second="b").iloc[0]
    assert row["people"] == 19
    people = (
        fewer[~fewer["subject"].isin(["H001", "A001", "A002"])].groupby("subject").agg({"y": "first", "p_ALS": "mean"})
    )
    assert row["a"] == row["b"] == pytest.approx(roc_auc_score(people["y"] == "ALS", people["p_ALS"]))


def test_a_mixed_question_says_so_before_its_score(make_run: MakeRun) -> None:
    folder = make_run(permutations=0)
    scores = json.loads((folder / "scores.json").read_text())
    scores["design"] = {
        "kind": "mixed", "people_of_one_class": 21, "people_of_several_classes": 1, "unlike_most": ["H001"],
    }  # fmt: skip
    (folder / "scores.json").write_text(json.dumps(scores))
    first, second, *_ = tables.summary_text(folder).splitlines()
    assert " · mixed design · " in first
    assert second.startswith("1 of 22 people has rows of several classes (H001): each counts once in every class shown")


def test_two_methods_are_compared_by_a_null_that_fits_both_again(make_run: MakeRun, tmp_path: Path) -> None:
    folders = {name: make_run(name=name, permutations=19) for name in ("a", "b")}
    for file in (folders["b"] / "null").glob("*.csv"):
        null = pd.read_csv(file)
        null[["p_HC", "p_ALS"]] = null[["p_ALS", "p_HC"]].to_numpy()  # the other way round: AUC 1 - that of a
        null.to_csv(file, index=False)
    cells = [{"name": n, "folder": f, "columns": {"network": n}} for n, f in folders.items()]
    row = tables.paired_table(cells, by="network", first="a", second="b").iloc[0]
    assert (row["difference"], row["p_refit"], row["p_swap"], row["p"]) == (0, 1, 1, row["p_refit"])
    text = tables.experiment_table(cells, tmp_path, compared="network")
    assert "p, both fitted again" in text
    assert "takes the fitted folds as given" in text
    _permute_again(folders["b"])
    row = tables.paired_table(cells, by="network", first="a", second="b").iloc[0]
    assert np.isnan(row["p_refit"])  # other permuted classes: not the same null
    assert "so read a p close to .05 as none" in tables.experiment_table(cells, tmp_path, compared="network")


def _permute_again(folder: Path) -> None:
    file = next((folder / "null").glob("*.csv"))
    null = pd.read_csv(file)
    null.assign(y=null["y"].to_numpy()[::-1]).to_csv(file, index=False)
