"""One function per figure: data in, matplotlib Figure out. No global state, no files.

At the end, what all figures begin with and share: `new_axes`, `legend_above`.

Colours are Okabe & Ito's, safe for colour-blind readers ("Color Universal Design", 2008); marker shapes say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neuroface.report import roc as curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
INK, MUTED, FAINT = "#1a1a1a", "#6b6b6b", "#d9d9d9"
HALF, FULL = 4.6, 9.2  # inches: half and full width of the page's text
NAMED_ROWS = 60  # beyond this many people names would not be readable

BAND = tuple[np.ndarray, np.ndarray]


def roc(
    curve: tuple[np.ndarray, np.ndarray],
    *,
    auc: float,
    band: BAND | None = None,
    null: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
) -> Figure:
    """ROC with its band, and the null's mean and band.

    curve: false and true positive rates. band: lower, upper on roc.GRID. null: mean, lower, upper on roc.GRID.
    """
    figure, axes = new_axes(HALF, HALF)
    if null is not None:
        mean, low, high = null
        axes.fill_between(curves.GRID, low, high, color=FAINT, alpha=0.7, lw=0, label="null, 5–95 %")
        axes.plot(curves.GRID, mean, color=MUTED, lw=1.2, ls=(0, (4, 2)), label="null, mean")
    if band is not None:
        axes.fill_between(curves.GRID, *band, color=PALETTE[0], alpha=0.18, lw=0, label="95 % over people")
    axes.plot(*curve, color=PALETTE[0], lw=2, label=f"this run, AUC {auc:.2f}")
    _roc_axes(axes)
    return figure


def roc_of_several(named: Mapping[str, tuple[np.ndarray, np.ndarray, float]]) -> Figure:
    """One ROC per class against the rest, or per person left out. named: name -> false rates, true rates, AUC."""
    figure, axes = new_axes(HALF, HALF)
    few = len(named) <= len(PALETTE)
    for i, (name, (false, true, auc)) in enumerate(named.items()):
        colour, width = (PALETTE[i], 1.8) if few else (MUTED, 0.7)
        axes.plot(false, true, color=colour, lw=width, label=f"{name}, AUC {auc:.2f}")
    _roc_axes(axes, legend=few)
    return figure


def _roc_axes(axes: Axes, *, legend: bool = True) -> None:
    axes.plot([0, 1], [0, 1], color=FAINT, lw=0.8, zorder=0)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.set_xlabel("false positive rate (1 − specificity)")
    axes.set_ylabel("true positive rate (sensitivity)")
    if legend:
        axes.legend(loc="lower right", frameon=False, fontsize=8)


def subject_scores(
    subjects: pd.DataFrame, *, classes: Sequence[str], positive: str, score_is: str | None = None
) -> Figure:
    """Each person's mean probability of `positive`, range over repetitions, thresholds, and who was misclassified.

    subjects: rows subject, y, p_<positive>, lowest, highest, correct, and threshold where there is one; the people of
    a class are sorted by score. score_is: what the score is, where it is no probability.
    """
    order = {name: i for i, name in enumerate(classes)}
    table = subjects.assign(_group=subjects["y"].map(order)).sort_values(["_group", f"p_{positive}"], ignore_index=True)
    rows = np.arange(len(table)) + table["_group"].to_numpy()  # an empty row between groups
    figure, axes = new_axes(FULL, 1.1 + 0.19 * min(len(table), NAMED_ROWS))
    if "threshold" in table:
        low, high = table["threshold"].min(), table["threshold"].max()
        axes.axvspan(low, high, color=FAINT, alpha=0.7, lw=0, label="thresholds of the folds", zorder=0)
        axes.axvline(table["threshold"].median(), color=MUTED, lw=1, ls=(0, (4, 2)), zorder=1)
    for name, i in order.items():
        of = (table["y"] == name).to_numpy()
        colour, score = PALETTE[i % len(PALETTE)], table.loc[of, f"p_{positive}"]
        axes.hlines(rows[of], table.loc[of, "lowest"], table.loc[of, "highest"], color=colour, lw=1.6, alpha=0.35)
        axes.scatter(score, rows[of], color=colour, marker=MARKERS[i % len(MARKERS)], s=30, label=name, zorder=3)
    wrong = ~table["correct"].to_numpy(bool)
    axes.scatter(
        table.loc[wrong, f"p_{positive}"], rows[wrong], s=130, facecolors="none", edgecolors=INK, lw=1.2, zorder=4,
        label="misclassified",
    )  # fmt: skip
    axes.set(xlim=(-0.02, 1.02), ylim=(rows.max() + 1, -1))
    axes.set_xlabel(score_is or f"probability of {positive}: mean and range of repetitions")
    _name_rows(axes, rows, list(table["subject"]))
    legend_above(axes)
    return figure


def subject_probabilities(subjects: pd.DataFrame, *, classes: Sequence[str]) -> Figure:
    """Each person's mean probability of every class as a stacked bar, grouped by true class; a cross where it is wrong.

    subjects: rows subject, y, p_<class>..., correct.
    """
    order = {name: i for i, name in enumerate(classes)}
    own = subjects.apply(lambda row: row[f"p_{row['y']}"], axis=1)
    table = subjects.assign(_group=subjects["y"].map(order), _own=own)
    table = table.sort_values(["_group", "_own"], ascending=[True, False], ignore_index=True)
    rows = np.arange(len(table)) + table["_group"].to_numpy()
    figure, axes = new_axes(FULL, 1.1 + 0.19 * min(len(table), NAMED_ROWS))
    left = np.zeros(len(table))
    for name, i in order.items():
        width = table[f"p_{name}"].to_numpy()
        axes.barh(rows, width, left=left, color=PALETTE[i % len(PALETTE)], alpha=0.85, height=0.78, label=name)
        left += width
    wrong = ~table["correct"].to_numpy(bool)
    axes.scatter(
        np.full(wrong.sum(), 1.02), rows[wrong], marker="x", color=INK, s=22, clip_on=False, label="misclassified"
    )
    for name in order:
        of = rows[(table["y"] == name).to_numpy()]
        if len(of):
            axes.text(1.045, of.mean(), name, rotation=270, va="center", fontsize=9, color=MUTED)
    axes.set(xlim=(0, 1.04), ylim=(rows.max() + 1, -1), xlabel="probability of each class, mean of repetitions")
    axes.spines["bottom"].set_bounds(0, 1)
    _name_rows(axes, rows, list(table["subject"]))
    legend_above(axes)
    return figure


def _name_rows(axes: Axes, rows: np.ndarray, names: Sequence[str]) -> None:
    if len(names) <= NAMED_ROWS:
        axes.set_yticks(rows, names, fontsize=7.5)
    else:
        axes.set_yticks([])
        axes.set_ylabel(f"{len(names)} people, sorted by group and score")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def confusion(matrix: Sequence[Sequence[int]], *, classes: Sequence[str]) -> Figure:
    """Counts of people, true class in rows, shaded by the share of the row. matrix: (k, k) counts."""
    counts = np.asarray(matrix)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = new_axes(HALF, HALF)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1.25)
    for (row, column), n in np.ndenumerate(counts):
        ink = "white" if share[row, column] > 0.6 else INK
        axes.text(column, row - 0.06, f"{n}", ha="center", va="center", fontsize=17, color=ink)
        axes.text(column, row + 0.2, f"{share[row, column]:.0%}".replace("%", " %"), ha="center", fontsize=8, color=ink)
    ticks = range(len(classes))
    axes.set_xticks(ticks, [f"{name}" for name in classes])
    axes.set_yticks(ticks, [f"{name}\n(n = {n})" for name, n in zip(classes, counts.sum(axis=1), strict=True)])
    axes.set(xlabel="predicted", ylabel="true")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def null_histogram(values: np.ndarray, *, observed: float, name: str, p: str = "") -> Figure:
    """How often shuffled labels reach which score, and where this run stands.

    values: (n_permutations,) the score `name` under each permutation; p: its p value in words.
    """
    figure, axes = new_axes(HALF, HALF)
    n_bins = 40 if len(values) >= 200 else 20
    bins = [i / n_bins for i in range(n_bins + 1)]
    axes.hist(np.clip(values, 0, 1), bins=bins, color=MUTED, alpha=0.45, label=f"{len(values)} permutations")
    axes.axvline(np.mean(values), color=MUTED, lw=1.2, ls=(0, (4, 2)), label=f"their mean, {np.mean(values):.2f}")
    axes.axvline(observed, color=PALETTE[1], lw=2, label=f"this run, {observed:.2f}" + (f" ({p})" if p else ""))
    axes.set(xlim=(0, 1), xlabel=name, ylabel="permutations")
    axes.locator_params(axis="y", integer=True)
    legend_above(axes, columns=1)
    return figure


def effect_sizes(features: pd.DataFrame) -> Figure:
    """Hedges g of each feature with its interval, one colour per pair of groups, the largest on top.

    features: rows feature, pair, g, low, high.
    """
    pairs = list(dict.fromkeys(features["pair"]))
    largest = features.assign(size=features["g"].abs()).groupby("feature")["size"].max().sort_values(ascending=False)
    places = {name: i for i, name in enumerate(largest.index)}
    figure, axes = new_axes(FULL, 1.2 + (0.18 + 0.13 * len(pairs)) * len(places))
    axes.axvline(0, color=FAINT, lw=1, zorder=0)
    for i, pair in enumerate(pairs):
        of = features[features["pair"] == pair]
        rows = of["feature"].map(places).to_numpy() + (i - (len(pairs) - 1) / 2) * 0.22
        colour = PALETTE[i % len(PALETTE)]
        axes.hlines(rows, of["low"], of["high"], color=colour, lw=1.4, alpha=0.6)
        axes.scatter(of["g"], rows, color=colour, marker=MARKERS[i % len(MARKERS)], s=28, zorder=3, label=pair)
    axes.set_yticks(range(len(places)), list(places), fontsize=8)
    axes.set(ylim=(len(places) - 0.4, -0.6), xlabel=_effect_label(pairs))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    if len(pairs) > 1:
        legend_above(axes)
    return figure


def _effect_label(pairs: Sequence[str]) -> str:
    direction = f", {pairs[0]} (right: larger in {pairs[0].split(' − ')[0]})" if len(pairs) == 1 else ""
    return f"Hedges g with 95 % interval{direction}"


def per_person(values_of: Mapping[str, float], *, name: str) -> Figure:
    """The score `name` over each left-out person's own samples, and their mean."""
    names = sorted(values_of, key=lambda person: -values_of[person])
    values = [values_of[person] for person in names]
    mean = float(np.mean(values))
    figure, axes = new_axes(FULL, 1.1 + 0.24 * min(len(names), NAMED_ROWS))
    rows = np.arange(len(names))
    axes.hlines(rows, mean, values, color=PALETTE[0], lw=1.4, alpha=0.4)
    axes.scatter(values, rows, color=PALETTE[0], s=34, zorder=3, label="person left out")
    axes.axvline(mean, color=PALETTE[1], lw=1.4, label=f"mean, {mean:.2f}")
    axes.set(xlim=(-0.01, 1.01), ylim=(len(names) - 0.4, -0.6), xlabel=f"{name} over the person's own samples")
    _name_rows(axes, rows, names)
    legend_above(axes)
    return figure


def legend_above(axes: Axes, *, columns: int = 6) -> None:
    """The legend over the plot, where it hides nothing; the mark of what went wrong comes last."""
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda i: labels[i] == "misclassified")
    axes.legend(
        [handles[i] for i in order], [labels[i] for i in order],
        loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, frameon=False, fontsize=8, borderaxespad=0.2,
    )  # fmt: skip


def new_axes(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure, inches, without the box around it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=8.5)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set_fontsize(9)
        axis.label.set_color(INK)
    return figure, axes
