"""AUC among people of one sex, age band, camera or site: where a method works, and where nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from neuroface.evaluate.statistics import auc, auc_interval
from neuroface.report.run import Run, read_table

FACTS = ("sex", "age", "camera", "site")
FEWEST = 2  # people of each class; fewer have no interval


def subgroups(run: Run) -> pd.DataFrame:
    """One row per fact and value: people of each class, AUC and its limits; empty where nothing is known of people.

    Numbers (age) are parted at their median. The scores are those of the whole run: nothing is fitted for a subgroup.
    """
    people = read_table(run.folder / "people.csv")
    if people is None or not run.is_binary or run.is_within_person:
        return pd.DataFrame()
    known = run.units.merge(people.drop(columns="group", errors="ignore").astype({"subject": str}), on="subject")
    rows = []
    for fact, name, part in _parts(known):
        positive, score = (part["y"] == run.positive).to_numpy(), part[f"p_{run.positive}"].to_numpy(float)
        counts = {f"n_{label}": int((part["y"] == label).sum()) for label in run.classes}
        row = {"fact": fact, "value": name, **counts, "auc": np.nan, "low": np.nan, "high": np.nan}
        if min(counts.values()) >= FEWEST:
            ends = auc_interval(score, positive)
            row |= {"auc": float(auc(score, positive)), "low": ends.low, "high": ends.high}
        rows.append(row)
    return pd.DataFrame(rows)


def _parts(known: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """(fact, value, people who have it) of each fact that tells people apart."""
    for fact in FACTS:
        column = known[fact].dropna() if fact in known else pd.Series(dtype=object)
        if column.nunique() < 2:
            continue
        if pd.api.types.is_numeric_dtype(column) and column.nunique() > 5:
            middle = float(column.median())
            yield fact, f"up to {middle:g}", known[known[fact] <= middle]
            yield fact, f"above {middle:g}", known[known[fact] > middle]
        else:
            for value in sorted(column.unique(), key=str):
                yield fact, str(value), known[known[fact] == value]
