"""What a permutation null costs: closed forms against refitting, and a null that stops when it is decided.

    python scripts/bench/permutations.py [--permutations 1000] [--repeats 3]

36 people x 10 repetitions x 13 features, leave one subject out. Processor time, medians of interleaved repeats; ratios
are of one run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import forest_null
import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from neuroface.classifiers.least_squares import Ridge
from neuroface.evaluate.betting import LOOKS, MOST, anytime_p, settled
from neuroface.evaluate.fold import run_fold
from neuroface.evaluate.permutations import run_permutation, run_permutations
from neuroface.evaluate.splits import Loso, make_folds
from neuroface.evaluate.statistics import auc
from neuroface.evaluate.task import Task

CLASSES = ("HC", "ALS")


class TheirRidge(RidgeClassifier):
    """scikit-learn's, with probabilities: those of ours, for the same work."""

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        p = 1 / (1 + np.exp(-2 * self.decision_function(X)))
        return np.stack([1 - p, p], axis=1)


def task_of(estimator: object, *, effect: float = 0.5, seed: int = 0) -> Task:
    """People of two classes `effect` apart, in standard deviations."""
    rng, people, repetitions, features = np.random.default_rng(seed), 36, 10, 13
    subject = np.repeat([f"S{i:02d}" for i in range(people)], repetitions)
    y = np.repeat([CLASSES[i % 2] for i in range(people)], repetitions)
    offsets = np.repeat(rng.normal(size=(people, features)), repetitions, axis=0)
    X = 0.8 * offsets + 0.6 * rng.normal(size=(len(y), features)) + effect * (y == "ALS")[:, None]
    return Task(X, y, subject, CLASSES, estimator, True, 0)


def timed(strategies: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median processor seconds of each, interleaved after one warm-up."""
    seconds: dict[str, list[float]] = {name: [] for name in strategies}
    for repeat in range(repeats + 1):
        for name, strategy in strategies.items():
            start = time.process_time()
            strategy()
            if repeat:
                seconds[name].append(time.process_time() - start)
    return {name: float(np.median(values)) for name, values in seconds.items()}


def closed_forms(permutations: int, repeats: int) -> None:
    theirs = task_of(make_pipeline(SimpleImputer(), StandardScaler(), TheirRidge(alpha=36.0)))
    ours, loso = task_of(Ridge()), Loso()
    folds = make_folds(loso, ours.X, ours.y, ours.subject)
    many = f"{permutations} permutations, closed form"
    found = timed(
        {
            "one plain LOSO, scikit-learn's ridge, as a run does it": lambda: [
                run_fold(theirs, fold) for fold in folds
            ],
            "its fits alone, scikit-learn's ridge": lambda: run_permutation(theirs, loso, 0),
            "its fits alone, ours one by one": lambda: run_permutation(ours, loso, 0),
            many: lambda: list(run_permutations(ours, loso, range(permutations))),
        },
        repeats,
    )
    for name, seconds in found.items():
        print(f"  {name:64} {seconds:7.3f} s   {found[many] / seconds:6.2f} x in the time of the {permutations}")
    apart = [np.abs(p - run_permutation(ours, loso, b)[1]).max() for b, _, p in run_permutations(ours, loso, range(5))]
    print(f"  largest difference to refitting: {max(apart):.1e}")


def stopping(tables: int) -> None:
    for what, effect in (("a clear effect", 0.5), ("a null", 0.0)):
        drawn, p = zip(*(stopped(task_of(Ridge(), effect=effect, seed=seed)) for seed in range(tables)), strict=True)
        share = np.mean(drawn) / MOST
        print(f"  {what:16} {np.mean(drawn):6.1f} permutations ({share:.2f} of {MOST}), median p {np.median(p):.3f}")


def stopped(task: Task) -> tuple[int, float]:
    """How many permutations permutations=auto draws, and its p."""
    observed = subject_auc(task, task.y, run_unpermuted(task))
    hits: list[bool] = []
    for n in LOOKS:
        for _, y, p in run_permutations(task, Loso(), range(len(hits), n)):
            hits.append(subject_auc(task, y, p) >= observed - 1e-12)
        if settled(np.array(hits)):
            break
    return len(hits), anytime_p(np.array(hits))


def run_unpermuted(task: Task) -> np.ndarray:
    p = np.zeros((len(task.y), 2))
    for fold in make_folds(Loso(), task.X, task.y, task.subject):
        p[fold.test] = run_fold(task, fold).probabilities
    return p


def subject_auc(task: Task, y: np.ndarray, p: np.ndarray) -> float:
    _, first, person = np.unique(task.subject, return_index=True, return_inverse=True)
    means = np.bincount(person, weights=p[:, 1]) / np.bincount(person)
    return float(auc(means.round(12), y[first] == CLASSES[1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--permutations", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tables", type=int, default=40, help="simulated tables for permutations=auto")
    asked = parser.parse_args()
    print("Ridge, 36 folds, processor time:")
    closed_forms(asked.permutations, asked.repeats)
    print("permutations=auto, ridge:")
    stopping(asked.tables)
    print("Forest, 25 folds:")
    forest_null.measure(permutations=asked.permutations, theirs=2, jobs=2)


if __name__ == "__main__":
    main()
