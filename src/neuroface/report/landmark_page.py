"""The page of a run that fits a landmark network: errors on people it never saw, before and after."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neuroface.evaluate import landmark_engine
from neuroface.evaluate.cells import guarded_table
from neuroface.evaluate.predictions import read_predictions
from neuroface.evaluate.run_files import read_json, read_yaml
from neuroface.evaluate.run_folder import RunFolder
from neuroface.landmarks import metrics
from neuroface.report import landmark_figures, landmark_tables, page_tables, wording
from neuroface.report.page_files import forget_figures, template, write_figure, write_whole
from neuroface.report.tables import aligned_text

NAMES = {"error_before": "before", "error_after": "after"}
SHOWN = 8  # faces in the picture of predictions
BEFORE, AFTER, TRUTH = "#d55e00", "#0072b2", "#ffffff"
GREY = 96  # instead of a face that was not asked for: all three sets of points can be seen on it
LIMIT = {"%": 0.1, "px": 10.0}  # an error above it is a failure; Sagonas et al. and others use 10 %


def render(
    folder: Path | str, *, crops: np.ndarray, truth: np.ndarray, vector: str | None = None, faces: bool = False
) -> Path:
    """Write report/report.html, its tables as CSV and figures as PNG; returns the page.

    folder: a finished run. crops: (n, S, S, 3) uint8; truth: (n, 68, 2) px of the crop; both in the order of
    predictions.csv. vector: "pdf" or "svg" writes each figure in that format, too. faces: draw faces of people under
    their points; those of synthetic people are always drawn.
    """
    run = read(Path(folder))
    if not (faces or run["cohort"].get("synthetic")):
        crops = np.full_like(crops, GREY)
    out = run["path"] / "report"
    out.mkdir(exist_ok=True)
    points = landmark_engine.points_of(run["path"], run["frames"]["sample"].to_numpy())
    tables = _tables(run)
    for name, frame in tables.items():
        write_whole(out / f"{name}.csv", guarded_table(frame).to_csv(index=False).encode())
    pictures = []
    forget_figures(out, name="predictions")
    for name, (figure, caption) in _figures(run, points, crops, truth).items():
        data = write_figure(out, name, figure, vector=vector)
        pictures.append({"name": name, "data": base64.b64encode(data).decode(), "caption": caption, "alt": caption})
    page = out / "report.html"
    write_whole(page, template("landmarks.html.j2").render(_context(run, tables, pictures)).encode())
    return page


def summary(folder: Path | str) -> str:
    """The lines a run ends with: who, Table III in short, the gap between groups, where the report is."""
    run = read(Path(folder))
    shown = landmark_tables.shown_table_iii(_tables(run)["table_iii"])
    page = run["path"] / "report" / "report.html"
    return "\n".join([_title(run), aligned_text(shown), f"Error: {run['definition']}", wording.NOT_A_DEVICE, str(page)])


def read(path: Path) -> dict[str, Any]:
    """What stands in the folder of a fine-tuning: frames with their errors before and after, and how they are made."""
    config = read_yaml(path / "config.yaml")
    scoring = config["scoring"]
    frames = read_predictions(path / "predictions.csv")
    for name in NAMES:
        frames[name] = [float(value) for value in frames[name]]
    kind = scoring["normaliser"]
    return {
        "path": path,
        "config": config,
        "scoring": scoring,
        "definition": metrics.definition(kind, scoring["jaw"], scoring["error"]),
        "unit": metrics.unit(kind),
        "frames": frames,
        "cohort": read_json(path / "cohort.json"),
        "facts": RunFolder(path).facts,
        "splits": read_json(path / "splits.json"),
    }


def _title(run: dict[str, Any]) -> str:
    """synthetic · HC 4, ALS 4, PS 4 · 216 frames · 3 folds of whole people."""
    frames, folds = run["frames"], wording.count(len(run["splits"]), "fold")
    people = ", ".join(f"{group} {len(set(rows['subject']))}" for group, rows in frames.groupby("group", sort=False))
    parts = [people, wording.count(len(frames), "frame"), f"{folds} of whole people"]
    return " · ".join((["synthetic"] if run["cohort"].get("synthetic") else []) + parts)


def _tables(run: dict[str, Any]) -> dict[str, pd.DataFrame]:
    frames, told = run["frames"], {"definition": run["definition"], "unit": run["unit"]}
    before, after = (frames[name].to_numpy(float) for name in NAMES)
    group, subject = frames["group"].tolist(), frames["subject"].tolist()
    published = run["facts"].get("published")
    seed = run["facts"]["seeds"]["run"]
    tables = {
        "table_iii": landmark_tables.table_iii(before, after, group, subject, published=published, seed=seed, **told)
    }
    if "HC" in group and len(set(group)) > 1:
        tables["gaps"] = landmark_tables.gaps(before, after, group, subject, published=published, seed=seed, **told)
    named = {"before": before, "after": after}
    tables["distributions"] = landmark_tables.distributions(named, group, **told, limit=LIMIT[run["unit"]])
    return tables


def _figures(
    run: dict[str, Any], points: dict[str, np.ndarray], crops: np.ndarray, truth: np.ndarray
) -> dict[str, tuple[Figure, str]]:
    frames, unit = run["frames"], run["unit"]
    named = {name: frames[column].to_numpy(float) for column, name in NAMES.items()}
    kept = {key: run["scoring"][key] for key in ("normaliser", "error")}
    per_landmark = {name: metrics.per_landmark(points[name], truth, **kept) for name in named}
    per_region = {name: metrics.per_region(points[name], truth, **kept) for name in named}
    return {
        "cumulative_errors": (
            landmark_figures.cumulative_errors(
                named, frames["group"].tolist(), unit=unit, definition=run["definition"], limit=2 * LIMIT[unit]
            ),
            "Share of frames whose error is at most so large, on people the network never saw.",
        ),
        "on_the_face": (
            landmark_figures.on_the_face(per_landmark, metrics.mean_face(truth), unit=unit, **_of(run, "landmark")),
            "Error of each landmark, on the mean annotated face.",
        ),
        "regions": (
            landmark_figures.of_regions(per_region, unit=unit, **_of(run, "region")),
            "Error of each region of the face.",
        ),
        "predictions": (
            _faces(named["after"], points, crops, truth),
            "Faces of unseen people, from the smallest to the largest error after fitting: annotation white, before "
            "orange, after blue.",
        ),
    }


def _of(run: dict[str, Any], what: str) -> dict[str, str]:
    """The definition of an error per landmark or region."""
    scoring = run["scoring"]
    return {"definition": metrics.definition(scoring["normaliser"], scoring["jaw"], scoring["error"], of=what)}


def _faces(errors: np.ndarray, points: dict[str, np.ndarray], crops: np.ndarray, truth: np.ndarray) -> Figure:
    """Faces at even ranks of the error after fitting, with the annotated and both predicted sets of points."""
    order = np.argsort(np.nan_to_num(errors, nan=np.inf), kind="stable")
    rows = order[np.linspace(0, len(order) - 1, min(SHOWN, len(order))).round().astype(int)]
    figure = Figure(figsize=(9, 4.8), layout="constrained", facecolor="white")
    for axes, row in zip(np.ravel(figure.subplots(2, SHOWN // 2)), rows, strict=False):
        axes.imshow(crops[row])
        for marks, color, size in ((truth, TRUTH, 9), (points["before"], BEFORE, 5), (points["after"], AFTER, 5)):
            axes.scatter(*marks[row].T, s=size, color=color, linewidths=0)
        axes.set(xlim=(-0.5, crops.shape[2] - 0.5), ylim=(crops.shape[1] - 0.5, -0.5))
    for axes in figure.axes:
        axes.set_axis_off()
    return figure


def _context(run: dict[str, Any], tables: dict[str, pd.DataFrame], pictures: list[dict[str, str]]) -> dict[str, Any]:
    import yaml

    facts = run["facts"]
    shown = {
        "table_iii": landmark_tables.shown_table_iii(tables["table_iii"]),
        "distributions": landmark_tables.shown_distributions(tables["distributions"]),
    }
    if "gaps" in tables:
        shown["gaps"] = landmark_tables.shown_gaps(tables["gaps"])
    return {
        "title": _title(run),
        "synthetic": run["cohort"].get("synthetic"),
        "description": run["cohort"].get("description"),
        "tables": {name: page_tables.shown(frame) for name, frame in shown.items()},
        "notes": landmark_tables.notes(run["definition"], facts.get("published")),
        "pictures": {picture["name"]: picture for picture in pictures},
        "splits": {name: ", ".join(fold["test"]) for name, fold in run["splits"].items()},
        "command": facts.get("command", ""),
        "facts": {"time": f"{facts['wall_s']:.1f} s", "digest": facts["digest"], "git commit": facts.get("git_commit")},
        "config": yaml.safe_dump(run["config"], sort_keys=False, allow_unicode=True),
        "not_a_device": wording.NOT_A_DEVICE,
    }
