"""Runs the folds of a landmark network: fitted on some people, judged by its points on others; resumable.

The same folds, workers and run folder as for classifiers; what is judged is where points are, not which class it is.
folds/<fold>.npz holds the points of its test frames before and after fitting, in px of the crop.
"""

from __future__ import annotations

import hashlib
import shutil
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.errors import RunMismatchError
from neuroface.evaluate.cost import Meter, Spent, spent_since
from neuroface.evaluate.engine import Progress, raise_failures
from neuroface.evaluate.predictions import merge_folds, to_csv
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.seeds import derive_seed, seeded
from neuroface.evaluate.splits import Fold, ordered_unique
from neuroface.evaluate.time_limit import time_limit
from neuroface.evaluate.workers import Failure, SavedModel, check_n_jobs, n_processes, one_thread, outcomes, saved

Errors = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class LandmarkTask:
    """What every fold shares.

    crops: (n, S, S, 3) uint8, mostly a memory map. points: (n, 68, 2) px of the crop, NaN is not seen. meta: columns
    that say who and what a frame is; "sample" is unique, "subject" is who. estimator: unfitted, with
    fit(crops, points, groups=, labels=, checkpoint=), predict(crops) -> (points, score) and untrained(), which
    predicts as before fitting. errors: (predicted, truth) -> (n,) as a share of the normaliser.
    """

    crops: np.ndarray
    points: np.ndarray
    meta: Mapping[str, np.ndarray]
    estimator: Any
    errors: Errors
    seed: int
    checkpoints: Path | None = None


@dataclass(frozen=True, eq=False)
class LandmarkFold:
    """before, after: (n_test, 68, 2) px of the crop; NaN where nothing was found. score: (n_test, 68) after."""

    fold: Fold
    before: np.ndarray
    after: np.ndarray
    score: np.ndarray
    model: SavedModel
    spent: Spent


def run(
    task: LandmarkTask,
    folds: tuple[Fold, ...],
    folder: RunFolder,
    *,
    n_jobs: int = 1,
    limit_s: float | None = None,
    progress: Progress | None = None,
) -> None:
    """Fit and judge every missing fold; writes splits.json, folds/, models/ and predictions.csv of an open run folder.

    limit_s: a fold that takes longer is given up.
    Raises RunMismatchError when the folder was started with other frames, RunFailedError when folds are missing at the
    end; what was finished is kept.
    """
    check_n_jobs(n_jobs)
    _begin(task, folds, folder)
    files = {fold.name: folder.path / "folds" / f"{fold.name}.csv" for fold in folds}
    missing = [fold for fold in folds if not all(map(folder.holds, _files(fold)))]
    failures: list[Failure] = []
    done = len(folds) - len(missing)
    meter = Meter(folder, "folds", len(missing), n_processes(n_jobs))
    calls = [(_call, (task, fold, folder.path / "checkpoints" / fold.name, limit_s)) for fold in missing]
    for outcome in outcomes(calls, n_jobs=n_jobs, where=folder.path, limit_s=limit_s):
        if isinstance(outcome, Failure):
            failures.append(outcome)
            continue
        _write(task, outcome, folder)
        done += 1
        folder.update(n_done=done)
        meter.count(outcome.spent)
        if progress:
            progress("folds", done, len(folds))
    meter.end()
    raise_failures(failures, folder, what="folds", n=len(folds))
    shutil.rmtree(folder.path / "checkpoints", ignore_errors=True)
    folder.write_text("predictions.csv", merge_folds([files[fold.name] for fold in folds], task.meta["sample"]))
    folder.update(status="done")


def points_of(run_folder: Path, samples: np.ndarray) -> dict[str, np.ndarray]:
    """{"before", "after"}: (n, 68, 2) px of the crop for the given samples, from a finished run's folds."""
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for file in sorted((run_folder / "folds").glob("*.npz")):
        with np.load(file, allow_pickle=False) as fold:
            found |= {str(s): (a, b) for s, a, b in zip(fold["sample"], fold["before"], fold["after"], strict=True)}
    return {
        name: np.array([found[str(sample)][position] for sample in samples])
        for position, name in enumerate(("before", "after"))
    }


def _begin(task: LandmarkTask, folds: tuple[Fold, ...], folder: RunFolder) -> None:
    digest = _digest(task)
    if folder.facts.get("data_digest", digest) != digest:
        raise RunMismatchError(
            f"Run folder {folder.path} was started with other frames: images, points or people have changed since. "
            f"Choose another run=, or delete {folder.path} to start again."
        )
    subject = np.asarray(task.meta["subject"])
    sides = {
        fold.name: {"test": ordered_unique(subject[fold.test]), "train": ordered_unique(subject[fold.train])}
        for fold in folds
    }
    folder.write_json("splits.json", sides)
    folder.update(data_digest=digest, seeds={"run": task.seed}, n_folds=len(folds))


def _digest(task: LandmarkTask) -> str:
    digest = hashlib.sha256("\x1f".join(map(str, task.meta["sample"])).encode())
    for crop, points in zip(task.crops, task.points, strict=True):
        digest.update(np.ascontiguousarray(crop).tobytes() + np.ascontiguousarray(points).tobytes())
    return digest.hexdigest()


def _files(fold: Fold) -> tuple[str, str]:
    """What a run goes on from."""
    return f"folds/{fold.name}.csv", f"folds/{fold.name}.npz"


def _call(task: LandmarkTask, fold: Fold, checkpoint: Path, limit_s: float | None) -> LandmarkFold | Failure:
    """In a worker: one fold."""
    started = time.monotonic()
    try:
        with one_thread(), time_limit(limit_s), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = seeded(task.estimator, derive_seed(task.seed, fold.name))
            who = {"groups": np.asarray(task.meta["subject"]), "labels": np.asarray(task.meta["group"])}
            who = {name: column[fold.train] for name, column in who.items()}
            crops = task.crops[fold.test]
            before, _ = model.untrained().predict(crops)
            model.fit(task.crops[fold.train], task.points[fold.train], **who, checkpoint=checkpoint)
            after, score = model.predict(crops)
            return LandmarkFold(fold, before, after, score, saved(model), spent_since(started))
    except Exception as error:
        return Failure(fold.name, f"{type(error).__name__}: {error}", traceback.format_exc())


def _write(task: LandmarkTask, result: LandmarkFold, folder: RunFolder) -> None:
    """The fold's CSV comes last: once it is there the fold is never done again."""
    import io

    fold, rows = result.fold, result.fold.test
    folder.write_bytes(f"models/{fold.name}.{result.model.ending}", result.model.content)
    if result.model.history is not None:
        folder.write_json(f"models/{fold.name}.history.json", {"epochs": result.model.history})
    arrays = io.BytesIO()
    samples = np.asarray(task.meta["sample"])[rows]
    np.savez(arrays, sample=samples, before=result.before, after=result.after, score=result.score)
    folder.write_bytes(f"folds/{fold.name}.npz", arrays.getvalue())
    truth = task.points[rows]
    columns: dict[str, Any] = {name: np.asarray(column)[rows] for name, column in task.meta.items()}
    columns |= {"fold": [fold.name] * len(rows)}
    columns |= {"error_before": task.errors(result.before, truth), "error_after": task.errors(result.after, truth)}
    lines = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    folder.write_text(f"folds/{fold.name}.csv", to_csv(lines, list(columns)))
