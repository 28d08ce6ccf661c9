"""How fast leave-one-subject-out runs: folds in processes, against a serial loop and against threads inside the forest.

    python scripts/bench/loso.py [--trees 100 500] [--repeats 5] [--jobs 2] [--null]

36 people x 10 repetitions x 13 features, 25 of the 36 folds, random forests of 100 and 500 trees. Each fold is one fit
and one prediction, as in a permutation; the threshold's inner folds are left out. Repeats are interleaved and start
warm; ratios are of medians, above 1 is faster than the serial loop. Predictions must be equal, else it stops.
--null also measures what one permutation of the default question costs (11 v 11, 5 repetitions, 11 features).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier

from neuroface.evaluate.fold import fit, predict
from neuroface.evaluate.permutations import run_permutation
from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.splits import Fold, Loso, make_folds
from neuroface.evaluate.task import Task

CLASSES = ("HC", "ALS")


def cohort(people: int, repetitions: int, features: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X (n, features), y (n,), subject (n,): people of two classes half a standard deviation apart."""
    rng = np.random.default_rng(0)
    subject = np.repeat([f"S{i:02d}" for i in range(people)], repetitions)
    y = np.repeat([CLASSES[i % 2] for i in range(people)], repetitions)
    offsets = np.repeat(rng.normal(size=(people, features)), repetitions, axis=0)
    X = 0.8 * offsets + 0.6 * rng.normal(size=(len(y), features)) + 0.5 * (y == "ALS")[:, None]
    return X, y, subject


def one_fold(task: Task, fold: Fold) -> np.ndarray:
    """(n_test, 2) probabilities of a fold's test rows."""
    model = fit(task, fold.train, derive_seed(task.seed, fold.name))
    return predict(model, task.X[fold.test], task.classes)


def timed(strategies: dict[str, Callable[[], np.ndarray]], repeats: int) -> dict[str, float]:
    """Median seconds of each strategy, interleaved after one warm-up; raises when predictions differ."""
    reference = None
    seconds: dict[str, list[float]] = {name: [] for name in strategies}
    for repeat in range(repeats + 1):
        for name, strategy in strategies.items():
            start = time.perf_counter()
            predictions = strategy()
            if repeat:
                seconds[name].append(time.perf_counter() - start)
            reference = predictions if reference is None else reference
            if not np.array_equal(predictions, reference):
                raise SystemExit(f"{name} predicts otherwise than the serial loop")
    return {name: float(np.median(values)) for name, values in seconds.items()}


def compare(trees: int, repeats: int, jobs: int) -> None:
    X, y, subject = cohort(36, 10, 13)
    folds = make_folds(Loso(), X, y, subject)[:25]
    forest = RandomForestClassifier(trees, n_jobs=1)
    task = Task(X, y, subject, CLASSES, forest, True, 0)
    threaded = Task(X, y, subject, CLASSES, clone(forest).set_params(n_jobs=jobs), True, 0)

    def in_processes() -> np.ndarray:
        with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
            return np.concatenate(joblib.Parallel(jobs)(joblib.delayed(one_fold)(task, fold) for fold in folds))

    seconds = timed(
        {
            "serial loop": lambda: np.concatenate([one_fold(task, fold) for fold in folds]),
            f"{jobs} processes, one thread each": in_processes,
            f"n_jobs={jobs} inside the forest": lambda: np.concatenate([one_fold(threaded, f) for f in folds]),
        },
        repeats,
    )
    serial = seconds["serial loop"]
    for name, value in seconds.items():
        print(f"{trees:>5} trees   {name:<32} {value:7.2f} s   {serial / value:5.2f} x")


def cost_of_a_permutation(trees: int) -> None:
    X, y, subject = cohort(22, 5, 11)
    task = Task(X, y, subject, CLASSES, RandomForestClassifier(trees), True, 0)
    run_permutation(task, Loso(), 0)
    start = time.process_time()
    run_permutation(task, Loso(), 1)
    print(f"{trees:>5} trees   one permutation of 22 folds       {time.process_time() - start:7.2f} s of one core")


def main() -> None:
    parser = argparse.ArgumentParser(description="Ratios of ways to run leave-one-subject-out.")
    parser.add_argument("--trees", type=int, nargs="+", default=[100, 500])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--null", action="store_true", help="also the cost of one permutation")
    arguments = parser.parse_args()
    for trees in arguments.trees:
        compare(trees, arguments.repeats, arguments.jobs)
        if arguments.null:
            cost_of_a_permutation(trees)


if __name__ == "__main__":
    main()
