"""A table of features becomes Samples; what cannot become one is told word for word."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuroface.cohorts.table import TableCohort
from neuroface.errors import ConfigError, DataError


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": ["01", "01", "02", "03", "04"],
            "dx": ["HC", "HC", "HC", "ALS", "ALS"],
            "task": ["OPEN", "KISS", "OPEN", "OPEN", "OPEN"],
            "f_opening": [1.0, 2.0, np.nan, 4.0, 5.0],
            "f_width": [10, 20, 30, 40, 50],
            "remark": ["", "", "late", "", ""],
        }
    )


def cohort(root: Path, table: pd.DataFrame | None = None, **more) -> TableCohort:
    (frame() if table is None else table).to_csv(root / "t.csv", index=False, encoding="utf-8-sig")
    return TableCohort(**{"path": root / "t.csv", "subject": "id", "label": "dx", "features": "f_*", **more})


def message_of(made: TableCohort, **asked) -> str:
    with pytest.raises((DataError, ConfigError)) as caught:
        made.table(**asked)
    return str(caught.value)


def test_rows_become_samples(tmp_path):
    samples = cohort(tmp_path, task="task").table()
    assert samples.feature_names == ("f_opening", "f_width")
    np.testing.assert_array_equal(samples.X, [[1, 10], [2, 20], [np.nan, 30], [4, 40], [5, 50]])
    assert samples.y.tolist() == samples.meta["group"].tolist() == ["HC", "HC", "HC", "ALS", "ALS"]
    assert samples.subject.tolist() == ["01", "01", "02", "03", "04"]
    assert samples.meta["sample"].tolist() == ["01/OPEN/00", "01/KISS/00", "02/OPEN/00", "03/OPEN/00", "04/OPEN/00"]
    assert samples.view == "table"


def test_without_tasks_rows_are_numbered_within_a_person(tmp_path):
    samples = cohort(tmp_path).table()
    assert samples.meta["repetition"].tolist() == [0, 1, 0, 0, 0]
    assert set(samples.meta["task"]) == {"table"}


def test_one_task_and_two_classes_of_three(tmp_path):
    more = frame().assign(id=["05"] * 5, dx="PS")
    samples = cohort(tmp_path, pd.concat([frame(), more]), task="task").table(classes=["HC", "ALS"], tasks=["OPEN"])
    assert samples.subject.tolist() == ["01", "02", "03", "04"]
    assert samples.X[:, 1].tolist() == [10, 30, 40, 50]


def test_excluded_people_and_samples(tmp_path):
    table = pd.concat([frame(), frame().assign(id="05")]).assign(row=[f"r{i}" for i in range(10)])
    table.loc[table["id"] == "05", "dx"] = "ALS"
    samples = cohort(tmp_path, table, sample="row").table(exclude=["05", "r1"])
    assert samples.meta["sample"].tolist() == ["r0", "r2", "r3", "r4"]


def test_excluding_nobody_that_is_there(tmp_path):
    made = cohort(tmp_path)
    assert message_of(made, exclude=["09"]).startswith("cohort.exclude names '09', which is not in the table.")


def test_files_of_a_glob_stand_below_one_another(tmp_path):
    frame().iloc[:3].to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    frame().iloc[3:].to_csv(tmp_path / "b.tsv", sep="\t", index=False)
    samples = TableCohort(path=str(tmp_path / "*.tsv"), subject="id", label="dx", features=["f_width"]).table()
    assert samples.X[:, 0].tolist() == [10, 20, 30, 40, 50]


def test_files_with_other_columns(tmp_path):
    frame().to_csv(tmp_path / "a.csv", index=False)
    frame().drop(columns="f_width").to_csv(tmp_path / "b.csv", index=False)
    text = message_of(TableCohort(path=str(tmp_path / "*.csv"), subject="id", label="dx", features="f_*"))
    b = tmp_path / "b.csv"
    assert text == (
        f"1 of 2 files: {b}: has other columns than {tmp_path / 'a.csv'} (f_width). Give all files the same columns."
    )


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    frame().to_parquet(tmp_path / "t.parquet")
    samples = TableCohort(path=tmp_path / "t.parquet", subject="id", label="dx", features="f_*").table()
    np.testing.assert_array_equal(samples.X, cohort(tmp_path).table().X)


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    for name in ("pyarrow", "fastparquet"):
        monkeypatch.setitem(sys.modules, name, None)
    made = TableCohort(path=tmp_path / "t.parquet", subject="id", label="dx", features="f_*")
    wanted = f"Reading {tmp_path / 't.parquet'} needs pyarrow: pip install 'neuroface[parquet]'."
    assert message_of(made) == wanted


def test_missing_file(tmp_path):
    made = TableCohort(path=tmp_path / "gone.csv", features="f_*")
    wanted = f"There is no file {tmp_path / 'gone.csv'}. Set cohort.path to a .csv, .tsv or .parquet file."
    assert message_of(made) == wanted


def test_a_glob_that_matches_nothing(tmp_path):
    made = TableCohort(path=str(tmp_path / "*.csv"), features="f_*")
    assert message_of(made) == f"No file matches {tmp_path}/*.csv. Set cohort.path to a file or a glob of files."


def test_wrong_column(tmp_path):
    text = message_of(cohort(tmp_path, task="tsak"))
    assert text == f"cohort.task=tsak: {tmp_path / 't.csv'} has no such column. Did you mean 'task'?"


def test_features_that_match_nothing(tmp_path):
    text = message_of(cohort(tmp_path, features=["f_open"]))
    assert text == f"cohort.features=f_open matches no column of {tmp_path / 't.csv'}. Did you mean 'f_opening'?"


def test_the_label_is_no_feature(tmp_path):
    wanted = "cohort.features names dx, which says who or what a row is. Leave it out."
    assert message_of(cohort(tmp_path, features=["f_*", "dx"])) == wanted
    everything = cohort(tmp_path, frame().drop(columns=["remark", "task"]), features="*")
    assert everything.table().feature_names == ("f_opening", "f_width")


def test_columns_that_are_no_numbers_are_all_named(tmp_path):
    table = frame().assign(f_width=["10", "wide", "30", "40", "50"], f_empty=np.nan, f_far=[1, 2, 3, 4, np.inf])
    assert message_of(cohort(tmp_path, table)) == (
        "3 problems\n"
        "  1 of 4 feature columns: column f_width: is not numeric: 'wide' in row 2.\n"
        "  1 of 4 feature columns: column f_empty: has no number in any row.\n"
        "  1 of 4 feature columns: column f_far: is infinite in 1 rows.\n"
        f"Mend {tmp_path / 't.csv'}, or name other columns with cohort.features."
    )


def test_a_person_with_two_diagnoses(tmp_path):
    table = frame().assign(dx=["HC", "ALS", "HC", "ALS", "ALS"])
    assert message_of(cohort(tmp_path, table)) == (
        "1 of 4 subjects: 01: has labels ALS and HC. "
        "Give a person one label, or set cohort.label_per=sample if labels belong to rows."
    )
    assert cohort(tmp_path, table, label_per="sample").table().y.tolist() == ["HC", "ALS", "HC", "ALS", "ALS"]


def test_a_label_of_one_person(tmp_path):
    table = frame().assign(dx=["HC", "HC", "HC", "HC", "ALS"])
    assert message_of(cohort(tmp_path, table)) == (
        "label ALS: only subject 04 has it, and none with that one left out. "
        "Add people, or leave the label out with protocol.classes."
    )


def test_one_class_only(tmp_path):
    text = message_of(cohort(tmp_path), classes=["HC"])
    assert text == f"All rows of {tmp_path / 't.csv'} have label HC; two classes are needed."


def test_a_class_nobody_has(tmp_path):
    text = message_of(cohort(tmp_path), classes=["HC", "AL"])
    assert text == (
        f"No row of {tmp_path / 't.csv'} has label AL, which protocol.classes asks for. Did you mean 'ALS'?"
    )


def test_rows_without_a_subject_or_label(tmp_path):
    table = frame().assign(id=["01", None, "02", " ", "04"])
    assert message_of(cohort(tmp_path, table)) == (
        "2 of 5 rows: row 2, row 4: no subject in column id. "
        f"Fill the cells of {tmp_path / 't.csv'} or remove the rows."
    )


def test_samples_that_stand_twice(tmp_path):
    table = frame().assign(row=["a", "b", "a", "c", "d"])
    text = message_of(cohort(tmp_path, table, sample="row"))
    assert text == f"{tmp_path / 't.csv'}: 1 samples stand there more than once: a."


def test_no_rows(tmp_path):
    assert message_of(cohort(tmp_path, frame().iloc[:0])) == f"{tmp_path / 't.csv'} has no rows. Each sample needs one."


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"path": None}, "cohort.path is not set. Set it to a .csv, .tsv or .parquet file, or a glob of them."),
        ({"features": None}, "cohort.features is not set. Set it to the feature columns, by name or glob, e.g. f_*."),
        ({"features": []}, "cohort.features is empty. Set it to the feature columns, by name or glob, e.g. f_*."),
        ({"label_per": "row"}, "cohort.label_per=row: there is no such choice. Choose from sample, subject."),
    ],
)
def test_wrong_keys(keys, message):
    with pytest.raises(ConfigError) as caught:
        TableCohort(**{"path": "t.csv", "features": "f_*", **keys})
    assert str(caught.value) == message


def noise(rows: int = 24, **more) -> pd.DataFrame:
    """Two groups of people, one above the other, with two columns of noise."""
    random = np.random.default_rng(0)
    ids = [f"{k:02d}" for k in range(rows)]
    dx = ["ALS" if k < rows // 2 else "HC" for k in range(rows)]
    return pd.DataFrame({"id": ids, "dx": dx, "a": random.normal(size=rows), "b": random.normal(size=rows), **more})


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("Unnamed: 0", range(24), "counts the rows"),
        ("z", range(124, 100, -1), "counts the rows"),
        ("record", np.cumsum(np.arange(24) % 3 + 1), "only rises or falls with the rows"),
        ("day", [20240100 + k % 28 + 1 for k in range(3, 72, 3)] + [20240215], "holds dates"),
        ("when", [f"2024-02-{k % 28 + 1:02d}" for k in range(24)], "holds dates"),
        ("visit_number", [1, 2, 1, 3] * 6, "says by its name when or in which order"),
    ],
)
def test_a_glob_leaves_out_what_only_says_when(tmp_path, name, values, why):
    made = cohort(tmp_path, noise(**{name: list(values)}), features="*")
    assert made.table().feature_names == ("a", "b")
    (left,) = made.left_out_
    assert left["what"] == f"column {name}"
    assert why in left["why"]
    named = noise(**{name: list(values)})
    if why != "holds dates":  # whoever names it means it
        assert name in cohort(tmp_path, named, features=["a", name]).table().feature_names


def test_a_persons_rows_counted(tmp_path):
    table = (
        pd.concat([noise(8)] * 3).sort_values("id", kind="stable").assign(a=np.random.default_rng(1).normal(size=24))
    )
    made = cohort(tmp_path, table.assign(k=[1, 2, 3] * 8), features="*")
    assert made.table().feature_names == ("a", "b")
    assert made.left_out_ == [{"what": "column k", "why": "it counts a person's rows"}]


def test_whole_numbers_that_are_measures_stay(tmp_path):
    made = cohort(tmp_path, noise(score=[3, 1, 2, 2] * 6), features="*")
    assert made.table().feature_names == ("a", "b", "score")
    assert made.left_out_ == []


def test_people_that_the_question_does_not_ask_for_are_counted(tmp_path):
    table = noise(12).assign(dx=["HC", "ALS", "PS"] * 4)
    made = cohort(tmp_path, table)
    made.features = ["a"]
    made.table(classes=["HC", "ALS"])
    assert made.left_out_ == [{"what": "4 of 12 people (PS)", "why": "another label or task than is asked for"}]


def test_the_facts_of_people_are_for_the_report(tmp_path):
    made = cohort(tmp_path, noise(age=[60.5] * 24, centre=["x"] * 24), features="*", age="age", site="centre")
    assert made.table().feature_names == ("a", "b")
    assert made.attributes_["00"] == {"age": 60.5, "site": "x"}


def test_every_row_twice_is_refused_and_some_are_counted(tmp_path):
    table = noise()
    assert "holds each row 2 times: 24 of 48 rows are copies" in message_of(
        cohort(tmp_path, pd.concat([table, table]), features=["a", "b"])
    )
    made = cohort(tmp_path, pd.concat([table, table[:3]]), features=["a", "b"])
    made.table()
    assert made.notes_ == {"rows_that_repeat_another": 3}


def test_a_column_twice_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("id,dx,f_a,f_a\n1,HC,1,2\n")
    wanted = "has column 'f_a' more than once"
    assert wanted in message_of(TableCohort(path=tmp_path / "t.csv", subject="id", label="dx", features="f_*"))


def test_a_measure_is_no_class_and_grades_are_told(tmp_path):
    measured = noise(dx=np.linspace(0, 5, 24).round(2))
    assert "holds 24 different numbers: a measure, and no classes" in message_of(
        cohort(tmp_path, measured, features="a")
    )
    made = cohort(tmp_path, noise(dx=[1, 2, 3, 4] * 6), features="a")
    made.table()
    assert made.notes_["labels"].startswith("4 numbers in column dx are taken as so many classes")


def test_groups_that_differ_in_case_or_blanks(tmp_path):
    table = noise(dx=["HC", "hc", "ALS", "ALS"] * 6)
    assert "groups 'HC' and 'hc' differ only in case or blanks. Write them alike." in message_of(
        cohort(tmp_path, table)
    )


def test_tables_of_r_and_excel(tmp_path):
    table = noise().assign(id=[f"0{k}" for k in range(24)])
    table.to_csv(tmp_path / "r.csv", sep=";", decimal=",", index=False, encoding="latin-1")
    table.to_excel(tmp_path / "e.xlsx", index=False)
    for name in ("r.csv", "e.xlsx"):
        made = TableCohort(path=tmp_path / name, subject="id", label="dx", features=["a", "b"])
        samples = made.table()
        np.testing.assert_allclose(samples.X, table[["a", "b"]])
        assert samples.subject[1] == "01"
        told = {"table": "read with semicolons between cells and decimal commas"} if name == "r.csv" else {}
        assert made.notes_ == told


def test_a_number_that_stands_for_missing_is_refused(tmp_path):
    table = noise()
    table.loc[::5, "a"] = -999
    assert "column a: is -999 in 5 rows, which seems to stand for missing; leave them empty" in message_of(
        cohort(tmp_path, table, features=["a", "b"])
    )
    # what a column may well hold: other values lie about it
    cohort(tmp_path, noise().assign(a=np.linspace(-2000, 2000, 24).round(-3) + 1), features=["a", "b"]).table()


def test_one_person_under_two_spellings(tmp_path):
    table = noise()
    table["id"] = ["p1", "P1", *table["id"].astype(str)[2:]]
    assert "'P1' and 'p1' differ only in case" in message_of(cohort(tmp_path, table, features=["a"]))


def test_the_mark_of_utf_16_is_named(tmp_path):
    (tmp_path / "t.csv").write_bytes(noise().to_csv(index=False).encode("utf-16"))
    keys = {"path": tmp_path / "t.csv", "subject": "id", "label": "dx", "features": ["a"]}
    assert "set cohort.encoding=utf-16" in message_of(TableCohort(**keys))
    assert TableCohort(**keys, encoding="utf-16").table().feature_names == ("a",)


def test_bytes_and_separators_by_key(tmp_path):
    (tmp_path / "t.csv").write_bytes(noise().assign(dx="é").to_csv(index=False, sep="|").encode("latin-1"))
    keys = {"path": tmp_path / "t.csv", "subject": "id", "label": "dx", "features": ["a"], "separator": "|"}
    assert "line 2, column 4 has byte 0xe9; set cohort.encoding=latin-1" in message_of(TableCohort(**keys))
    assert "have label é" in message_of(TableCohort(**keys, encoding="latin-1"))
