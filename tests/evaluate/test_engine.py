from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from neuroface.errors import ConfigError, RunFailedError, RunMismatchError
from neuroface.evaluate import engine
from neuroface.evaluate.plan import plan
from neuroface.evaluate.predictions import read_null, read_predictions
from neuroface.evaluate.protocol import Protocol
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.scores import summarise
from neuroface.evaluate.splits import Loso, StratifiedSubjectKFold
from neuroface.evaluate.workers import Failure

from .people import ALS_HC, cohort, logistic, two_classes_each

CONFIG = {"seed": 0}


def run(path, samples, estimator=None, *, splitter=None, protocol=ALS_HC, **options):
    planned = plan(samples, estimator or logistic(), splitter or Loso(), protocol=protocol)
    with RunFolder(path).open(CONFIG) as folder:
        return engine.run(planned, folder, **options)


def everything(path: Path) -> dict[str, bytes]:
    """The results of a run, by file name."""
    names = ["predictions.csv", "scores.json", "splits.json", "audit.json"]
    files = [path / n for n in names] + sorted(path.glob("folds/*")) + sorted(path.glob("null/*"))
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


class FailsOn(LogisticRegression):
    """Fails on 15 training rows without a certain person, known by the first feature of one of their rows."""

    def __init__(self, row=0.0, broken=True):
        super().__init__()
        self.row, self.broken = row, broken

    def fit(self, X, y, sample_weight=None):
        if self.broken and len(X) == 15 and self.row not in X[:, 0]:
            raise ValueError("the sensor was unplugged")
        return super().fit(X, y, sample_weight)


def test_a_run_leaves_everything_it_promises(tmp_path):
    samples = cohort({"HC": 4, "ALS": 4})
    told = []
    scores = run(tmp_path, samples, protocol=replace(ALS_HC, permutations=2), progress=lambda *what: told.append(what))
    table = read_predictions(tmp_path / "predictions.csv")
    assert table["sample"].tolist() == samples.meta["sample"].tolist()
    assert table["fold"].tolist() == samples.subject.tolist()
    assert np.allclose(table["p_HC"] + table["p_ALS"], 1)
    assert set(table["dummy_p_ALS"]) == {0.5}  # 4 people of each class
    assert table.groupby("fold")["threshold"].agg(lambda t: len(set(t))).eq(1).all()
    assert scores == summarise(table, read_null(tmp_path), classes=("HC", "ALS"))
    assert json.loads((tmp_path / "scores.json").read_text()) == scores
    assert json.loads((tmp_path / "splits.json").read_text())["ALS01"]["test"] == ["ALS01"]
    assert json.loads((tmp_path / "audit.json").read_text())["verdict"] == "clean"
    facts = RunFolder(tmp_path).facts
    assert (facts["status"], facts["n_folds"], facts["n_done"]) == ("done", 8, 8)
    assert told == [("folds", i, 8) for i in range(1, 9)] + [("permutations", i, 2) for i in (1, 2)]


def test_predictions_are_those_of_a_model_fitted_without_the_subject(tmp_path):
    samples = cohort({"HC": 4, "ALS": 4})
    run(tmp_path, samples)
    model = skops.io.load(tmp_path / "models" / "ALS02.skops")
    mine = samples.subject == "ALS02"
    table = read_predictions(tmp_path / "predictions.csv")
    expected = model.predict_proba(samples.X[mine])[:, list(model.classes_).index("ALS")]
    assert table.loc[mine, "p_ALS"].to_numpy() == pytest.approx(expected, abs=0)
    assert model[0].mean_ == pytest.approx(samples.X[~mine].mean(axis=0), abs=0.2)
    assert model[0].n_samples_seen_ == (~mine).sum()


@pytest.mark.slow
def test_the_number_of_jobs_changes_no_byte(tmp_path):
    samples = cohort({"HC": 4, "ALS": 5}, shift=0.5)
    protocol = replace(ALS_HC, permutations=3)
    run(tmp_path / "one", samples, protocol=protocol, n_jobs=1)
    run(tmp_path / "two", samples, protocol=protocol, n_jobs=2)
    assert everything(tmp_path / "one") == everything(tmp_path / "two")


