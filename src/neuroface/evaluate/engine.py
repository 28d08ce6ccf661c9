"""Runs a question to the end: every fold, then the permutation null, then the scores; resumable at any instant.

A fold is a task for joblib and one file in the run folder. Workers compute and return, this process alone writes, so
the same bytes come out for any number of jobs, any backend and any point of interruption. A backend chosen outside
with `joblib.parallel_config` (Dask, say) is used as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from neuroface.errors import DataError, RunFailedError, RunMismatchError
from neuroface.evaluate.audit import audit, refuse_leakage, row_bytes
from neuroface.evaluate.fold import Task, fit_arguments
from neuroface.evaluate.predictions import (
    columns,
    fold_rows,
    merge_folds,
    null_rows,
    read_null,
    read_predictions,
    to_csv,
)
from neuroface.evaluate.protocol import Protocol
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.scores import summarise
from neuroface.evaluate.splits import Fold, make_folds, ordered_unique, varies_within_subjects
from neuroface.evaluate.workers import Failure, fold_call, outcomes, permutation_call
from neuroface.types import Samples

Progress = Callable[[str, int, int], None]


def run(
    samples: Samples,
    estimator: Any,
    splitter: Any,
    folder: RunFolder,
    *,
    protocol: Protocol,
    seed: int = 0,
    n_jobs: int = 1,
    save_models: bool = True,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Predictions of every fold, their null and their scores, written into an open run folder. Returns the scores.

    estimator: unfitted, with scikit-learn's fit and predict_proba; imputing, scaling and selection belong inside it.
    splitter: a scikit-learn cross-validator over subjects. n_jobs: processes, -1 for one per core; never changes a
    result. progress(what, done, of) is told of each finished fold and permutation.
    Raises LeakageError before anything is fitted, DataError when a class is missing, RunMismatchError when the folder
    was started with other data, RunFailedError when folds are missing at the end; what was finished is kept.
    """
    task = Task(
        X=samples.X,
        y=np.asarray(samples.y).astype(str),
        subject=np.asarray(samples.subject).astype(str),
        classes=protocol.classes,
        estimator=estimator,
        balance=protocol.balance,
        seed=seed,
    )
    check_classes(task, protocol)
    folds = make_folds(splitter, task.X, task.y, task.subject)
    _begin(samples, task, folds, folder)
    _run_folds(samples, task, folds, folder, n_jobs, save_models, progress)
    _run_null(samples, task, splitter, folder, protocol.permutations, n_jobs, progress)
    null = read_null(folder.path)
    scores = summarise(read_predictions(folder.path / "predictions.csv"), null, classes=task.classes, seed=seed)
    folder.write_json("scores.json", scores)
    folder.update(status="done")
    return scores


def check_classes(task: Task, protocol: Protocol) -> None:
    """DataError when the samples cannot answer the protocol: classes missing, unknown, or held by a single person."""
    people = {c: ordered_unique(task.subject[task.y == c]) for c in ordered_unique(task.y)}
    name = f"protocol {protocol.name}" if protocol.name else "the protocol"
    absent = [c for c in protocol.classes if c not in people]
    extra = sorted(set(people) - set(protocol.classes))
    if absent or extra:
        held = ", ".join(f"{c} ({len(who)} subjects)" for c, who in people.items()) or "nothing"
        raise DataError(
            f"{name} tells {' from '.join(protocol.classes)}, the samples hold {held}. "
            "Choose another protocol=, or set protocol.classes to the classes of the cohort."
        )
    if varies_within_subjects(task.y, task.subject) and protocol.target == "group":
        mixed = [s for s in ordered_unique(task.subject) if len(set(task.y[task.subject == s])) > 1]
        raise DataError(
            f"{len(mixed)} subjects have more than one class ({', '.join(mixed[:5])}), but {name} expects one per "
            "person. Correct the groups, or set protocol.target=label."
        )
    alone = {c: who[0] for c, who in people.items() if len(who) == 1}
    if alone:
        raise DataError(
            f"{', '.join(f'{c} has 1 subject ({who})' for c, who in alone.items())}; "
            "a class needs at least 2, one to learn from and one to judge."
        )


def data_digest(task: Task, sample: Iterable[Any]) -> str:
    """SHA-256 of everything that is learnt from, so that a run is never continued with other data."""
    digest = hashlib.sha256()
    for column in (sample, task.subject, task.y):
        digest.update("\x1f".join(map(str, column)).encode() + b"\x1e")
    for row in task.X:
        digest.update(row_bytes(row))
    return digest.hexdigest()


