"""Tables of numbers turned into cells of text for the page."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from neuroface.report import run_tables, wording
from neuroface.report.published import Value
from neuroface.report.run import Run


@dataclass(frozen=True)
class Shown:
    """A table as text. numeric: per column, whether it is set to the right."""

    columns: list[str]
    rows: list[list[str]]
    numeric: list[bool]


def shown(frame: pd.DataFrame, *, significant: bool = False) -> Shown | None:
    """Any table of text and numbers; None when it is empty. significant: numbers to three digits, where small ones and
    those near each other count; else to two decimals."""
    if frame.empty:
        return None
    numeric = [pd.api.types.is_numeric_dtype(frame[c]) and not pd.api.types.is_bool_dtype(frame[c]) for c in frame]
    texts = [[_cell(value, significant) for value in frame[c]] for c in frame]
    return Shown([str(c).replace("_", " ") for c in frame], [list(row) for row in zip(*texts, strict=True)], numeric)


def _cell(value: object, significant: bool = False) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return wording.significant(float(value)) if significant else wording.number(value)
    return str(value)


def scores(run: Run, paper: Value | None) -> Shown:
    """Rows: the measures. Columns: this run, single repetitions, shuffled labels, dummy, paper."""
    table = run_tables.scores(run, paper)
    columns = list(dict.fromkeys(table["who"]))
    found = {(row["measure"], row["who"]): row for row in table.to_dict("records")}
    rows = []
    ours = table["who"].isin(["this run", paper.label if paper else ""])
    for measure in dict.fromkeys(table["measure"][ours]):  # chance alone is no row
        known = [found.get((measure, who)) for who in columns]
        cells = [
            _score(row, spread=who.startswith("shuffled")) if row else ""
            for who, row in zip(columns, known, strict=True)
        ]
        rows.append([str(measure), *cells])
    return Shown(["", *columns], rows, [False] + [True] * len(columns))


def _score(row: Mapping[Hashable, Any], *, value: str = "value", spread: bool = False) -> str:
    text = wording.number(row[value])
    if np.isnan(row["low"]):
        return text
    if spread:
        return f"{text} ± {row['high'] - row['value']:.2f}"
    return f"{text} {wording.interval((row['low'], row['high']))}"


def features(run: Run) -> Shown | None:
    """Each feature: unit, mean ± sd per class; with two classes also what tells them apart."""
    table = run_tables.features(run)
    if table.empty:
        return None
    columns = ["feature", "unit", *run.classes]
    rows = []
    for first in table.drop_duplicates("column").to_dict("records"):
        spreads = [f"{wording.compact(first[f'mean_{c}'])} ± {wording.compact(first[f'sd_{c}'])}" for c in run.classes]
        row = [first["feature"], first["unit"], *spreads]
        if run.is_within_person:
            row += [wording.compact(first["difference"]), f"{first['people_same_sign']} of {first['people']}"]
        elif run.is_binary:
            row.append(_effect(first))
        rows.append(row)
    if run.is_within_person:
        columns += ["mean difference", "people with that sign"]
    elif run.is_binary:
        columns.append(f"g, {table['pair'].iloc[0]}")
    return Shown(columns, rows, [False, False] + [True] * (len(columns) - 2))


def effects(run: Run) -> Shown | None:
    """Each feature's Hedges g for every pair of more than two classes; None otherwise."""
    table = run_tables.features(run)
    if table.empty or run.is_binary or "pair" not in table:  # which classes inside people lack
        return None
    pairs = list(dict.fromkeys(table["pair"]))
    rows = [
        [of["feature"].iloc[0], *map(_effect, of.to_dict("records"))] for _, of in table.groupby("column", sort=False)
    ]
    return Shown(["Hedges g", *pairs], rows, [False] + [True] * len(pairs))


def _effect(row: Mapping[Hashable, Any]) -> str:
    if np.isnan(row["g"]):
        return wording.NOTHING
    return f"{wording.signed(row['g'])} [{wording.signed(row['low'])}, {wording.signed(row['high'])}]"


def recall(run: Run) -> Shown | None:
    """Per class: recognised of how many, and of those given the class how many are of it; the share of two classes is
    specificity, then sensitivity."""
    if not run.decisions.get("confusion"):
        return None
    rows = [
        [row["class"], f"{row['recognised']} of {row['of']}", _score(row, value="recall"), _precision(row)]
        for row in run_tables.recall(run).to_dict("records")
    ]
    return Shown(["class", "recognised", "recall", "precision"], rows, [False, True, True, True])


def _precision(row: Mapping[Hashable, Any]) -> str:
    return _score({"value": row["precision"], "low": row["precision_low"], "high": row["precision_high"]})


def per_person(run: Run) -> Shown | None:
    """AUC per person left out; None where classes do not lie inside people."""
    return shown(run_tables.per_person(run)) if run.is_within_person else None


def subjects(run: Run) -> Shown | None:
    """Every person's scores; None where classes lie inside people."""
    if run.is_within_person:
        return None
    table = run_tables.subjects(run)
    return shown(table.rename(columns={"y": "true", "n": "repetitions"}))
