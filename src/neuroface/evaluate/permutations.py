"""The permutation null: what the whole procedure scores when classes have nothing to do with faces.

Labels change hands between people who show one class each, and between the repetitions of a person who shows several;
every fold is split and fitted anew. The mean of the null is not .5 under leave-one-subject-out; that is why it is
reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import exp, lgamma, log
from typing import Any

import numpy as np

from neuroface.evaluate.design import design_of
from neuroface.evaluate.fold import fit, predict
from neuroface.evaluate.many import Codes, Fit, codes_of, fit_of, predict_many, refuse_nan
from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.splits import Fold, make_folds
from neuroface.evaluate.task import Task
from neuroface.evaluate.tournament import Tournament
from neuroface.evaluate.weights import weights_of_codes

# Permutations that an estimator is asked for at once share work; what they hold is a weight of every row in every fold.
MOST_AT_ONCE, MOST_WEIGHTS = 500, 5_000_000


def permute_labels(y: np.ndarray, subject: np.ndarray, *, seed: int, permutation: int) -> np.ndarray:
    """(n,) class names after permutation number `permutation`.

    Without any signal, whole people who show one class each are exchangeable, and so are the rows of a person who shows
    several (restricted permutation; Winkler et al., NeuroImage 2015; 123:253). Both are exchanged, in every design;
    each person keeps how many rows of how many classes they have.
    """
    return Exchange(y, subject).permuted(np.asarray(y), seed=seed, permutation=permutation)


class Exchange:
    """Who and what changes places in the permutations of one question; y, subject: (n,).

    unit: (n,) number of the person, or of the row where a person shows several classes.
    """

    def __init__(self, y: np.ndarray, subject: np.ndarray) -> None:
        people, self.first, self.person = np.unique(subject, return_index=True, return_inverse=True)
        self.several = np.isin(people, design_of(y, subject).several)
        self.rows = [np.flatnonzero(self.person == i) for i in np.flatnonzero(self.several)]
        self.unit = np.where(self.several[self.person], len(people) + np.arange(len(self.person)), self.person)

    def permuted(self, y: np.ndarray, *, seed: int, permutation: int) -> np.ndarray:
        """(n,) values of y, classes or their numbers, after permutation number `permutation`."""
        rng = np.random.default_rng(derive_seed(seed, "permutation", permutation))
        of_person = y[self.first]
        of_person[~self.several] = rng.permutation(of_person[~self.several])
        permuted = of_person[self.person]
        for rows in self.rows:
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

    A row tested in several folds gets the mean of its probabilities, or its share of the opponents (see `gather`).
    """
    y = permute_labels(task.y, task.subject, seed=task.seed, permutation=permutation)
    permuted = replace(task, y=y)
    folds, found = make_folds(splitter, task.X, y, task.subject), []
    for fold in folds:
        seed = derive_seed(task.seed, "permutation", permutation, fold.name)
        model = fit(permuted, fold.train, seed, test=fold.test)
        found.append(predict(model, task.X[fold.test], task.classes))
    return y, gatherer(task, splitter, folds)(found)


def gatherer(task: Task, splitter: Any, folds: Sequence[Fold]) -> Callable[[Sequence[np.ndarray]], np.ndarray]:
    """What makes (n, n_classes) of the samples from the probabilities of each fold's test rows.

    The mean over the folds that tested a row; where the splitter holds a tournament, the share of opponents beaten.
    """
    rows = np.concatenate([fold.test for fold in folds])
    times = np.bincount(rows, minlength=len(task.y))
    met = None
    if getattr(splitter, "is_tournament", False):
        number = np.repeat(np.arange(len(folds)), [len(fold.test) for fold in folds])
        tasks = np.full(len(task.y), "") if task.tasks is None else task.tasks
        met = Tournament(number, task.subject[rows], tasks[rows])

    def gathered(found: Sequence[np.ndarray]) -> np.ndarray:
        p = np.concatenate(found)
        refuse_nan(p, task.estimator)
        if met is not None:
            share = np.empty(len(task.y))
            share[rows] = np.nan_to_num(met.shares(p[:, 1]), nan=0.5)  # who met nobody is not judged at all
            return np.stack([1 - share, share], axis=1)
        total = np.zeros((len(task.y), len(task.classes)))
        if (times <= 1).all():
            total[rows] = p
            total[times == 0] = np.nan
            return total
        np.add.at(total, rows, p)
        return total / times[:, None]

    return gathered


def run_permutations(
    task: Task, splitter: Any, permutations: Sequence[int]
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """(number, *run_permutation(...)) of each, by an estimator that can predict many fits at once (see many.py)."""
    codes, exchange = codes_of(task), Exchange(task.y, task.subject)
    names = np.array(task.classes)
    blind = not getattr(splitter, "reads_classes", True)
    same = make_folds(splitter, task.X, task.y, task.subject) if blind else None
    gather_same = gatherer(task, splitter, same) if same else None
    n_folds = len(same or make_folds(splitter, task.X, task.y, task.subject))
    at_once = max(1, min(MOST_AT_ONCE, MOST_WEIGHTS // (len(task.y) * n_folds)))
    for start in range(0, len(permutations), at_once):
        batch = permutations[start : start + at_once]
        y = np.stack([exchange.permuted(codes.y, seed=task.seed, permutation=b) for b in batch])
        folds = [same or make_folds(splitter, task.X, names[of_b], task.subject) for of_b in y]
        found = predict_many(
            task, _fits(task, codes.person, exchange.unit, y, batch, folds, blind=blind), unchecked=True
        )
        for b, of_b, its_folds in zip(batch, y, folds, strict=True):
            gathered = gather_same or gatherer(task, splitter, its_folds)
            yield b, names[of_b], gathered([next(found) for _ in its_folds])


def _fits(
    task: Task,
    person: np.ndarray,
    unit: np.ndarray,
    y: np.ndarray,
    batch: Sequence[int],
    folds: Sequence[Sequence[Fold]],
    *,
    blind: bool,
) -> list[Fit]:
    """All fits of the permutations `batch`, whose classes are y (B, n). blind: all have the same folds."""
    shared = {}
    if blind:
        for fold in folds[0]:
            _, first, back, times = np.unique(
                unit[fold.train], return_index=True, return_inverse=True, return_counts=True
            )
            one = fold.train[first]
            shared[fold.name] = weights_of_codes(y[:, one], person[one], balance=task.balance, times=times)[:, back]
    if blind and "random_state" not in task.estimator.get_params():
        by_fold = [(fold, shared[fold.name]) for fold in folds[0]]
        return [Fit(y[i], fold.train, fold.test, w[i], 0, unit) for i in range(len(batch)) for fold, w in by_fold]
    chance = "random_state" in task.estimator.get_params()  # thousands of seeds that nobody asks for take long
    fits = []
    for i, (b, of_b) in enumerate(zip(batch, folds, strict=True)):
        codes = Codes(y[i], person)
        for fold in of_b:
            seed = derive_seed(task.seed, "permutation", b, fold.name) if chance else None
            weights = shared[fold.name][i] if blind else None
            fits.append(fit_of(task, codes, fold.train, fold.test, seed, weights=weights, unit=unit))
    return fits


def permute_predictions(task: Task, probabilities: np.ndarray, permutation: int) -> tuple[np.ndarray, np.ndarray]:
    """As run_permutation, but nothing is fitted: held-out probabilities (n, n_classes) stay as they are."""
    return permute_labels(task.y, task.subject, seed=task.seed, permutation=permutation), probabilities
