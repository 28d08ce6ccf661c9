"""What is printed: the last lines of a run, and the table above several runs."""

from __future__ import annotations

import html as markup
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neuroface.cohort_summary import told
from neuroface.evaluate.cells import guarded_table
from neuroface.report import parts_table, wording
from neuroface.report import published as papers
from neuroface.report import run as runs
from neuroface.report.covariates_table import warning
from neuroface.report.differences import holm, in_words, note, paired_table, read_cell
from neuroface.report.html import render_experiment
from neuroface.report.paper_value import paper_value, value_at
from neuroface.report.published import Published
from neuroface.report.run import Run, interval_of

MULTICLASS = {
    "quadratic kappa": "quadratic_kappa",
    "error in grades": "grade_error",
    "macro F1": "macro_f1",
    "one-v-rest AUC": "auc_ovr",
}
SHOWN_PEOPLE = 8  # per-person AUCs on one terminal line


def summary_text(folder: Path | str, *, published: Published | str | None = None) -> str:
    """The lines a run ends with: who, how well with which interval and null, what was filled, where the report is.

    folder: a finished run. published: a paper or its name in report/published; its value is shown where it has one.
    """
    run = runs.read(folder)
    paper = paper_value(run, published)
    found = run.headline
    beside = f"     paper {wording.number(paper.value)}" if paper else ""
    score = f"{found.name}  {wording.number(found.value)}  {wording.interval(found.interval)}".rstrip()
    page = run.folder / "report" / "report.html"
    first = f"{score}   {wording.null(run)}{beside}"
    head = [wording.conditions(run), wording.design(run), first]
    cohort = run.cohort
    read = told(cohort.get("notes") or {}, cohort.get("noted_of") or {}, cohort.get("recordings") or 0)
    lines = [
        *head,
        _second_scores(run),
        parts_table.in_words(run),
        wording.side(run),
        wording.quality(run),
        wording.pixels(run),
        wording.unknown_people(run),
        warning(run),
        *read,
        str(page),
    ]
    return "\n".join(filter(None, lines))


def _second_scores(run: Run) -> str:
    found = run.subject_scores
    known, kind = run.headline.dummy, "AUC" if run.is_binary else "accuracy"
    dummy = "" if known is None else f"dummy {kind} {known:.2f}"
    if run.is_within_person:
        per_person = dict(found["per_subject"])
        shown = "  ".join(f"{name} {wording.number(value)}" for name, value in per_person.items())
        if len(per_person) > SHOWN_PEOPLE:
            shown = f"{len(per_person)} people, {min(per_person.values()):.2f} to {max(per_person.values()):.2f}"
        return f"left out: {shown}   {dummy}".rstrip()
    if not run.is_binary:
        parts = [
            f"{name} {wording.number(found.get(key))} {wording.interval(runs.interval_of(found, key))}".rstrip()
            for name, key in MULTICLASS.items()
            if key in found
        ]
    else:
        parts = [_rate("sensitivity", 1, found), _rate("specificity", 0, found)]
    return f"{'  '.join(filter(None, parts))}   {dummy}".strip()


def _rate(name: str, row: int, found: Mapping[str, Any]) -> str:
    """sensitivity 9/11 [.52, .95]; the counts come from the confusion matrix (rows: true class)."""
    if found.get(name) is None:
        return ""
    ends = found.get(f"{name}_ci")
    bracket = f" [{wording.short(ends[0])}, {wording.short(ends[1])}]" if ends else ""
    confusion = found.get("confusion")
    value = f"{confusion[row][row]}/{sum(confusion[row])}" if confusion else wording.number(found[name])
    return f"{name} {value}{bracket}"


