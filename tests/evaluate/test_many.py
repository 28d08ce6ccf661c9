from __future__ import annotations

from dataclasses import replace

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from neuroface.classifiers.least_squares import Ridge
from neuroface.errors import DataError, RunFailedError
from neuroface.evaluate import engine
from neuroface.evaluate.fold import run_fold
from neuroface.evaluate.many import Fit
from neuroface.evaluate.permutations import run_permutation, run_permutations
from neuroface.evaluate.plan import plan
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.splits import Loso, LosoRebalanced, StratifiedSubjectKFold, make_folds
from neuroface.evaluate.task import Task
from neuroface.evaluate.weights import sample_weights, weights_of_codes

from .people import ALS_HC, cohort, two_classes_each


class Together(LogisticRegression):
    """Logistic regression that is asked for many fits at once; `asked` holds how many, and with how many threads."""

    asked: list[tuple[int, int]] = []  # noqa: RUF012 - shared by clones

    def can_predict_many(self, X):
        return len(X) < 1000

    def predict_many(self, X, fits, n_classes, *, n_jobs):
        self.asked.append((len(fits), n_jobs))
        for fit in fits:
            model = LogisticRegression().fit(X[fit.train], fit.y[fit.train], sample_weight=fit.weights)
            p = np.zeros((len(fit.test), n_classes))
            p[:, model.classes_] = model.predict_proba(X[fit.test])
            yield p


class Broken(Together):
    def predict_many(self, X, fits, n_classes, *, n_jobs):
        for i, fit in enumerate(fits):
            yield np.full((len(fit.test), n_classes), 0.5 if i < 16 else np.nan)


def task_of(samples, estimator, classes=("HC", "ALS")):
    return Task(samples.X, samples.y, samples.subject, classes, estimator, True, 0)


@pytest.mark.parametrize("splitter", [Loso(), LosoRebalanced(), StratifiedSubjectKFold(n_splits=3)])
@pytest.mark.parametrize("within", [False, True])
def test_permutations_together_are_those_one_by_one(splitter, within):
    samples = two_classes_each() if within else cohort({"HC": 4, "ALS": 5})
    classes = ("other", "expression") if within else ("HC", "ALS")
    alone, together = (task_of(samples, e, classes) for e in (LogisticRegression(), Together()))
    found = list(run_permutations(together, splitter, [3, 1]))
    assert [b for b, _, _ in found] == [3, 1]
    for b, y, p in found:
        y_alone, p_alone = run_permutation(alone, splitter, b)
        assert (y == y_alone).all()
        assert p == pytest.approx(p_alone, abs=1e-9)


def test_the_threshold_of_inner_folds_together_is_that_of_one_by_one():
    samples = cohort({"HC": 6, "ALS": 6})
    fold = make_folds(Loso(), samples.X, samples.y, samples.subject)[2]
    one, other = (run_fold(task_of(samples, e), fold) for e in (LogisticRegression(), Together()))
    assert one.threshold == pytest.approx(other.threshold, abs=1e-9)
    assert one.inner[1] == pytest.approx(other.inner[1], abs=1e-9)


def run(path, estimator, permutations=3, **keys):
    planned = plan(cohort({"HC": 4, "ALS": 4}), estimator, Loso(), protocol=replace(ALS_HC, permutations=permutations))
    with RunFolder(path).open({"seed": 0}) as folder:
        return engine.run(planned, folder, save_models=False, **keys)


def test_a_run_together_is_the_run_alone_and_no_worker_is_started(tmp_path, monkeypatch):
    alone = run(tmp_path / "alone", LogisticRegression())
    called = joblib.Parallel.__call__

    def alone_only(pool, calls):  # scikit-learn before 1.7 asks for one process
        assert pool.n_jobs in (1, None), "asked joblib for workers"
        return called(pool, calls)

    monkeypatch.setattr("joblib.Parallel.__call__", alone_only)
    monkeypatch.setattr(engine, "outcomes", lambda calls, **_: (f(*a) for f, a in calls))
    Together.asked.clear()
    together = run(tmp_path / "together", Together(), n_jobs=2)
    assert together["subject"]["auc_p"] == alone["subject"]["auc_p"]
    assert together["subject"]["auc_null_mean"] == pytest.approx(alone["subject"]["auc_null_mean"])
    assert (3 * 8, 2) in Together.asked  # 3 permutations of 8 folds in one call, on two threads


def test_what_fails_together_is_told_of_each_permutation_and_the_rest_is_kept(tmp_path):
    with pytest.raises(RunFailedError, match=r"1 of 3 permutations failed .* gave 48 probabilities") as error:
        run(tmp_path, Broken())
    assert "The other 2 are kept" in str(error.value)
    assert len(list((tmp_path / "null").glob("*.csv"))) == 2


