"""Stratified k-fold over whole people, dealt anew several times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from neuroface.errors import ConfigError
from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.splits import Split, StratifiedSubjectKFold


class RepeatedSubjectKFold:
    """`repeats` times k folds of whole people, each time dealt anew; a person's score is the mean over the repeats.

    Every fold holds both classes, so that people can also be compared within folds only (auc_within_folds), which a
    fold's class shares do not bias. Repeating takes away what the luck of one deal adds, not what the choice of these
    people adds.
    """

    def __init__(self, *, n_splits: int = 5, repeats: int = 10, seed: int = 0) -> None:
        if repeats < 1:
            raise ConfigError(f"split.repeats is {repeats}; at least one deal is needed.")
        StratifiedSubjectKFold(n_splits=n_splits)  # checks it
        self.n_splits, self.repeats, self.seed = n_splits, repeats, seed

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        for repeat in range(self.repeats):
            seed = derive_seed(self.seed, "repeat", repeat)
            yield from StratifiedSubjectKFold(n_splits=self.n_splits, seed=seed).split(X, y, groups)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        return self.n_splits * self.repeats

    def fold_names(self, y: np.ndarray, groups: np.ndarray) -> list[str]:
        wide, deep = len(str(self.repeats)), len(str(self.n_splits))
        return [
            f"deal_{r + 1:0{wide}d}_fold_{f + 1:0{deep}d}" for r in range(self.repeats) for f in range(self.n_splits)
        ]
