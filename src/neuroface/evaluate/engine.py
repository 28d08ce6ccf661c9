"""Runs a plan to the end: every fold, then the permutation null, then the scores; resumable at any instant.

A fold is a task for joblib and one file in the run folder. Workers compute and return, this process alone writes, so
the same bytes come out for any number of jobs, any backend and any point of interruption. A backend chosen outside
with `joblib.parallel_config` (Dask, say) is used as it is.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from neuroface.errors import RunFailedError, RunMismatchError
from neuroface.evaluate import audit_after
from neuroface.evaluate.betting import LOOKS
from neuroface.evaluate.cost import Meter
from neuroface.evaluate.fold import fit_arguments
from neuroface.evaluate.many import can_predict_many
from neuroface.evaluate.permutations import permute_predictions
from neuroface.evaluate.plan import Plan
from neuroface.evaluate.predictions import (
    fold_rows,
    inner_rows,
    mean_probabilities,
    merge_folds,
    null_rows,
    read_null,
    read_predictions,
    to_csv,
)
from neuroface.evaluate.protocol import AUTO
from neuroface.evaluate.repeats import with_best_seed
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.scores import is_settled, summarise
from neuroface.evaluate.splits import ordered_unique
from neuroface.evaluate.workers import (
    Failure,
    check_n_jobs,
    fold_call,
    n_processes,
    outcomes,
    permutation_call,
    permutations_together,
    together_calls,
)

Progress = Callable[[str, int, int], None]
SHOWN = 3  # causes in one message, and names before each


def run(
    plan: Plan,
    folder: RunFolder,
    *,
    n_jobs: int = 1,
    save_models: bool = True,
    folds_together: bool = False,
    limit_s: float | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Predictions of every fold, their null and their scores, written into an open run folder. Returns the scores.

    n_jobs: processes, -1 for one per core; never changes a result. folds_together: the estimator trains all missing
    folds at once in this process, which changes results by rounding only. limit_s: a fold or permutation that takes
    more seconds has failed. progress(what, done, of) is told of each finished fold and permutation.
    Raises RunMismatchError when the folder was started with other data, RunFailedError when folds are missing at the
    end; what was finished is kept.
    """
    check_n_jobs(n_jobs)
    models = folder.path / "models" if save_models else None
    task = replace(
        plan.task,
        checkpoints=folder.path / "checkpoints",
        models=models,
        threads=n_processes(n_jobs),
        limit_s=limit_s,
    )
    plan = replace(plan, task=task)
    _begin(plan, folder)
    plan = with_best_seed(plan) if plan.leak == "best_seed" else plan
    _run_folds(plan, folder, n_jobs, save_models, folds_together, progress)
    _audit(plan, folder)
    _run_null(plan, folder, n_jobs, progress)
    scores = _scores(plan, folder)
    folder.write_json("scores.json", scores)
    folder.update(status="done")
    return scores


def _begin(plan: Plan, folder: RunFolder) -> None:
    """Refuse a folder that was started with other data, and write down what is about to be done."""
    if folder.facts.get("data_digest", plan.data_digest) != plan.data_digest:
        raise RunMismatchError(
            f"Run folder {folder.path} was started with other data: values, subjects or classes have changed since. "
            f"Choose another run=, or delete {folder.path} to start again."
        )
    if not any((folder.path / "folds").glob("*.csv")):  # what was drawn beside deleted folds is not of these
        for name in ("null", "inner"):
            shutil.rmtree(folder.path / name, ignore_errors=True)
    subject = plan.task.subject
    folder.write_json("audit.json", plan.audit)
    folder.write_json(
        "splits.json",
        {
            fold.name: {"test": ordered_unique(subject[fold.test]), "train": ordered_unique(subject[fold.train])}
            for fold in plan.folds
        },
    )
    weighted = "sample_weight" in fit_arguments(plan.task.estimator)
    folder.update(
        null="refit" if plan.refit_null else "predictions",
        permutations=AUTO if plan.stops_early else plan.permutations,
        data_digest=plan.data_digest,
        seeds={"run": plan.task.seed},
        n_folds=len(plan.folds),
        sample_weight="subjects and classes weigh the same"
        if weighted
        else "not taken by this estimator: every repetition weighs the same",
    )


