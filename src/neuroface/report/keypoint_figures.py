"""Where on the face: significance of the 68 points as light on the mean face, and as a ranking.

Gaussians stand at the points, as high as the points are significant. Where they meet, the higher one counts: a sum
would be bright wherever points stand close together, about the mouth.
"""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neuroface import face
from neuroface.report.figures import FULL, HALF, INK, MUTED, PALETTE, new_axes
from neuroface.report.landmark_figures import draw_outlines

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 0.045  # standard deviation of a Gaussian, of the face's width; neighbours on a lip still part
GRID = 240  # pixels of the light, across
ONE_WAY, TWO_WAYS = "cividis", "PuOr_r"  # both safe for colour-blind readers
SHOWN = 20  # rows of the ranking


def light(
    places: np.ndarray, values: np.ndarray, *, size: int = GRID
) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """(h, w) the highest Gaussian at each pixel, with its sign, and where it lies (left, right, bottom, top).

    places: (68, 2), any unit, y down. values: (68,), NaN has no light. At a point the light is its value.
    """
    width = float(np.ptp(places[:, 0]))
    low, high = places.min(axis=0) - 0.12 * width, places.max(axis=0) + 0.12 * width
    x = np.linspace(low[0], high[0], size)
    y = np.linspace(low[1], high[1], round(size * (high[1] - low[1]) / (high[0] - low[0])))
    known = np.isfinite(values)
    apart = (x[None, None, :] - places[known, 0, None, None]) ** 2 + (
        y[None, :, None] - places[known, 1, None, None]
    ) ** 2
    lights = values[known, None, None] * np.exp(-apart / (2 * (WIDTH * width) ** 2))
    highest = np.abs(lights).argmax(axis=0)
    where = (float(x[0]), float(x[-1]), float(y[-1]), float(y[0]))
    return np.take_along_axis(lights, highest[None], axis=0)[0], where


def faces(named: Mapping[str, np.ndarray], places: np.ndarray, *, unit: str, over: np.ndarray | None = None) -> Figure:
    """Light on the mean face, one face per name, all on one scale.

    named: title -> (68,) values; where some are negative, two colours meet at 0. places: (68, 2), y down. over: a
    picture (S, S, 3) uint8 whose pixels the places are, or None for outlines alone.
    """
    from matplotlib.figure import Figure

    finite = np.concatenate([values[np.isfinite(values)] for values in named.values()])
    reach = float(np.abs(finite).max()) or 1.0
    signed = bool((finite < 0).any())
    width, height = np.ptp(places, axis=0)
    panel = (FULL - 1) / max(2, len(named))
    figure = Figure(
        (panel * max(2, len(named)) + 1.1, panel * height / width + 0.7), layout="constrained", facecolor="white"
    )
    panels = np.ravel(figure.subplots(1, max(2, len(named)), sharex=True, sharey=True))
    for empty in panels[len(named) :]:
        empty.axis("off")
    panels = panels[: len(named)]
    for axes, (name, values) in zip(panels, named.items(), strict=True):
        shown, where = light(places, values)
        if over is not None:
            axes.imshow(over)
        image = axes.imshow(
            shown, extent=where, cmap=TWO_WAYS if signed else ONE_WAY, vmin=-reach if signed else 0, vmax=reach,
            alpha=1.0 if over is None else np.clip(np.abs(shown) / reach, 0, 0.75), zorder=1, interpolation="bilinear",
        )  # fmt: skip
        if over is None:
            draw_outlines(axes, places)
        axes.scatter(*places.T, s=5, color="white", edgecolors=INK, linewidths=0.4, zorder=4)
        axes.set(xlim=where[:2], ylim=where[2:], aspect="equal", title=name)
        axes.title.set_fontsize(10)
        axes.axis("off")
    bar = figure.colorbar(image, ax=list(panels), shrink=0.8, pad=0.02)
    bar.set_label(fill(unit, max(16, int(11 * figure.get_figheight()))), fontsize=8.5)  # no longer than the bar
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=MUTED, labelcolor=INK, labelsize=8.5)
    return figure


def layer(places: np.ndarray, values: np.ndarray) -> Figure:
    """The light alone on white, whose strength is how much it covers: to be laid over another drawing."""
    from matplotlib.figure import Figure

    shown, where = light(places, values)
    reach = float(np.nanmax(np.abs(values))) or 1.0
    figure = Figure((HALF, HALF * (where[2] - where[3]) / (where[1] - where[0])), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(shown, extent=where, cmap=ONE_WAY, vmin=0, vmax=reach, alpha=np.clip(np.abs(shown) / reach, 0, 1))
    axes.set(xlim=where[:2], ylim=where[2:])
    axes.axis("off")
    return figure


def ranking(points: pd.DataFrame, *, unit: str) -> Figure:
    """The most significant points, the first on top, with their intervals; filled where the groups differ (FDR .05)."""
    rows = points.sort_values("rank", kind="stable").head(SHOWN)
    place = np.arange(len(rows))
    figure, axes = new_axes(FULL, 1.1 + 0.22 * len(rows))
    colours = {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(face.REGIONS)}
    for name, colour in colours.items():
        of = (rows["region"] == name).to_numpy()
        if not of.any():
            continue
        axes.hlines(place[of], rows.loc[of, "low"], rows.loc[of, "high"], color=colour, lw=1.6)
        differs = (rows.loc[of, "p_fdr"] <= 0.05).to_numpy()
        fill = [colour if one else "white" for one in differs]
        axes.scatter(rows.loc[of, "significance"], place[of], c=fill, edgecolors=colour, s=34, zorder=3, label=name)
    axes.set_yticks(place, [f"{row.rank}  {row.label}" for row in rows.rename(columns={"name": "label"}).itertuples()])
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlabel=f"{unit}; 95 % over people. Filled: groups differ, FDR .05")
    axes.set_xlim(left=min(0.0, float(np.nanmin(rows[["significance", "low"]].to_numpy()))))
    axes.tick_params(axis="y", length=0)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    return figure
