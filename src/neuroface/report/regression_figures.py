"""Figures of predicted numbers: data in, matplotlib Figure out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neuroface.report.figures import FAINT, HALF, INK, MARKERS, MUTED, PALETTE, legend_above, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def predicted(people: pd.DataFrame, *, name: str) -> Figure:
    """Predicted against true values, one point per person. people: group, y, predicted."""
    figure, axes = new_axes(HALF, HALF)
    both = people[["y", "predicted"]].to_numpy(float)
    margin = 0.05 * (np.ptp(both) or 1)
    ends = both.min() - margin, both.max() + margin
    axes.plot(ends, ends, color=MUTED, lw=0.8, ls=(0, (4, 2)), zorder=0)
    _points(axes, people, people["y"], people["predicted"])
    axes.set(xlim=ends, ylim=ends, aspect="equal", xlabel=f"true {name}", ylabel=f"predicted {name}")
    legend_above(axes)
    return figure


def agreement(people: pd.DataFrame, limits: Mapping[str, Any], *, name: str) -> Figure:
    """Predicted minus true against the true value, with bias and limits of agreement and their intervals."""
    figure, axes = new_axes(HALF, HALF)
    for key, colour in (("bias", PALETTE[0]), ("low", MUTED), ("high", MUTED)):
        axes.axhspan(*limits[f"{key}_ci"], color=colour, alpha=0.12, lw=0)
        axes.axhline(limits[key], color=colour, lw=1)
        axes.annotate(
            f"{limits[key]:+.2g}".replace("-", "−"), (1.01, limits[key]), xycoords=("axes fraction", "data"), fontsize=8
        )
    axes.axhline(0, color=FAINT, lw=0.8, zorder=0)
    _points(axes, people, people["y"], people["predicted"] - people["y"])
    axes.set(xlabel=f"true {name}", ylabel="predicted − true")
    legend_above(axes)
    return figure


def null(values: np.ndarray, *, observed: float, name: str) -> Figure:
    """Histogram of a score under permutations (n,), and the observed one."""
    figure, axes = new_axes(HALF, HALF * 0.7)
    axes.hist(values, bins=min(30, max(5, len(values) // 5)), color=FAINT, edgecolor="white", label="shuffled numbers")
    axes.axvline(observed, color=PALETTE[0], lw=2, label=f"this run, {observed:.3g}")
    axes.set(xlabel=name, ylabel="permutations")
    legend_above(axes)
    return figure


def _points(axes: Axes, people: pd.DataFrame, x: pd.Series, y: pd.Series) -> None:
    for i, (group, rows) in enumerate(people.groupby("group", sort=False)):
        at, colour, marker = rows.index, PALETTE[i % len(PALETTE)], MARKERS[i % len(MARKERS)]
        axes.scatter(
            x[at], y[at], s=30, color=colour, marker=marker, edgecolors=INK, linewidths=0.4, label=str(group), zorder=2
        )