def _run_folds(
    plan: Plan, folder: RunFolder, n_jobs: int, save_models: bool, folds_together: bool, progress: Progress | None
) -> None:
    files = {fold.name: folder.path / "folds" / f"{fold.name}.csv" for fold in plan.folds}
    missing = [fold for fold in plan.folds if not folder.holds(f"folds/{fold.name}.csv")]
    failures: list[Failure] = []
    told: dict[str, list[str]] = folder.facts.get("warnings", {})
    done = len(plan.folds) - len(missing)
    folder.update(n_done=done)
    shared = folds_together or can_predict_many(plan.task)
    meter = Meter(folder, "folds", len(missing), 1 if shared else n_processes(n_jobs))
    if folds_together and missing:
        found = together_calls(plan.task, missing, save_models)
    else:
        calls = [(fold_call, (plan.task, fold, save_models)) for fold in missing]
        # An estimator that shares work between fits uses threads; worker processes would cost more than the fits.
        found = outcomes(
            calls, n_jobs=1 if can_predict_many(plan.task) else n_jobs, where=folder.path, limit_s=plan.task.limit_s
        )
    for outcome in found:
        if isinstance(outcome, Failure):
            failures.append(outcome)
            continue
        result, model, messages = outcome
        for message in messages:
            told[message] = sorted({*told.get(message, []), result.name})
        # The fold's file comes last: once it is there the fold is never done again, and what is missing stays so.
        if model is not None:
            folder.write_bytes(f"models/{result.name}.{model.ending}", model.content)
            if model.history is not None:
                folder.write_json(f"models/{result.name}.history.json", {"epochs": model.history})
        if messages:
            folder.update(warnings=told)
        if result.inner is not None:
            header, inner = inner_rows(plan.samples, result.inner, plan.task.classes)
            folder.write_text(f"inner/{result.name}.csv", to_csv(inner, header))
        if result.choice is not None:
            folder.write_json(f"search/{result.name}.json", result.choice)
        if result.task_weights is not None:
            folder.write_json(f"task_weights/{result.name}.json", result.task_weights)
        rows = fold_rows(plan.samples, result, plan.task.classes)
        folder.write_text(f"folds/{result.name}.csv", to_csv(rows, plan.header))
        done += 1
        folder.update(n_done=done)
        meter.count(result.spent)
        if progress:
            progress("folds", done, len(plan.folds))
    meter.end()
    raise_failures(failures, folder, what="folds", n=len(plan.folds))
    shutil.rmtree(folder.path / "checkpoints", ignore_errors=True)
    order = plan.samples.meta["sample"]
    folder.write_text("predictions.csv", merge_folds([files[fold.name] for fold in plan.folds], order))


def _audit(plan: Plan, folder: RunFolder) -> None:
    """Complete audit.json by what the finished folds tell; first plant what is chosen on them, where it is asked."""
    predictions = read_predictions(folder.path / "predictions.csv")
    if plan.leak == "threshold_on_test" and len(plan.task.classes) == 2:
        predictions["threshold"] = audit_after.best_threshold(predictions, plan.task)
        rows = predictions.fillna("").to_dict("records")
        folder.write_text("predictions.csv", to_csv([{str(k): v for k, v in row.items()} for row in rows], plan.header))
    folder.write_json("audit.json", audit_after.complete(plan.audit, plan.task, plan.folds, predictions))


def _scores(plan: Plan, folder: RunFolder, *, first: int | None = None, n_bootstrap: int = 2000) -> dict[str, Any]:
    """first: of so many permutations only."""
    predictions, null = read_predictions(folder.path / "predictions.csv"), read_null(folder.path, first=first)
    return summarise(
        predictions,
        null,
        classes=plan.task.classes,
        seed=plan.task.seed,
        n_bootstrap=n_bootstrap,
        ordered=plan.ordered,
        stops_early=plan.stops_early,
    )