def experiment_table(
    cells: Sequence[Mapping[str, Any]],
    out_dir: Path | str,
    *,
    published: Published | str | None = None,
    title: str = "Experiment",
    compared: str | None = None,
    more: Sequence[str] = (),
) -> str:
    """One table above several runs: out_dir/table.csv and table.html; returns it as text for the terminal.

    cells: each {"name": str, "folder": run folder, "columns": what tells it apart, e.g. {"protocol":, "task":}}. A cell
    whose run is missing or unfinished keeps its row and says so. p_holm is adjusted over all cells that have a p
    (Holm, Scand. J. Stat. 6 (1979) 65). compared: the column whose two values are compared pair by pair in a second
    table, out_dir/differences.csv. more: further columns, names of scores over people with their intervals,
    `parameters`, `audit` (its verdict) or `minutes` of the whole run.
    """
    out_dir = Path(out_dir)
    paper = papers.load(published) if isinstance(published, str) else published
    rows, found = [], []
    for cell in cells:
        run, status = read_cell(cell)
        rows.append(_cell_row(cell, run, status, paper) | (_more(run, more) if run is not None else {}))
        found.append(run)
    frame = pd.DataFrame(rows)
    if "p" in frame:
        frame.insert(list(frame.columns).index("p") + 1, "p_holm", holm(frame["p"].to_numpy(float)))
    out_dir.mkdir(parents=True, exist_ok=True)
    finished = [run for run in found if run is not None]
    means = _mean_row(frame, finished)
    guarded_table(pd.concat([frame, means])).to_csv(out_dir / "table.csv", index=False)
    shown = _shown(pd.concat([frame, means]))
    shown_paper = paper if "published" in frame else None
    notes = _notes(finished, shown_paper, missing=len(cells) - len(finished))
    for_terminal = _narrower(shown, frame, told_apart=all(cell.get("columns") for cell in cells))
    compared_pairs = _differences(cells, compared, out_dir) if compared else pd.DataFrame()
    if len(compared_pairs):
        notes.insert(0, note(compared_pairs))
    page = render_experiment(
        _linked(shown, cells, found, out_dir), notes=notes, title=title, out_dir=out_dir, second=compared_pairs
    )
    second = ["", aligned_text(compared_pairs), ""] if len(compared_pairs) else []
    return "\n".join([title, aligned_text(for_terminal), *second, *notes, str(page)])


def _differences(cells: Sequence[Mapping[str, Any]], by: str, out_dir: Path) -> pd.DataFrame:
    """The pairs of cells in words; out_dir/differences.csv has them as numbers. The first cell's value comes first."""
    first, second = list(dict.fromkeys(cell["columns"][by] for cell in cells))[:2]
    frame = paired_table(cells, by=by, first=first, second=second)
    if frame.empty:
        return frame
    guarded_table(frame).to_csv(out_dir / "differences.csv", index=False)
    return in_words(frame, first, second)


def _cell_row(cell: Mapping[str, Any], run: Run | None, status: str, paper: Published | None) -> dict[str, Any]:
    row: dict[str, Any] = {"name": cell["name"], **cell.get("columns", {}), "status": status}
    columns = cell.get("columns", {})
    variant = columns.get("network") if paper and columns.get("network") in paper.variants else None
    value = value_at(paper, run, columns, variant=variant) if paper else None
    if run is not None:
        found = run.headline
        value = value if value is not None and value.metric == found.key else None
        row |= {"data": "synthetic" if run.is_synthetic else "recorded", "people": _people(run), "score": found.name}
        if run.is_within_person:
            row |= {f"left out {name}": value for name, value in run.subject_scores["per_subject"].items()}
        low, high = found.interval or (np.nan, np.nan)
        row |= {"value": found.value, "low": low, "high": high, "null_mean": found.null_mean, "p": found.p}
        for name in ("sensitivity", "specificity"):
            if name in run.subject_scores:
                row[name] = run.subject_scores[name]
        row["dummy"] = found.dummy
    if value is not None:
        row |= {"published": value.value, "published_label": value.label}
    return row


def _more(run: Run, names: Sequence[str]) -> dict[str, Any]:
    """Further cells of a row: 0.61 [0.45, 0.75] of a score, 1,234,567 parameters of one fold's network, the audit's
    verdict, minutes."""
    cells: dict[str, Any] = {}
    for name in names:
        if name == "parameters":
            cells[name] = f"{run.n_parameters:,}" if run.n_parameters else wording.NOTHING
        elif name == "audit":
            cells[name] = str(run.audit.get("verdict") or wording.NOTHING)
        elif name == "minutes":
            cells[name] = f"{float(run.facts.get('wall_s') or 0) / 60:.1f}"
        elif run.decisions.get(name) is not None:
            cells[name] = f"{wording.number(run.decisions[name])} {wording.interval(interval_of(run.decisions, name))}"
    return cells


def _people(run: Run) -> str:
    if run.is_within_person:
        return str(run.predictions["subject"].nunique())
    return ", ".join(f"{name} {n}" for name, n in run.people.items())


