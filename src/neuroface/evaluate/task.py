"""What every fold of a run shares: the rows, their classes and people, and what is fitted to them."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.errors import ConfigError
from neuroface.evaluate.design import Kind, design_of
from neuroface.evaluate.scores_dummy import class_shares
from neuroface.types import Parts


@dataclass(frozen=True, eq=False)
class Task:
    """What every fold shares; travels to each worker once.

    X: (n, ...) in the classifier's view. y, subject: (n,) str. classes: order of the probability columns. checkpoints,
    models: folders in which a long fit may keep its state and copies of its model, each with a beginning of a name per
    fold; None keeps nothing. side: (n,) affected side, "" where it is not known, or None. shows_test: offer `fit` the
    rows that will be judged, a leak that a protocol must accept. threads: how many an estimator that predicts many fits
    at once may use; changes no result. tasks: (n,) the task of each row; None, all of one. limit_s: seconds after which
    a fold or a permutation is given up; None, never. parts: those
    parts of X of which an estimator tells what each says by itself.
    """

    X: np.ndarray | Parts
    y: np.ndarray
    subject: np.ndarray
    classes: tuple[str, ...]
    estimator: Any
    balance: bool
    seed: int
    checkpoints: Path | None = None
    models: Path | None = None
    side: np.ndarray | None = None
    shows_test: bool = False
    threads: int = 1
    tasks: np.ndarray | None = None
    limit_s: float | None = None
    parts: tuple[str, ...] = ()

    def __getstate__(self) -> dict[str, Any]:
        """A copy: joblib's thread sends it while the main one may ask for the design, which is then kept."""
        return dict(self.__dict__)

    def by_path(self) -> Task:
        """The task for workers that see the same disk: of arrays that lie in a file it names the file."""
        return replace(self, X=_each_array(self.X, _named))

    def opened(self) -> Task:
        """On such a worker, the task with its arrays. Errors: ConfigError where a file cannot be read."""
        return replace(self, X=_each_array(self.X, _opened))

    @cached_property
    def design(self) -> Kind:
        """Whether classes lie between people, within them or both, over all rows; a permutation does not change it."""
        return design_of(self.y, self.subject).kind

    @cached_property
    def class_shares(self) -> np.ndarray:
        """(k,) share of each class among what is judged: people and the classes they show, or repetitions."""
        code = {name: i for i, name in enumerate(self.classes)}
        rows = zip(self.subject.tolist(), self.y.tolist(), strict=True)
        units = list(rows) if self.design == "within" else list(dict.fromkeys(rows))
        return class_shares(np.array([code[label] for _, label in units]), len(self.classes))


@dataclass(frozen=True)
class _Mapped:
    """An array that is a part of a file from `offset` to its end, as np.memmap opens it."""

    file: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int

    def __len__(self) -> int:
        return self.shape[0]


def _each_array(X: Any, change: Callable[[Any], Any]) -> Any:
    return Parts({name: change(array) for name, array in X.arrays.items()}) if isinstance(X, Parts) else change(X)


def _named(array: Any) -> Any:
    whole = isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap)  # chosen rows are a copy in memory
    return _Mapped(str(array.filename), array.dtype, array.shape, array.offset) if whole else array


def _opened(array: Any) -> Any:
    if not isinstance(array, _Mapped):
        return array
    try:
        return np.memmap(array.file, array.dtype, "r", array.offset, array.shape)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"A worker cannot read {array.file} ({error}). Set execution.store= to a folder on a disk that all workers "
            "see, or execution.shared_disk=false, which sends pictures as they are."
        ) from error
