"""Two methods on the same people: differences between pairs of cells, and p values adjusted over a family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neuroface.errors import DataError
from neuroface.evaluate.same_people import other_clinic
from neuroface.report import run as runs
from neuroface.report import wording
from neuroface.report.run import Run

if TYPE_CHECKING:
    from neuroface.evaluate.paired import Paired

TESTS = {"p_refit": "p, both fitted again", "p_swap": "p, swapped", "p_delong": "p, DeLong"}


def in_words(frame: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """A paired_table as text."""
    numbers = (first, second, "difference", "low", "high", "p", "p_holm", *TESTS)
    shown = frame[[column for column in frame if column not in numbers]].astype(str)
    for name in (first, second):
        shown[f"AUC {name}"] = frame[name].map(wording.number)
    shown["difference"] = frame["difference"].map(wording.signed)
    shown["95 % interval"] = [
        wording.NOTHING if np.isnan(ends).any() else wording.interval(ends)
        for ends in frame[["low", "high"]].to_numpy(float).tolist()
    ]
    for name, heading in {**TESTS, "p_holm": "p (Holm)"}.items():
        if frame[name].notna().any():
            shown[heading] = [wording.number(value, 3) for value in frame[name].astype(float)]
    return shown


def note(shown: pd.DataFrame) -> str:
    """What the tests of a table of differences hold, of those it shows."""
    leading = next(heading for heading in TESTS.values() if heading in shown)
    told = (
        f"Differences: p (Holm) is of the column “{leading}”. Swapping the two methods' scores within people, like "
        "DeLong's paired test and its interval, takes the fitted folds as given: with two equally good classifiers "
        "under leave one subject out, 11 v 11, they find a difference at .05 in .06 to .23 of the cases, most where "
        "there is least to find"
    )
    if leading != TESTS["p_refit"]:
        return (
            f"{told}, so read a p close to .05 as none; runs with 19 or more refitted permutations have a better one."
        )
    return f"{told}; fitting both again with the same permuted classes does so in .01 to .05 (docs/statistics.md)."


def paired_table(cells: Sequence[Mapping[str, Any]], *, by: str, first: str, second: str) -> pd.DataFrame:
    """One row per pair of cells that differ in `by` only: the AUC of both, and how much `second` is above `first`.

    cells: as in tables.experiment_table. Everything in a row, both AUCs too, is of the people who are judged in both
    runs (the column `people`), so the difference is tested paired (see evaluate.paired); p_holm is p adjusted over all
    pairs. Pairs of which a run is missing, is not about two classes of people, or is of another synthetic clinic, whose
    people have the same names, are left out.
    """
    found: dict[tuple[tuple[str, Any], ...], dict[str, Run]] = {}
    for cell in cells:
        run, _ = read_cell(cell)
        rest = tuple((key, value) for key, value in cell["columns"].items() if key != by)
        if run is not None and run.is_binary and not run.is_within_person:
            found.setdefault(rest, {})[cell["columns"][by]] = run
    rows = []
    for rest, runs_of in found.items():
        if {first, second} <= runs_of.keys() and not other_clinic(runs_of[first].folder, runs_of[second].folder):
            people, aucs, difference = compare_runs(runs_of[first], runs_of[second])
            found_aucs = dict(zip((first, second), aucs, strict=True))
            told = difference._asdict()
            rows.append({**dict(rest), "people": people, **found_aucs, "difference": told.pop("value"), **told})
    frame = pd.DataFrame(rows)
    return frame.assign(p_holm=holm(frame["p"].to_numpy(float))) if rows else frame


def compare_runs(first: Run, second: Run) -> tuple[int, tuple[float, float], Paired]:
    """How many people both judge, both AUCs among them, and how much the second is above the first."""
    from neuroface.evaluate.paired import compare
    from neuroface.evaluate.statistics import auc

    units = [run.units.set_index(["subject", "y"]) for run in (first, second)]
    same = units[0].index.intersection(units[1].index)
    a, b = (unit.loc[same, f"p_{first.positive}"].to_numpy(float) for unit in units)
    positive, person = same.get_level_values("y") == first.positive, same.get_level_values("subject").to_numpy()
    found = compare(b, a, positive, person=person, null=null_differences(first, second, person))
    return len(set(person)), (float(auc(a, positive)), float(auc(b, positive))), found


def null_differences(first: Run, second: Run, person: np.ndarray) -> np.ndarray | None:
    """(B,) AUC of the second less that of the first where both were fitted again with the same permuted classes.

    None where they were not: another number of permutations, another seed, other people, or a null of predictions.
    """
    from neuroface.evaluate.statistics import auc

    nulls = first.permutations, second.permutations
    refitted = all(run.facts.get("null", "refit") == "refit" for run in (first, second))
    if not refitted or not nulls[0] or len(nulls[0]) != len(nulls[1]):
        return None
    values = []
    for one, other in zip(*nulls, strict=True):
        a, b = (frame.set_index("subject") for frame in (one, other))
        if not a.index.is_unique or not a["y"].sort_index().equals(b["y"].sort_index()):
            return None
        a, b = a.loc[person], b.loc[person]
        positive, column = (a["y"] == first.positive).to_numpy(), f"p_{first.positive}"
        values.append(auc(b[column].to_numpy(float), positive) - auc(a[column].to_numpy(float), positive))
    return np.array(values)


def holm(p: np.ndarray) -> np.ndarray:
    """(n,) p values adjusted by Holm's step-down procedure; NaN stays NaN and does not count.

    Holm, Scandinavian Journal of Statistics 6 (1979) 65.
    """
    adjusted = np.full(len(p), np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = (len(order) - np.arange(len(order))) * p[order]
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(order) else steps
    return adjusted


def read_cell(cell: Mapping[str, Any]) -> tuple[Run | None, str]:
    """The finished run of a cell, or None; and whether it is done, missing or incomplete."""
    folder = Path(cell["folder"])
    if not folder.is_dir():
        return None, "missing"
    try:
        return runs.read(folder), "done"
    except DataError:
        return None, "incomplete"
