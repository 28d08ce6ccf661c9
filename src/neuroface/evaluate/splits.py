"""Who is tested in which fold. Subjects are never divided: no person is both learnt from and judged.

Each splitter is a scikit-learn cross-validator (`split(X, y, groups)`, `get_n_splits`) with `groups` the subjects, and
names its folds with `fold_names`. Any other cross-validator works too; its folds are then numbered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import numpy as np

from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.design import shown_classes
from neuroface.evaluate.seeds import derive_seed
from neuroface.types import Parts

LONGEST = 200  # characters: file systems take 255 bytes, and endings such as .history.json follow
Split = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Fold:
    """Row positions to learn from and to judge; `name` is unique and safe as a file name."""

    name: str
    train: np.ndarray
    test: np.ndarray


def file_name(subject: str) -> str:
    """A subject id as a file name: anything but letters, digits and _-~. is percent-encoded, as is a leading dot.

    What is too long for a file name ends in a digest of the whole.
    """
    name = quote(str(subject), safe="")
    name = "%2E" + name[1:] if name.startswith(".") else name
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 17]}~{sha256(name.encode()).hexdigest()[:16]}"


def is_plain(name: str) -> bool:
    """Whether a name stays in the folder that it is put in, on any system."""
    return bool(name) and not name.startswith(".") and not re.search(r"[/\\:\0]", name)


def ordered_unique(values: np.ndarray) -> list[str]:
    """Distinct values as str, in order of first appearance."""
    return list(dict.fromkeys(str(v) for v in values))


class Loso:
    """Leave one subject out: as many folds as subjects, in order of appearance.

    Known bias: the held-out subject lowers its own class's share of the training fold, so that scores pooled over
    folds give an AUC below .5 on null data (Parker, Günter & Bedo, BMC Bioinformatics 2007; 8:326). Balanced class
    weights remove much of it, the permutation null shows the rest.
    """

    reads_classes = False  # who is tested in which fold is the same for all permutations of the classes

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        subjects = subjects_of(groups)
        for subject in ordered_unique(subjects):
            held_out = subjects == subject
            yield np.flatnonzero(~held_out), np.flatnonzero(held_out)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        return len(ordered_unique(subjects_of(groups)))

    def fold_names(self, y: np.ndarray, groups: np.ndarray) -> list[str]:
        return [file_name(subject) for subject in ordered_unique(groups)]


class LosoRebalanced(Loso):
    """Leave one subject out, and drop one random training subject of every class that the held-out subject lacks.

    Every training fold then holds the same class shares whoever is tested, which removes most of the bias of pooled
    scores: "rebalanced cross-validation", Austin, Pe'er & Korem, Science Advances 2025; 11(48). What is left, .48 to
    .50 on null data, is that every two people are in each other's training fold (docs/statistics.md). Only people of
    one class are dropped, and nobody for a held-out subject who shows every class: then the shares stay as they are.
    seed: who is dropped depends on it and on the held-out subject only.
    """

    reads_classes = True

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        subjects = subjects_of(groups)
        shown = shown_classes(np.asarray(y), subjects)
        for train, test in super().split(X, y, subjects):
            dropped = self._dropped(str(subjects[test[0]]), shown)
            yield train[~np.isin(subjects[train], dropped)], test

    def _dropped(self, held_out: str, shown: dict[str, tuple[str, ...]]) -> list[str]:
        rng = np.random.default_rng(derive_seed(self.seed, "rebalance", held_out))
        lacking = sorted({label for labels in shown.values() for label in labels} - set(shown[held_out]))
        people_of = [sorted(person for person, labels in shown.items() if labels == (label,)) for label in lacking]
        return [str(rng.choice(people)) for people in people_of if people]


class StratifiedSubjectKFold:
    """k folds of whole subjects; each class is spread as evenly over the folds as its number of people allows.

    People who show several classes are dealt with those who show the same ones.
    """

    def __init__(self, *, n_splits: int = 5, seed: int = 0) -> None:
        if n_splits < 2:
            raise ConfigError(f"split.n_splits is {n_splits}; at least two folds are needed.")
        self.n_splits, self.seed = n_splits, seed

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        fold_of = self._deal(np.asarray(y).astype(str), subjects_of(groups))
        for fold in range(self.n_splits):
            yield np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        return self.n_splits

    def fold_names(self, y: np.ndarray, groups: np.ndarray) -> list[str]:
        return _numbered(self.n_splits)

    def _deal(self, y: np.ndarray, subjects: np.ndarray) -> np.ndarray:
        """(n,) fold of each row. Shuffled people are dealt like cards, class after class, without starting again."""
        people = sorted(set(subjects.tolist()))
        if len(people) < self.n_splits:
            raise DataError(f"{len(people)} subjects cannot fill {self.n_splits} folds. Lower split.n_splits.")
        shown = shown_classes(y, subjects)
        rng = np.random.default_rng(derive_seed(self.seed, "deal"))
        order = sorted(rng.permutation(people).tolist(), key=lambda person: shown[person])
        fold_of = {person: i % self.n_splits for i, person in enumerate(order)}
        return np.array([fold_of[s] for s in subjects.tolist()])


class FirstPeople:
    """One fold: `train_per_class` people of each class, drawn at random, are learnt from, all others are judged.

    Guarin et al. fine-tune on 12 people of each group and test on the rest.
    """

    judges_everyone = False

    def __init__(self, *, train_per_class: int = 12, seed: int = 0) -> None:
        if train_per_class < 1:
            raise ConfigError(f"split.train_per_class is {train_per_class}; at least one person is needed.")
        self.train_per_class, self.seed = train_per_class, seed

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        subjects, y = subjects_of(groups), np.asarray(y).astype(str)
        rng = np.random.default_rng(derive_seed(self.seed, "first people"))
        learnt: set[str] = set()
        for label in sorted(set(y)):
            people = sorted(set(subjects[y == label]))
            if len(people) <= self.train_per_class:
                raise DataError(
                    f"{label} has {len(people)} subjects; to learn from {self.train_per_class} and judge others it "
                    f"needs {self.train_per_class + 1}. Lower split.train_per_class, or choose split=crossfit."
                )
            learnt |= set(rng.permutation(people)[: self.train_per_class].tolist())
        train = np.isin(subjects, sorted(learnt))
        yield np.flatnonzero(train), np.flatnonzero(~train)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        return 1


def make_folds(splitter: Any, X: np.ndarray | Parts, y: np.ndarray, subject: np.ndarray) -> list[Fold]:
    """The splitter's folds, named; every fold must test and learn something.

    Every row must be tested at least once, unless the splitter has `judges_everyone` False.
    """
    splits = list(splitter.split(X, y, subject))
    namer = getattr(splitter, "fold_names", None)
    names = namer(y, subject) if namer else _numbered(len(splits))
    folds = [Fold(name, np.asarray(tr), np.asarray(te)) for name, (tr, te) in zip(names, splits, strict=True)]
    if odd := [name for name in names if not is_plain(name)]:
        raise ConfigError(f"{type(splitter).__name__} names a fold {odd[0]!r}, which is no name of a file.")
    if len(set(names)) != len(names):
        raise ConfigError(f"{type(splitter).__name__} gives two folds the same name: {', '.join(sorted(names))}.")
    empty = [fold.name for fold in folds if not len(fold.train) or not len(fold.test)]
    if empty or not folds:
        n_subjects = len(ordered_unique(subject))
        raise DataError(
            f"{type(splitter).__name__} leaves nobody to learn from or to judge in fold "
            f"{', '.join(empty) or '(none)'} (subjects: {n_subjects}). Add subjects or choose another split."
        )
    untested = set(range(len(y))) - set(np.concatenate([fold.test for fold in folds]).tolist())
    if untested and getattr(splitter, "judges_everyone", True):
        raise ConfigError(
            f"{type(splitter).__name__} never tests {len(untested)} of {len(y)} samples. Choose a split that tests all."
        )
    return folds


def subjects_of(groups: Any) -> np.ndarray:
    if groups is None:
        raise ConfigError("A split over subjects needs `groups`, the subject of each row.")
    return np.asarray(groups).astype(str)


def _numbered(n: int) -> list[str]:
    return [f"fold_{i + 1:0{len(str(n))}d}" for i in range(n)]
