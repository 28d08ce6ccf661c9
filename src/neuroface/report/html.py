"""report.html: one self-contained page per run, with its figures (PNG) and tables (CSV) beside it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from neuroface.evaluate.cells import guarded_table
from neuroface.report import (
    mixed_table,
    page_tables,
    parts_table,
    pictures,
    reliability,
    reporting,
    run_tables,
    story,
    wording,
)
from neuroface.report import run as runs
from neuroface.report.covariates_table import covariates, names, warning
from neuroface.report.exports import exports
from neuroface.report.exports_latex import latex
from neuroface.report.page_files import template, write_figure, write_whole
from neuroface.report.paper_value import paper_value
from neuroface.report.published import Published
from neuroface.report.repeatability_table import words
from neuroface.report.run import Run
from neuroface.report.subgroups import subgroups


def render(folder: Path | str, *, published: Published | str | None = None, vector: str | None = None) -> Path:
    """Write report/report.html, one PNG per figure and one CSV per table into the run folder; returns the page.

    folder: a finished run (DataError otherwise). published: a paper, or its name in report/published, whose number is
    shown beside ours. vector: "pdf" or "svg" writes each figure in that format, too, and each table as LaTeX. The page
    needs no other file and no network.
    """
    run = runs.read(folder)
    out = run.folder / "report"
    out.mkdir(exist_ok=True)
    drawn = []
    for name, picture in pictures.of(run).items():
        data = write_figure(out, name, picture.figure, vector=vector)
        if name == "confusion" and not run.is_binary:  # what users of the palsy system look for
            write_whole(out / "confusion_matrix.png", data)
        drawn.append(
            {"name": name, "data": base64.b64encode(data).decode(), "caption": picture.caption, "alt": picture.alt}
        )
    tables = _csv_tables(run)
    for name, frame in tables.items():
        write_whole(out / f"{name}.csv", guarded_table(frame).to_csv(index=False).encode())
        if vector:
            write_whole(out / f"{name}.tex", latex(frame.round(3)).encode())
    for name, content in exports(run).items():
        write_whole(out / name, content)
    reporting.write(story.of_run(run), out)
    by_subgroup = tables.get("subgroups", pd.DataFrame())
    context = _context(run, paper_value(run, published), by_subgroup) | {
        "pictures": {item["name"]: item for item in drawn}
    }
    page = out / "report.html"
    write_whole(page, template("run.html.j2").render(context).encode())
    return page


def render_experiment(
    table: pd.DataFrame,
    *,
    notes: Sequence[str],
    title: str,
    out_dir: Path,
    second: pd.DataFrame,
    picture: str = "",
) -> Path:
    """Write out_dir/table.html. table: cells are HTML already; second: plain, shown if not empty; notes: sentences;
    picture: a PNG in base64, above the table.

    Where the experiment fine-tuned a landmark network, its own report is linked.
    """
    page = out_dir / "table.html"
    rows = table.to_numpy().tolist()
    content: dict[str, Any] = {"title": title, "columns": list(table.columns), "rows": rows, "notes": list(notes)}
    content |= {"second": page_tables.shown(second), "finetune": (out_dir / "finetune" / "report").is_dir()}
    content |= {"picture": picture}
    write_whole(page, template("experiment.html.j2").render(content).encode())
    return page


def _csv_tables(run: Run) -> dict[str, pd.DataFrame]:
    found = {
        "scores": run_tables.scores(run),
        "people": run_tables.people(run),
        "features": run_tables.features(run),
        "left_out": run_tables.left_out(run),
        "quality": run.quality if run.quality is not None else pd.DataFrame(),
        "audit": run_tables.audit(run),
        "groups": run_tables.groups(run),
        "chosen": run_tables.chosen(run),
        "subgroups": subgroups(run),
        "calibration": reliability.table(run),
        "reliability": reliability.bins(run),
        "parts": parts_table.parts(run),
        "parts_of_classes": parts_table.tells(run),
        "covariates": covariates(run),
        "repeatability": run.repeatability,
        "mixed": run.mixed,
    }
    if run.is_within_person:
        found["per_person"] = run_tables.per_person(run)
    else:
        found["subjects"] = run_tables.subjects(run)
    if run.decisions.get("confusion"):
        found["recall"] = run_tables.recall(run)
    return {name: frame for name, frame in found.items() if not frame.empty}


def _context(run: Run, paper: Any, by_subgroup: pd.DataFrame) -> dict[str, Any]:
    import yaml

    return {
        "run": run,
        "title": wording.conditions(run),
        "answer": wording.answer(run),
        "pairs": wording.pairs(run),
        "pixels": " ".join(filter(None, (wording.unknown_people(run), wording.pixels(run)))),
        "quality": wording.quality(run),
        "paper": paper,
        "not_a_device": wording.NOT_A_DEVICE,
        "null_note": wording.null_note(run),
        "threshold": wording.threshold(run),
        "scores": page_tables.scores(run, paper),
        "recall": page_tables.recall(run),
        "groups": page_tables.shown(run_tables.groups(run)),
        "side": wording.side(run),
        "per_person": page_tables.per_person(run),
        "subjects": page_tables.subjects(run),
        "features": page_tables.features(run),
        "effects": page_tables.effects(run),
        "people": page_tables.shown(run_tables.people(run)),
        "left_out": page_tables.shown(run_tables.left_out(run)),
        "handled": page_tables.shown(run_tables.handled(run)),
        "recording_quality": page_tables.shown(run_tables.quality(run)),
        "agreement": page_tables.shown(run_tables.agreement(run)),
        "audit": page_tables.shown(run_tables.audit(run)),
        "chosen": page_tables.shown(run_tables.chosen(run)),
        "subgroups": page_tables.shown(by_subgroup),
        "calibration": page_tables.shown(reliability.shown(run)),
        "calibration_in_words": reliability.in_words(run),
        "part": parts_table.noun(run),
        "task_weights_learnt": wording.over_tasks(run.config) == "stack",
        "parts": page_tables.shown(parts_table.shown_parts(run)),
        "tells": page_tables.shown(parts_table.shown_tells(run)),
        "parts_in_words": parts_table.in_words(run),
        "covariates": page_tables.shown(covariates(run)),
        "covariate_names": names(run),
        "confounded": warning(run),
        "repeatability": page_tables.shown(words(run.repeatability)),
        "mixed": page_tables.shown(mixed_table.words(run.mixed, run.classes[0], run.classes[-1])),
        "facts": _facts(run),
        "command": wording.command(run),
        "config": yaml.safe_dump(_plain(run.config), sort_keys=False, allow_unicode=True),
    }


def _facts(run: Run) -> dict[str, str]:
    """What the run says about itself: time, machine, versions, digest."""
    facts = run.facts
    named = {
        "status": facts.get("status"),
        "folds": f"{facts.get('n_done')} of {facts.get('n_folds')}" if facts.get("n_folds") else None,
        "time": f"{facts['wall_s']:.1f} s" if facts.get("wall_s") is not None else None,
        "device": facts.get("device"),
        "weights in training": facts.get("sample_weight"),
        "seeds": _joined(facts.get("seeds")),
        "versions": _joined(facts.get("versions")),
        "git commit": facts.get("git_commit"),
        "digest": facts.get("digest"),
        "digest of the data": facts.get("data_digest"),
    }
    return {name: str(value) for name, value in named.items() if value not in (None, "", {})}


def _joined(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    return None if value is None else str(value)


def _plain(value: Any) -> Any:
    """Mappings and sequences as dict and list, which YAML writes without tags."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
