"""How well each feature comes back: ICC, standard error of measurement and minimal detectable change, as a table."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from neuroface.evaluate.repeatability import Repeatability, detectable_change, of_repetitions, of_visits
from neuroface.report import wording
from neuroface.report.run import feature_columns

FEWEST = 2  # people with two values; fewer say nothing about scatter


def repeatability(samples: pd.DataFrame | None) -> pd.DataFrame:
    """One row per feature, task and kind of repeat ("repetitions" within a visit, "visits" where there are several).

    samples: the feature table of a run, or None. Columns: feature, unit, task, of, people, values, icc, low, high, sem,
    mdc (between two single values, or visits), mdc_of_means (between two means of as many repetitions as people did).
    Empty where nobody has two values.
    """
    if samples is None:
        return pd.DataFrame()
    rows = []
    for task, here in samples.groupby("task", sort=False, dropna=False):
        for column in feature_columns(samples):
            for kind, found, each in _kinds(here, column):
                name, unit = wording.feature_and_unit(column)
                row = {"feature": name, "unit": unit, "task": "" if task != task else task, "of": kind}
                row |= {"people": found.people, "values": found[-1], "icc": found.icc, "low": found.low}
                row |= {"high": found.high, "sem": found.sem, "mdc": found.mdc}
                rows.append(row | {"mdc_of_means": detectable_change(found.sem, each, each)})
    return pd.DataFrame(rows)


def _kinds(here: pd.DataFrame, column: str) -> Iterator[tuple[str, Repeatability, int]]:
    values, person = here[column].to_numpy(float), here["subject"].to_numpy(str)
    visits = here["session"].astype(str) if "session" in here else pd.Series("", index=here.index)
    one_visit = person if len(set(visits)) < 2 else np.char.add(person, ("\x1f" + visits).to_numpy(str))
    of = pd.Series(values).groupby(one_visit).count()
    if (of > 1).sum() >= FEWEST:
        yield "repetitions", of_repetitions(values, one_visit), int(np.median(of[of > 1]))
    if len(set(visits)) > 1:
        table = pd.DataFrame({"person": person, "visit": visits.to_numpy(str), "value": values})
        wide = table.pivot_table(index="person", columns="visit", values="value", aggfunc="mean")
        if wide.notna().all(axis=1).sum() >= FEWEST:
            yield "visits", of_visits(wide.to_numpy(float)), 1


def words(table: pd.DataFrame) -> pd.DataFrame:
    """The table as the page shows it: ICC with its limits, SEM and MDC in three digits."""
    if table.empty:
        return table
    table = table.fillna({"task": "", "unit": ""})  # as a file has them
    shown = table[["feature", "unit"]].copy()
    for name in ("task", "of"):
        if len(set(table[name])) > 1:
            shown[name] = table[name]
    ends = table[["low", "high"]].to_numpy(float).tolist()
    shown["ICC"] = [
        wording.NOTHING if np.isnan(icc) else f"{wording.number(icc)} {wording.interval(end)}"
        for icc, end in zip(table["icc"], ends, strict=True)
    ]
    for name, title in (("sem", "SEM"), ("mdc", "MDC, single"), ("mdc_of_means", "MDC, means")):
        shown[title] = [wording.compact(value) for value in table[name]]
    return shown