def test_the_order_of_rows_changes_no_probability(tmp_path):
    samples = cohort({"HC": 4, "ALS": 4}, shift=0.5)
    run(tmp_path / "a", samples, KNeighborsClassifier(3))
    run(tmp_path / "b", samples[np.random.default_rng(0).permutation(len(samples))], KNeighborsClassifier(3))
    a, b = (read_predictions(tmp_path / name / "predictions.csv").set_index("sample") for name in "ab")
    assert (a["p_ALS"] == b["p_ALS"].reindex(a.index)).all()
    assert (a["threshold"] == b["threshold"].reindex(a.index)).all()


def test_a_failing_fold_keeps_the_others_and_only_it_is_done_again(tmp_path):
    samples = cohort({"HC": 3, "ALS": 3})
    row = samples.X[samples.subject == "HC01"][0, 0]
    with pytest.raises(RunFailedError) as error:
        run(tmp_path, samples, FailsOn(row), protocol=replace(ALS_HC, permutations=1))
    assert str(error.value) == (
        f"1 of 6 folds failed in {tmp_path}. HC01: ValueError: the sensor was unplugged. "
        "The other 5 are kept; the same command does only the missing ones."
    )
    facts = RunFolder(tmp_path).facts
    assert (facts["status"], facts["n_done"]) == ("incomplete", 5)
    assert "the sensor was unplugged" in facts["failures"]["HC01"]["trace"]
    assert not (tmp_path / "predictions.csv").exists()
    assert not list(tmp_path.glob("null/*"))
    before = {file.name: file.stat().st_mtime_ns for file in tmp_path.glob("folds/*.csv")}
    assert set(before) == {f"{s}.csv" for s in set(samples.subject) - {"HC01"}}

    run(tmp_path, samples, FailsOn(row, broken=False), protocol=replace(ALS_HC, permutations=1))
    after = {file.name: file.stat().st_mtime_ns for file in tmp_path.glob("folds/*.csv")}
    assert {name: after[name] for name in before} == before
    run(tmp_path / "whole", samples, FailsOn(row, broken=False), protocol=replace(ALS_HC, permutations=1))
    assert everything(tmp_path) == everything(tmp_path / "whole")
    assert RunFolder(tmp_path).facts["failures"] == {}


def test_what_fails_everywhere_alike_is_said_once_and_leaves_the_folder_free(tmp_path):
    samples = cohort({"HC": 3, "ALS": 3})
    with pytest.raises(RunFailedError) as error:
        run(tmp_path, samples, LogisticRegression(C="much"))
    message = str(error.value)
    assert message.startswith(f"All 6 folds failed alike in {tmp_path}. InvalidParameterError: The 'C' parameter of")
    assert message.count("InvalidParameterError") == 1
    assert message.endswith(
        "Got 'much' instead. Change the configuration and start again with the same run=, which holds nothing "
        "finished; run.json holds the whole trace."
    )
    with RunFolder(tmp_path).open({"seed": 1}) as folder:
        engine.run(plan(samples, logistic(), Loso(), protocol=ALS_HC, seed=1), folder)
    assert RunFolder(tmp_path).facts["failures"] == {}


@pytest.mark.parametrize(
    ("causes", "n", "message"),
    [
        (
            {"a": "ValueError: x", "b": "ValueError: x", "c": "TypeError: y."},
            5,
            "3 of 5 folds failed in {path}. a, b: ValueError: x; c: TypeError: y. "
            "The other 2 are kept; the same command does only the missing ones.",
        ),
        (
            {**dict.fromkeys("abcde", "ValueError: x")},
            9,
            "5 of 9 folds failed in {path}. a, b, c and 2 more: ValueError: x. "
            "The other 4 are kept; the same command does only the missing ones.",
        ),
        (
            {name: f"ValueError: {name}" for name in "abcde"},
            5,
            "5 of 5 folds failed in {path}. a: ValueError: a; b: ValueError: b; c: ValueError: c; "
            "and 2 other causes, see run.json. The same command does only the missing ones.",
        ),
    ],
)
def test_failures_are_told_by_their_cause(tmp_path, causes, n, message):
    failures = [Failure(name, cause, "") for name, cause in causes.items()]
    told = engine.failure_message(failures, RunFolder(tmp_path), what="folds", n=n)
    assert told == message.format(path=tmp_path)


