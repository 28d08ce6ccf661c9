"""The permutation null: what the whole procedure scores when classes have nothing to do with faces.

Labels change hands between people who show one class each, and between the repetitions of a person who shows several;
every fold is split and fitted anew. The mean of the null is not .5 under leave-one-subject-out; that is why it is
reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import exp, lgamma, log
from typing import Any

import numpy as np

from neuroface.evaluate.design import design_of
from neuroface.evaluate.fold import fit, predict
from neuroface.evaluate.many import codes_of, fit_of, predict_many
from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.splits import make_folds
from neuroface.evaluate.task import Task

BATCH = 50  # permutations that an estimator is asked for at once: enough to share work, few enough to hold in memory


def permute_labels(y: np.ndarray, subject: np.ndarray, *, seed: int, permutation: int) -> np.ndarray:
    """(n,) class names after permutation number `permutation`.

    Without any signal, whole people who show one class each are exchangeable, and so are the rows of a person who shows
    several (restricted permutation; Winkler et al., NeuroImage 2015; 123:253). Both are exchanged, in every design;
    each person keeps how many rows of how many classes they have.
    """
    rng = np.random.default_rng(derive_seed(seed, "permutation", permutation))
    people, first, person = np.unique(subject, return_index=True, return_inverse=True)
    several = np.isin(people, design_of(y, subject).several)
    class_of = y[first]
    class_of[~several] = rng.permutation(class_of[~several])
    permuted = class_of[person]
    for i in np.flatnonzero(several):
        rows = np.flatnonzero(person == i)
        permuted[rows] = rng.permutation(y[rows])
    return permuted


def arrangements(y: np.ndarray, subject: np.ndarray) -> int | None:
    """How many different arrangements of the labels permute_labels can give; None for more than a million.

    p is hardly below one over their number, however many permutations are drawn.
    """
    found = design_of(y, subject)
    of_person = dict(zip(map(str, subject), map(str, y), strict=True))
    sets = [Counter(of_person[person] for person in found.one)]
    sets += [Counter(map(str, y[np.asarray(subject).astype(str) == person])) for person in found.several]
    logarithm = sum(lgamma(n.total() + 1) - sum(lgamma(k + 1) for k in n.values()) for n in sets)
    return round(exp(logarithm)) if logarithm < log(1e6) else None


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


def run_permutations(
    task: Task, splitter: Any, permutations: Sequence[int]
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """(number, *run_permutation(...)) of each, by an estimator that can predict many fits at once (see many.py)."""
    for start in range(0, len(permutations), BATCH):
        batch = permutations[start : start + BATCH]
        labels = [permute_labels(task.y, task.subject, seed=task.seed, permutation=b) for b in batch]
        folds = [make_folds(splitter, task.X, y, task.subject) for y in labels]
        fits = []
        for b, y, of_b in zip(batch, labels, folds, strict=True):
            codes = codes_of(replace(task, y=y))
            seeds = [derive_seed(task.seed, "permutation", b, fold.name) for fold in of_b]
            fits += [fit_of(task, codes, fold.train, fold.test, seed) for fold, seed in zip(of_b, seeds, strict=True)]
        found = predict_many(task, fits)
        for b, y, of_b in zip(batch, labels, folds, strict=True):
            total, times = np.zeros((len(y), len(task.classes))), np.zeros(len(y))
            for fold in of_b:
                total[fold.test] += next(found)
                times[fold.test] += 1
            yield b, y, total / times[:, None]


def permute_predictions(task: Task, probabilities: np.ndarray, permutation: int) -> tuple[np.ndarray, np.ndarray]:
    """As run_permutation, but nothing is fitted: held-out probabilities (n, n_classes) stay as they are."""
    return permute_labels(task.y, task.subject, seed=task.seed, permutation=permutation), probabilities
