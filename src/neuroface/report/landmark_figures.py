"""Figures of landmark errors: cumulative curves (Fig. 2 of Guarin et al.), errors on the face, errors of its regions.

As in `figures`: data in, matplotlib Figure out. Every figure says below itself how its error is defined.
"""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from neuroface import face
from neuroface.landmarks import metrics
from neuroface.landmarks.comparison import Names
from neuroface.report import wording
from neuroface.report.figures import FAINT, FULL, HALF, INK, MUTED, PALETTE, legend_above, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STROKES = ((0, (4, 2)), "solid", (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))  # of the networks, the last of two is solid
SHADES = ("#a6a6a6", PALETTE[3], PALETTE[5], PALETTE[4])  # of the networks; the first colours are those of groups
OUTLINES = (face.JAW, face.BROW_RIGHT, face.BROW_LEFT, face.NOSE_BRIDGE, face.NOSTRILS)
CLOSED = (face.EYE_RIGHT, face.EYE_LEFT, face.MOUTH_OUTER, face.MOUTH_INNER)
DOT = 3.4  # points per inch of the face's width: the diameter of the dot of the largest error


def cumulative_errors(
    named: Mapping[str, np.ndarray], group: Names, *, definition: str, unit: str = "%", limit: float = 0.2
) -> Figure:
    """Share of frames within each error: a colour per group, a stroke per network.

    named: up to four networks -> (N,) errors of frames, fractions of the normaliser (px where unit is "px"), NaN
    without a face: such frames keep a curve from reaching 100 %. limit: right end, in the same unit.
    """
    from matplotlib.lines import Line2D

    groups, scale = np.asarray(group), _scale(unit)
    names = list(dict.fromkeys(groups.tolist()))
    thresholds = np.linspace(0, limit, 401)
    figure, axes = new_axes(FULL, HALF)
    for i, name in enumerate(names):
        for stroke, errors in zip(STROKES, named.values(), strict=False):
            share = 100 * metrics.cumulative(errors[groups == name], thresholds)
            axes.plot(scale * thresholds, share, color=PALETTE[i % len(PALETTE)], ls=stroke, lw=1.8)
    axes.set(xlim=(0, scale * limit), ylim=(0, 101), ylabel="frames with at most this error, %")
    axes.grid(color=FAINT, lw=0.6)
    axes.set_axisbelow(True)
    colours = [Line2D([], [], color=PALETTE[i % len(PALETTE)], lw=3) for i in range(len(names))]
    strokes = [Line2D([], [], color=INK, ls=stroke, lw=1.8) for stroke, _ in zip(STROKES, named, strict=False)]
    labels = [f"{name} ({wording.count((groups == name).sum(), 'frame')})" for name in names]
    axes.legend([*colours, *strokes], [*labels, *named], loc="lower right", frameon=False, fontsize=8, handlelength=3)
    axes.set_xlabel(f"error, {unit}")
    _say_below(figure, definition)
    return figure


def on_the_face(named: Mapping[str, np.ndarray], mean_face: np.ndarray, *, definition: str, unit: str = "%") -> Figure:
    """The error of each landmark as a dot on the mean face, one face per network; diameter and colour grow with it.

    named: network -> (68,) error of each landmark, fractions of the normaliser (px where unit is "px"), NaN is a
    cross; mean_face: (68, 2), any unit, y down, as `metrics.mean_face` gives it. All faces share one scale.
    """
    from matplotlib.figure import Figure

    scale = _scale(unit)
    finite = np.concatenate([values[np.isfinite(values)] for values in named.values()])
    largest = scale * float(finite.max()) if finite.any() else 1.0
    width, height = np.ptp(mean_face, axis=0)
    panel = (FULL - 1) / max(2, len(named))
    figure = Figure(
        figsize=(panel * len(named) + 1, panel * height / width + 1), layout="constrained", facecolor="white"
    )
    panels = np.ravel(figure.subplots(1, len(named), sharex=True, sharey=True))
    for axes, (name, values) in zip(panels, named.items(), strict=True):
        draw_outlines(axes, mean_face)
        known = np.isfinite(values)
        errors = scale * values[known]
        dots = axes.scatter(
            *mean_face[known].T, s=4 + (DOT * panel * errors / largest) ** 2,
            c=errors, cmap="viridis_r", vmin=0, vmax=largest, edgecolors="white", linewidths=0.5, zorder=3,
        )  # fmt: skip
        axes.scatter(*mean_face[~known].T, marker="x", s=18, color=MUTED, lw=0.9, zorder=3)
        axes.set_title(name, fontsize=10, color=INK)
        axes.set(aspect="equal")
        axes.axis("off")
    panels[0].invert_yaxis()
    bar = figure.colorbar(dots, ax=list(panels), shrink=0.7, pad=0.02, label=f"error, {unit}")
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=MUTED, labelcolor=INK, labelsize=8.5)
    _say_below(figure, definition)
    return figure


def of_regions(named: Mapping[str, Mapping[str, float]], *, definition: str, unit: str = "%") -> Figure:
    """The error of each region of the face, one bar per network, the largest region on top.

    named: network -> region -> error, fraction of the normaliser (px where unit is "px"); NaN has no bar.
    """
    scale = _scale(unit)
    first = next(iter(named.values()))
    regions = sorted(first, key=lambda region: -np.nan_to_num(first[region], nan=-1))
    rows, height = np.arange(len(regions)), 0.8 / len(named)
    figure, axes = new_axes(FULL, 1.3 + 0.26 * len(regions) * len(named))
    for i, (name, of) in enumerate(named.items()):
        values = np.array([scale * of[region] for region in regions])
        places = rows + (i - (len(named) - 1) / 2) * height
        axes.barh(places, values, height=0.9 * height, color=SHADES[i % len(SHADES)], label=name)
        for place, value in zip(places, values, strict=True):
            if np.isfinite(value):
                axes.annotate(
                    f"{value:.1f}", (value, place), (3, 0), textcoords="offset points", va="center", fontsize=8,
                )  # fmt: skip
    axes.set_yticks(rows, regions)
    axes.set(ylim=(len(regions) - 0.4, -0.6))
    axes.margins(x=0.08)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    legend_above(axes)
    axes.set_xlabel(f"error, {unit}")
    _say_below(figure, definition)
    return figure


def draw_outlines(axes: Axes, mean_face: np.ndarray) -> None:
    for points in OUTLINES:
        axes.plot(*mean_face[points].T, color=FAINT, lw=1.2, zorder=1)
    for points in CLOSED:
        axes.plot(*mean_face[np.append(points, points[0])].T, color=FAINT, lw=1.2, zorder=1)


def _scale(unit: str) -> float:
    return 100.0 if unit == "%" else 1.0


def _say_below(figure: Figure, definition: str) -> None:
    per_line = min(100, int(15 * figure.get_figwidth()))  # characters that fit, and that are easily read
    figure.supxlabel(fill(definition, per_line), fontsize=7.5, color=MUTED)
