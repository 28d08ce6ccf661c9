"""explain.html of a run on a table of features: importance with its intervals, and both checks beside it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neuroface.evaluate.cells import guarded_table
from neuroface.report import page_tables, wording
from neuroface.report.figures import FAINT, FULL, INK, MUTED, PALETTE, legend_above, new_axes
from neuroface.report.page_files import template, write_figure, write_whole
from neuroface.report.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = {
    "feature": "each by itself",
    "family": "families, changed together",
    "correlated": "correlated sets, changed together",
}
# What the table shows of importance.csv.
COLUMNS = {
    "name": "features",
    "importance": "importance",
    "low": "low",
    "high": "high",
    "probability": "of own class's probability",
    "shuffled_mean": "shuffled labels",
    "p_shuffled": "p",
    "scrambled_mean": "scrambled models",
}


def render(run: Run, table: pd.DataFrame, attributions: pd.DataFrame | None, out: Path, *, measure: str) -> Path:
    """Write explain.html, importance.csv and .png/.svg, and attributions.csv into `out`; returns the page.

    table: rows of `explain.importance.importance` with members, and of the checks shuffled_mean, shuffled_low,
    shuffled_high, p_shuffled, scrambled_mean; these are absent where no check was made. attributions: per person and
    feature, or None.
    """
    out.mkdir(parents=True, exist_ok=True)
    drawn = {"importance": (importance_figure(table, measure=measure), _alt(table))}
    if attributions is not None:
        drawn["attributions"] = (attributions_figure(attributions, positive=run.positive), "What moved each person.")
    pictures = {
        name: {
            "name": name,
            "data": base64.b64encode(write_figure(out, name, figure, vector="svg")).decode(),
            "caption": CAPTIONS[name],
            "alt": alt,
        }
        for name, (figure, alt) in drawn.items()
    }
    write_whole(out / "importance.csv", guarded_table(table).to_csv(index=False, float_format="%.6g").encode())
    if attributions is not None:
        write_whole(
            out / "attributions.csv", guarded_table(attributions).to_csv(index=False, float_format="%.6g").encode()
        )
    page, together = out / "explain.html", table[table["kind"] == "correlated"]
    content = {
        "title": wording.conditions(run),
        "synthetic": run.is_synthetic,
        "answer": wording.answer(run),
        "not_a_device": wording.NOT_A_DEVICE,
        "pictures": pictures,
        "tables": {
            words: page_tables.shown(rows[[c for c in COLUMNS if c in rows]].rename(columns=COLUMNS))
            for kind, words in KINDS.items()
            if len(rows := table[table["kind"] == kind].sort_values("importance", ascending=False))
        },
        "sets": dict(zip(together["name"], together["members"], strict=True)),
        "notes": notes(table, measure=measure),
    }
    write_whole(page, template("importance.html.j2").render(content).encode())
    return page


CAPTIONS = {
    "importance": (
        "Blue: how far the score falls when a person's values are somebody else's, with the 95 % interval over people. "
        "Grey bar: the same, 5-95 %, after labels were shuffled and everything fitted again. Cross: models whose "
        "columns were mixed up. A feature that is not right of the grey bar says nothing."
    ),
    "attributions": (
        "Each row a person, each column a feature: Shapley values of the model that left them out, mean over "
        "repetitions. They add up to the person's probability less that of the average training person."
    ),
}


def notes(table: pd.DataFrame, *, measure: str) -> list[str]:
    """Both checks in words, with their numbers."""
    if "shuffled_mean" not in table:
        return ["Neither check was made (checks=0): whether this picture is about what was learnt is not known."]
    one = table[table["kind"] == "feature"]
    real, largest = one["importance"], one.nlargest(1, "importance").iloc[0]
    told = [
        f"Shuffled labels: the mean importance of a feature is {one['shuffled_mean'].abs().mean():.3f} in size, beside "
        f"{real.abs().mean():.3f} with the true labels; the largest one, {largest['name']}, "
        f"{largest['importance']:.3f} of the {measure}, is reached by the largest of any feature under shuffled "
        f"labels with p = {largest['p_any']:.3f}."
    ]
    if len(one) > 2:
        rho = real.corr(one["scrambled_mean"], method="spearman")
        told.append(
            f"Scrambled models: over features, importance correlates with theirs by {rho:.2f} (Spearman); near 0 means "
            "that it is about where the models put their weights."
        )
    return told


def importance_figure(table: pd.DataFrame, *, measure: str) -> Figure:
    """One row per feature, family and correlated set; see CAPTIONS."""
    parts = [table[table["kind"] == kind].sort_values("importance", ascending=False) for kind in KINDS]
    rows = pd.concat(parts, ignore_index=True)
    place = np.arange(len(rows)) + np.array([list(KINDS).index(kind) for kind in rows["kind"]])
    figure, axes = new_axes(FULL, 1.3 + 0.23 * (len(rows) + 2))
    axes.axvline(0, color=MUTED, lw=0.8)
    if "shuffled_low" in rows:
        width = rows["shuffled_high"] - rows["shuffled_low"]
        axes.barh(place, width, left=rows["shuffled_low"], height=0.72, color=FAINT, label="shuffled labels, 5-95 %")
        axes.scatter(
            rows["scrambled_mean"], place, marker="x", color=PALETTE[1], s=28, lw=1.3, label="scrambled models"
        )
    axes.hlines(place, rows["low"], rows["high"], color=PALETTE[0], lw=1.6)
    axes.scatter(rows["importance"], place, color=PALETTE[0], s=30, zorder=3, label="this run, 95 % over people")
    axes.set(ylim=(place.max() + 0.8, -0.8), xlabel=f"fall of the {measure}")
    axes.set_yticks(place, [str(name) for name in rows["name"]])
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines["left"].set_visible(False)
    legend_above(axes)
    return figure


def attributions_figure(table: pd.DataFrame, *, positive: str) -> Figure:
    """A person a row, a feature a column; blue away from, orange towards the positive class."""
    wide = table.pivot_table(index=["y", "subject"], columns="feature", values="attribution")
    order = wide.sum(axis=1).groupby(level="y", sort=False).rank()
    wide = wide.loc[sorted(wide.index, key=lambda key: (key[0] == positive, order[key]))]
    wide = wide[wide.abs().mean().sort_values(ascending=False).index]
    figure, axes = new_axes(FULL, 2.4 + 0.18 * len(wide))
    reach = float(np.nanmax(np.abs(wide.to_numpy()))) or 1.0
    image = axes.imshow(wide.to_numpy(), cmap="PuOr_r", vmin=-reach, vmax=reach, aspect="auto")
    axes.set_yticks(range(len(wide)), [f"{y} {who}" for y, who in wide.index], fontsize=7)
    axes.set_xticks(range(wide.shape[1]), list(wide.columns), rotation=35, ha="right", fontsize=7.5)
    bar = figure.colorbar(image, ax=axes, shrink=0.7)
    bar.set_label(f"added to the probability of {positive}", fontsize=8.5)
    bar.ax.tick_params(labelsize=8)
    return figure


def _alt(table: pd.DataFrame) -> str:
    largest = table.nlargest(1, "importance").iloc[0]
    return (
        f"Importance of {len(table)} features and groups; the largest: {largest['name']}, {largest['importance']:.2f}."
    )
