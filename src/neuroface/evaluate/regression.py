"""Runs that predict a number: every fold, then the null, then the scores; resumable like any other run."""

from __future__ import annotations

import io
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface.errors import ConfigError, DataError, LeakageError, RunMismatchError
from neuroface.evaluate.audit import audit, refuse_leakage
from neuroface.evaluate.cells import plain_table
from neuroface.evaluate.cost import Meter, Spent, spent_since
from neuroface.evaluate.engine import raise_failures
from neuroface.evaluate.fold import fit_arguments
from neuroface.evaluate.number_protocol import NumberProtocol, numbers_of, values_of_rows
from neuroface.evaluate.plan import data_digest
from neuroface.evaluate.predictions import merge_folds, tasks_of, to_csv
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.scores_regression import NUMBERS, people_of, summarise
from neuroface.evaluate.seeds import derive_seed, seeded
from neuroface.evaluate.splits import Fold, make_folds, ordered_unique
from neuroface.evaluate.time_limit import time_limit
from neuroface.evaluate.weights import sample_weights
from neuroface.evaluate.workers import (
    Failure,
    SavedModel,
    check_n_jobs,
    messages_of,
    n_processes,
    one_thread,
    outcomes,
    saved,
    settle,
)
from neuroface.types import Samples

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[str, int, int], None]
SAME = 1 - 1e-9  # correlation of a feature that is the number itself


@dataclass(frozen=True, eq=False)
class NumberPlan:
    """samples: y are groups. numbers: (n,) the number of each row's person. audit: for audit.json."""

    samples: Samples
    numbers: np.ndarray
    estimator: Any
    folds: tuple[Fold, ...]
    seed: int
    column: str
    permutations: int
    audit: dict[str, Any]
    limit_s: float | None = None


def plan(
    samples: Samples,
    people: Mapping[str, Mapping[str, Any]],
    estimator: Any,
    splitter: Any,
    *,
    protocol: NumberProtocol,
    seed: int = 0,
) -> NumberPlan:
    """Everything that can be known before anything is fitted. people: subject -> facts, the number among them.

    Errors: ConfigError for an estimator that predicts classes, or a number nobody has; DataError as in `numbers_of`;
    LeakageError for values fitted on the people who are judged, and for a feature that is the number itself.
    """
    from sklearn.base import is_regressor

    if not is_regressor(estimator):
        raise ConfigError(
            f"protocol {protocol.name or protocol.column} asks for a number, and the classifier tells classes. "
            "Choose classifier=forest_regressor, or another that ends in _regressor."
        )
    subject = np.asarray(samples.subject).astype(str)
    values = values_of_rows(numbers_of(people, protocol.column, subject.tolist()), subject)
    _refuse_itself(samples, values, protocol.column)
    folds = make_folds(splitter, samples.X, np.asarray(samples.y).astype(str), subject)
    refuse_leakage(samples, folds)
    told = audit(samples, folds)
    return NumberPlan(samples, values, estimator, tuple(folds), seed, protocol.column, protocol.permutations, told)


def _refuse_itself(samples: Samples, values: np.ndarray, column: str) -> None:
    """LeakageError where a feature is the number that is asked for, or a straight line of it."""
    if samples.view != "table":
        return
    same = []
    for name, x in zip(samples.feature_names, np.asarray(samples.X, dtype=float).T, strict=True):
        seen = np.isfinite(x)
        varies = seen.sum() > 2 and np.ptp(x[seen]) > 0 and np.ptp(values[seen]) > 0
        if name == column or (varies and abs(np.corrcoef(x[seen], values[seen])[0, 1]) > SAME):
            same.append(name)
    if same:
        raise LeakageError(f"{', '.join(same)} is {column} itself, which is asked for. Leave it out of the features.")


@dataclass(frozen=True, eq=False)
class _Done:
    fold: Fold
    predicted: np.ndarray
    dummy: float
    model: SavedModel | None
    messages: list[str]
    spent: Spent | None = None


