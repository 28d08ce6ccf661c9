"""protocol.task=all: each task has a model of its own, and a person gets one score over the tasks, all inside the fold.

Rows of the question are people. A person who did not do a task is judged by the tasks that they did; that a task is
missing tells nothing. How much each task counts is learnt from people of the training fold who were held out there.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.many import Fit
from neuroface.evaluate.pooling import learnt_weights, pooled
from neuroface.evaluate.predictions import tasks_of
from neuroface.evaluate.seeds import derive_seed, seeded
from neuroface.evaluate.splits import Fold, Split
from neuroface.evaluate.threshold import INNER_FOLDS, inner_splits
from neuroface.types import Parts, Samples

METHODS = ("stack", "mean")
FORMAT = "neuroface over tasks 1"
AT_ONCE = 2000  # fits of all tasks that are asked for at once: what they hold is a weight of every row


def parts_by_task(X: np.ndarray, person: np.ndarray, task: np.ndarray, n: int, names: Sequence[str]) -> Parts:
    """Task -> (n, repetitions, d) of rows (m, d), NaN where there is none. person: (m,) number of each; task: (m,)."""
    return Parts({name: _padded(X[task == name], person[task == name], n) for name in names})


def by_person(samples: Samples) -> Samples:
    """One row per person of a table with a row per repetition; X: task -> (people, repetitions, features), NaN is none.

    People and tasks are in the order of their names: a table that is sorted otherwise has the same answer.
    Errors: ConfigError for what is no table; DataError for fewer than two tasks, or one that is called "all".
    """
    if samples.view != "table":
        raise ConfigError(
            f"protocol.task=all is for tables of features, and this classifier looks at {samples.view}. Train once per "
            "task, then neuroface eval 'run=[A,B]' ensemble=stack."
        )
    tasks, subject = tasks_of(samples), np.asarray(samples.subject).astype(str)
    names, people = sorted(set(tasks.tolist())), sorted(set(subject.tolist()))
    if "all" in names:
        raise DataError("A task of this cohort is called all, and protocol.task=all asks for every task. Rename it.")
    if len(names) < 2:
        raise DataError(
            f"protocol.task=all needs two tasks or more, and the cohort has {names[0] or 'rows without a task'} only. "
            "Set protocol.task=null."
        )
    at = {name: i for i, name in enumerate(people)}
    person = np.array([at[name] for name in subject.tolist()])
    first = np.array([np.flatnonzero(person == i)[0] for i in range(len(people))])
    fitted_on: list[frozenset[str]] = [frozenset()] * len(people)
    for i, known in zip(person.tolist(), samples.fitted_on, strict=True):
        fitted_on[i] |= known
    same = {
        k: v[first]
        for k, v in samples.meta.items()
        if k not in ("sample", "task", "repetition") and (v == v[first][person]).all()
    }
    return replace(
        samples,
        X=parts_by_task(np.asarray(samples.X, float), person, tasks, len(people), names),
        y=np.asarray(samples.y)[first],
        subject=np.array(people),
        meta={
            "sample": np.array(people),
            "task": np.full(len(people), "+".join(names)),
            "repetition": np.zeros(len(people), int),
            **same,
        },
        view="tasks",
        fitted_on=tuple(fitted_on),
    )


def rows_of(folds: Sequence[Fold], people: Samples, samples: Samples) -> list[Fold]:
    """Folds of people as folds of their repetitions, for checks that look at these."""
    subject = np.asarray(samples.subject).astype(str)

    def rows(of: np.ndarray) -> np.ndarray:
        return np.flatnonzero(np.isin(subject, people.subject[of]))

    return [Fold(fold.name, rows(fold.train), rows(fold.test)) for fold in folds]


def _padded(X: np.ndarray, person: np.ndarray, n: int) -> np.ndarray:
    """(n, most repetitions, d) of rows (m, d), whose person is a number below n; NaN where there is no repetition."""
    place = np.zeros(len(X), int)
    for i in range(n):
        place[person == i] = np.arange((person == i).sum())
    out = np.full((n, place.max(initial=0) + 1, X.shape[1]), np.nan)
    out[person, place] = X
    return out


class OverTasks(ClassifierMixin, BaseEstimator):
    """A model per task, and one probability of a person over tasks: the weighted mean of those of the tasks they did.

    estimator: of rows of features, one copy per task. method: "stack" learns the weights of the tasks, by the log-loss
    of people held out of the training rows in up to five parts, drawn towards equal weights; "mean" weighs all alike.
    A task in which a class of the training rows lacks is left out. Fitted: classes_, models_, task_weights_
    {task: weight}, held_out_ (positions, probabilities) where people could be held out.
    """

    def __init__(self, estimator: Any, *, method: str = "stack", random_state: int = 0) -> None:
        self.estimator, self.method, self.random_state = estimator, method, random_state

    @property
    def costly(self) -> bool:
        return bool(getattr(self.estimator, "costly", False))

    def fit(self, X: Parts, y: np.ndarray, sample_weight: np.ndarray | None = None) -> OverTasks:
        """X: task -> (n, repetitions, d). y: (n,) classes of people. sample_weight: (n,)."""
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        weights = np.ones(len(codes)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
        tables = {name: Table(values) for name, values in X.arrays.items()}
        rows = np.arange(len(codes))
        self.models_ = {name: self._fitted(name, table, codes, rows, weights) for name, table in tables.items()}
        splits = _splits(codes, self.random_state)
        held = np.full((len(tables), len(codes), len(self.classes_)), np.nan)
        for i, (train, test) in enumerate(splits):
            for t, (name, table) in enumerate(tables.items()):
                model = self._fitted(name, table, codes, train, weights[train], i)
                held[t, test] = self._said(model, table, test)
        usable = np.array([model is not None for model in self.models_.values()])
        share = self._shares(held, codes, weights, usable)
        self.task_weights_ = dict(zip(tables, share.tolist(), strict=True))
        self.known_nothing_ = np.bincount(codes, weights, minlength=len(self.classes_)) / weights.sum()
        if splits:
            p = pooled(held, share)
            known = np.flatnonzero(np.isfinite(p).all(axis=1))
            self.held_out_ = known, p[known]
        return self

    def saved(self) -> tuple[str, bytes]:
        """Ending and bytes of a file with the model of each task, and how much it counts."""
        from neuroface.evaluate.model_archive import archived

        about = {
            "format": FORMAT,
            "method": self.method,
            "classes": self.classes_.tolist(),
            "tasks": list(self.models_),
            "weights": list(self.task_weights_.values()),
            "shares": self.known_nothing_.tolist(),
        }
        return archived(about, list(self.models_.values()))

    @classmethod
    def restored(cls, about: Mapping[str, Any], models: Sequence[Any]) -> OverTasks:
        """What `saved` has put down. Errors: ValueError, KeyError or TypeError for what does not go together."""
        made = cls(None, method=about["method"])
        made.classes_ = np.array([str(name) for name in about["classes"]])
        made.models_ = dict(zip(map(str, about["tasks"]), models, strict=True))
        weights = [float(weight) for weight in about["weights"]]
        made.task_weights_ = dict(zip(made.models_, weights, strict=True))
        made.known_nothing_ = np.array([float(share) for share in about["shares"]])
        sums = sum(weights), made.known_nothing_.sum()
        if made.method not in METHODS or len(made.known_nothing_) != len(made.classes_) or len(made.models_) < 2:
            raise ValueError("it holds no model of several tasks")
        if min(*weights, *made.known_nothing_) < 0 or not (any(weights) <= (abs(sums[0] - 1) < 1e-6) and sums[1] > 0):
            raise ValueError("its weights are none")
        return made

    def parts_of(self, X: Any) -> tuple[str, ...]:
        return tuple(X.arrays)

    def predict_parts(self, X: Parts) -> dict[str, np.ndarray]:
        """task -> (n, k) what its model says; NaN of people who did not do it."""
        rows = np.arange(len(X))
        return {name: self._said(self.models_[name], Table(values), rows) for name, values in X.arrays.items()}

    def predict_proba(self, X: Parts) -> np.ndarray:
        """(n, k). Who did no task that could be learnt from gets the class shares, with a warning."""
        p = pooled(np.stack(list(self.predict_parts(X).values())), np.array(list(self.task_weights_.values())))
        return self._filled(p, self.known_nothing_, tell=True)

    def predict(self, X: Parts) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def can_predict_many(self, X: Parts) -> bool:
        """Whether the estimator of each task shares work between fits of its table."""
        asked = getattr(self.estimator, "can_predict_many", None)
        if asked is None or not hasattr(self.estimator, "predict_many"):
            return False
        return all(asked(Table(values).X) for values in X.arrays.values())

    def predict_many(self, X: Parts, fits: Sequence[Fit], n_classes: int, *, n_jobs: int = 1) -> Iterator[np.ndarray]:
        """As many.py says; each fit asks for those of every task, and for those of people held out."""
        tables = {name: Table(values) for name, values in X.arrays.items()}
        step = max(1, AT_ONCE // (len(tables) * (1 + INNER_FOLDS * (self.method == "stack"))))
        for start in range(0, len(fits), step):
            yield from self._many(tables, fits[start : start + step], n_classes, n_jobs)

    def _many(self, tables: dict[str, Table], fits: Sequence[Fit], k: int, n_jobs: int) -> Iterator[np.ndarray]:
        splits = [_splits(fit.y[fit.train], fit.random_state) if self.method == "stack" else [] for fit in fits]
        said = {}
        for name, table in tables.items():
            asked = []
            for fit, inner in zip(fits, splits, strict=True):
                asked.append(self._asked(name, table, fit, fit.train, fit.weights, fit.test, k))
                for i, (train, test) in enumerate(inner):
                    at, held = fit.train[train], fit.train[test]
                    asked.append(self._asked(name, table, fit, at, fit.weights[train], held, k, i))
            known = [one for one in asked if one is not None]
            found = self.estimator.predict_many(table.X, known, k, n_jobs=n_jobs)
            said[name] = iter([None if one is None else next(found) for one in asked])
        for fit, inner in zip(fits, splits, strict=True):
            p = np.full((len(tables), len(fit.test), k), np.nan)
            held = np.full((len(tables), len(fit.train), k), np.nan)
            usable = np.zeros(len(tables), bool)
            for t, (name, table) in enumerate(tables.items()):
                rows = next(said[name])
                usable[t] = rows is not None
                p[t] = table.of_people(rows, fit.test, k)
                for _, test in inner:
                    held[t, test] = table.of_people(next(said[name]), fit.train[test], k)
            codes = fit.y[fit.train]
            share = self._shares(held, codes, fit.weights, usable)
            nothing = np.bincount(codes, fit.weights, minlength=k) / fit.weights.sum()
            yield self._filled(pooled(p, share), nothing)

    def _asked(
        self,
        name: str,
        table: Table,
        fit: Fit,
        people: np.ndarray,
        weights: np.ndarray,
        test: np.ndarray,
        k: int,
        *part: int,
    ) -> Fit | None:
        """The fit of a task's rows; None where a class of the people lacks there."""
        rows, of_rows = table.weighed(people, fit.y[people], weights)
        if len(rows) == 0:
            return None
        seed = derive_seed(derive_seed(fit.random_state, name, *part), "random_state")
        return Fit(fit.y[table.person], rows, table.rows(test), of_rows, seed, table.person)

    def _fitted(
        self, name: str, table: Table, codes: np.ndarray, people: np.ndarray, weights: np.ndarray, *part: int
    ) -> Any:
        """A model of the task fitted on the people (positions) with their weights; None where a class lacks there."""
        from neuroface.evaluate.fold import fit_arguments

        rows, of_rows = table.weighed(people, codes[people], weights)
        if len(rows) == 0:
            return None
        model = seeded(self.estimator, derive_seed(self.random_state, name, *part))
        given = {"sample_weight": of_rows, "groups": table.person[rows]}
        taken = fit_arguments(model, tuple(given))
        return model.fit(
            table.X[rows], self.classes_[codes[table.person[rows]]], **{key: given[n] for n, key in taken.items()}
        )

    def _said(self, model: Any, table: Table, people: np.ndarray) -> np.ndarray:
        """(n, k) means over the repetitions of people; NaN where there is none, or no model."""
        rows = table.rows(people)
        p = None if model is None else np.zeros((len(rows), len(self.classes_)))
        if p is not None and len(rows):
            p[:, np.searchsorted(self.classes_, model.classes_)] = model.predict_proba(table.X[rows])
        return table.of_people(p, people, len(self.classes_))

    def _shares(self, held: np.ndarray, codes: np.ndarray, weights: np.ndarray, usable: np.ndarray) -> np.ndarray:
        """(tasks,) weights that add up to 1; 0 of tasks that could not be learnt from."""
        share = np.zeros(len(usable))
        if not usable.any():
            return share
        of_truth = held[usable][:, np.arange(len(codes)), codes]
        if self.method == "mean" or not np.isfinite(of_truth).any():
            share[usable] = 1 / usable.sum()
        else:
            share[usable] = learnt_weights(of_truth, weights)
        return share

    def _filled(self, p: np.ndarray, shares: np.ndarray, *, tell: bool = False) -> np.ndarray:
        unknown = ~np.isfinite(p).all(axis=1)
        if unknown.any() and tell:
            warnings.warn(
                f"{unknown.sum()} of {len(p)} people who are judged did no task that could be learnt from; their score "
                "is the share of each class.",
                stacklevel=3,
            )
        p[unknown] = shares
        return p