def test_permutations_that_all_fail_do_not_free_a_folder_with_finished_folds(tmp_path):
    RunFolder(tmp_path).write_text("folds/A001.csv", "sample\n")
    failures = [Failure(f"permutation {b}", "ValueError: x", "") for b in range(2)]
    told = engine.failure_message(failures, RunFolder(tmp_path), what="permutations", n=2)
    assert told == (
        f"All 2 permutations failed alike in {tmp_path}. ValueError: x. "
        "Change the configuration and start again with another run=; run.json holds the whole trace."
    )


@pytest.mark.parametrize("n_jobs", [0, True, 1.5, "two", None])
def test_a_number_of_processes_that_cannot_be(tmp_path, n_jobs):
    with pytest.raises(ConfigError) as error:
        run(tmp_path, cohort({"HC": 2, "ALS": 2}), n_jobs=n_jobs)
    message = f"execution.n_jobs is {n_jobs!r}; it must be a whole number, -1 for one process per core."
    assert str(error.value) == message


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


@pytest.mark.parametrize("before", ["folds/HC01.csv", "run.json"], ids=["before its file", "after its file"])
def test_a_kill_around_a_fold_file_loses_neither_count_nor_warning(tmp_path, monkeypatch, before):
    samples, unfinished = cohort({"HC": 2, "ALS": 2}), LogisticRegression(max_iter=1)
    write = RunFolder.write_text

    def killing(self, name, text):
        if name == before and (name != "run.json" or (self.path / "folds" / "HC01.csv").is_file()):
            raise Killed
        write(self, name, text)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_text", killing)
        with pytest.raises(Killed):
            run(tmp_path, samples, unfinished)
    there = len(list(tmp_path.glob("folds/*.csv")))
    with monkeypatch.context() as patch:  # started again, killed before the next fold ends
        patch.setattr(engine, "outcomes", stop)
        with pytest.raises(Killed):
            run(tmp_path, samples, unfinished)
    assert RunFolder(tmp_path).facts["n_done"] == there
    run(tmp_path, samples, unfinished)
    run(tmp_path / "whole", samples, unfinished)
    facts, whole = RunFolder(tmp_path).facts, RunFolder(tmp_path / "whole").facts
    assert (facts["n_done"], facts["warnings"]) == (4, whole["warnings"])
    assert "HC01" in next(iter(facts["warnings"].values()))


def stop(*_, **__):
    raise Killed


KILLED = """
import sys, time
sys.path.insert(0, sys.argv[2])
from evaluate.people import cohort
from evaluate.test_engine import SlowLogistic, run, KILL_PROTOCOL
run(sys.argv[1], cohort({"HC": 4, "ALS": 4}), SlowLogistic(), protocol=KILL_PROTOCOL, n_jobs=int(sys.argv[3]))
"""
KILL_PROTOCOL = replace(ALS_HC, permutations=3)


class SlowLogistic(LogisticRegression):
    """Slow enough that a kill lands in the middle."""

    def fit(self, X, y, sample_weight=None):
        time.sleep(0.02)
        return super().fit(X, y, sample_weight)