def run(
    plan: NumberPlan,
    folder: RunFolder,
    *,
    n_jobs: int = 1,
    save_models: bool = True,
    limit_s: float | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Predictions of every fold, their null and their scores, written into an open run folder. Returns the scores.

    limit_s: a fold or permutation that takes longer is given up.
    Raises RunMismatchError when the folder was started with other data, RunFailedError when folds are missing.
    """
    check_n_jobs(n_jobs)
    _begin(plan, folder)
    plan = replace(plan, limit_s=limit_s)
    _run_folds(plan, folder, n_jobs, save_models, progress)
    _run_null(plan, folder, n_jobs, progress)
    scores = score(folder.path, column=plan.column, seed=plan.seed)
    folder.write_json("scores.json", scores)
    folder.update(status="done")
    return scores


def score(path: Path, *, column: str, seed: int, n_bootstrap: int = 2000) -> dict[str, Any]:
    """The scores of what stands in a run folder."""
    return summarise(read(path), read_null(path), column=column, seed=seed, n_bootstrap=n_bootstrap)


def read(path: Path) -> pd.DataFrame:
    """predictions.csv of a run that predicts a number: ids as text, numbers as they were."""
    return _table((path / "predictions.csv").read_text(encoding="utf-8"))


def read_null(path: Path) -> pd.DataFrame | None:
    """All permutations as one table; None where there are none."""
    texts = [file.read_text(encoding="utf-8") for file in sorted((path / "null").glob("*.csv"))]
    if not texts:
        return None
    return _table(texts[0].partition("\n")[0] + "\n" + "".join(text.partition("\n")[2] for text in texts))


def _table(text: str) -> pd.DataFrame:
    import pandas as pd

    table = plain_table(pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False))
    return table.assign(**{name: table[name].astype(float) for name in NUMBERS})


def _begin(plan: NumberPlan, folder: RunFolder) -> None:
    digest = f"{data_digest(plan.samples)}-{derive_seed(*plan.numbers.tolist()):08x}"
    if folder.facts.get("data_digest", digest) != digest:
        raise RunMismatchError(
            f"Run folder {folder.path} was started with other data: values, people or {plan.column} have changed "
            f"since. Choose another run=, or delete {folder.path} to start again."
        )
    subject = plan.samples.subject
    folder.write_json("audit.json", plan.audit)
    sides = {
        f.name: {"test": ordered_unique(subject[f.test]), "train": ordered_unique(subject[f.train])} for f in plan.folds
    }
    folder.write_json("splits.json", sides)
    folder.update(
        data_digest=digest,
        seeds={"run": plan.seed},
        n_folds=len(plan.folds),
        permutations=plan.permutations,
        null="refit",
        column=plan.column,
    )


def _fitted(plan: NumberPlan, fold: Fold, seed: int) -> tuple[Any, np.ndarray, float]:
    """The model, (n_test,) predictions, and the mean of the training people; all people weigh the same."""
    subject = np.asarray(plan.samples.subject).astype(str)[fold.train]
    y, X = plan.numbers[fold.train], plan.samples.X
    weights = sample_weights(np.zeros(len(y)), subject, balance=False)
    model = seeded(plan.estimator, seed)
    given = {"sample_weight": weights, "groups": subject}
    accepted = fit_arguments(model)
    model.fit(X[fold.train], y, **{key: given[name] for name, key in accepted.items() if name in given})
    predicted = np.asarray(model.predict(X[fold.test]), dtype=float).reshape(len(fold.test))
    if not np.isfinite(predicted).all():
        raise DataError(f"{type(model).__name__} predicted numbers that are not finite.")
    return model, predicted, float(np.average(y, weights=weights))


def _fold_call(plan: NumberPlan, fold: Fold, save_model: bool) -> _Done | Failure:
    """In a worker: one fold."""
    settle()
    started = time.monotonic()
    try:
        with one_thread(), time_limit(plan.limit_s), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model, predicted, dummy = _fitted(plan, fold, derive_seed(plan.seed, fold.name))
            file = saved(model) if save_model else None
        return _Done(fold, predicted, dummy, file, messages_of(caught), spent_since(started))
    except Exception as error:
        return Failure(fold.name, f"{type(error).__name__}: {error}", traceback.format_exc())


def _run_folds(plan: NumberPlan, folder: RunFolder, n_jobs: int, save_models: bool, progress: Progress | None) -> None:
    files = {fold.name: folder.path / "folds" / f"{fold.name}.csv" for fold in plan.folds}
    missing = [fold for fold in plan.folds if not folder.holds(f"folds/{fold.name}.csv")]
    failures: list[Failure] = []
    told: dict[str, list[str]] = folder.facts.get("warnings", {})
    done = len(plan.folds) - len(missing)
    meter = Meter(folder, "folds", len(missing), n_processes(n_jobs))
    calls = [(_fold_call, (plan, fold, save_models)) for fold in missing]
    for outcome in outcomes(calls, n_jobs=n_jobs, where=folder.path, limit_s=plan.limit_s):
        if isinstance(outcome, Failure):
            failures.append(outcome)
            continue
        if outcome.model is not None:
            folder.write_bytes(f"models/{outcome.fold.name}.{outcome.model.ending}", outcome.model.content)
        for message in outcome.messages:
            told[message] = sorted({*told.get(message, []), outcome.fold.name})
        rows = _rows(plan, outcome)  # the fold's file comes last: once it is there the fold is never done again
        folder.write_text(f"folds/{outcome.fold.name}.csv", to_csv(rows, list(rows[0])))
        done += 1
        folder.update(n_done=done, **({"warnings": told} if told else {}))
        meter.count(outcome.spent)
        if progress:
            progress("folds", done, len(plan.folds))
    meter.end()
    raise_failures(failures, folder, what="folds", n=len(plan.folds))
    order = plan.samples.meta["sample"]
    folder.write_text("predictions.csv", merge_folds([files[fold.name] for fold in plan.folds], order))


def _rows(plan: NumberPlan, done: _Done) -> list[dict[str, Any]]:
    samples, tasks = plan.samples, tasks_of(plan.samples)
    rows = []
    for i, predicted in zip(done.fold.test, done.predicted, strict=True):
        row = {"sample": samples.meta["sample"][i], "subject": samples.subject[i], "group": samples.y[i]}
        row |= {"task": tasks[i], "repetition": samples.meta.get("repetition", np.full(len(samples), ""))[i]}
        row |= {name: column[i] for name, column in samples.meta.items() if name not in row}
        rows.append(row | {"fold": done.fold.name, "y": plan.numbers[i], "predicted": predicted, "dummy": done.dummy})
    return rows


def permuted(values: np.ndarray, subject: np.ndarray, *, seed: int, permutation: int) -> np.ndarray:
    """(n,) values after numbers have changed hands between people."""
    _, first, person = np.unique(subject, return_index=True, return_inverse=True)
    rng = np.random.default_rng(derive_seed(seed, "permutation", permutation))
    return rng.permutation(values[first])[person]


def _null_call(plan: NumberPlan, b: int) -> tuple[int, list[dict[str, Any]]] | Failure:
    """In a worker: all folds of one permutation, one row per person."""
    import pandas as pd

    settle()
    try:
        with one_thread(), time_limit(plan.limit_s), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shuffled = permuted(plan.numbers, plan.samples.subject, seed=plan.seed, permutation=b)
            plan = replace(plan, numbers=shuffled)
            rows = []
            for fold in plan.folds:
                _, predicted, dummy = _fitted(plan, fold, derive_seed(plan.seed, "permutation", b, fold.name))
                rows += _rows(plan, _Done(fold, predicted, dummy, None, []))
            people = people_of(pd.DataFrame(rows))
        columns = {name: people[name].tolist() for name in ("subject", *NUMBERS)}
        return b, [
            dict(zip(columns, row, strict=True)) | {"permutation": b} for row in zip(*columns.values(), strict=True)
        ]
    except Exception as error:
        return Failure(f"permutation {b}", f"{type(error).__name__}: {error}", traceback.format_exc())


def _run_null(plan: NumberPlan, folder: RunFolder, n_jobs: int, progress: Progress | None) -> None:
    names = {b: f"null/{b:05d}.csv" for b in range(plan.permutations)}
    missing = [b for b, name in names.items() if not folder.holds(name)]
    failures: list[Failure] = []
    done = plan.permutations - len(missing)
    meter = Meter(folder, "permutations", len(missing), n_processes(n_jobs))
    calls = [(_null_call, (plan, b)) for b in missing]
    for outcome in outcomes(calls, n_jobs=n_jobs, where=folder.path, limit_s=plan.limit_s):
        if isinstance(outcome, Failure):
            failures.append(outcome)
            continue
        b, rows = outcome
        folder.write_text(names[b], to_csv(rows, list(rows[0])))
        done += 1
        meter.count()
        if progress:
            progress("permutations", done, plan.permutations)
    meter.end()
    raise_failures(failures, folder, what="permutations", n=plan.permutations)
