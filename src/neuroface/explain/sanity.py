"""Two checks of an importance: what it looks like when labels are shuffled, and when what was learnt is scrambled.

Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018. An explanation that looks the same then is not about
what the models have learnt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from neuroface.evaluate.fold import fit, predict
from neuroface.evaluate.many import Codes, can_predict_many, fit_of, predict_many
from neuroface.evaluate.permutations import Exchange
from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.splits import Fold
from neuroface.evaluate.task import Task
from neuroface.explain.importance import Ask, Judge, changed, importance
from neuroface.explain.question import Question, fall

Groups = Mapping[tuple[str, str], Sequence[int]]
REPEATS = 20  # of each check: it is a mean over many groups, and looked at beside a more exact one


def with_shuffled_labels(
    task: Task, folds: Sequence[Fold], question: Question, groups: Groups, *, times: int
) -> np.ndarray:
    """(times, G) importance when everything is fitted anew on classes that have changed hands between people."""
    X = np.asarray(task.X)
    exchange, donors = Exchange(task.y, task.subject), question.donors(REPEATS, task.seed)
    y = np.stack([exchange.permuted(question.y, seed=task.seed, permutation=i) for i in range(times)])
    p, replaced = [], []
    for fold in folds:
        asked = [changed(X, fold.test, columns, donors) for columns in groups.values()]
        rows = np.concatenate([X[fold.test], *(rows for rows, _ in asked)])
        told = refitted(task, fold, y, rows)  # (times, m, k)
        starts = np.cumsum([len(fold.test), *(len(rows) for rows, _ in asked)])
        p.append(told[:, : len(fold.test)])
        replaced.append(
            np.stack([told[:, start:][:, place] for start, (_, place) in zip(starts[:-1], asked, strict=True)], axis=1)
        )
    before, after = np.concatenate(p, axis=1), np.concatenate(replaced, axis=3)  # (times, J, k), (times, G, R, J, k)
    at = np.concatenate([fold.test for fold in folds])
    base = Question(question.y[at], question.subject[at], question.task[at], question.classes, question.design)
    return np.array(
        [
            [fall(base.with_y(y[i][at]), before[i], values, resamples=1).value for values in after[i]]
            for i in range(times)
        ]
    )


def refitted(task: Task, fold: Fold, y: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(times, m, k): what models fitted in the fold under each of y (times, n) say about rows (m, d)."""
    names = np.array(task.classes)
    seeds = [derive_seed(task.seed, "shuffled", i, fold.name) for i in range(len(y))]
    if can_predict_many(task):
        n = len(task.X)
        person = np.unique(task.subject, return_inverse=True)[1]
        larger = replace(task, X=np.concatenate([np.asarray(task.X), rows]))
        test = np.arange(n, n + len(rows))
        if can_predict_many(larger):
            fits = []
            for codes, seed in zip(y, seeds, strict=True):
                one = fit_of(task, Codes(codes, person), fold.train, test, seed)
                fits.append(replace(one, y=np.concatenate([codes, np.zeros(len(rows), codes.dtype)])))
            return np.stack(list(predict_many(larger, fits)))
    told = []
    for codes, seed in zip(y, seeds, strict=True):
        model = fit(replace(task, y=names[codes]), fold.train, seed)
        told.append(predict(model, rows, task.classes))
    return np.stack(told)


def with_scrambled_models(
    judges: Sequence[Judge], X: np.ndarray, question: Question, groups: Groups, *, times: int, seed: int
) -> np.ndarray:
    """(times, G) importance by models whose parameters sit at the wrong features.

    Columns change places before a model sees them, each brought to the distribution of the column it stands for: to a
    linear model its weights are shuffled, to a forest its cuts. It serves any classifier, whatever its weights are.
    """
    rng = np.random.default_rng(derive_seed(seed, "scrambled"))
    found = []
    for _ in range(times):
        order = derangement(rng, X.shape[1])
        blind = [Judge(judge.name, scrambled(judge, X, order), judge.rows) for judge in judges]
        told = importance(blind, X, question, groups, repeats=REPEATS, seed=seed)
        found.append(told["importance"].to_numpy(float))
    return np.array(found)


def scrambled(judge: Judge, X: np.ndarray, order: np.ndarray) -> Ask:
    """What asks the judge about rows (m, d) whose columns have taken each other's places; X: (n, d) all rows."""
    sorted_columns = [np.sort(column[np.isfinite(column)]) for column in X.T]

    def ask(rows: np.ndarray) -> np.ndarray:
        out = np.full(rows.shape, np.nan)
        for to, source in enumerate(order):
            known, here = sorted_columns[source], np.isfinite(rows[:, source])
            if len(known) and len(sorted_columns[to]):
                share = (np.searchsorted(known, rows[here, source]) + 0.5) / (len(known) + 1)
                out[here, to] = np.quantile(sorted_columns[to], np.clip(share, 0, 1))
        return judge.ask(out)

    return ask


def derangement(rng: np.random.Generator, d: int) -> np.ndarray:
    """(d,) an order in which no column keeps its place (a single one has no other)."""
    while d > 1:
        order = rng.permutation(d)
        if (order != np.arange(d)).all():
            return order
    return np.arange(d)
