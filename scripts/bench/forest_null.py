"""What a permutation null of leave-one-subject-out costs with the compiled forest, beside scikit-learn's.

    python scripts/bench/forest_null.py [--permutations 1000] [--theirs 2] [--jobs 2]

36 people x 10 repetitions x 13 features, 25 folds, 100 trees. The compiled forest does every permutation;
scikit-learn's, by joblib over permutations in as many processes, does --theirs of them and is scaled up. Processor time
of all processes, as a machine may be shared. Both null distributions of the AUC are printed: they must be one.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from typing import Any

import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score

from neuroface.classifiers.forest import Forest
from neuroface.evaluate.fold import Task, fit, predict
from neuroface.evaluate.permutations import run_permutation, run_permutations
from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.splits import Fold, make_folds
from neuroface.evaluate.workers import n_threads

CLASSES = ("HC", "ALS")
PEOPLE, REPETITIONS, FEATURES, FOLDS = 36, 10, 13, 25


class FirstPeopleOut:
    """Leave one subject out, of the first FOLDS people only."""

    judges_everyone = False

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for subject in list(dict.fromkeys(groups.tolist()))[:FOLDS]:
            yield np.flatnonzero(groups != subject), np.flatnonzero(groups == subject)


def cohort() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X (360, 13), y, subject: people of two classes half a standard deviation apart."""
    rng = np.random.default_rng(0)
    subject = np.repeat([f"S{i:02d}" for i in range(PEOPLE)], REPETITIONS)
    y = np.repeat([CLASSES[i % 2] for i in range(PEOPLE)], REPETITIONS)
    people = np.repeat(rng.normal(size=(PEOPLE, FEATURES)), REPETITIONS, axis=0)
    return 0.8 * people + 0.6 * rng.normal(size=(len(y), FEATURES)) + 0.5 * (y == "ALS")[:, None], y, subject


def spent(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Processor seconds of this process and its children, wall seconds, and what came out."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    start = time.perf_counter()
    found = work()
    wall = time.perf_counter() - start
    now = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime for a, b in zip(used, now, strict=True)), wall, found


def area(y: np.ndarray, p: np.ndarray, subject: np.ndarray) -> float:
    """AUC over the people who were tested."""
    tested = np.isfinite(p[:, 1])
    people = list(dict.fromkeys(subject[tested].tolist()))
    scores = [p[subject == person, 1].mean() for person in people]
    return float(roc_auc_score([y[subject == person][0] == CLASSES[1] for person in people], scores))


def one_loso(task: Task, folds: list[Fold]) -> np.ndarray:
    return np.concatenate([predict(fit(task, f.train, derive_seed(0, f.name)), task.X[f.test], CLASSES) for f in folds])


def theirs_in_processes(task: Task, numbers: list[int], jobs: int) -> tuple[float, list[Any]]:
    """Processor seconds in the workers, and (y, p) of each permutation."""

    done = joblib.Parallel(jobs)(joblib.delayed(timed_permutation)(task, b) for b in numbers)
    return sum(seconds for seconds, _ in done), [found for _, found in done]


def timed_permutation(task: Task, b: int) -> tuple[float, Any]:
    start = time.process_time()
    found = run_permutation(task, FirstPeopleOut(), b)
    return time.process_time() - start, found


def measure(*, permutations: int, theirs: int, jobs: int) -> None:
    """Print what `permutations` of ours and `theirs` of scikit-learn's cost."""
    X, y, subject = cohort()
    our = Task(X, y, subject, CLASSES, Forest(), True, 0, threads=n_threads(jobs))
    their = Task(X, y, subject, CLASSES, RandomForestClassifier(100), True, 0)
    folds = make_folds(FirstPeopleOut(), X, y, subject)
    np.seterr(invalid="ignore")  # people of no fold have no probabilities; workers say so once

    first, *_ = spent(lambda: Forest(n_estimators=1, random_state=0).fit(X, y))
    print(f"first fit of the process, compiling where nothing is kept: {first:.2f} s")
    for name, task in (("one LOSO, one thread, models kept", our), ("the same by scikit-learn", their)):
        seconds, _, _ = spent(lambda task=task: one_loso(task, folds))  # type: ignore[misc]
        print(f"{name:<40} {1e3 * seconds / FOLDS:8.2f} ms a forest")
    one = Task(X, y, subject, CLASSES, Forest(), True, 0)
    loso, _, _ = spent(lambda: list(run_permutations(one, FirstPeopleOut(), range(10))))
    print(f"{'one LOSO, one thread, judged only':<40} {1e3 * loso / 10 / FOLDS:8.2f} ms a forest")
    numbers = range(permutations)
    seconds, wall, found = spent(lambda: list(run_permutations(our, FirstPeopleOut(), numbers)))
    fits = FOLDS * len(numbers)
    print(f"{len(numbers)} permutations, {jobs} threads: {seconds:.1f} s of processor, {wall:.1f} s of wall")
    slow, others = theirs_in_processes(their, list(range(theirs)), jobs)
    ratio = slow / (FOLDS * theirs) / (seconds / fits)
    print(f"scikit-learn's, {jobs} processes: {slow / theirs * len(numbers):.0f} s of processor")
    print(f"ratio in processor time: {ratio:.0f}x (goal 40x)")
    null = np.array([area(y, p, subject) for _, y, p in found])
    few = np.array([area(y, p, subject) for y, p in others])
    print(f"null AUC ours {null.mean():.3f} +- {null.std():.3f}; scikit-learn's {few.mean():.3f} (n={len(few)}); the")
    print(f"same permutations by ours {null[: len(few)].mean():.3f}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description="A permutation null with the compiled forest beside scikit-learn's.")
    parser.add_argument("--permutations", type=int, default=1000)
    parser.add_argument("--theirs", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=2)
    measure(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
