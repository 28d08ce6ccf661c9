"""Several finished runs as one: the mean of their probabilities, or weights learnt from people held out inside folds.

The runs must have asked the same question of the same people in the same folds: of the same samples, or each of a task
of its own. Then a person's tasks are taken together (a repetition of one task has no partner in another), and the
weights say how much each task counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.evaluate.design import Kind, design_of
from neuroface.evaluate.ensemble_checks import joined_tasks, refuse_unlike
from neuroface.evaluate.pooling import learnt_weights
from neuroface.evaluate.predictions import PART, SIDE, classes_of, read_null, read_predictions
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.threshold import NEUTRAL, threshold_of

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("mean", "stack")
KEY = ("sample", "subject", "group", "task", "repetition", "fold", "y")


def combine(runs: Sequence[Path], *, method: str = "mean") -> tuple[pd.DataFrame, dict[str, list[float]]]:
    """predictions.csv of the ensemble, and each fold's weights of the runs (they add up to 1).

    method: "mean" weighs all runs alike; "stack" chooses, in each fold, the weights with the least log-loss on people
    that every run held out inside that fold, drawn towards equal weights. The threshold between two classes is chosen
    on the same people; .5 where there are none.
    Errors: ConfigError for one run, one that is told twice, or an unknown method; DataError for runs that do not fit
    together (see ensemble_checks), and for "stack" where a run kept no inner predictions.
    """
    if method not in METHODS:
        raise ConfigError(f"ensemble={method}: there is no such ensemble." + did_you_mean(method, METHODS))
    if len(runs) < 2:
        raise ConfigError("An ensemble needs two runs or more: run=[A,B,...].")
    if len({run.resolve() for run in runs}) < len(runs):
        raise ConfigError("A run is named twice in run=[...]; an ensemble of a run and itself is that run.")
    refuse_unlike(runs)
    tables = [read_predictions(run / "predictions.csv") for run in runs]
    joined = joined_tasks(runs, tables)
    if joined:
        tables = [by_person(table, joined, of=run) for table, run in zip(tables, runs, strict=True)]
    classes = classes_of(tables[0].columns)
    names = [f"p_{c}" for c in classes]
    for run, table in zip(runs[1:], tables[1:], strict=True):
        _check_same(runs[0], tables[0], run, table)
    aligned = [table.set_index(["sample", "fold"]).loc[_order(tables[0])] for table in tables]
    p = np.stack([table[names].to_numpy(float) for table in aligned])
    own = [
        name for name in tables[0] if str(name).startswith(PART) or name == SIDE
    ]  # of single runs, not of their mean
    found, task_of = tables[0].drop(columns=own), tables[0].drop_duplicates("sample").set_index("sample")["task"]
    design = design_of(found["y"].to_numpy(str), found["subject"].to_numpy(str)).kind
    weights: dict[str, list[float]] = {}
    for fold in dict.fromkeys(found["fold"]):
        rows = (found["fold"] == fold).to_numpy()
        inner = _inner(runs, fold, names, task_of, joined)
        weights[fold] = _weights(inner, classes, method, runs, fold)
        found.loc[rows, names] = np.tensordot(weights[fold], p[:, rows], axes=1)
        if "threshold" in found:
            found.loc[rows, "threshold"] = _threshold(inner, weights[fold], classes, design)
    return found, weights


def combined_null(runs: Sequence[Path]) -> pd.DataFrame | None:
    """The null of the runs' mean: permutation by permutation the mean of theirs, which were fitted anew.

    None where a run has none, or not a refitted one, or where the runs did not permute alike.
    """
    if any(RunFolder(run).facts.get("null") != "refit" for run in runs):
        return None
    tables = [read_null(run) for run in runs]
    if any(table is None for table in tables) or len({RunFolder(run).facts["seeds"]["run"] for run in runs}) > 1:
        return None
    known = [table for table in tables if table is not None]
    if joined := joined_tasks(runs, [read_predictions(run / "predictions.csv") for run in runs]):
        known = [_null_by_person(table, joined) for table in known]
    first = known[0]
    keys = [name for name in ("permutation", "sample", "subject", "task", "y") if name in first]
    p = [str(name) for name in first if str(name).startswith("p_")]
    shared = first
    for table in known[1:]:
        if [*table.columns] != [*first.columns]:
            return None
        shared = shared[shared["permutation"].isin(table["permutation"])]
        other = shared[keys].merge(table, on=keys, how="left")
        if len(other) != len(shared) or other[p].isna().to_numpy().any():
            return None
        shared = shared.assign(**{name: shared[name].to_numpy() + other[name].to_numpy() for name in p})
    return shared.assign(**{name: shared[name] / len(runs) for name in p}) if len(shared) else None


def by_person(table: pd.DataFrame, joined: str, *, of: Path) -> pd.DataFrame:
    """One row per person and fold: means over repetitions per task, then over tasks; its task is all of them together.

    Errors: DataError where classes lie within people, whose rows of different tasks have nothing in common.
    """
    keys = [name for name in ("subject", "group", "fold", "y") if name in table]
    if table.groupby("subject")["y"].nunique().max() > 1:
        raise DataError(f"{of} has classes within people; runs of different tasks are one for classes of people only.")
    numbers = [n for n in table if str(n).startswith(("p_", "dummy_p_")) or n == "threshold"]
    means = table.groupby([*keys, "task"], sort=False)[numbers].mean().groupby(level=keys, sort=False).mean()
    found = means.reset_index()
    found = found.assign(sample=found["subject"], task=joined, repetition=0)
    return found[[name for name in table if name in found]]


def _null_by_person(table: pd.DataFrame, joined: str) -> pd.DataFrame:
    keys = ["permutation", "subject", "y"]
    numbers = [n for n in table if str(n).startswith("p_")]
    found = table.groupby([*keys, "task"], sort=False)[numbers].mean().groupby(level=keys, sort=False).mean()
    return found.reset_index().assign(task=joined)[["permutation", "subject", "task", "y", *numbers]]


def _order(table: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(table["sample"], table["fold"], strict=True))


def _check_same(first: Path, a: pd.DataFrame, other: Path, b: pd.DataFrame) -> None:
    if numbers := [str(run) for run, table in ((first, a), (other, b)) if not classes_of(table.columns)]:
        raise DataError(
            f"{' and '.join(numbers)}: an ensemble is of runs that tell classes, and here a number is predicted. "
            "Set ensemble=null to score each run by itself."
        )
    if classes_of(a.columns) != classes_of(b.columns):
        raise DataError(f"{other} tells {classes_of(b.columns)} apart, {first} {classes_of(a.columns)}.")
    truth = [dict(zip(_order(table), table["y"], strict=True)) for table in (a, b)]
    if odd_ones := [key for key, y in truth[0].items() if truth[1].get(key, y) != y]:
        raise DataError(
            f"{first} and {other} know other classes of {len(odd_ones)} samples, such as {odd_ones[0][0]}: "
            f"{truth[0][odd_ones[0]]} in one, {truth[1][odd_ones[0]]} in the other. Name runs of one protocol."
        )
    rows = [set(map(tuple, table[list(KEY)].astype(str).to_numpy().tolist())) for table in (a, b)]
    if rows[0] != rows[1]:
        odd = sorted(rows[0] ^ rows[1])[0]
        raise DataError(
            f"{first} and {other} do not judge the same samples in the same folds: {odd[0]} (fold {odd[5]}) stands in "
            "one of them only. Run both with the same cohort, protocol and split."
        )


def _inner(
    runs: Sequence[Path], fold: str, names: Sequence[str], task_of: pd.Series, joined: str = ""
) -> tuple[np.ndarray, pd.DataFrame] | None:
    """(n_runs, n, k) probabilities of the samples that every run held out inside a fold, and whose they are.

    task_of: sample -> its task; inner predictions of earlier versions do not tell it.
    """
    files = [run / "inner" / f"{fold}.csv" for run in runs]
    if not all(file.is_file() for file in files):
        return None
    tables = [read_predictions(file) for file in files]
    if joined:
        tables = [by_person(_with_task(t), joined, of=run) for t, run in zip(tables, runs, strict=True)]
    tables = [table.set_index("sample") for table in tables]
    shared = [s for s in tables[0].index if all(s in table.index for table in tables[1:])]
    if not shared:
        return None
    who = tables[0].loc[shared].assign(task=task_of.loc[shared])
    return np.stack([table.loc[shared, list(names)].to_numpy(float) for table in tables]), who


def _with_task(table: pd.DataFrame) -> pd.DataFrame:
    return table if "task" in table else table.assign(task="")


def _weights(
    inner: tuple[np.ndarray, pd.DataFrame] | None, classes: Sequence[str], method: str, runs: Sequence[Path], fold: str
) -> list[float]:
    equal = np.full(len(runs), 1 / len(runs))
    if method == "mean":
        return equal.tolist()
    if inner is None:
        raise DataError(
            f"No person was held out inside fold {fold} by all of {', '.join(map(str, runs))}, so weights cannot be "
            "learnt honestly. Set ensemble=mean."
        )
    p, who = inner
    truth = np.array([classes.index(y) for y in who["y"]])
    # What is judged weighs the same: a person's tasks, and in each the repetitions; each class shown by itself.
    rows = who.groupby(["subject", "y", "task"])["y"].transform("size")
    tasks = who.groupby(["subject", "y"])["task"].transform("nunique")
    per_row = 1 / (rows * tasks).to_numpy(float)
    return learnt_weights(p[:, np.arange(len(truth)), truth], per_row).tolist()


def _threshold(
    inner: tuple[np.ndarray, pd.DataFrame] | None, weights: Sequence[float], classes: Sequence[str], design: Kind
) -> float:
    if inner is None:
        return NEUTRAL
    p, who = inner
    scores = np.tensordot(np.asarray(weights), p, axes=1)[:, 1]
    y, subject, task = (who[name].to_numpy(str) for name in ("y", "subject", "task"))
    return threshold_of(scores, y, subject, positive=classes[1], task=task, design=design)
