"""Who came in, who was left out and why, who was judged: a figure of participants' flow."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from neuroface.report import figures, wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_REASONS = 6  # lines in the box of those left out
LINE = 46  # characters
MIDDLE, SIDE = 0.42, 0.64  # of the width


def flow(predictions: pd.DataFrame, cohort: Mapping[str, Any], *, by: str, classes: Sequence[str] = ()) -> Figure:
    """Boxes from what was read to what was judged, with those left out at the side, in the manner of STARD and CONSORT.

    predictions: one row per sample; by: its column that parts people, class or group. cohort: cohort.json.
    """
    judged = predictions.groupby(by, sort=False)
    names = [name for name in classes if name in judged.groups] or [str(name) for name in judged.groups]
    reasons = left_out(cohort)
    figure, axes = figures.new_axes(figures.FULL, 3.6)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
    _box(axes, MIDDLE, 0.88, read_words(predictions, cohort))
    beside = "\n".join(["left out", *reasons]) if reasons else "nobody and nothing left out"
    _box(axes, SIDE, 0.66, beside, align="left")
    people, samples = predictions["subject"].nunique(), predictions["sample"].nunique()
    _box(axes, MIDDLE, 0.44, f"judged\n{_counted(people, samples)}")
    _arrow(axes, (MIDDLE, 0.79), (MIDDLE, 0.53))
    _arrow(axes, (MIDDLE, 0.66), (SIDE - 0.015, 0.66))
    for i, name in enumerate(names):
        x = MIDDLE + (i - (len(names) - 1) / 2) * min(0.26, 0.8 / len(names))
        rows = judged.get_group(name)
        _box(axes, x, 0.1, f"{name}\n{_counted(rows['subject'].nunique(), rows['sample'].nunique())}")
        _arrow(axes, (MIDDLE, 0.35), (x, 0.20))
    return figure


def left_out(cohort: Mapping[str, Any]) -> list[str]:
    """One line per reason, the commonest first: how many, and why."""
    found = Counter(str(item["why"]) for item in cohort.get("left_out") or ())
    lines = [textwrap.shorten(f"{n}: {why}", LINE, placeholder=" ...") for why, n in found.most_common(MOST_REASONS)]
    rest = sum(found.values()) - sum(n for _, n in found.most_common(MOST_REASONS))
    return [*lines, f"{rest}: other reasons"] if rest else lines


def read_words(predictions: pd.DataFrame, cohort: Mapping[str, Any]) -> str:
    """What was there before anybody was left out: recordings, where the cohort counted them, else people."""
    gone = len(cohort.get("left_out") or ())
    if used := cohort.get("recordings"):
        return f"recordings of what is asked for\n{used} used" + (f", {gone} entries left out" if gone else "")
    people = predictions["subject"].nunique()
    return f"people\n{people} used" + (f", {gone} entries left out" if gone else "")


def _counted(people: int, samples: int) -> str:
    told = wording.count(people, "person", "people")
    return told if samples == people else f"{told}, {wording.count(samples, 'repetition')}"  # one each says nothing


def _box(axes: Axes, x: float, y: float, text: str, *, align: Literal["left", "center"] = "center") -> None:
    frame = {"boxstyle": "round,pad=0.5", "fc": "white", "ec": figures.MUTED, "lw": 0.9}
    axes.text(x, y, text, ha=align, va="center", fontsize=9, color=figures.INK, bbox=frame, linespacing=1.4)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": figures.MUTED, "lw": 0.9}, zorder=0)
