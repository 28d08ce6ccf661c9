"""What one finished run can say for itself, of classes or a number: the facts behind checklists, cards, methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neuroface.report import run_tables, wording
from neuroface.report.run import Run, feature_columns, read_table


@dataclass(frozen=True, eq=False)
class Story:
    """title, answer: a run's first line and its finding in words. performance: measure -> value with interval.

    predictions: one row per sample judged. samples: the feature table, or None. column: the number that is predicted,
    "" of a run of classes.
    """

    folder: Path
    config: Mapping[str, Any]
    facts: Mapping[str, Any]
    cohort: Mapping[str, Any]
    audit: Mapping[str, Any]
    scores: Mapping[str, Any]
    predictions: pd.DataFrame
    samples: pd.DataFrame | None
    title: str
    answer: str
    performance: Mapping[str, str]
    column: str = ""

    @property
    def choices(self) -> Mapping[str, Any]:
        return self.facts.get("choices") or {}

    @property
    def protocol(self) -> Mapping[str, Any]:
        return self.config.get("protocol") or {}

    @property
    def leak(self) -> str:
        """The leak that this run accepts or plants on purpose; "" of an honest one."""
        leak = str(self.protocol.get("leak", "refused"))
        return "" if leak == "refused" else leak

    @property
    def classifier(self) -> Mapping[str, Any]:
        return self.config.get("classifier") or {}

    @property
    def is_synthetic(self) -> bool:
        return bool(self.cohort.get("synthetic"))

    @property
    def is_table(self) -> bool:
        """Whether the run learnt from features that came in a table: nothing was done to landmarks or pictures."""
        target = str((self.config.get("cohort") or {}).get("_target_", ""))
        return self.choices.get("cohort") == "table" or target.endswith(".TableCohort")

    @property
    def is_within_person(self) -> bool:
        return (self.scores.get("design") or {}).get("kind") == "within"

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(map(str, self.scores.get("classes") or ()))

    @cached_property
    def people(self) -> pd.DataFrame:
        """people.csv: subject, group and what is known of each; without rows where the run has none."""
        found = read_table(self.folder / "people.csv")
        return pd.DataFrame({"subject": [], "group": []}) if found is None else found

    @cached_property
    def counts(self) -> dict[str, int]:
        """Class (of a number: group) -> people who were judged."""
        by = "group" if self.column or self.is_within_person else "y"
        found = self.predictions.groupby(by, sort=False)["subject"].nunique()
        order = [name for name in self.classes if name in found] or list(found.index)
        return {str(name): int(found[name]) for name in order}

    @property
    def n_people(self) -> int:
        return int(self.predictions["subject"].nunique())

    @cached_property
    def features(self) -> list[str]:
        return [] if self.samples is None else feature_columns(self.samples)

    @property
    def tasks(self) -> str:
        names = list(dict.fromkeys(self.predictions["task"].dropna()))
        return ", ".join(map(str, names[:8])) + (" ..." if len(names) > 8 else "")

    @cached_property
    def seen(self) -> pd.DataFrame:
        """Rows of the people, with what their recordings tell; empty columns are none."""
        return self.people.dropna(axis=1, how="all")

    def of_each(self, name: str) -> dict[str, int]:
        """Value -> people, of a fact such as site or camera; {} where it is not known."""
        if name not in self.seen:
            return {}
        values = self.seen.loc[self.seen["subject"].astype(str).isin(set(self.predictions["subject"].astype(str)))]
        return {str(value): int(n) for value, n in values[name].dropna().value_counts(sort=False).items()}


def of_run(run: Run) -> Story:
    """The story of a run of classes."""
    table = run_tables.scores(run)
    ours = table[table["who"] == "this run"]
    performance = {
        str(row["measure"]): " ".join(
            filter(None, [wording.number(row["value"]), wording.interval(_ends(row["low"], row["high"]))])
        )
        for row in ours.to_dict("records")
    }
    return Story(
        folder=run.folder,
        config=run.config,
        facts=run.facts,
        cohort=run.cohort,
        audit=run.audit,
        scores=run.scores,
        predictions=run.predictions,
        samples=run.features,
        title=wording.conditions(run),
        answer=wording.answer(run),
        performance=performance,
    )


def _ends(low: float, high: float) -> tuple[float, float] | None:
    return None if np.isnan(low) else (low, high)
