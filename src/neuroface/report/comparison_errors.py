"""Runs that predict a number, or find landmarks, compared pair by pair on the same people: by their errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neuroface.errors import ConfigError, DataError
from neuroface.evaluate import comparison, regression
from neuroface.evaluate.bootstrap import bca_interval, resampled
from neuroface.evaluate.run_files import read_json
from neuroface.evaluate.scores_regression import people_of
from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.statistics import permutation_p
from neuroface.landmarks import comparison as of_points
from neuroface.report import landmark_page, wording
from neuroface.report.comparison import doubts, finish, names_of

DRAWS = 2000
FEWEST = 19  # permutations; with fewer no p is .05
AFTER = "error_after"  # of the network as it was fine-tuned
Score = Callable[[np.ndarray], np.ndarray]


def rmse(errors: np.ndarray) -> np.ndarray:
    """(...) of errors (..., n)."""
    return np.sqrt((errors**2).mean(axis=-1))


def mae(errors: np.ndarray) -> np.ndarray:
    """(...) of errors (..., n)."""
    return np.abs(errors).mean(axis=-1)


def compare_numbers(folders: Sequence[Path], out: Path) -> str:
    """Write out/differences.csv and out/table.html of runs that predict the same number of the same people.

    RMSE and mean absolute error, each person once: difference (second less first, below 0 where the second errs less),
    BCa bootstrap interval over people, and a test: the difference beside those of both runs fitted again with the same
    numbers changing hands, where both have the same null; else one that swaps the two errors within people (exact up to
    12 people).
    Errors: ConfigError for fewer than two runs, DataError for another number, other people or other values of it.
    """
    found = {name: _numbers(folder) for name, folder in zip(names_of(folders), folders, strict=True)}
    _check_same(found)
    rows = []
    for (a, first), (b, second) in combinations(found.items(), 2):
        before, after = ((of["predicted"] - of["y"]).to_numpy(float) for of in (first, second))
        again = _errors_again(first, second)
        for words, score in (("RMSE", rmse), ("mean absolute error", mae)):
            row = {"first": a, "second": b, **_row(words, before, after, score)}
            if again is not None:
                null = np.abs(score(again[1]) - score(again[0]))
                row |= {"p": permutation_p(abs(row["difference"]), null), "test": "both fitted again"}
            rows.append(row)
    column = next(iter(found.values())).attrs["column"]
    notes = [
        f"Errors of {column}, each person once; a difference below 0 means that the second errs less.",
        CONDITIONAL,
    ]
    if any(row["test"] == "both fitted again" for row in rows):
        notes.append(REFITTED)
    return finish(pd.DataFrame(rows), [*notes, *doubts(folders)], list(found), out)


CONDITIONAL = (
    "Intervals, and tests that swap, take the fitted folds as given and find differences too often "
    "(docs/statistics.md)."
)
REFITTED = (
    "Both fitted again: the difference beside those of the two nulls, permutation by permutation. There both runs err "
    "as much as the numbers vary, so that a difference between two good runs may be missed."
)


def _errors_again(first: pd.DataFrame, second: pd.DataFrame) -> tuple[np.ndarray, np.ndarray] | None:
    """(B, n) errors of both runs in each permutation; None where they did not permute alike, or seldom."""
    tables = [regression.read_null(of.attrs["folder"]) for of in (first, second)]
    if any(table is None for table in tables):
        return None
    wide = [
        [table.pivot_table(index="permutation", columns="subject", values=name) for name in ("y", "predicted")]
        for table in tables
        if table is not None
    ]
    (y, a), (other, b) = wide
    if (
        len(y) < FEWEST
        or y.shape != other.shape
        or not (y.index.equals(other.index) and y.columns.equals(other.columns))
    ):
        return None
    if not np.allclose(y, other):
        return None
    return (a - y).to_numpy(float), (b - other).to_numpy(float)


def _row(words: str, a: np.ndarray, b: np.ndarray, score: Score) -> dict[str, Any]:
    difference, p = comparison.swapped(a, b, score)
    rng = np.random.default_rng(derive_seed("compare", words, len(a)))
    rows = resampled(np.zeros(len(a)), DRAWS, rng)
    left_out = np.array([float(score(np.delete(b, i)) - score(np.delete(a, i))) for i in range(len(a))])
    low, high = bca_interval(difference, score(b[rows]) - score(a[rows]), left_out)
    row = {"measure": words, "people": len(a), "a": float(score(a)), "b": float(score(b)), "difference": difference}
    return row | {"low": low, "high": high, "p": p, "test": "swapped"}


def _numbers(folder: Path) -> pd.DataFrame:
    people = people_of(regression.read(folder)).set_index("subject").sort_index()
    people.attrs["folder"] = folder
    people.attrs["column"] = str(read_json(folder / "scores.json", "column")["column"])
    return people


def _check_same(found: Mapping[str, pd.DataFrame]) -> None:
    (name, first), *others = found.items()
    for other, people in others:
        if people.attrs["column"] != first.attrs["column"]:
            raise DataError(f"{other} predicts {people.attrs['column']}, {name} {first.attrs['column']}.")
        if odd := sorted(set(first.index) ^ set(people.index)):
            raise DataError(f"{name} and {other} judge different people: {wording.listed(odd)} in one of them only.")
        if len(odd := list(first.index[~np.isclose(first["y"], people["y"])])):
            raise DataError(f"{name} and {other} know other values of {wording.listed(odd)}.")


def compare_points(folders: Sequence[Path], out: Path) -> str:
    """Write out/differences.csv and out/table.html of fine-tuned landmark networks judged on the same frames.

    The error of each run's network (NRMSE by default): mean over people of each one's mean change, its interval, and a
    test that turns signs of whole people. Errors: DataError for other frames or another definition of the error.
    """
    found = {name: landmark_page.read(folder) for name, folder in zip(names_of(folders), folders, strict=True)}
    (name, first), *others = found.items()
    frames = {of: run["frames"].set_index("sample")[["subject", AFTER]].sort_index() for of, run in found.items()}
    for other, run in others:
        if run["definition"] != first["definition"]:
            raise DataError(f"{other} measures {run['definition']}, {name} {first['definition']}.")
        if odd := sorted(set(frames[name].index) ^ set(frames[other].index)):
            raise DataError(f"{name} and {other} judge different frames: {wording.listed(odd)} in one of them only.")
    scale = 100 if first["unit"] == "%" else 1
    rows = []
    for a, b in combinations(found, 2):
        errors = [scale * frames[of][AFTER].to_numpy(float) for of in (a, b)]
        both = np.isfinite(errors[0]) & np.isfinite(errors[1])
        subject = frames[a]["subject"].to_numpy(str)
        of = of_points.by_person(errors[1], errors[0], subject.tolist())
        means = [float(pd.Series(e[both]).groupby(subject[both]).mean().mean()) for e in errors]
        row = {"first": a, "second": b, "measure": f"NRMSE, {first['unit']}", "people": of.n_people, "a": means[0]}
        row |= {"b": means[1], "difference": of.difference, "low": of.low, "high": of.high, "p": of.p_sign_flip}
        rows.append(row | {"test": f"signs of people; interval: {of.interval}"})
    notes = [
        f"Error: {first['definition']}. Mean over people of each one's frames with a face in both; a difference "
        "below 0: the second errs less."
    ]
    return finish(pd.DataFrame(rows), [*notes, *doubts(folders)], list(found), out)


def refuse_mixed(kinds: Sequence[str]) -> None:
    """ConfigError where runs of different kinds are asked to be compared."""
    if len(set(kinds)) > 1:
        raise ConfigError(f"compare=true compares runs of one kind; these are {', '.join(dict.fromkeys(kinds))}.")
