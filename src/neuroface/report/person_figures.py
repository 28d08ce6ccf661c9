"""Figures of one person: measures beside the healthy range, what drove the score, both sides over time; and a sheet.

Each draws on axes that it is given, so that the page has them one by one and the sheet all of them on one A4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from neuroface.report.figures import FAINT, INK, MUTED, PALETTE, new_axes
from neuroface.report.wording import significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RIGHT, LEFT, HEALTHY = PALETTE[1], PALETTE[0], "#cfe3d8"
A4 = (8.27, 11.69)  # inches
FARTHEST = 6.0  # standard deviations that the axis of z goes to; what lies beyond is an arrow at its end


class Trace(NamedTuple):
    """One repetition. times_s: (T,) from its onset. right, left: (T,) of the person's mouth corners; opening: (T,)."""

    times_s: np.ndarray
    right: np.ndarray
    left: np.ndarray
    opening: np.ndarray


def measures(axes: Axes, table: pd.DataFrame) -> None:
    """z of each measure; the band is the healthy 5 to 95 %."""
    place = np.arange(len(table))
    sd = table["sd"].to_numpy(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = ((table[end] - table["mean"]).to_numpy(float) / sd for end in ("low", "high"))
    axes.barh(place, high - low, left=low, height=0.6, color=HEALTHY, label="healthy, 5-95 %", zorder=1)
    axes.axvline(0, color=MUTED, lw=0.8, zorder=2)
    z = table["z"].to_numpy(float)
    out = np.abs(z) > FARTHEST
    axes.scatter(np.clip(z, -FARTHEST, FARTHEST)[~out], place[~out], color=INK, s=26, zorder=3, label="this person")
    for marker, beyond in (("<", z < -FARTHEST), (">", z > FARTHEST)):
        axes.scatter(np.sign(z[beyond]) * FARTHEST, place[beyond], color=PALETTE[1], marker=marker, s=34, zorder=3)
    axes.set_yticks(place, list(table["measure"]), fontsize=7.5)
    axes.set(ylim=(len(table) - 0.4, -0.6), xlim=(-FARTHEST - 0.3, FARTHEST + 0.3))
    axes.set_xlabel("standard deviations of healthy people", fontsize=8)
    axes.legend(frameon=False, fontsize=7, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)


def changes(axes: Axes, table: pd.DataFrame) -> None:
    """Each measure's change in detectable changes; the band is what scatter alone gives in 95 % of cases."""
    place = np.arange(len(table))
    with np.errstate(invalid="ignore", divide="ignore"):
        moved = table["change"].to_numpy(float) / table["detectable"].to_numpy(float)
    far = float(min(FARTHEST, max(2.0, 1.15 * np.nanmax(np.abs(moved), initial=0.0))))
    axes.axvspan(-1, 1, color=FAINT, lw=0, zorder=0, label="within scatter")
    axes.axvline(0, color=MUTED, lw=0.8, zorder=1)
    beyond = table["beyond"].to_numpy(bool)
    for marker, of in (("<", moved < -far), (">", moved > far), ("o", np.abs(moved) <= far)):
        for filled, colour in ((True, PALETTE[1]), (False, "white")):
            these = of & (beyond == filled)
            axes.scatter(np.clip(moved, -far, far)[these], place[these], color=colour, edgecolors=INK, lw=0.7,
                         marker=marker, s=30, zorder=3)  # fmt: skip
    axes.set_yticks(place, list(table["measure"]), fontsize=7.5)
    axes.set(ylim=(len(table) - 0.4, -0.6), xlim=(-far * 1.05, far * 1.05))
    axes.set_xlabel("change from the first visit to the second, in detectable changes", fontsize=8)
    axes.legend(frameon=False, fontsize=7, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)


def drivers(axes: Axes, table: pd.DataFrame, *, positive: str) -> None:
    """Bars: towards the last class on the right."""
    place = np.arange(len(table))
    colours = [PALETTE[1] if value > 0 else PALETTE[0] for value in table["effect"]]
    axes.barh(place, table["effect"], color=colours, height=0.6)
    axes.axvline(0, color=MUTED, lw=0.8)
    axes.set_yticks(place, list(table["measure"]), fontsize=7.5)
    axes.set(ylim=(len(table) - 0.4, -0.6))
    axes.set_xlabel(
        f"share of the probability of {positive} that would go\nif this measure were a healthy person's", fontsize=8
    )


def models(axes: Axes, p: np.ndarray, *, positive: str, threshold: float | None) -> None:
    """p: (models,) probability of the last class by each fold's model."""
    axes.scatter(p, np.zeros(len(p)), color=PALETTE[0], alpha=0.5, s=22, label="each fold's model")
    axes.scatter([p.mean()], [0], color=INK, marker="|", s=320, lw=2, label=f"mean {p.mean():.2f}")
    if threshold is not None:
        axes.axvline(threshold, color=MUTED, lw=1, ls=(0, (4, 2)), label=f"threshold {threshold:.2f}")
    axes.set(xlim=(-0.02, 1.02), ylim=(-1, 1))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(f"probability of {positive}", fontsize=8)
    axes.legend(frameon=False, fontsize=7, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)


def sides(axes: Axes, traces: Sequence[Trace], *, unit: str) -> None:
    """Excursion of both mouth corners from the onset, repetitions laid over each other."""
    for i, trace in enumerate(traces):
        for values, colour, name in ((trace.right, RIGHT, "right"), (trace.left, LEFT, "left")):
            axes.plot(trace.times_s, values, color=colour, lw=1, alpha=0.75, label=name if i == 0 else None)
    axes.set_xlabel("seconds from the onset", fontsize=8)
    axes.set_ylabel(f"mouth corner, {unit}", fontsize=8)
    axes.legend(frameon=False, fontsize=7, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)


def opening(axes: Axes, traces: Sequence[Trace], *, unit: str) -> None:
    for i, trace in enumerate(traces):
        axes.plot(trace.times_s, trace.opening, color=INK, lw=1, alpha=0.3 + 0.6 * i / max(1, len(traces) - 1))
    axes.set_xlabel("seconds from the onset", fontsize=8)
    axes.set_ylabel(f"mouth opening, {unit}", fontsize=8)


def alone(draw: object, *arguments: object, width: float = 7.0, height: float = 3.0, **keys: object) -> Figure:
    """One of the drawings above as a figure of its own."""
    figure, axes = new_axes(width, height)
    draw(axes, *arguments, **keys)  # type: ignore[operator]
    return figure


def sheet(
    title: str,
    lines: Sequence[str],
    table: pd.DataFrame,
    driven: pd.DataFrame,
    p: np.ndarray,
    traces: Sequence[Trace],
    *,
    positive: str,
    threshold: float | None,
    unit: str,
    footer: str,
    change: pd.DataFrame,
) -> Figure:
    """Everything about one person on one A4 page; lines: sentences under the title. change: of two visits, or empty;
    it stands at the foot then, in place of the measures."""
    from textwrap import fill

    from matplotlib.figure import Figure

    figure = Figure(A4, facecolor="white")
    figure.text(0.07, 0.962, title, fontsize=12, color=INK, weight="bold", va="top")
    text = "\n".join(fill(line, 118) for line in lines)
    figure.text(0.07, 0.938, text, fontsize=7.6, color=INK, va="top", linespacing=1.45)
    top = 0.915 - 0.0148 * (text.count("\n") + 1)
    figure.text(0.07, 0.022, footer, fontsize=7, color=MUTED)
    strip = figure.add_axes((0.09, top - 0.055, 0.85, 0.03))
    models(strip, p, positive=positive, threshold=threshold)
    base = top - 0.13
    height = base - 0.42
    if "z" in table:
        measures(figure.add_axes((0.25, 0.42, 0.28, height)), table)
        if len(driven):
            drivers(figure.add_axes((0.68, 0.42, 0.27, height)), driven, positive=positive)
    if traces:
        opening(figure.add_axes((0.09, 0.235, 0.4, 0.12)), traces, unit=unit)
        sides(figure.add_axes((0.57, 0.235, 0.38, 0.12)), traces, unit=unit)
    if len(change):
        _at_the_foot(figure, CHANGED, [_changed(row) for row in change.to_dict("records")])
    else:
        _at_the_foot(figure, MEASURED, [_row(row) for row in table.to_dict("records")])
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(MUTED)
        axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=7)
    return figure


