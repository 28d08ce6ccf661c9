"""external.html: how a finished run does on another cohort, beside how it did on its own people."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neuroface.report import figures, page_tables, roc, wording
from neuroface.report.page_files import template, write_figure, write_whole
from neuroface.report.run import Run, interval_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHIFTED = 0.5  # |g| from which a feature is called shifted: a medium effect (Cohen 1988)


def render(
    run: Run, table: pd.DataFrame, scores: Mapping[str, Any], shift: pd.DataFrame, warnings: Sequence[str], out: Path,
    *, cohort: str,
) -> tuple[str, Path]:  # fmt: skip
    """Write external.html and its figures into `out`; returns the findings in words, and the page."""
    drawn = {}
    for name, (figure, caption) in _figures(run, table).items():
        data = base64.b64encode(write_figure(out, name, figure)).decode()
        drawn[name] = {"name": name, "data": data, "caption": caption, "alt": caption}
    lines = sentences(run, table, scores, shift, cohort=cohort)
    context = {
        "title": f"{wording.conditions(run)} · on {cohort}",
        "synthetic": run.is_synthetic,
        "lines": lines,
        "warnings": warnings[:-1],
        "pictures": drawn,
        "shift": page_tables.shown(shift),
        "not_a_device": wording.NOT_A_DEVICE,
    }
    page = out / "external.html"
    write_whole(page, template("external.html.j2").render(context).encode())
    return "\n".join(lines), page


def sentences(
    run: Run, table: pd.DataFrame, scores: Mapping[str, Any], shift: pd.DataFrame, *, cohort: str
) -> list[str]:
    """Score with interval beside the run's own, calibration, and what lies elsewhere than in the run."""
    people = table.groupby("y")["subject"].nunique()
    counts = ", ".join(f"{people[name]} {name}" for name in run.classes if name in people)
    key, name = run.headline.key, run.headline.name
    found = scores["repetition"] if run.is_within_person and not run.is_binary else scores["subject"]
    told = [
        f"On {cohort} ({counts}), none of whom the models have seen: {name} {found[key]:.2f} "
        f"{wording.interval(interval_of(found, key))}. On its own people, each left out: {run.headline.value:.2f} "
        f"{wording.interval(run.headline.interval)}."
    ]
    if "sensitivity" in found:
        told.append(
            f"At the run's threshold: sensitivity {found['sensitivity']:.2f}, specificity {found['specificity']:.2f}."
        )
    if fit := scores.get("calibration"):
        told.append(
            f"{run.positive} in {fit['observed']:.2f} of these people, {fit['expected']:.2f} expected. Calibration in "
            f"the large {wording.number(fit['intercept'])} [{wording.number(fit['intercept_low'])}, "
            f"{wording.number(fit['intercept_high'])}] (0 is right), slope {wording.number(fit['slope'])} "
            f"[{wording.number(fit['slope_low'])}, {wording.number(fit['slope_high'])}] (1 is right; below 1, the "
            "probabilities are too extreme). Both are dashes where the classes part perfectly."
        )
    if len(shift):
        far = shift[shift["g"].abs() >= SHIFTED]
        names = ", ".join(f"{row['feature']} of {row['class']} ({row['g']:+.1f})" for row in far.to_dict("records")[:5])
        told.append(
            f"{len(far)} of {len(shift)} features by class lie elsewhere than in the run (|Hedges g| of at least "
            f"{SHIFTED:g}){': ' + names if names else ''}."
        )
    return told


def _figures(run: Run, table: pd.DataFrame) -> dict[str, tuple[Figure, str]]:
    if not run.is_binary or run.is_within_person:
        return {}
    column = f"p_{run.positive}"
    per_task = table.groupby(["subject", "y", "task"], sort=False)[column].mean()
    people = per_task.groupby(level=["subject", "y"], sort=False).mean().reset_index()
    positive, score = (people["y"] == run.positive).to_numpy(), people[column].to_numpy(float)
    curve = figures.roc(
        roc.curve(positive, score), auc=roc.auc(positive, score), band=roc.bootstrap_band(positive, score)
    )
    return {
        "roc": (curve, "ROC over the people of the other cohort; 95 % pointwise band of a bootstrap over people."),
        "calibration": (
            calibration_figure(score, positive, name=run.positive),
            "Each mark is a person, on top who has the class, at the foot who has not; points: share of the class in "
            "thirds of the people by their probability. On the diagonal, probabilities mean what they say.",
        ),
    }


def calibration_figure(p: np.ndarray, y: np.ndarray, *, name: str) -> Figure:
    """p: (n,) of people; y: (n,) bool."""
    from neuroface.evaluate.statistics import wilson

    figure, axes = figures.new_axes(figures.HALF, figures.HALF)
    axes.plot([0, 1], [0, 1], color=figures.FAINT, lw=1)
    axes.scatter(p, np.where(y, 1.03, -0.03), marker="|", s=60, color=figures.MUTED, lw=1)
    for part in np.array_split(np.argsort(p, kind="stable"), 3):
        if len(part):
            low, high = wilson(int(y[part].sum()), len(part))
            axes.vlines(p[part].mean(), low, high, color=figures.PALETTE[0], lw=1.6)
            axes.scatter(p[part].mean(), y[part].mean(), color=figures.PALETTE[0], s=34, zorder=3)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.07, 1.07), aspect="equal")
    axes.set(xlabel=f"probability of {name}", ylabel=f"share of people with {name}")
    return figure
