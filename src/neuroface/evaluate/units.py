"""From predictions to what is scored: one unit per person and class, or one per repetition; plain arrays.

A threshold is chosen on the same units, by the same averaging (see `judged`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neuroface.errors import DataError
from neuroface.evaluate.design import Kind

if TYPE_CHECKING:
    import pandas as pd


# Equal means summed in another order differ in their last digits; so rounded, they are the ties that they are.
DECIMALS = 12
# By what rows are averaged, one step after the other: repetitions per task, then tasks, so that each task weighs the
# same; of a person who shows several classes, each class by itself.
PERSON = (["subject", "y", "task"], ["subject", "y"])
REPETITION = (["sample"],)


@dataclass(frozen=True, eq=False)
class Units:
    """What is scored, one entry per unit.

    subject: (n,). y: (n,) class codes. p: (n, k) probabilities. threshold: (n,), NaN with more than two classes.
    """

    subject: np.ndarray
    y: np.ndarray
    p: np.ndarray
    threshold: np.ndarray

    def __len__(self) -> int:
        return len(self.y)

    @property
    def clustered(self) -> bool:
        """Whether a person has more than one unit."""
        return len(set(self.subject.tolist())) < len(self)

    @property
    def decisions(self) -> np.ndarray:
        """(n,) class codes: at the threshold for two classes, else the most probable class."""
        if self.p.shape[1] == 2:
            return (self.p[:, 1] >= self.threshold).astype(int)
        return self.p.argmax(axis=1)


@dataclass(frozen=True, eq=False)
class NullUnits:
    """Units of B permutations in one order. subject: (n,). y: (B, n) permuted class codes. p: (B, n, k)."""

    subject: np.ndarray
    y: np.ndarray
    p: np.ndarray


def judged(design: Kind) -> tuple[list[str], ...]:
    """By what rows are averaged into the units that decisions are judged on."""
    return REPETITION if design == "within" else PERSON


def subject_units(predictions: pd.DataFrame, classes: Sequence[str]) -> Units:
    """One unit per person and class: the mean of its repetitions per task, then the mean of its tasks."""
    return _units(predictions, classes, PERSON)


def repetition_units(predictions: pd.DataFrame, classes: Sequence[str]) -> Units:
    """One unit per sample; a sample judged in several folds gets the mean."""
    return _units(predictions, classes, REPETITION)


def subject_null(null: pd.DataFrame, classes: Sequence[str]) -> NullUnits:
    """People and their classes in each permutation, tasks averaged."""
    return _null_units(null, classes, PERSON)


def repetition_null(null: pd.DataFrame, classes: Sequence[str]) -> NullUnits:
    """Samples of each permutation."""
    return _null_units(null, classes, REPETITION)


def _units(predictions: pd.DataFrame, classes: Sequence[str], stages: Sequence[list[str]]) -> Units:
    p = [f"p_{c}" for c in classes]
    _require(predictions, p)
    numbers = [*p, *(["threshold"] if "threshold" in predictions else [])]
    table = mean_in_stages(predictions, numbers, stages)
    threshold = table["threshold"].to_numpy(float) if "threshold" in table else np.full(len(table), np.nan)
    return Units(
        subject=table["subject"].to_numpy(str),
        y=_codes(table["y"], classes),
        p=table[p].to_numpy(float).round(DECIMALS),
        threshold=threshold,
    )


def _null_units(null: pd.DataFrame, classes: Sequence[str], stages: Sequence[list[str]]) -> NullUnits:
    p = [f"p_{c}" for c in classes]
    _require(null, p)
    stages = [["permutation", *keys] for keys in stages]
    null = null.assign(permutation=null["permutation"].astype(int))  # in the order in which they were drawn
    table = mean_in_stages(null, p, stages).sort_values(stages[-1], kind="stable")
    n_permutations = table["permutation"].nunique()
    n, left_over = divmod(len(table), n_permutations)
    names = table[stages[-1][1]].to_numpy(str)
    if left_over or (names.reshape(n_permutations, n) != names[:n]).any():
        raise DataError("The permutations of this run hold different people. Delete its null/ folder and run again.")
    return NullUnits(
        subject=table["subject"].to_numpy(str)[:n],
        y=_codes(table["y"], classes).reshape(n_permutations, n),
        p=table[p].to_numpy(float).round(DECIMALS).reshape(n_permutations, n, len(classes)),
    )


def mean_in_stages(table: pd.DataFrame, numbers: list[str], stages: Sequence[list[str]]) -> pd.DataFrame:
    """Means of the columns `numbers`, by each list of keys in turn; who, what and which class stay beside them."""
    for keys in stages:
        kept = {name: "first" for name in ("subject", "task", "y") if name not in keys and name in table}
        table = table.groupby(keys, sort=False).agg({**kept, **dict.fromkeys(numbers, "mean")}).reset_index()
    return table


def _codes(y: pd.Series, classes: Sequence[str]) -> np.ndarray:
    names = y.to_numpy(str)
    codes = np.array([list(classes).index(name) if name in classes else -1 for name in names])
    if (codes < 0).any():
        unknown = sorted(set(names[codes < 0]))
        raise DataError(f"Predictions hold the classes {unknown}, which are not among {list(classes)}.")
    return codes


def _require(table: pd.DataFrame, numbers: Sequence[str]) -> None:
    absent = [name for name in ("subject", "task", "y", *numbers) if name not in table]
    if absent:
        raise DataError(f"Predictions lack the columns {', '.join(absent)}; they hold {', '.join(table.columns)}.")
