"""The Python door gives what the command line gives."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import neuroface as nf
from neuroface.cli import main

SMALL = ("cohort.people={HC: 3, ALS: 3}", "protocol.permutations=0", "execution.n_jobs=1")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return nf.train(*SMALL, classifier="logistic", run=tmp_path_factory.mktemp("door") / "run")


def test_a_run_says_what_the_command_line_says(run, tmp_path, capsys):
    words = [*SMALL, "classifier=logistic", f"run={tmp_path / 'same'}"]
    assert main(["train", *words]) in (0, 5)
    printed = capsys.readouterr().out
    assert run.summary.splitlines()[:4] == printed.splitlines()[:4]
    assert (tmp_path / "same" / "predictions.csv").read_bytes() == (run.path / "predictions.csv").read_bytes()


def test_a_run_holds_tables(run):
    assert len(run.predictions) == len(run.features) == 30
    assert 0 <= run.scores["subject"]["auc"] <= 1
    assert {"verdict"} <= set(run.audit)
    assert run.cohort["people"] == {"ALS": 3, "HC": 3}
    assert all(file.is_file() for file in run.figures.values())
    assert run.figures
    assert run.command.startswith("neuroface train 'cohort.people={HC: 3, ALS: 3}'")


def test_a_notebook_shows_the_report(run):
    shown = run._repr_html_()
    assert shown.startswith('<iframe srcdoc="')
    assert "<script>" not in shown  # escaped inside the frame


def test_a_finished_run_is_opened_again(run):
    again = nf.train(*SMALL, classifier="logistic", run=run.path)
    assert again.facts["wall_s"] == run.facts["wall_s"]
    assert nf.show(run.path).scores == run.scores


def test_a_run_is_compared_with_another(run, tmp_path):
    other = nf.train(*SMALL, classifier="svm", run=tmp_path / "svm")
    table = other.compare(run)
    assert len(table) == 1
    difference = other.scores["subject"]["auc"] - run.scores["subject"]["auc"]
    assert table["difference"].item() == pytest.approx(difference)


def test_runs_are_scored_again_and_together(run, tmp_path):
    other = nf.train(*SMALL, classifier="svm", run=tmp_path / "svm")
    both = nf.evaluate([run, other], ensemble="mean", out=tmp_path / "both", bootstrap=20)
    assert both.path == tmp_path / "both"
    assert len(both.predictions) == len(run.predictions)


def test_features_are_a_table_that_says_how_it_was_made():
    table = nf.features("cohort.people={HC: 1, ALS: 1}", **{"cohort.tasks": ["OPEN"]})
    assert {"subject", "y", "rom.mouth_opening_mm"} <= set(table)
    assert table.attrs["command"] == "neuroface features 'cohort.people={HC: 1, ALS: 1}' 'cohort.tasks=[OPEN]'"
    assert table.attrs["people"] == {"ALS": 1, "HC": 1}
    again = nf.features("cohort.people={HC: 1, ALS: 1}", **{"cohort.tasks": ["OPEN"]})  # still a function
    assert again.equals(table)


def test_landmarks_are_recordings():
    recordings = nf.landmarks("cohort.people={HC: 1}", **{"cohort.tasks": ["OPEN"]})
    assert [r.name for r in recordings] == ["N001/OPEN"]
    assert isinstance(recordings[0], nf.Recording)
    assert isinstance(recordings[0].landmarks, nf.Landmarks)


def test_errors_are_the_command_lines():
    with pytest.raises(nf.NeurofaceError, match="Did you mean 'forest'"):
        nf.train(classifier="forst")
    error = nf.NeurofaceError("cohort.root=x: there is no such folder.")
    assert error._render_traceback_() == ["neuroface: cohort.root=x: there is no such folder."]


def test_a_folder_without_a_run_says_how_to_make_one(tmp_path):
    with pytest.raises(nf.NeurofaceError, match="holds no finished run"):
        nf.show(tmp_path)


def test_importing_it_imports_nothing_else():
    code = "import sys, neuroface; print([m for m in sys.modules if m.startswith(('neuroface.', 'numpy', 'pandas'))])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "[]"


def test_every_name_of_the_door_opens():
    assert all(callable(getattr(nf, name)) for name in nf.__all__)
    assert set(nf.__all__) <= set(dir(nf))
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        _ = nf.trian


def test_type_checkers_see_every_name():
    body = ast.parse(Path(nf.__file__).read_text(encoding="utf-8")).body
    guard = next(node for node in body if isinstance(node, ast.If))
    names = {alias.name for node in guard.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert names == set(nf.__all__)