class Table:
    """The repetitions of a task as rows. values: (n, repetitions, d). X: (m, d); person: (m,) position of each."""

    def __init__(self, values: np.ndarray) -> None:
        there = np.isfinite(values).any(axis=2)
        self.X, self.person, self.times = values[there], np.nonzero(there)[0], there.sum(axis=1)

    def rows(self, people: np.ndarray) -> np.ndarray:
        """Positions of the rows of these people."""
        wanted = np.zeros(len(self.times), bool)
        wanted[people] = True
        return np.flatnonzero(wanted[self.person])

    def weighed(self, people: np.ndarray, codes: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the people and their weights, mean 1: a person's is divided over the rows, and the classes keep the
        shares that they have among all of these people. No rows where a class lacks."""
        did = self.times[people] > 0
        k = codes.max() + 1
        whole, here = np.bincount(codes, weights, minlength=k), np.bincount(codes[did], weights[did], minlength=k)
        if ((whole > 0) & (here <= 0)).any():
            return np.empty(0, int), np.empty(0)
        of_person = np.zeros(len(self.times))
        factor = whole / np.where(here > 0, here, 1)
        of_person[people] = weights * factor[codes] / np.maximum(self.times[people], 1)
        rows = self.rows(people)
        found = of_person[self.person[rows]]
        return rows, found * (len(found) / found.sum())

    def of_people(self, p: np.ndarray | None, people: np.ndarray, k: int) -> np.ndarray:
        """(n, k) means over rows of the people, in their order, of p (rows, k) of `rows(people)`; NaN without any."""
        out = np.full((len(people), k), np.nan)
        if p is None:
            return out
        total = np.zeros((len(self.times), k))
        np.add.at(total, self.person[self.rows(people)], p)
        did = self.times[people] > 0
        out[did] = total[people][did] / self.times[people][did, None]
        return out


def _splits(codes: np.ndarray, seed: int) -> list[Split]:
    """Parts of people held out in turn, whatever the classes are called; [] where there are too few."""
    first = np.unique(codes, return_index=True)[1]
    place = {int(codes[i]): n for n, i in enumerate(sorted(first.tolist()))}
    y = np.array([place[int(code)] for code in codes])
    return inner_splits(y, np.array([f"{i:06d}" for i in range(len(y))]), seed=seed) or []
