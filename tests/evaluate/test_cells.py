from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroface.errors import ConfigError
from neuroface.evaluate.cells import guarded, guarded_table, plain, plain_table
from neuroface.evaluate.engine import run
from neuroface.evaluate.plan import plan as make_plan
from neuroface.evaluate.predictions import read_predictions
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.splits import Loso, file_name, is_plain, make_folds

from .people import ALS_HC, cohort, logistic, table


@pytest.mark.parametrize("text", ["=1+1", "+1", "-x", "@SUM(A1)", "\t=1", "'=1", "=cmd|' /C calc'!A0"])
def test_a_formula_is_shown_and_not_run(text):
    assert guarded(text)[0] == "'"
    assert plain(guarded(text)) == text


@given(st.text(max_size=6) | st.text("'=+-@ a", max_size=4))
def test_what_is_guarded_reads_back(text):
    assert plain(guarded(text)) == text
    assert guarded(text)[:1] not in {*"=+-@\t\r"} or not text


def test_numbers_and_names_of_a_table():
    frame = pd.DataFrame({"who": ["=1", "S1"], "x": [-1.5, np.nan], "=n": [1, -2]})
    found = guarded_table(frame)
    assert found["who"].tolist() == ["'=1", "S1"]
    assert found.columns.tolist() == ["who", "x", "'=n"]
    assert found["x"].equals(frame["x"])
    pd.testing.assert_frame_equal(plain_table(found), frame)


def test_people_with_the_names_of_formulas_come_through_a_run(tmp_path):
    samples = cohort({"HC": 3, "ALS": 3}, repetitions=2)
    odd = np.array([f"=HYPERLINK({s})" if s.endswith("0") else f"../../{s}" for s in samples.subject])
    samples = table(samples.X, samples.y, odd)
    task = make_plan(samples, logistic(), Loso(), protocol=ALS_HC, seed=0)
    with RunFolder(tmp_path / "run").open({"a": 1}) as folder:
        run(task, folder, n_jobs=1, save_models=False)
    text = (tmp_path / "run" / "predictions.csv").read_text()
    assert "\n'=HYPERLINK" in text
    assert "\n=" not in text
    assert ",=" not in text
    assert set(read_predictions(tmp_path / "run" / "predictions.csv")["subject"]) == set(odd)
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    assert len(list((tmp_path / "run" / "folds").glob("[!.]*"))) == 6


@pytest.mark.parametrize("subject", ["../../x", "/etc/passwd", "a\0b", ".", "..", "x" * 999, "ü" * 200, "C:\\x"])
def test_no_name_of_a_person_leaves_the_folder(subject, tmp_path):
    name = file_name(subject)
    assert is_plain(name)
    file = tmp_path / f".{name}.history.json.tmp"
    file.touch()
    assert file.parent == tmp_path


def test_long_names_stay_apart():
    assert file_name("x" * 999) != file_name("x" * 998 + "y")


def test_a_splitter_of_a_plug_in_cannot_name_a_fold_elsewhere():
    class Elsewhere(Loso):
        def fold_names(self, y, groups):
            return [f"../{name}" for name in super().fold_names(y, groups)]

    samples = cohort({"HC": 2, "ALS": 2})
    with pytest.raises(ConfigError, match="which is no name of a file"):
        make_folds(Elsewhere(), samples.X, samples.y, samples.subject)