# Columns of the table at the foot of the sheet, and their widths.
MEASURED = {"measure": 0.36, "this person": 0.18, "repetitions": 0.12, "healthy 5-95 %": 0.2, "N": 0.06, "z": 0.08}
CHANGED = {"measure": 0.34, "first visit": 0.15, "second": 0.15, "change": 0.14, "detectable": 0.14, "beyond": 0.08}
MOST_ROWS = 14  # that can be read there; the CSV has all


def _at_the_foot(figure: Figure, columns: dict[str, float], rows: Sequence[list[str]]) -> None:
    """Values in their units, at the foot of the sheet."""
    axes = figure.add_axes((0.07, 0.05, 0.88, 0.145))
    axes.axis("off")
    shown = rows[:MOST_ROWS]
    if not shown:
        return
    drawn = axes.table(
        cellText=shown, colLabels=list(columns), loc="upper left", cellLoc="left", edges="horizontal",
        colWidths=list(columns.values()),
    )  # fmt: skip
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(6.6)
    drawn.scale(1, min(0.93, 10.7 / (len(shown) + 1)))
    for cell in drawn.get_celld().values():
        cell.set_edgecolor(FAINT)
    if len(rows) > len(shown):
        figure.text(0.07, 0.036, f"{len(rows) - len(shown)} more in the CSV.", fontsize=6.6, color=MUTED)


def _row(row: dict) -> list[str]:
    unit = f" {row['unit']}" if row["unit"] else ""
    healthy = (
        f"{significant(row['low'])} to {significant(row['high'])}{unit}" if np.isfinite(row.get("low", np.nan)) else ""
    )
    z = f"{row['z']:+.1f}" if np.isfinite(row.get("z", np.nan)) else ""
    return [
        row["measure"],
        f"{significant(row['value'])}{unit}",
        str(row["repetitions"]),
        healthy,
        str(row.get("people", "")),
        z,
    ]


def _changed(row: dict) -> list[str]:
    unit = f" {row['unit']}" if row["unit"] else ""
    sizes = [f"{significant(row[key])}{unit}" for key in ("first", "second")]
    moved = f"{'+' if row['change'] > 0 else ''}{significant(row['change'])}{unit}"
    least = f"{significant(row['detectable'])}{unit}" if np.isfinite(row["detectable"]) else "not known"
    return [row["measure"], *sizes, moved, least, "yes" if row["beyond"] else "no"]