def _run_null(plan: Plan, folder: RunFolder, n_jobs: int, progress: Progress | None) -> None:
    """All permutations; or, where they may stop early, as many as decide, looked at after numbers that are fixed."""
    for until in LOOKS if plan.stops_early else (plan.permutations,):
        _draw_null(plan, folder, until, n_jobs, progress)
        if plan.stops_early and is_settled(_scores(plan, folder, first=until, n_bootstrap=1)):
            return


def _draw_null(plan: Plan, folder: RunFolder, until: int, n_jobs: int, progress: Progress | None) -> None:
    names = {b: f"null/{b:05d}.csv" for b in range(until)}
    missing = [b for b, name in names.items() if not folder.holds(name)]
    failures: list[Failure] = []
    done = until - len(missing)
    in_workers = plan.refit_null and not can_predict_many(plan.task)
    meter = Meter(folder, "permutations", len(missing), n_processes(n_jobs) if in_workers else 1)
    for outcome in _null_outcomes(plan, folder, missing, n_jobs):
        if isinstance(outcome, Failure):
            failures.append(outcome)
            continue
        b, y, probabilities = outcome
        header, rows = null_rows(
            plan.samples, y, probabilities, permutation=b, classes=plan.task.classes, design=plan.task.design
        )
        folder.write_text(names[b], to_csv(rows, header))
        done += 1
        meter.count()
        if progress:
            progress("permutations", done, plan.permutations)
    meter.end()
    raise_failures(failures, folder, what="permutations", n=until)


def _null_outcomes(plan: Plan, folder: RunFolder, missing: Sequence[int], n_jobs: int) -> Iterator[Any]:
    if plan.refit_null and can_predict_many(plan.task):
        yield from permutations_together(plan.task, plan.splitter, missing)
        return
    if plan.refit_null:
        calls = [(permutation_call, (plan.task, plan.splitter, b)) for b in missing]
        yield from outcomes(calls, n_jobs=n_jobs, where=folder.path, limit_s=plan.task.limit_s)
        return
    predictions = read_predictions(folder.path / "predictions.csv")
    probabilities = mean_probabilities(predictions, plan.samples.meta["sample"], plan.task.classes)
    yield from ((b, *permute_predictions(plan.task, probabilities, b)) for b in missing)


def raise_failures(failures: Sequence[Failure], folder: RunFolder, *, what: str, n: int) -> None:
    failures = sorted(failures, key=lambda failure: failure.name)
    folder.update(failures={failure.name: {"cause": failure.cause, "trace": failure.trace} for failure in failures})
    if failures:
        folder.update(status="incomplete")
        raise RunFailedError(failure_message(failures, folder, what=what, n=n))


def failure_message(failures: Sequence[Failure], folder: RunFolder, *, what: str, n: int) -> str:
    """What failed out of n folds or permutations, each cause said once, and the next step."""
    names_of: dict[str, list[str]] = {}
    for failure in failures:
        names_of.setdefault(failure.cause, []).append(failure.name)
    if len(failures) == n and len(names_of) == 1:
        started = any((folder.path / "folds").glob("*.csv"))
        where = "another run=" if started else "the same run=, which holds nothing finished"
        return (
            f"All {n} {what} failed alike in {folder.path}. {failures[0].cause.rstrip('.')}. "
            f"Change the configuration and start again with {where}; run.json holds the whole trace."
        )
    causes = [f"{_some(names)}: {cause.rstrip('.')}" for cause, names in names_of.items()]
    more = f"; and {len(causes) - SHOWN} other causes, see run.json" if len(causes) > SHOWN else ""
    kept = f"The other {n - len(failures)} are kept; the" if n > len(failures) else "The"
    return (
        f"{len(failures)} of {n} {what} failed in {folder.path}. {'; '.join(causes[:SHOWN])}{more}. "
        f"{kept} same command does only the missing ones."
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
