"""Leave every two people out together, so that the two are compared by one model that saw neither."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from neuroface.errors import ConfigError
from neuroface.evaluate.design import design_of
from neuroface.evaluate.splits import Split, file_name, ordered_unique, subjects_of


class LeavePairOut:
    """n (n - 1) / 2 folds of two people each, of the same class or not: a tournament.

    The AUC of pooled leave-one-out scores lies below .5 on null data; here two people are compared only within a fold,
    whose class shares then cancel. Pairs of one class are needed for a person's place in the ROC curve (see
    tournament.py). Half as many fits again as there are people, for each person. Two classes of people only.
    """

    reads_classes = False
    is_tournament = True

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        subjects = subjects_of(groups)
        self._check(np.asarray(y).astype(str), subjects)
        rows = {name: np.flatnonzero(subjects == name) for name in ordered_unique(subjects)}
        for a, b in combinations(rows, 2):
            test = np.sort(np.concatenate([rows[a], rows[b]]))
            yield np.setdiff1d(np.arange(len(subjects)), test, assume_unique=True), test

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        n = len(ordered_unique(subjects_of(groups)))
        return n * (n - 1) // 2

    def fold_names(self, y: np.ndarray, groups: np.ndarray) -> list[str]:
        """a+b; a plus in an id is percent-encoded, so that names stay distinct."""
        return [f"{file_name(a)}+{file_name(b)}" for a, b in combinations(ordered_unique(groups), 2)]

    @staticmethod
    def _check(y: np.ndarray, subjects: np.ndarray) -> None:
        classes = sorted(set(y))
        if len(classes) != 2 or design_of(y, subjects).several:
            raise ConfigError(
                f"split=leave_pair_out ranks people of two classes, one class each; here are {', '.join(classes)}"
                f"{', and people who show several' if len(classes) == 2 else ''}. Choose split=loso_rebalanced."
            )
