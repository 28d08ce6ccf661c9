"""Do the groups differ in a feature? A mixed model of all repetitions, beside the t test on people's means."""

from __future__ import annotations

import pandas as pd

from neuroface.evaluate.mixed_model import group_difference
from neuroface.report import wording
from neuroface.report.differences import holm
from neuroface.report.run import Run, feature_columns

MOST = 200  # features; of more a table tells nothing


def mixed(run: Run) -> pd.DataFrame:
    """One row per feature of two groups of people who repeat; empty for other questions.

    difference (second group less first) with low and high, p, Holm's p over the features, ICC within groups, p_means.
    """
    table = run.features
    if table is None or not run.is_binary or run.is_within_person or table["subject"].nunique() == len(table):
        return pd.DataFrame()
    columns = feature_columns(table)
    if not 0 < len(columns) <= MOST:
        return pd.DataFrame()
    second, person = (table["y"] == run.positive).to_numpy(), table["subject"].to_numpy(str)
    task = table["task"].fillna("").to_numpy(str) if "task" in table else None
    rows = []
    for column in columns:
        found = group_difference(table[column].to_numpy(float), second, person, task)
        name, unit = wording.feature_and_unit(column)
        rows.append({"column": column, "feature": name, "unit": unit, **found._asdict()})
    frame = pd.DataFrame(rows)
    return frame.assign(p_holm=holm(frame["p"].to_numpy(float)))


def words(table: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """The same for the page."""
    if table.empty:
        return table
    ends = table[["low", "high"]].to_numpy(float)
    return pd.DataFrame(
        {
            "feature": table["feature"],
            "unit": table["unit"],
            f"{second} − {first}": [
                f"{wording.compact(d)} [{wording.compact(low)}, {wording.compact(high)}]"
                for d, (low, high) in zip(table["difference"], ends, strict=True)
            ],
            "p": table["p"].map(_p),
            "p (Holm)": table["p_holm"].map(_p),
            "p of people's means": table["p_means"].map(_p),
            "ICC": table["icc"].map(wording.number),
            "people": table["people"].map(str),
            "values": table["values"].map(str),
        }
    )


def _p(value: float) -> str:
    return wording.p_value(value).removeprefix("p = ").removeprefix("p ")