@pytest.mark.slow
@pytest.mark.parametrize(("wait_for", "n_jobs"), [("folds/*.csv", 1), ("null/*.csv", 2)])
def test_killed_in_the_middle_and_started_again_gives_the_same_bytes(tmp_path, wait_for, n_jobs):
    command = [sys.executable, "-c", KILLED, str(tmp_path / "killed"), str(Path(__file__).parents[1]), str(n_jobs)]
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "killed").glob(wait_for)) and time.monotonic() < deadline:
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert RunFolder(tmp_path / "killed").facts["status"] == "running"
    left = {file: file.stat().st_mtime_ns for file in (tmp_path / "killed").glob("*/[!.]*.csv")}
    samples = cohort({"HC": 4, "ALS": 4})
    run(tmp_path / "killed", samples, SlowLogistic(), protocol=KILL_PROTOCOL)  # its workers may still be dying
    assert {file: file.stat().st_mtime_ns for file in left} == left
    run(tmp_path / "whole", samples, LogisticRegression(), protocol=KILL_PROTOCOL)
    assert everything(tmp_path / "killed") == everything(tmp_path / "whole")


def test_other_data_are_not_mixed_into_a_started_run(tmp_path):
    run(tmp_path, cohort({"HC": 3, "ALS": 3}))
    with pytest.raises(RunMismatchError, match="was started with other data: values, subjects or classes have changed"):
        run(tmp_path, cohort({"HC": 3, "ALS": 3}, seed=1))


def test_classes_within_two_people_are_told_apart_and_their_null_is_not(tmp_path):
    samples = two_classes_each(n_people=2, per_class=10, shift=2)
    protocol = Protocol(classes=("other", "expression"), target="label", task=None, permutations=9)
    subject = run(tmp_path, samples, protocol=protocol)["subject"]
    assert subject["auc"] > 0.9
    assert subject["auc_p"] == 1 / 10
    assert abs(subject["auc_null_mean"] - 0.5) < 0.25
    columns = ["permutation", "sample", "subject", "task", "y", "p_other", "p_expression"]
    assert list(read_null(tmp_path).columns) == columns


def test_three_classes_in_whole_subject_folds(tmp_path):
    samples = cohort({"HC": 4, "ALS": 4, "PS": 4}, shift=4)
    protocol = Protocol(classes=("HC", "ALS", "PS"), permutations=4)
    scores = run(tmp_path, samples, splitter=StratifiedSubjectKFold(n_splits=4), protocol=protocol)
    assert scores["subject"]["accuracy"] > 0.9
    assert scores["subject"]["accuracy_p"] == 1 / 5
    assert "threshold" not in read_predictions(tmp_path / "predictions.csv")


def test_an_estimator_that_takes_no_weights_is_recorded(tmp_path):
    samples = cohort({"HC": 3, "ALS": 3})
    run(tmp_path / "knn", samples, KNeighborsClassifier(3))
    run(tmp_path / "logistic", samples)
    weighted = [RunFolder(tmp_path / name).facts["sample_weight"] for name in ("knn", "logistic")]
    assert weighted == [
        "not taken by this estimator: every repetition weighs the same",
        "subjects and classes weigh the same",
    ]


def test_warnings_of_a_fold_stand_in_the_run(tmp_path):
    run(tmp_path, cohort({"HC": 2, "ALS": 2}), LogisticRegression(max_iter=1))
    told = RunFolder(tmp_path).facts["warnings"]
    assert [message.split(":")[0] for message in told] == ["ConvergenceWarning"]
    assert next(iter(told.values())) == ["ALS00", "ALS01", "HC00", "HC01"]


def test_models_may_be_left_out(tmp_path):
    run(tmp_path, cohort({"HC": 2, "ALS": 2}), save_models=False)
    assert not (tmp_path / "models").exists()


class Costly(LogisticRegression):
    """Holds two rows out by itself, keeps itself as text, and is too costly to refit."""

    costly = True

    def fit(self, X, y, groups=None, checkpoint=None):
        assert checkpoint is not None, "the null must not be fitted"
        super().fit(X, y)
        self.held_out_ = np.array([0, len(y) - 1]), np.array([[0.1, 0.9], [0.6, 0.4]])
        self.history_ = [{"loss": 1.0}]
        return self

    def saved(self):
        return "txt", b"weights"


