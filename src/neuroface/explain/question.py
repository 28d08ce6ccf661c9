"""What a table run is asked, as arrays: rows, the units they are averaged into, and how much a score falls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from neuroface.evaluate import statistics
from neuroface.evaluate.design import Kind, design_of

RESAMPLES = 2000  # of people, for intervals


class Fall(NamedTuple):
    """A score before, how far it falls, and the 95 % interval of that over people."""

    before: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Question:
    """Rows that were judged, and what of them is scored.

    y: (n,) class codes. subject, task: (n,) text. classes: in their order; of two, the last is positive. design:
    "between" and "mixed" score one unit per person and class, "within" a person's own rows.
    """

    y: np.ndarray
    subject: np.ndarray
    task: np.ndarray
    classes: tuple[str, ...]
    design: Kind

    @staticmethod
    def of(y: Sequence[str], subject: Sequence[str], task: Sequence[str], classes: Sequence[str]) -> Question:
        names = np.asarray(y, dtype=str)
        codes = np.array([list(classes).index(name) for name in names.tolist()], dtype=int)
        people = np.asarray(subject, dtype=str)
        return Question(codes, people, np.asarray(task, dtype=str), tuple(classes), design_of(names, people).kind)

    def with_y(self, y: np.ndarray) -> Question:
        """The same rows under other classes, codes (n,)."""
        return Question(y, self.subject, self.task, self.classes, self.design)

    @property
    def measure(self) -> str:
        """The score in words."""
        if len(self.classes) > 2:
            return "accuracy"
        return "mean AUC per person" if self.design == "within" else "subject AUC"

    def donors(self, repeats: int, seed: int) -> np.ndarray:
        """(repeats, n): the row whose values each row is given in each repeat, always of the same task.

        Where classes lie between people, whole people change places, repetition by repetition, so that a person's mean
        is somebody else's and not everybody's. Where they lie within people, rows change places within the person.
        """
        rng = np.random.default_rng(seed)
        out = np.tile(np.arange(len(self.y)), (repeats, 1))
        for task in np.unique(self.task):
            rows = np.flatnonzero(self.task == task)
            if self.design == "within":
                groups = [rows[self.subject[rows] == one] for one in np.unique(self.subject[rows])]
                for of_person in groups:
                    out[:, of_person] = rng.permuted(np.tile(of_person, (repeats, 1)), axis=1)
                continue
            people = [rows[self.subject[rows] == one] for one in np.unique(self.subject[rows])]
            for repeat in range(repeats):
                for taker, giver in enumerate(rng.permutation(len(people))):
                    given = people[giver]
                    out[repeat, people[taker]] = given[np.arange(len(people[taker])) % len(given)]
        return out

    def averaged(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(units, n) weights of rows, (units,) their class codes, (units,) their people.

        Means over repetitions, then over tasks; every row is a unit of its own where classes lie within people.
        """
        if self.design == "within":
            return np.eye(len(self.y)), self.y, self.subject
        keys = list(dict.fromkeys(zip(self.subject.tolist(), self.y.tolist(), strict=True)))
        weights = np.zeros((len(keys), len(self.y)))
        for unit, (person, code) in enumerate(keys):
            rows = (self.subject == person) & (self.y == code)
            tasks = np.unique(self.task[rows])
            for task in tasks:
                of_task = rows & (self.task == task)
                weights[unit, of_task] = 1 / (len(tasks) * of_task.sum())
        return weights, np.array([code for _, code in keys]), np.array([person for person, _ in keys])


def fall(question: Question, p: np.ndarray, changed: np.ndarray, *, seed: int = 0, resamples: int = RESAMPLES) -> Fall:
    """How far the score falls from probabilities p (n, k) to their mean over changed ones (R, n, k).

    The interval is that of a bootstrap over people within each class, the models as they are: it tells how sure these
    people are, not how another training set would fare.
    """
    weights, y, people = question.averaged()
    before, after = weights @ p, weights @ changed
    rng = np.random.default_rng(seed)
    if len(question.classes) == 2 and question.design != "within":
        return _fall_of_auc(before[:, 1], after[..., 1], y == 1, rng, resamples)
    if len(question.classes) == 2:
        scores = [_own_auc(values, y == 1, people) for values in (before[None, :, 1], after[..., 1])]
    else:
        scores = [_own_accuracy(values, y, people) for values in (before[None], after)]
    of_people = np.stack([score.mean(axis=0) for score in scores])  # (2, people)
    of_people = of_people[:, np.isfinite(of_people).all(axis=0)]
    lost = of_people[0] - of_people[1]
    drawn = rng.multinomial(len(lost), np.full(len(lost), 1 / len(lost)), size=resamples) @ lost / len(lost)
    return Fall(float(of_people[0].mean()), float(lost.mean()), *map(float, np.quantile(drawn, (0.025, 0.975))))


def probability_lost(question: Question, p: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """(units,): by how much the probability of a unit's own class falls, mean over changed (R, n, k)."""
    weights, y, _ = question.averaged()
    rows = np.arange(len(y))
    return (weights @ p)[rows, y] - (weights @ changed.mean(axis=0))[rows, y]


def _fall_of_auc(
    before: np.ndarray, after: np.ndarray, positive: np.ndarray, rng: np.random.Generator, resamples: int
) -> Fall:
    """before (u,), after (R, u). An AUC is linear in who is above whom: all resamples are one product."""
    was = statistics.placements(before[positive], before[~positive])
    lost = was - np.mean([statistics.placements(one[positive], one[~positive]) for one in after], axis=0)
    n1, n0 = lost.shape
    ones = rng.multinomial(n1, np.full(n1, 1 / n1), size=resamples) / n1
    zeros = rng.multinomial(n0, np.full(n0, 1 / n0), size=resamples) / n0
    drawn = ((ones @ lost) * zeros).sum(axis=1)
    return Fall(float(was.mean()), float(lost.mean()), *map(float, np.quantile(drawn, (0.025, 0.975))))


def _own_auc(scores: np.ndarray, positive: np.ndarray, people: np.ndarray) -> np.ndarray:
    """(R, people): the AUC of each person's own rows; NaN for who shows one class."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.stack(
            [statistics.auc(scores[:, people == one], positive[people == one]) for one in np.unique(people)], axis=1
        )


def _own_accuracy(p: np.ndarray, y: np.ndarray, people: np.ndarray) -> np.ndarray:
    """(R, people): the share of each person's units that are decided rightly."""
    right = p.argmax(axis=-1) == y
    return np.stack([right[:, people == one].mean(axis=1) for one in np.unique(people)], axis=1)
