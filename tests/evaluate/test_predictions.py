from __future__ import annotations

import numpy as np
import pytest

from neuroface.errors import DataError
from neuroface.evaluate.predictions import classes_of, columns, merge_folds, read_predictions, to_csv


def test_numbers_and_ids_read_back_exactly(tmp_path):
    p = np.random.default_rng(0).random(200)
    who = {"subject": "NA", "task": "", "y": "é, x"}
    rows = [{"sample": f"{i:03d}", **who, "p_a": v, "p_b": 1 - v} for i, v in enumerate(p)]
    (tmp_path / "predictions.csv").write_text(to_csv(rows, list(rows[0])))
    table = read_predictions(tmp_path / "predictions.csv")
    assert (table["p_a"].to_numpy() == p).all()
    assert (table["p_b"].to_numpy() == 1 - p).all()
    assert table["sample"].tolist() == [f"{i:03d}" for i in range(200)]
    assert set(table["subject"]) == {"NA"}
    assert set(table["task"]) == {""}
    assert set(table["y"]) == {"é, x"}


def test_folds_are_merged_in_the_order_of_the_samples(tmp_path):
    for name, text in {"f1": "sample,p\nb,0.10\nd,1e-05\n", "f2": "sample,p\na,0.3\nc,0.4\n"}.items():
        (tmp_path / name).write_text(text)
    merged = merge_folds([tmp_path / "f1", tmp_path / "f2"], ["a", "b", "c", "d"])
    assert merged == "sample,p\na,0.3\nb,0.10\nc,0.4\nd,1e-05\n"


def test_the_header_keeps_what_distinguishes_rows():
    meta = ["repetition", "expression", "sample", "task"]
    assert columns(meta, ["HC", "ALS"]) == [
        *("sample", "subject", "group", "task", "repetition", "expression", "fold", "y"),
        *("p_HC", "p_ALS", "threshold", "dummy_p_HC", "dummy_p_ALS"),
    ]
    with pytest.raises(DataError, match="Samples bring columns that predictions use themselves: p_HC, y"):
        columns(["sample", "y", "p_HC"], ["HC", "ALS"])


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(DataError, match=r"does not exist\. Finish the run first: neuroface train run="):
        read_predictions(tmp_path / "predictions.csv")


@pytest.mark.parametrize("classes", [["HC", "ALS"], ["HC", "ALS", "p_S"], ["y", "fold"]])
def test_classes_are_read_from_the_header(classes):
    assert classes_of(columns(["sample", "expression", "p_extra"], classes)) == classes


def test_a_header_without_classes():
    assert classes_of(["sample", "subject"]) == []
