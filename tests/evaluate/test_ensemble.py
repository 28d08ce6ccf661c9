"""Several runs as one, on run folders whose predictions are known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.ensemble import combine, combined_null
from neuroface.evaluate.predictions import to_csv

PEOPLE = [f"{group}{i}" for group in ("HC", "ALS") for i in range(4)]
HEADER = ["sample", "subject", "group", "task", "repetition", "fold", "y", "p_HC", "p_ALS", "threshold"]
HEADER += ["dummy_p_HC", "dummy_p_ALS"]


def write_run(folder, p_of, *, inner_of=None):
    """A leave-one-out run: p_of(subject) is its P(ALS); inner_of(subject), the same of people held out inside folds."""
    rows = [line(subject, subject, p_of(subject)) for subject in PEOPLE]
    folder.mkdir()
    (folder / "predictions.csv").write_text(to_csv(rows, HEADER))
    for fold in PEOPLE if inner_of else ():
        (folder / "inner").mkdir(exist_ok=True)
        inner = [line(s, fold, inner_of(s)) for s in PEOPLE if s != fold]
        (folder / "inner" / f"{fold}.csv").write_text(to_csv(inner, ["sample", "subject", "y", "p_HC", "p_ALS"]))
    return folder


def line(subject, fold, p):
    group = subject[:-1]
    row = {"sample": f"{subject}/0", "subject": subject, "group": group, "task": "OPEN", "repetition": 0, "fold": fold}
    return row | {"y": group, "p_HC": 1 - p, "p_ALS": p, "threshold": 0.5, "dummy_p_HC": 0.5, "dummy_p_ALS": 0.5}


def knows(subject):
    return 0.9 if subject.startswith("ALS") else 0.1


def guesses(subject):
    return 0.3 + 0.1 * int(subject[-1])


def test_the_mean_of_two_runs(tmp_path):
    runs = [write_run(tmp_path / "a", knows), write_run(tmp_path / "b", guesses)]
    found, weights = combine(runs)
    assert found["p_ALS"].tolist() == pytest.approx([(knows(s) + guesses(s)) / 2 for s in PEOPLE])
    assert set(map(tuple, weights.values())) == {(0.5, 0.5)}


def test_stacking_trusts_the_run_that_knew_people_held_out_inside_the_fold(tmp_path):
    # On the judged people the runs have changed roles: weights must not come from them.
    runs = [write_run(tmp_path / "a", guesses, inner_of=knows), write_run(tmp_path / "b", knows, inner_of=guesses)]
    _, weights = combine(runs, method="stack")
    assert all(a > 0.75 for a, _ in weights.values())


def test_stacking_equal_runs_weighs_them_equally(tmp_path):
    runs = [write_run(tmp_path / name, knows, inner_of=knows) for name in "ab"]
    _, weights = combine(runs, method="stack")
    assert np.array(list(weights.values())) == pytest.approx(0.5)


def test_stacking_needs_people_held_out_inside_folds(tmp_path):
    runs = [write_run(tmp_path / name, knows) for name in "ab"]
    with pytest.raises(DataError, match="No person was held out inside fold HC0"):
        combine(runs, method="stack")


def test_runs_of_other_samples_do_not_go_together(tmp_path, monkeypatch):
    first = write_run(tmp_path / "a", knows)
    monkeypatch.setattr(f"{__name__}.PEOPLE", PEOPLE[1:])
    with pytest.raises(DataError, match=r"do not judge the same samples in the same folds: HC0/0 \(fold HC0\)"):
        combine([first, write_run(tmp_path / "b", knows)])


def test_one_run_is_no_ensemble(tmp_path):
    with pytest.raises(ConfigError, match="needs two runs or more"):
        combine([write_run(tmp_path / "a", knows)])


def test_the_null_of_a_mean_is_the_mean_of_refitted_nulls(tmp_path):
    runs = [write_run(tmp_path / "a", knows), write_run(tmp_path / "b", guesses)]
    for run, p in zip(runs, (0.2, 0.6), strict=True):
        (run / "null").mkdir()
        (run / "null" / "00000.csv").write_text(f"permutation,subject,task,y,p_HC,p_ALS\n0,HC0,OPEN,ALS,{1 - p},{p}\n")
        facts = {"digest": "", "status": "done", "wall_s": 0, "seeds": {"run": 0}, "null": "refit"}
        (run / "run.json").write_text(json.dumps(facts))
    assert combined_null(runs)["p_ALS"].tolist() == pytest.approx([0.4])
    (runs[1] / "run.json").write_text(json.dumps(facts | {"null": "predictions"}))
    assert combined_null(runs) is None


def of_task(folder, task):
    """The run as one of another task: other samples of the same people."""
    for file in [folder / "predictions.csv", *(folder / "inner").glob("*.csv")]:
        text = file.read_text().replace("OPEN", task)
        file.write_text("\n".join(row.replace("/0,", f"/{task}/0,", 1) for row in text.splitlines()) + "\n")
    return folder


def test_tasks_of_a_person_are_stacked_into_one_score(tmp_path):
    """Each run a task of its own: weights are learnt from people held out inside the fold, and people judged once."""
    a = write_run(tmp_path / "a", guesses, inner_of=knows)
    b = of_task(write_run(tmp_path / "b", knows, inner_of=guesses), "SPREAD")
    found, weights = combine([a, b], method="stack")
    assert found["task"].unique().tolist() == ["OPEN+SPREAD"]
    assert found["subject"].tolist() == PEOPLE
    assert all(w > 0.75 for w, _ in weights.values())
    first = weights["HC0"][0]
    assert found["p_ALS"].iloc[0] == pytest.approx(first * guesses("HC0") + (1 - first) * knows("HC0"))


def test_somebody_who_lacks_a_task_is_named(tmp_path):
    a = write_run(tmp_path / "a", guesses)
    b = of_task(write_run(tmp_path / "b", knows), "SPREAD")
    file = b / "predictions.csv"
    file.write_text("\n".join(row for row in file.read_text().splitlines() if not row.startswith("HC3")) + "\n")
    with pytest.raises(DataError, match=r"do not judge the same samples.*HC3"):
        combine([a, b])


def test_a_run_and_itself_are_no_ensemble(tmp_path):
    run = write_run(tmp_path / "a", knows)
    with pytest.raises(ConfigError, match="A run is named twice"):
        combine([run, tmp_path / "." / "a"], method="stack")
