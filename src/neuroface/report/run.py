"""A finished run folder, read once: predictions, scores, null, feature table, cohort, audit."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neuroface import outside
from neuroface.errors import DataError
from neuroface.evaluate.cells import plain_table
from neuroface.evaluate.run_files import ACCEPTED, read_json, read_yaml
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.splits import is_plain
from neuroface.evaluate.tournament import judged
from neuroface.report import roc

NEEDED = ("config.yaml", "run.json", "predictions.csv", "scores.json")
MOST_HEAD_BYTES = 100_000_000  # of a safetensors file, by its format
TEXT_COLUMNS = ("sample", "subject", "group", "task", "fold", "y")


@dataclass(frozen=True)
class Headline:
    """The one number a run is about. name: in words; key: its name in scores.json; interval, null and p may be None.

    method: how the interval was made.
    """

    name: str
    key: str
    value: float
    interval: tuple[float, float] | None
    method: str | None
    null_mean: float | None
    null_sd: float | None
    p: float | None
    n_permutations: int
    dummy: float | None


@dataclass(frozen=True, eq=False)
class Run:
    """What stands in one run folder.

    predictions: one row per sample, however many folds tested it. null: rows of every permutation, or None. features,
    quality: the feature table and the quality of each recording, or None.
    classes: in the order of the confusion matrix; of two, the last is the positive one.
    """

    folder: Path
    config: Mapping[str, Any]
    facts: Mapping[str, Any]
    scores: Mapping[str, Any]
    predictions: pd.DataFrame
    null: pd.DataFrame | None
    features: pd.DataFrame | None
    quality: pd.DataFrame | None
    cohort: Mapping[str, Any]
    audit: Mapping[str, Any]

    @cached_property
    def classes(self) -> tuple[str, ...]:
        return tuple(str(name) for name in self.scores["classes"])

    @property
    def positive(self) -> str:
        return str(self.scores.get("positive", self.classes[-1]))

    @property
    def is_binary(self) -> bool:
        return len(self.classes) == 2

    @cached_property
    def is_within_person(self) -> bool:
        """Whether the classes lie inside people (an expression), not between them (a disease)."""
        if self.design:
            return bool(self.design["kind"] == "within")
        return self.scores.get("target") == "label" or "per_subject" in self.subject_scores

    @property
    def design(self) -> Mapping[str, Any]:
        """Whether classes lie between people, within them or both, and for whom; {} in runs of earlier versions."""
        return self.scores.get("design") or {}

    @cached_property
    def covariates(self) -> Mapping[str, Any]:
        """What covariates tell by themselves (evaluate/covariates.py); {} where the run has none."""
        return _optional(self.folder / "covariates.json")

    @cached_property
    def repeatability(self) -> pd.DataFrame:
        """How well each feature comes back (repeatability_table.py); empty where nobody repeats."""
        found = read_table(self.folder / "repeatability.csv")
        return pd.DataFrame() if found is None else found

    @cached_property
    def mixed(self) -> pd.DataFrame:
        """How the groups differ in each feature, all repetitions used (mixed_table.py); empty for other questions."""
        found = read_table(self.folder / "mixed.csv")
        return pd.DataFrame() if found is None else found.fillna({"unit": ""})  # some have none

    @property
    def is_synthetic(self) -> bool:
        return bool(self.cohort.get("synthetic", False))

    @property
    def choices(self) -> Mapping[str, Any]:
        """What was picked from each configuration group: {"classifier": "forest", ...}."""
        return self.facts.get("choices") or {}

    @property
    def subject_scores(self) -> Mapping[str, Any]:
        return self.scores["subject"]

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.predictions["task"]))

    @property
    def people(self) -> Mapping[str, int]:
        """Group (or class, where it lies inside people) -> number of subjects with a prediction."""
        by = "y" if not self.is_within_person else "group"
        counts = self.predictions.groupby(by, sort=False)["subject"].nunique()
        order = [name for name in self.classes if name in counts] or list(counts.index)
        return {str(name): int(counts[name]) for name in order}

    @property
    def decisions(self) -> Mapping[str, Any]:
        """The part of the scores that holds decisions: over people, or over samples where classes lie inside people."""
        return self.scores["repetition"] if self.is_within_person else self.subject_scores

    @cached_property
    def units(self) -> pd.DataFrame:
        """What is scored: one row per person (and class, where classes lie inside people), sorted by class.

        Columns subject, y, p_<class>... (mean over repetitions per task, then over tasks), lowest and highest (range of
        the last class's p over repetitions), threshold (of the person's folds, where there is one), n (repetitions).
        """
        columns = [f"p_{name}" for name in self.classes]
        numbers = columns + (["threshold"] if "threshold" in self.predictions else [])
        units = _staged_mean(self.predictions, ["subject", "y"], numbers)
        spread = self.predictions.groupby(["subject", "y"], sort=False)[columns[-1]]
        units["lowest"], units["highest"], units["n"] = spread.min(), spread.max(), spread.size()
        order = {name: position for position, name in enumerate(self.classes)}
        return units.reset_index().sort_values("y", key=lambda y: y.map(order), kind="stable", ignore_index=True)

    @cached_property
    def headline(self) -> Headline:
        found, key, name = self.subject_scores, "auc", "subject AUC"
        if self.is_within_person:
            name = "mean AUC per person"
        if not self.is_binary:
            found, key = self.decisions, "accuracy"
            name = "accuracy over repetitions" if self.is_within_person else "accuracy"
        return Headline(
            name=name,
            key=key,
            value=float(found[key]),
            interval=interval_of(found, key),
            method=found.get(f"{key}_ci_method") or found.get("note"),
            null_mean=found.get(f"{key}_null_mean"),
            null_sd=found.get(f"{key}_null_sd"),
            p=found.get(f"{key}_p"),
            n_permutations=int(found.get("n_permutations") or 0),
            dummy=found.get(f"dummy_{key}"),
        )

    @cached_property
    def n_parameters(self) -> int | None:
        """How many numbers the network of one fold holds, from the head of its file; None where no network is kept."""
        file = next(iter(sorted((self.folder / "models").glob("*.safetensors"))), None)
        if file is None:
            return None
        with file.open("rb") as content:
            length = min(int.from_bytes(content.read(8), "little"), MOST_HEAD_BYTES)
            head = outside.read_json(content.read(length))
        shapes = [entry["shape"] for name, entry in head.items() if name.startswith("network.")]
        return sum(int(np.prod(shape)) for shape in shapes)

    @cached_property
    def permutations(self) -> list[pd.DataFrame]:
        """The null's predictions, one frame per permutation, in the units that are scored; y is the permuted class."""
        if self.null is None:
            return []
        null = self.null
        if not self.is_within_person:
            columns = [f"p_{name}" for name in self.classes]
            null = _staged_mean(null, ["permutation", "subject", "y"], columns).reset_index()
        return [frame for _, frame in null.groupby("permutation", sort=True)]

    @cached_property
    def null_values(self) -> np.ndarray:
        """(n_permutations,): the headline number under each permutation."""
        return np.array([self._headline_of(frame) for frame in self.permutations])

    def _headline_of(self, frame: pd.DataFrame) -> float:
        columns = [f"p_{name}" for name in self.classes]
        truth = frame["y"].to_numpy()
        if not self.is_binary:
            return float(np.mean(np.array(self.classes)[frame[columns].to_numpy().argmax(axis=1)] == truth))
        positive, score = truth == self.positive, frame[f"p_{self.positive}"].to_numpy()
        if not self.is_within_person:
            return roc.auc(positive, score)
        people = frame["subject"].to_numpy()
        own = [roc.auc(positive[people == one], score[people == one]) for one in np.unique(people)]
        return float(np.nanmean(own))  # a person who shows one class has none


