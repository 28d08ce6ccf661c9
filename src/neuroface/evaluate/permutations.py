"""The permutation null: what the whole procedure scores when classes have nothing to do with faces.

Labels change hands between people (or between a person's own repetitions where classes vary within people), and every
fold is split and fitted anew. The mean of the null is not .5 under leave-one-subject-out; that is why it is reported.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neuroface.evaluate.fold import Task, fit, predict
from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.splits import make_folds, varies_within_subjects


def permute_labels(y: np.ndarray, subject: np.ndarray, *, seed: int, permutation: int) -> np.ndarray:
    """(n,) class names after permutation number `permutation`.

    Classes constant within subjects are exchanged between whole subjects; otherwise they are exchanged among the rows
    of each subject (restricted permutation), which keeps every person's class counts.
    """
    rng = np.random.default_rng(derive_seed(seed, "permutation", permutation))
    people, person = np.unique(subject, return_inverse=True)
    if not varies_within_subjects(y, subject):
        class_of = y[np.unique(person, return_index=True)[1]]
        return rng.permutation(class_of)[person]
    permuted = y.copy()
    for i in range(len(people)):
        rows = np.flatnonzero(person == i)
        permuted[rows] = rng.permutation(y[rows])
    return permuted


def run_permutation(task: Task, splitter: Any, permutation: int) -> tuple[np.ndarray, np.ndarray]:
    """(n,) permuted classes and (n, n_classes) held-out probabilities, both in the order of the samples.

    A row tested in several folds gets the mean of its probabilities.
    """
    y = permute_labels(task.y, task.subject, seed=task.seed, permutation=permutation)
    permuted = replace(task, y=y)
    total, times = np.zeros((len(y), len(task.classes))), np.zeros(len(y))
    for fold in make_folds(splitter, task.X, y, task.subject):
        seed = derive_seed(task.seed, "permutation", permutation, fold.name)
        model = fit(permuted, fold.train, seed, test=fold.test)
        total[fold.test] += predict(model, task.X[fold.test], task.classes)
        times[fold.test] += 1
    return y, total / times[:, None]


def permute_predictions(task: Task, probabilities: np.ndarray, permutation: int) -> tuple[np.ndarray, np.ndarray]:
    """As run_permutation, but nothing is fitted: held-out probabilities (n, n_classes) stay as they are."""
    return permute_labels(task.y, task.subject, seed=task.seed, permutation=permutation), probabilities
