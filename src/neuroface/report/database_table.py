"""UF1 and UAR over a composite of databases and for each of them: our runs, and published methods below."""

from __future__ import annotations

import html as markup
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neuroface.errors import DataError
from neuroface.evaluate.cells import guarded_table
from neuroface.report import published as papers
from neuroface.report import run as runs
from neuroface.report import tables, wording
from neuroface.report.published import Published
from neuroface.report.run import Run

ALL = "all"  # in scores.json and in the published table
MEASURES = ("uf1", "uar")


def database_table(
    cells: Sequence[Mapping[str, Any]], out_dir: Path, *, title: str, published: str | None = None
) -> str:
    """Write out_dir/table.csv (numbers, with intervals) and table.html; returns the table for the terminal.

    cells: as in `tables.experiment_table`; a run that is missing keeps its row. published: the name of a paper whose
    variants are methods and whose cells are told apart by database and measure.
    """
    paper = papers.load(published) if published else None
    found = [(str(cell["name"]), _read(Path(cell["folder"]))) for cell in cells]
    rows = [_row(name, run) for name, run in found]
    databases = list(dict.fromkeys(name for _, run in found if run is not None for name in _groups(run)))
    rows += _published_rows(paper, databases or [ALL]) if paper else []
    frame = pd.DataFrame(rows)
    out_dir.mkdir(parents=True, exist_ok=True)
    guarded_table(frame).to_csv(out_dir / "table.csv", index=False)
    shown = _shown(frame, databases or [ALL])
    finished = [run for _, run in found if run is not None]
    notes = _notes(finished, paper, missing=len(cells) - len(finished))
    from neuroface.report.html import render_experiment

    linked = shown.map(markup.escape)
    linked["method"] = [
        cell if run is None else f'<a href="{markup.escape(name)}/report/report.html">{cell}</a>'
        for cell, (name, run) in zip(linked["method"], [*found, *[("", None)] * (len(rows) - len(found))], strict=True)
    ]
    page = render_experiment(linked, notes=notes, title=title, out_dir=out_dir, second=pd.DataFrame())
    return "\n".join([title, tables.aligned_text(_narrower(shown)), *notes, str(page)])


def _read(folder: Path) -> Run | None:
    try:
        return runs.read(folder)
    except DataError:
        return None


def _groups(run: Run) -> Mapping[str, Mapping[str, Any]]:
    """Scores of all databases together and of each; of one database, its scores are all there is."""
    found = run.scores["repetition"]
    alone = {
        ALL: {
            "uf1": found["macro_f1"],
            "uf1_ci": found["macro_f1_ci_bootstrap"],
            "uar": found["balanced_accuracy"],
            "uar_ci": found["balanced_accuracy_ci_bootstrap"],
        }
    }
    return found.get("groups") or alone


def _row(name: str, run: Run | None) -> dict[str, Any]:
    if run is None:
        return {"method": name, "data": "missing or unfinished"}
    row: dict[str, Any] = {"method": name, "data": "synthetic" if run.is_synthetic else "recorded"}
    row["audit"] = run.audit.get("verdict", "not done")
    for database, scores in _groups(run).items():
        for measure in MEASURES:
            low, high = scores[f"{measure}_ci"]
            key = f"{database} {measure}"
            row |= {key: scores[measure], f"{key} low": low, f"{key} high": high}
    found = run.scores["repetition"]
    return row | {"all uf1 null mean": found.get("macro_f1_null_mean"), "p": found.get("macro_f1_p")}


def _published_rows(paper: Published, databases: Sequence[str]) -> list[dict[str, Any]]:
    rows = []
    for name, about in paper.variants.items():
        row: dict[str, Any] = {"method": f"{about['label']} (published)", "data": "recorded"}
        for database in databases:
            for measure in MEASURES:
                value = paper.value(variant=name, database=database, measure=measure)
                row[f"{database} {measure}"] = np.nan if value is None else value.value
        rows.append(row)
    return rows


def _shown(frame: pd.DataFrame, databases: Sequence[str]) -> pd.DataFrame:
    """In words: each database's UF1 and UAR with its interval, where there is one."""
    shown = frame[["method", "data"]].astype(str)
    for database in databases:
        for measure in MEASURES:
            shown[f"{database} {measure.upper()}"] = [_score(row, f"{database} {measure}") for row in _records(frame)]
    shown["null UF1"] = [wording.number(row.get("all uf1 null mean", np.nan)) for row in _records(frame)]
    shown["p"] = [wording.number(row.get("p", np.nan), 3) for row in _records(frame)]
    shown["audit"] = frame["audit"].fillna(wording.NOTHING) if "audit" in frame else wording.NOTHING
    return shown


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _score(row: Mapping[str, Any], key: str) -> str:
    ends = (row.get(f"{key} low", np.nan), row.get(f"{key} high", np.nan))
    interval = f" {wording.interval(ends)}" if np.isfinite(ends).all() else ""
    return wording.number(row.get(key, np.nan)) + interval


def _narrower(shown: pd.DataFrame) -> pd.DataFrame:
    """For the terminal: the intervals of single databases are left to the page."""
    narrow = shown.copy()
    for column in narrow:
        if str(column).endswith(("UF1", "UAR")) and not str(column).startswith((ALL, "null")):
            narrow[column] = narrow[column].str.partition(" ")[0]
    return narrow


def _notes(finished: Sequence[Run], paper: Published | None, *, missing: int) -> list[str]:
    notes = [
        "UF1: mean F1 of the classes; UAR: their mean recall; from the counts of all folds together. Intervals: "
        "Bayesian bootstrap of people and one person more."
    ]
    if missing:
        notes.append(f"{wording.count(missing, 'cell')} missing or unfinished; the same command fills them in.")
    leaky = [run.folder.name for run in finished if run.audit.get("verdict") == "leaky"]
    if leaky:
        notes.append(
            f"{', '.join(leaky)}: the audit is LEAKY. Its epoch was chosen on the people who are judged, as in the "
            "published protocol; the distance to the rows above is what that habit is worth here."
        )
    if finished and all(run.is_synthetic for run in finished):
        notes.append("All of our numbers are from a synthetic cohort; no person was recorded for them.")
    if paper is not None:
        caution = paper.variants[paper.default_variant]["caution"]
        notes.append(f"Published: {paper.source}. Data: {paper.data}. {paper.default_variant}: {caution}")
    return [*notes, wording.NOT_A_DEVICE]