def interval_of(found: Mapping[str, Any], key: str) -> tuple[float, float] | None:
    """The interval of a score: the one made for it, else that of the bootstrap, else None."""
    ends = found.get(f"{key}_ci") or found.get(f"{key}_ci_bootstrap")
    return None if ends is None else (float(ends[0]), float(ends[1]))


def feature_columns(table: pd.DataFrame) -> list[str]:
    """The numeric columns after `y`: a feature table starts with who and what, then the class, then the features."""
    after = table.columns[list(table.columns).index("y") + 1 :]
    return [str(c) for c in after if pd.api.types.is_numeric_dtype(table[c])]


def _staged_mean(table: pd.DataFrame, keys: list[str], columns: list[str]) -> pd.DataFrame:
    """Mean per task, then over tasks, indexed by `keys`: every task of a person weighs the same.

    Rounded to 12 decimals, so that people whose repetitions differ only in their order stay tied.
    """
    per_task = table.groupby([*keys, "task"], sort=False)[columns].mean()
    return per_task.groupby(level=keys, sort=False).mean().round(12)


def read(folder: Path | str) -> Run:
    """The finished run in `folder`. DataError names what is missing from it, or what cannot be read."""
    folder = Path(folder)
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise DataError(
            f"{folder} is not a finished run: {', '.join(missing)} missing. "
            f"Finish it with the same `neuroface train ... run={folder}`; done folds are kept."
        )
    tell_rot(folder)
    if column := read_json(folder / "scores.json").get("column"):
        raise DataError(
            f"{folder} predicts a number, {column}, and this asks for a run that tells classes. Its own report has "
            f"everything: neuroface report run={folder}."
        )
    scores = read_json(folder / "scores.json", "classes", "subject", "repetition")
    run = Run(
        folder=folder,
        config=read_yaml(folder / "config.yaml"),
        facts=read_json(folder / "run.json"),
        scores=scores,
        predictions=_predictions(folder / "predictions.csv", [str(name) for name in scores["classes"]]),
        null=_null(folder / "null"),
        features=read_table(folder / "samples.csv"),
        quality=read_table(folder / "quality.csv"),
        cohort=_optional(folder / "cohort.json"),
        audit={**_optional(folder / "audit.json"), "accepted": _optional(folder / ACCEPTED)},
    )
    return run