def test_the_null_of_a_costly_estimator_permutes_classes_against_its_predictions(tmp_path):
    samples = cohort({"HC": 4, "ALS": 4})
    run(tmp_path, samples, Costly(), protocol=replace(ALS_HC, permutations=3))
    table, null = read_predictions(tmp_path / "predictions.csv"), read_null(tmp_path)
    of_people = table.groupby("subject", sort=False)["p_ALS"].mean()
    for _, permuted in null.groupby("permutation"):
        assert permuted["p_ALS"].tolist() == pytest.approx(of_people.loc[permuted["subject"]].tolist())
    assert RunFolder(tmp_path).facts["null"] == "predictions"


def test_an_estimator_says_itself_how_it_is_kept_and_which_people_it_held_out(tmp_path):
    samples = cohort({"HC": 4, "ALS": 4})
    run(tmp_path, samples, Costly())
    assert (tmp_path / "models" / "ALS02.txt").read_bytes() == b"weights"
    assert json.loads((tmp_path / "models" / "ALS02.history.json").read_text()) == {"epochs": [{"loss": 1.0}]}
    # Classes are in the model's order, ALS first: HC got .1, ALS got .6 for ALS, and half-way between tells them apart.
    thresholds = read_predictions(tmp_path / "predictions.csv")["threshold"]
    assert thresholds.tolist() == pytest.approx([(0.1 + 0.6) / 2] * len(thresholds))


def test_a_null_does_not_outlive_its_folds(tmp_path):
    samples = cohort({"HC": 4, "ALS": 4})
    protocol = replace(ALS_HC, permutations=3)
    run(tmp_path, samples, protocol=protocol)
    for file in tmp_path.glob("folds/*"):
        file.unlink()
    with RunFolder(tmp_path).open({"seed": 0, "classifier": "other"}) as folder:
        engine.run(plan(samples, KNeighborsClassifier(1), Loso(), protocol=protocol), folder)
    thirds = 3 * read_null(tmp_path)["p_ALS"]  # a nearest neighbour votes on each of three repetitions
    assert np.allclose(thirds, thirds.round())


def test_more_permutations_extend_those_that_are_there(tmp_path):
    samples = cohort({"HC": 4, "ALS": 4})
    run(tmp_path, samples, protocol=replace(ALS_HC, permutations=2))
    before = {file.name: file.stat().st_mtime_ns for file in tmp_path.glob("null/*")}
    assert run(tmp_path, samples, protocol=replace(ALS_HC, permutations=4))["subject"]["n_permutations"] == 4
    assert {name: (tmp_path / "null" / name).stat().st_mtime_ns for name in before} == before
    assert run(tmp_path, samples, protocol=replace(ALS_HC, permutations=1))["subject"]["n_permutations"] == 4


class OfParts(BaseEstimator):
    """Two parts, the halves of a row; the first is missing in rows that begin with NaN."""

    def parts_of(self, X):
        return ("left", "right")

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.middle_ = {name: np.nanmean(part) for name, part in self._halves(X).items()}
        return self

    def predict_parts(self, X):
        shares = {name: 1 / (1 + np.exp(part - self.middle_[name])) for name, part in self._halves(X).items()}
        return {name: np.stack([p, 1 - p], axis=1) for name, p in shares.items()}

    def predict_proba(self, X):
        return np.nanmean(list(self.predict_parts(X).values()), axis=0)

    def _halves(self, X):
        return {"left": X[:, 0], "right": X[:, 1]}


def test_what_each_part_says_is_kept_and_scored(tmp_path):
    samples = cohort({"HC": 6, "ALS": 6}, features=2)
    samples.X[:2, 0] = np.nan
    scores = run(tmp_path / "run", samples, OfParts(), save_models=False)
    table = read_predictions(tmp_path / "run" / "predictions.csv")
    assert table["part:left:ALS"].isna().sum() == 2
    left, right = table["part:left:ALS"].to_numpy(), table["part:right:ALS"].to_numpy()
    assert table["p_ALS"].to_numpy() == pytest.approx(np.where(np.isnan(left), right, (left + right) / 2))
    assert scores["parts"]["each"].keys() == {"left", "right"}
    assert scores["classes"] == ["HC", "ALS"]
