"""Several runs of the same people compared, pair by pair: table.html, differences.csv and lines for the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neuroface.errors import ConfigError, DataError
from neuroface.evaluate import comparison
from neuroface.evaluate.cells import guarded_table
from neuroface.evaluate.same_people import facts_apart, other_clinic
from neuroface.report import run as runs
from neuroface.report import wording
from neuroface.report.differences import compare_runs, holm, null_differences
from neuroface.report.html import render_experiment
from neuroface.report.page_files import write_whole
from neuroface.report.run import Run
from neuroface.report.tables import aligned_text

Z95 = 1.9599640  # the normal quantile of a 95 % interval


def compare(folders: Sequence[Path], out: Path, *, margin: float | None = None) -> str:
    """Write out/differences.csv and out/table.html; returns the table and what it means.

    folders: finished runs that judge the same people in the same classes. margin: of the AUC, below which a difference
    counts as none. Errors: ConfigError for one run, the same one twice or a margin that is none; DataError where the
    runs judge other people or ask something else.
    """
    if margin is not None and not 0 < margin < 1:
        raise ConfigError(f"margin is {margin}; it must lie between 0 and 1, such as .05 of an AUC.")
    found = {name: runs.read(folder) for name, folder in zip(names_of(folders), folders, strict=True)}
    _check_same(found)
    rows, nulls = [], []
    for (a, first), (b, second) in combinations(found.items(), 2):
        new, null = _pair(first, second, margin)
        rows += [{"first": a, "second": b, **row} for row in new]
        nulls.append(null)
    table = pd.DataFrame(rows)
    if len(nulls) > 1 and (family := _family(nulls)) is not None:
        here = table["measure"] == "AUC"
        table.loc[here, "p_max_t"] = comparison.max_t(table.loc[here, "difference"].to_numpy(float), family)
    return finish(table, [*_notes(found, table, margin), *doubts(folders)], list(found), out)


def finish(table: pd.DataFrame, notes: list[str], names: Sequence[str], out: Path) -> str:
    """Adjust p over the pairs of each measure, write both files, and return the table and its notes as text.

    table: one row per pair and measure, with first, second, measure, people, a, b, difference, low, high, p and test.
    """
    for measure in dict.fromkeys(table["measure"]):
        here = table["measure"] == measure
        table.loc[here, "p_holm"] = holm(table.loc[here, "p"].to_numpy(float))
    adjusted = (
        "Holm's adjustment is over the pairs of one measure." if len(names) > 2 else "One pair: nothing to adjust."
    )
    notes = [adjusted, *notes]
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / "differences.csv", guarded_table(table).to_csv(index=False).encode())
    shown, title = _shown(table), "Compared on the same people: " + ", ".join(names)
    page = render_experiment(shown, notes=notes, title=title, out_dir=out, second=pd.DataFrame())
    return "\n".join([title, aligned_text(shown), *notes, str(page)])


def names_of(folders: Sequence[Path]) -> list[str]:
    """The shortest names that tell runs apart.

    Errors: ConfigError for fewer than two, or for the same one twice; DataError for two synthetic clinics.
    """
    if len(folders) < 2 or len({folder.resolve() for folder in folders}) < len(folders):
        raise ConfigError("compare=true needs two runs or more, each once: run=[A,B].")
    for other in folders[1:]:
        if told := other_clinic(folders[0], other):
            raise DataError(
                f"{told} Their people have the same names and are not the same; compare runs of one of them."
            )
    short = len({folder.name for folder in folders}) == len(folders)
    return [folder.name if short else str(folder) for folder in folders]


def doubts(folders: Sequence[Path]) -> list[str]:
    """What to say where runs know other facts of people of the same names, such as their age."""
    told = (facts_apart(folders[0], other) for other in folders[1:])
    return [f"{one} A comparison is of the same people; are they?" for one in told if one]


def _check_same(found: dict[str, Run]) -> None:
    """DataError where runs differ in their people, their classes or what a person's class is."""
    (name, first), *others = found.items()
    if first.is_within_person:
        raise DataError(f"{name} asks within people; compare=true compares runs about classes of people.")
    truth = first.units.set_index("subject")["y"].sort_index()
    for other, run in others:
        if run.classes != first.classes:
            raise DataError(f"{other} tells {', '.join(run.classes)} apart, {name} {', '.join(first.classes)}.")
        theirs = run.units.set_index("subject")["y"].sort_index()
        if odd := sorted(set(truth.index) ^ set(theirs.index)):
            raise DataError(
                f"{name} and {other} judge different people: {wording.listed(odd)} in one of them only. Compare runs "
                "of the same cohort, protocol and task."
            )
        if not truth.equals(theirs):
            odd = list(truth.index[(truth != theirs).to_numpy()])
            raise DataError(f"{name} and {other} know other classes of {wording.listed(odd)}.")