@functools.cache  # once in a command, however often it reads the run
def tell_rot(folder: Path) -> None:
    """Say on standard error which files of a finished run hold other bytes than were written."""
    if rotten := RunFolder(folder).rotten():
        more = f" and {len(rotten) - 5} more" if len(rotten) > 5 else ""
        print(
            f"{folder}: {', '.join(rotten[:5])}{more} hold other bytes than this run wrote: changed by hand, or by a "
            "disk that fails. Restore them from a copy, or delete the run and train again.",
            file=sys.stderr,
        )


def _predictions(file: Path, classes: list[str]) -> pd.DataFrame:
    """One row per sample (see tournament.judged). DataError where it does not hold the classes of the scores."""
    table = _csv(file)
    absent = [f"p_{name}" for name in classes if f"p_{name}" not in table]
    if absent:
        raise DataError(
            f"{file} has no column {', '.join(absent)}, but scores.json names the classes {', '.join(classes)}. "
            f"Score the run again with `neuroface eval run={file.parent}`."
        )
    if odd := [name for name in table["fold"].unique() if not is_plain(str(name))]:
        raise DataError(f"{file} names a fold {odd[0]!r}, which is no name of a file. It was changed by hand.")
    return judged(table, classes)


def _optional(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def read_table(file: Path) -> pd.DataFrame | None:
    """A table that a run may have; None where it is absent or empty."""
    return _csv(file) if file.is_file() and file.stat().st_size > 1 else None


def _csv(file: Path | StringIO) -> pd.DataFrame:
    text_columns = dict.fromkeys(TEXT_COLUMNS, str)
    try:
        return plain_table(
            pd.read_csv(file, dtype=text_columns, keep_default_na=False, na_values=["", "nan"], encoding="utf-8")
        )
    except ValueError as error:  # no text, no table
        raise DataError(
            f"{file} cannot be read: {str(error).splitlines()[0]}. Train again with another run=."
        ) from error


def _null(folder: Path) -> pd.DataFrame | None:
    """All permutations in one frame. Hundreds of small files: parsed once, as one text."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.csv"))]
    if not texts:
        return None
    header = texts[0].partition("\n")[0]
    return _csv(StringIO(header + "\n" + "".join(text.partition("\n")[2] for text in texts)))