def test_probabilities_that_are_not_numbers_are_refused():
    samples = cohort({"HC": 9, "ALS": 9})
    with pytest.raises(DataError, match="Broken gave 12 probabilities"):
        list(run_permutations(task_of(samples, Broken()), Loso(), [0]))


def test_a_fit_carries_what_fitting_alone_would_be_given():
    seen: list[Fit] = []

    class Watching(Together):
        def predict_many(self, X, fits, n_classes, *, n_jobs):
            seen.extend(fits)
            yield from super().predict_many(X, fits, n_classes, n_jobs=n_jobs)

    samples = cohort({"HC": 3, "ALS": 4})
    [(_, y, _)] = run_permutations(task_of(samples, Watching()), Loso(), [0])
    folds = make_folds(Loso(), samples.X, y, samples.subject)
    assert len({fit.random_state for fit in seen}) == len(folds)
    for fit, fold in zip(seen, folds, strict=True):
        assert np.array_equal(fit.train, fold.train)
        assert np.array_equal(fit.test, fold.test)
        assert (np.array(["HC", "ALS"])[fit.y] == y).all()
        assert np.array_equal(fit.weights, sample_weights(y[fold.train], samples.subject[fold.train]))


def test_weights_do_not_need_codes_without_gaps():
    y, person = np.array([0, 0, 2, 2]), np.array([1, 1, 5, 7])
    assert np.array_equal(weights_of_codes(y, person), sample_weights(y.astype(str), person.astype(str)))


def test_weights_of_many_permutations_at_once_are_those_one_by_one():
    rng, person = np.random.default_rng(0), np.repeat(np.arange(9), [3, 1, 4, 2, 5, 1, 2, 3, 9])
    y = np.stack([rng.integers(0, 3, len(person)) for _ in range(6)])
    y[:, :3] = [0, 1, 2]
    for balance in (True, False):
        together = weights_of_codes(y, person, balance=balance)
        for row, codes in zip(together, y, strict=True):
            assert np.array_equal(row, weights_of_codes(codes, person, balance=balance))


def test_a_closed_form_gives_the_same_null_whatever_was_done_before(tmp_path):
    run(tmp_path / "whole", Ridge(), permutations=60)
    run(tmp_path / "parts", Ridge(), permutations=60, n_jobs=2)
    whole, parts = (sorted((tmp_path / name / "null").glob("*.csv")) for name in ("whole", "parts"))
    before = [file.read_bytes() for file in whole]
    assert [file.read_bytes() for file in parts] == before
    for file in parts[7:50]:
        file.unlink()
    run(tmp_path / "parts", Ridge(), permutations=60)
    assert [file.read_bytes() for file in parts] == before


@pytest.mark.parametrize(("shift", "fewest", "most"), [(0.0, 19, 60), (3.0, 99, 99)])
def test_a_null_that_stops_early_is_the_same_for_any_jobs_and_when_resumed(tmp_path, shift, fewest, most):
    protocol = replace(ALS_HC, permutations="auto")
    planned = plan(cohort({"HC": 7, "ALS": 7}, shift=shift, seed=3), Ridge(), Loso(), protocol=protocol)

    def run(name, **keys):
        with RunFolder(tmp_path / name).open({"seed": 0}) as folder:
            scores = engine.run(planned, folder, save_models=False, **keys)["subject"]
        return scores, {file.name: file.read_bytes() for file in (tmp_path / name / "null").glob("[!.]*.csv")}

    scores, files = run("one")
    assert fewest <= scores["n_permutations"] == len(files) <= most
    assert (scores["auc_p"] <= 0.05) == (shift > 0)
    assert run("two", n_jobs=2) == (scores, files)
    for name in list(files)[3:17]:
        (tmp_path / "two" / "null" / name).unlink()
    assert run("two") == (scores, files)


def test_a_closed_form_equals_fitting_anew():
    task = task_of(cohort({"HC": 4, "ALS": 5}, repetitions=2), Ridge())
    for splitter in (Loso(), LosoRebalanced()):
        for b, y, p in run_permutations(task, splitter, range(3)):
            y_alone, p_alone = run_permutation(task, splitter, b)
            assert (y == y_alone).all()
            assert p == pytest.approx(p_alone, abs=1e-10)


def test_a_long_table_is_asked_for_few_permutations_at_once(monkeypatch):
    """Weights of 200 permutations of 60,000 rows in 100 folds would be 10 GB."""
    Together.asked.clear()
    monkeypatch.setattr("neuroface.evaluate.permutations.MOST_WEIGHTS", 200)
    task = task_of(cohort({"HC": 4, "ALS": 5}), Together())
    list(run_permutations(task, Loso(), range(5)))
    at_once = max(1, 200 // (len(task.y) * 9))
    assert [n for n, _ in Together.asked] == [9 * min(at_once, 5 - start) for start in range(0, 5, at_once)]
    assert len(Together.asked) > 1
