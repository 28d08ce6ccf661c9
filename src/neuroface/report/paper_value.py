"""Which number of a paper stands beside a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuroface.report import published as papers
from neuroface.report import wording
from neuroface.report.published import Published, Value
from neuroface.report.run import Run


def paper_value(run: Run, published: Published | str | None) -> Value | None:
    """The published number for this run's protocol and task (or what else the paper's cells are told apart by).

    None where the paper has none, or one that measures something else than the run's headline.
    """
    if published is None:
        return None
    paper = papers.load(published) if isinstance(published, str) else published
    value = value_at(paper, run, {}) if paper.asks_the_same(run.choices) else None
    return value if value is not None and value.metric == run.headline.key else None


def value_at(
    paper: Published, run: Run | None, columns: Mapping[str, Any], *, variant: str | None = None
) -> Value | None:
    """The paper's number for a run, told apart by `columns`; None where it compares other classes."""
    where = _place(paper, run, columns)
    if run is not None and not paper.compares(where.get("protocol"), run.classes):
        return None
    return paper.value(variant=variant, **where)


def _place(paper: Published, run: Run | None, columns: Mapping[str, Any]) -> dict[str, Any]:
    keys = {key for cell in paper.cells for key in paper.place(cell)}
    known: dict[str, Any] = {}
    if run is not None:
        protocol = run.config.get("protocol") or {}
        known = {**protocol, **run.choices, "task": protocol.get("task") or wording.tasks(run)}
    known.update(columns)
    return {key: known[key] for key in sorted(keys) if key in known}