def _begin(samples: Samples, task: Task, folds: Sequence[Fold], folder: RunFolder) -> None:
    """Audit, refuse what leaks, and write down what is about to be done."""
    columns(samples.meta, task.classes)  # refuses columns that clash before anything is computed
    digest = data_digest(task, samples.meta["sample"])
    if folder.facts.get("data_digest", digest) != digest:
        raise RunMismatchError(
            f"Run folder {folder.path} was started with other data: values, subjects or classes have changed since. "
            f"Choose another run=, or delete {folder.path} to start again."
        )
    folder.write_json("audit.json", audit(samples, folds))
    refuse_leakage(samples, folds)
    for fold in folds:
        lacking = [c for c in task.classes if c not in set(task.y[fold.train])]
        if lacking:
            raise DataError(f"Fold {fold.name} has no {' and no '.join(lacking)} to learn from. Choose another split=.")
    subjects = {
        fold.name: {"test": ordered_unique(task.subject[fold.test]), "train": ordered_unique(task.subject[fold.train])}
        for fold in folds
    }
    folder.write_json("splits.json", subjects)
    weighted = "sample_weight" in fit_arguments(task.estimator)
    folder.update(
        data_digest=digest,
        seeds={"run": task.seed},
        n_folds=len(folds),
        sample_weight="subjects and classes weigh the same"
        if weighted
        else "not taken by this estimator: every repetition weighs the same",
    )


def _run_folds(
    samples: Samples,
    task: Task,
    folds: Sequence[Fold],
    folder: RunFolder,
    n_jobs: int,
    save_models: bool,
    progress: Progress | None,
) -> None:
    files = {fold.name: folder.path / "folds" / f"{fold.name}.csv" for fold in folds}
    missing = [fold for fold in folds if not files[fold.name].is_file()]
    header = columns(samples.meta, task.classes)
    failures: list[Failure] = []
    told: dict[str, list[str]] = folder.facts.get("warnings", {})
    done = len(folds) - len(missing)
    calls = [(fold_call, (task, fold, save_models)) for fold in missing]
    for outcome in outcomes(calls, n_jobs=n_jobs, where=folder.path):
        if isinstance(outcome, Failure):
            failures.append(outcome)
            continue
        result, model, messages = outcome
        if model is not None:
            folder.write_bytes(f"models/{result.name}.skops", model)
        folder.write_text(f"folds/{result.name}.csv", to_csv(fold_rows(samples, result, task.classes), header))
        for message in messages:
            told[message] = sorted({*told.get(message, []), result.name})
        done += 1
        folder.update(n_done=done, warnings=told)
        if progress:
            progress("folds", done, len(folds))
    _raise_failures(failures, folder, what="folds", n=len(folds))
    order = samples.meta["sample"]
    folder.write_text("predictions.csv", merge_folds([files[fold.name] for fold in folds], order))


def _run_null(
    samples: Samples,
    task: Task,
    splitter: Any,
    folder: RunFolder,
    permutations: int,
    n_jobs: int,
    progress: Progress | None,
) -> None:
    names = {b: f"null/{b:05d}.csv" for b in range(permutations)}
    missing = [b for b, name in names.items() if not (folder.path / name).is_file()]
    within = varies_within_subjects(task.y, task.subject)
    failures: list[Failure] = []
    done = permutations - len(missing)
    calls = [(permutation_call, (task, splitter, b)) for b in missing]
    for outcome in outcomes(calls, n_jobs=n_jobs, where=folder.path):
        if isinstance(outcome, Failure):
            failures.append(outcome)
            continue
        b, y, probabilities = outcome
        header, rows = null_rows(samples, y, probabilities, permutation=b, classes=task.classes, within=within)
        folder.write_text(names[b], to_csv(rows, header))
        done += 1
        if progress:
            progress("permutations", done, permutations)
    _raise_failures(failures, folder, what="permutations", n=permutations)


def _raise_failures(failures: Sequence[Failure], folder: RunFolder, *, what: str, n: int) -> None:
    failures = sorted(failures, key=lambda failure: failure.name)
    folder.update(failures={failure.name: {"cause": failure.cause, "trace": failure.trace} for failure in failures})
    if not failures:
        return
    folder.update(status="incomplete")
    first = "; ".join(f"{failure.name}: {failure.cause}" for failure in failures[:3])
    more = f"; and {len(failures) - 3} more, see run.json" if len(failures) > 3 else ""
    raise RunFailedError(
        f"{len(failures)} of {n} {what} failed in {folder.path}. {first}{more}. "
        f"The other {n - len(failures)} are kept; the same command does only the missing ones."
    )