def _mean_row(frame: pd.DataFrame, finished: Sequence[Run]) -> pd.DataFrame:
    """The mean over cells, where every cell answers the same kind of question inside people; no row otherwise."""
    if len(finished) < 2 or not all(run.is_within_person for run in finished):
        return frame.iloc[:0]
    averaged = [c for c in frame if c in ("value", "null_mean", "dummy") or str(c).startswith("left out ")]
    means = frame[averaged].astype(float).mean()
    return pd.DataFrame([{"name": f"mean of {len(finished)} cells", **means.to_dict()}], columns=frame.columns)


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    """The table in words: interval in one column, two decimals, dashes for what is not there."""
    shown = pd.DataFrame(index=frame.index)
    for column in frame:
        values = frame[column]
        if column in ("low", "high", "published_label", "score"):
            continue
        if column == "status" and (values.dropna() == "done").all():
            continue
        if column == "value":
            names = frame["score"].dropna().unique()
            alike = len(names) == 1
            if not alike:
                shown["score"] = frame["score"].fillna(wording.NOTHING)
            shown[names[0] if alike else "value"] = values.map(wording.number)
            shown["95 % interval"] = [
                wording.interval(ends.tolist()) if np.isfinite(ends).all() else wording.NOTHING
                for ends in frame[["low", "high"]].to_numpy(float)
            ]
        elif column in ("p", "p_holm"):
            shown["p (Holm)" if column == "p_holm" else "p"] = [wording.number(v, 3) for v in values.astype(float)]
        elif pd.api.types.is_numeric_dtype(values):
            shown[_heading(str(column), frame)] = values.map(wording.number)
        else:
            shown[str(column)] = values.fillna(wording.NOTHING).astype(str)
    return shown


def _narrower(shown: pd.DataFrame, frame: pd.DataFrame, *, told_apart: bool) -> pd.DataFrame:
    """For the terminal: no name where other columns tell the cells apart, and the paper's label left to the notes."""
    narrow = shown.rename(columns={_heading("published", frame): "paper"}) if "published" in frame else shown
    no_means = len(narrow) == len(frame)
    return narrow.drop(columns="name") if told_apart and no_means else narrow


def _heading(column: str, frame: pd.DataFrame) -> str:
    if column != "published":
        return column.replace("_", " ")
    labels = frame["published_label"].dropna().unique()
    return labels[0] if len(labels) == 1 else "paper"


def _notes(finished: Sequence[Run], paper: Published | None, *, missing: int) -> list[str]:
    notes = []
    if missing:
        notes.append(f"{wording.count(missing, 'cell')} missing or unfinished; the same command fills them in.")
    if finished and all(run.is_synthetic for run in finished):
        notes.append("All of our numbers are from a synthetic cohort; no patient was recorded for them.")
    elif any(run.is_synthetic for run in finished):
        notes.append("Rows marked synthetic are from a synthetic cohort; no patient was recorded for them.")
    if paper is not None:
        variant = paper.variants[paper.default_variant]
        notes.append(f"{variant['label']}: {paper.source}. Data: {paper.data}. {variant['caution']}")
    if any(run.headline.n_permutations for run in finished):
        shuffled = "within people" if all(run.is_within_person for run in finished) else "among people"
        refitted = [run.facts.get("null") != "predictions" for run in finished if run.headline.n_permutations]
        again = "everything fitted again" if all(refitted) else "against the predictions as they are"
        if len(set(refitted)) == 2:
            again = "everything fitted again, but for networks, where against the predictions as they are"
        notes.append(f"p: labels shuffled {shuffled}, {again}; compare a score with its null mean.")
    notes.append(wording.NOT_A_DEVICE)
    return notes


def _linked(
    shown: pd.DataFrame, cells: Sequence[Mapping[str, Any]], found: Sequence[Run | None], out_dir: Path
) -> pd.DataFrame:
    """The shown table as HTML fragments: each finished cell's name links to its report, and is not said again."""
    told = {key for cell in cells for key in cell.get("columns", {})} & set(shown.columns)
    linked = shown.drop(columns=list(told)).map(markup.escape)
    names = list(linked["name"])
    for position, (cell, run) in enumerate(zip(cells, found, strict=True)):
        if run is not None:
            page = Path(os.path.relpath(Path(cell["folder"]) / "report" / "report.html", out_dir)).as_posix()
            names[position] = f'<a href="{markup.escape(page)}">{names[position]}</a>'
    return linked.assign(name=names)


def aligned_text(frame: pd.DataFrame) -> str:
    """A table for the terminal: columns two blanks apart, numbers to the right."""
    rows = [list(map(str, frame.columns)), *frame.astype(str).to_numpy().tolist()]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    right = [all(row[i][:1].isdigit() or row[i] == wording.NOTHING for row in rows[1:]) for i in range(len(widths))]
    return "\n".join(
        "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)).rstrip()
        for row in rows
    )