def _pair(first: Run, second: Run, margin: float | None) -> tuple[list[dict[str, Any]], np.ndarray | None]:
    """Rows of a pair of runs, and the null of its AUC difference."""
    rows, null = [], None
    if first.is_binary:
        people, (a, b), found = compare_runs(first, second)
        error = (found.high - found.low) / (2 * Z95)
        same = math.nan if margin is None or math.isnan(error) else comparison.equivalent(found.value, error, margin)
        rows.append(
            {"measure": "AUC", "people": people, "a": a, "b": b, "difference": found.value, "low": found.low}
            | {"high": found.high, "p": found.p, "test": "both fitted again" if found.p_refit == found.p else "swapped"}
            | {"p_delong": found.p_delong, "equivalent": same, "resolvable": comparison.resolvable_difference(error)}
        )
        null = null_differences(first, second, first.units["subject"].to_numpy())
    y, decided = _decisions(first, second)
    right = [d == y for d in decided]
    test = comparison.mcnemar(*right)
    rows.append(
        {"measure": "accuracy", "people": len(y), "a": right[0].mean(), "b": right[1].mean()}
        | {"difference": right[1].mean() - right[0].mean(), "p": test.p}
        | {"test": f"McNemar, exact: {test.only_first} right in the first only, {test.only_second} in the second only"}
    )
    difference, p = comparison.swapped(*decided, lambda d: comparison.kappa(y, d))
    a, b = (float(comparison.kappa(y, d)) for d in decided)
    rows.append(
        {"measure": "kappa", "people": len(y), "a": a, "b": b, "difference": difference, "p": p, "test": "swapped"}
    )
    return rows, null


def _decisions(first: Run, second: Run) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """(n,) class codes of the people, and both runs' decisions about them."""
    from neuroface.report.run_tables import subjects

    tables = [subjects(run).set_index("subject").sort_index() for run in (first, second)]
    code = {name: i for i, name in enumerate(first.classes)}
    y, a, b = (column.map(code).to_numpy(int) for column in (tables[0]["y"], *(t["predicted"] for t in tables)))
    return y, (a, b)


def _family(nulls: Sequence[np.ndarray | None]) -> np.ndarray | None:
    known = [null for null in nulls if null is not None]
    if len(known) < len(nulls) or len({len(null) for null in known}) > 1 or len(known[0]) < 2:
        return None
    return np.stack(known, axis=1)


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    ends = table.reindex(columns=["low", "high"]).to_numpy(float)
    shown = table[["first", "second", "measure", "people"]].copy()
    shown["people"] = shown["people"].astype(str)
    for name, words in (("a", "of the first"), ("b", "of the second")):
        shown[words] = table[name].map(wording.number)
    shown["difference"] = table["difference"].map(wording.signed)
    shown["95 % interval"] = [wording.NOTHING if np.isnan(e).any() else wording.interval(e) for e in ends.tolist()]
    for name, words in (("p", "p"), ("p_holm", "p (Holm)"), ("p_max_t", "p (max-T)"), ("p_delong", "p, DeLong")):
        if name in table and table[name].notna().any():
            shown[words] = [wording.number(value, 3) for value in table[name].astype(float)]
    if "equivalent" in table and table["equivalent"].notna().any():
        shown["equivalent"] = [
            wording.NOTHING if isinstance(v, float) else "yes" if v else "not shown" for v in table["equivalent"]
        ]
    shown["test"] = table["test"]
    return shown


def _notes(found: dict[str, Run], table: pd.DataFrame, margin: float | None) -> list[str]:
    first = next(iter(found.values()))
    notes = []
    if first.is_binary:
        n0, n1 = (first.people[name] for name in first.classes)
        least, of = comparison.resolvable_auc(n1, n0), table.loc[table["measure"] == "AUC", "resolvable"].astype(float)
        told = "no AUC" if math.isnan(least) else f"an AUC of {least:.2f}"
        notes.append(
            f"What {n1} {first.positive} and {n0} {first.classes[0]} could have told, at .05 with power .8: {told} "
            f"from .5; a difference between two of these methods of {of.min():.2f} or more."
            if of.notna().any()
            else f"What {n1} against {n0} people could have told, at .05 with power .8: {told} from .5."
        )
    if margin is not None and not table["equivalent"].notna().any():
        notes.append("Equivalence cannot be told: these people give no interval of the difference.")
    elif margin is not None:
        notes.append(
            f"Equivalent: the 90 % interval of the AUC difference lies within ±{margin:g}. It takes the fitted folds "
            "as given and is too short, so that equivalence is found somewhat too often."
        )
    notes.append(
        "The interval, DeLong's p and whatever is swapped take the fitted folds as given and find differences too "
        "often; “both fitted again” does not (docs/statistics.md)."
    )
    return notes
