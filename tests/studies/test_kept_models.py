"""Models of all tasks of a person, and of features less covariates: from their files they say what the run said."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import neuroface as nf
from neuroface.cli import main
from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.audit_checks import MEMORY, REPEAT
from neuroface.evaluate.model_archive import ABOUT
from neuroface.evaluate.predictions import read_predictions
from neuroface.evaluate.residualised import Residualised
from neuroface.report.run import read, read_table
from neuroface.studies import kept_models
from neuroface.studies.audit_again import audit_again, samples_of
from neuroface.studies.external import validate
from neuroface.studies.predict import ask as asked_of
from neuroface.studies.predict import predict, warnings_of

TASKS = ("OPEN", "SPREAD")
COLUMNS = ["cohort=table", "cohort.features=f_*", "cohort.task=task", "cohort.age=age", "cohort.site=site"]
QUICK = ["protocol.permutations=0", "execution.tensorboard=false", "execution.n_jobs=1"]
OVER, LESS = "protocol.task=all", "protocol.residualise=[age,site]"


def clinic(file: Path, *, prefix: str = "", n: int = 7, seed: int = 0) -> pd.DataFrame:
    """n people a group, two tasks, two repetitions; older people and the second site move otherwise."""
    rng, rows = np.random.default_rng(seed), []
    for group in ("HC", "ALS"):
        for i in range(n):
            age, site = round(60 + 8 * rng.normal(), 1), 1 + i % 2
            for task in TASKS:
                own = rng.normal(size=3) + (age - 60) / 8 + site + [1.5 * (group == "ALS"), 0, 0]
                values = own + 0.3 * rng.normal(size=(2, 3))
                who = {"subject": f"{prefix}{group}{i:02d}", "group": group, "task": task, "age": age, "site": site}
                rows += [{**who, **dict(zip(("f_a", "f_b", "f_c"), row, strict=True))} for row in values]
    table = pd.DataFrame(rows)
    table.to_csv(file, index=False)
    return table


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    where = tmp_path_factory.mktemp("kept")
    table = clinic(where / "clinic.csv")
    table[~((table["subject"] == "HC03") & (table["task"] == "OPEN"))].to_csv(where / "clinic.csv", index=False)
    clinic(where / "new.csv", prefix="X", n=3, seed=1)
    return where


def trained(folder: Path, name: str, *words: str) -> Path:
    if not (folder / name / "scores.json").is_file():
        nf.train(*COLUMNS, f"cohort.path={folder / 'clinic.csv'}", *QUICK, *words, f"run={folder / name}")
    return folder / name


KINDS = [
    ("over-ridge", [OVER, "classifier=ridge"]),
    ("less-ridge", [LESS, "protocol.task=SPREAD", "classifier=ridge"]),
    ("less-controls-all-rows", [LESS, "protocol.task=null", "classifier=lda", "protocol.residualise_from=controls"]),
    (
        "both-forest",
        [OVER, LESS, "protocol.over_tasks=mean", "classifier=forest", "classifier.estimator.n_estimators=5"],
    ),
    ("both-logistic", [OVER, LESS, "classifier=logistic", "split=group_kfold", "split.n_splits=3"]),
    ("over-search", [OVER, "classifier=ridge", "+classifier.search={alpha:[.1,1]}"]),
]


@pytest.mark.parametrize(("name", "words"), KINDS, ids=[name for name, _ in KINDS])
def test_the_model_of_each_fold_says_of_whom_it_left_out_what_stands_in_predictions(folder, name, words):
    path = trained(folder, name, *words)
    people = read_table(path / "people.csv").set_index("subject").to_dict("index")
    samples, run = samples_of(path), read(path)
    assert {file.suffix for file in (path / "models").iterdir()} == {".zip"}
    judged = 0
    for fold, rows in run.predictions.groupby("fold"):
        model = nf.load_model(path / "models" / f"{fold}.zip")
        mine = samples[np.isin(samples.subject, rows["subject"])]
        p = pd.DataFrame(kept_models.said(model, mine, run.classes, people), columns=run.classes)
        by = "subject" if OVER in words else "sample"
        again = p.groupby(mine.subject if by == "subject" else mine.meta["sample"]).first().loc[rows[by]]
        np.testing.assert_allclose(again.to_numpy(), rows[[f"p_{c}" for c in run.classes]].to_numpy(), atol=1e-9)
        judged += len(rows)
    assert judged == len(run.predictions)


def test_new_people_are_judged_once_over_their_tasks_and_a_clinic_is_validated(folder, tmp_path):
    path = trained(folder, *_one("both-logistic"))
    new = [f"run={path}", *COLUMNS, f"cohort.path={folder / 'new.csv'}"]
    table = predict(new).table
    assert len(table) == 6
    assert set(table["task"]) == {"OPEN+SPREAD"}
    assert set(table["repetitions"]) == {4}
    assert (table["sd_ALS"] > 0).all()
    rows = pd.read_csv(folder / "new.csv")
    rows[(rows["subject"] != "XHC00") | (rows["task"] == "OPEN")].to_csv(tmp_path / "few.csv", index=False)
    asked = asked_of([f"run={path}", *COLUMNS, f"cohort.path={tmp_path / 'few.csv'}"])
    assert "XHC00 did not do all of OPEN, SPREAD: the tasks that were done count alone." in warnings_of(asked)
    told, page = validate([*new, f"out={tmp_path / 'external'}", "bootstrap=20"])
    found = pd.read_csv(page.parent / "predictions.csv")
    assert len(found) == 6
    assert found["p_ALS"].tolist() == pytest.approx(table["p_ALS"].tolist())
    assert "3" in told


def test_a_page_per_person_shows_what_drove_a_score_less_covariates(folder, tmp_path, capsys):
    path = trained(folder, *_one("less-ridge"))
    words = ["predict", f"run={path}", *COLUMNS, f"cohort.path={folder / 'new.csv'}", f"out={tmp_path / 'out'}"]
    assert main(words) == 0
    assert "What drove the score" in (tmp_path / "out" / "XHC00.html").read_text()
    over = trained(folder, *_one("over-ridge"))
    assert main([words[0], f"run={over}", *words[2:-1], f"out={tmp_path / 'over'}"]) == 0
    assert "What drove the score" not in (tmp_path / "over" / "XHC00.html").read_text()
    capsys.readouterr()


def _one(name: str) -> tuple[str, ...]:
    return (name, *dict(KINDS)[name])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"age": ""}, "XHC00: age is not known"),
        ({"site": 7}, "XHC00: site is 7, which nobody of the run is"),
        ({"age": "old"}, "XHC00: age is old, which is no number"),
    ],
)
def test_facts_that_the_models_ask_for_and_nobody_tells(folder, tmp_path, change, told):
    rows = pd.read_csv(folder / "new.csv").astype({"age": object, "site": object})
    for column, value in change.items():
        rows.loc[rows["subject"] == "XHC00", column] = value
    rows.to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match=told):
        predict([f"run={trained(folder, *_one('less-ridge'))}", *COLUMNS, f"cohort.path={tmp_path / 'new.csv'}"])


def test_rows_of_no_task_of_the_run_are_refused_by_name(folder, tmp_path):
    rows = pd.read_csv(folder / "new.csv").assign(task="KISS")
    rows.to_csv(tmp_path / "new.csv", index=False)
    words = [f"run={trained(folder, *_one('over-ridge'))}", f"cohort.path={tmp_path / 'new.csv'}"]
    with pytest.raises(DataError, match=r"none of the run's tasks \(OPEN, SPREAD\) is here, but KISS"):
        predict([*words, *COLUMNS])
    with pytest.raises(DataError, match=r"Name the column of the task by cohort\.task="):
        predict([*words, *(word for word in COLUMNS if not word.startswith("cohort.task"))])
    with pytest.raises(ConfigError, match="task= says which of the run's tasks"):
        predict([words[0], f"recording={tmp_path / 'clip.npz'}"])


@pytest.mark.parametrize(
    ("name", "told"), [("over-ridge", "a model per task in each fold"), ("less-ridge", "age, site")]
)
def test_explain_says_what_to_do_instead(folder, name, told, capsys):
    assert main(["explain", f"run={trained(folder, *_one(name))}"]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "and explain that run" in error


def test_the_same_bytes_again_and_a_final_model_of_everybody(folder):
    first = trained(folder, *_one("over-ridge"))
    again = trained(folder, "again", *dict(KINDS)["over-ridge"], "execution.final_model=true")
    for file in (first / "models").glob("*.zip"):
        assert file.read_bytes() == (again / "models" / file.name).read_bytes()
    assert kept_models.tasks_of(nf.load_model(again / "models" / "final.zip")) == TASKS


def _changed(content: bytes, **about) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, json.dumps({**json.loads(text), **about}) if name == ABOUT else text)
    return out.getvalue()


@pytest.mark.parametrize(
    "about",
    [
        {"format": "neuroface other 1"}, {"files": []}, {"files": ["../../etc/x.npz", None]}, {"files": ["0.npz"]},
        {"weights": [1.0]}, {"weights": ["a", "b"]}, {"weights": [2.0, -1.0]}, {"tasks": ["OPEN"]}, {"classes": []},
        {"shares": [0.5]}, {"method": "median"}, {"files": ["about.json", "about.json"]}, {"tasks": 3},
    ],
)  # fmt: skip
def test_a_file_that_does_not_hold_together_is_damaged(folder, tmp_path, about):
    file = tmp_path / "HC00.zip"
    whole = (trained(folder, *_one("over-ridge")) / "models" / "HC00.zip").read_bytes()
    file.write_bytes(_changed(whole, **about))
    with pytest.raises((DataError, ConfigError)):
        nf.load_model(file)
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="is damaged"):
        nf.load_model(file)


def test_slopes_that_are_none_are_damaged(folder, tmp_path):
    whole = (trained(folder, *_one("less-ridge")) / "models" / "HC00.zip").read_bytes()
    assert isinstance(nf.load_model(trained(folder, *_one("less-ridge")) / "models" / "HC00.zip"), Residualised)
    file = tmp_path / "HC00.zip"
    for about in ({"slope": [[0.0]]}, {"slope": None}, {"coding": [["age"]]}, {"coding": []}, {"files": [None]}):
        file.write_bytes(_changed(whole, **about))
        with pytest.raises(DataError, match="is damaged"):
            nf.load_model(file)


def test_the_audit_of_a_residualised_run_is_made_again_of_the_same_covariates(folder):
    """Ages that a file tells are numbers, not kinds of people."""
    path = trained(folder, *_one("both-logistic"))
    audit = audit_again(path)
    assert audit["checks"][MEMORY] == "passed"
    assert audit["checks"][REPEAT] in ("passed", "found")


def test_a_tournament_is_audited_predicted_and_refused_by_explain_as_what_it_is(folder, capsys):
    """Folds are pairs of people: repeats of it are scored as it was, and thresholds of new people are probabilities."""
    path = trained(folder, "pairs", "protocol.task=SPREAD", "classifier=ridge", "split=leave_pair_out")
    repeats = audit_again(path)["repeats"]
    assert repeats["scores"] == pytest.approx([repeats["observed"]] * 19, abs=1e-6)  # ridge leaves nothing to chance
    new = [f"run={path}", *COLUMNS, f"cohort.path={folder / 'new.csv'}"]
    table = predict(new).table
    thresholds = read_predictions(path / "predictions.csv").groupby("fold")["threshold"].first()
    assert len(thresholds) == 14 * 13 / 2
    assert ((table["p_ALS"] >= thresholds.mean()) == (table["predicted"] == "ALS")).all()
    assert main(["explain", f"run={path}"]) == 2
    assert "judges people in several folds (split=leave_pair_out)" in capsys.readouterr().err
