"""What planted mistakes add to a score: a table and one figure above the runs of an experiment."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neuroface.report import figures, wording
from neuroface.report.differences import read_cell
from neuroface.report.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HONEST = "refused"  # protocol.leak of the run that the others are held against
MEANING = {
    HONEST: "honest",
    "frame_split": "repetitions split, not people",
    "recording_twice": "recordings under two names",
    "person_twice": "people measured twice",
    "person_in_detector": "network fitted on the judged",
    "scale_before_split": "scaled over everyone",
    "select_before_split": "features chosen over everyone",
    "augment_before_split": "augmented before the split",
    "test_epoch": "epoch best on the judged",
    "row_number": "row number as a feature",
    "memory": "memory between folds",
    "scale_on_test": "judged people scaled together",
    "best_seed": "best of 20 seeds",
}


def leak_rows(cells: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per finished cell: effect, leak, auc, low, high, gain over the honest run of the same effect, audit."""
    rows = []
    for cell in cells:
        run, _ = read_cell(cell)
        if run is None:
            continue
        about, found = cell["columns"], run.headline
        low, high = found.interval or (np.nan, np.nan)
        row = {"effect": str(about.get("effect", "")), "leak": str(about.get("leak", HONEST)), "auc": found.value}
        rows.append({**row, "low": low, "high": high, "audit": _numbers(run)})
    frame = pd.DataFrame(rows)
    honest = frame[frame["leak"] == HONEST].set_index("effect")["auc"] if len(frame) else pd.Series(dtype=float)
    return frame.assign(
        gain=[value - honest.get(key, np.nan) for key, value in zip(frame["effect"], frame["auc"], strict=True)]
    )


def leak_table(cells: Sequence[Mapping[str, Any]], out_dir: Path, *, title: str) -> str:
    """Write table.csv, table.html and leaks.png, .pdf and .svg into out_dir; returns the table for the terminal."""
    from neuroface.report.html import render_experiment
    from neuroface.report.page_files import write_figure
    from neuroface.report.tables import aligned_text

    frame = leak_rows(cells)
    out_dir.mkdir(parents=True, exist_ok=True)
    frame.to_csv(out_dir / "table.csv", index=False)
    if frame.empty:
        return f"{title}\nno run is finished"
    figure = leak_figure(frame)
    for kind in ("pdf", "svg"):
        data = write_figure(out_dir, "leaks", figure, vector=kind)
    shown = pd.DataFrame(
        {
            "effect": frame["effect"],
            "mistake": [MEANING.get(leak, leak) for leak in frame["leak"]],
            "AUC": frame["auc"].map(wording.number),
            "95 % interval": [wording.interval((a, b)) for a, b in zip(frame["low"], frame["high"], strict=True)],
            "added": [f"{gain:+.2f}" for gain in frame["gain"]],
            "audit": frame["audit"],
        }
    )
    notes = [
        "One cohort each: intervals are of people and do not know of the mistake. Means over many cohorts stand in "
        "docs/audit.md.",
        "A run cannot tell that its seed is the best of 20; `neuroface eval run=FOLDER audit=true` runs it with others."
        if (frame["leak"] == "best_seed").any()
        else "",
        f"{len(cells) - len(frame)} of {len(cells)} runs are not finished." if len(frame) < len(cells) else "",
    ]
    picture = base64.b64encode(data).decode()
    page = render_experiment(
        shown, notes=[n for n in notes if n], title=title, out_dir=out_dir, second=pd.DataFrame(), picture=picture
    )
    return "\n".join([title, aligned_text(shown), *[n for n in notes if n], str(page)])


def leak_figure(frame: pd.DataFrame) -> Figure:
    """Two panels, without and with a difference between the groups: the honest AUC and what each mistake makes of it.

    frame: as leak_rows gives it. Mistakes stand in the order of what they add where there is nothing to find.
    """
    from matplotlib.figure import Figure

    effects = sorted(frame["effect"].unique())
    first = frame[(frame["effect"] == effects[0]) & (frame["leak"] != HONEST)].sort_values("gain")
    order = [HONEST, *first["leak"]]
    order += [leak for leak in dict.fromkeys(frame["leak"]) if leak not in order]
    figure = Figure(figsize=(figures.FULL, 0.9 + 0.28 * len(order)), layout="constrained", facecolor="white")
    panels = figure.subplots(1, len(effects), sharey=True, squeeze=False)
    for axes, effect in zip(panels[0], effects, strict=True):
        rows = frame[frame["effect"] == effect].set_index("leak")
        honest = rows["auc"].get(HONEST, np.nan)
        axes.axvline(0.5, color=figures.FAINT, lw=1, zorder=0)
        axes.axvline(honest, color=figures.MUTED, lw=1, ls=(0, (4, 2)), zorder=1)
        for place, leak in enumerate(order):
            if leak not in rows.index:
                continue
            _draw(axes, rows.loc[leak], place, honest, is_honest=leak == HONEST)
        what = "nothing to find" if float(effect) == 0 else "a real difference"
        axes.set_title(f"{what} (honest AUC {honest:.2f})", fontsize=9, loc="left")
        axes.set(xlim=(0, 1.0), xlabel="AUC of people", yticks=range(len(order)), ylim=(len(order) - 0.4, -0.6))
        axes.set_yticklabels([MEANING.get(leak, leak) for leak in order], fontsize=8)
        axes.tick_params(axis="y", length=0)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
    return figure


def _draw(axes: Axes, row: pd.Series, place: int, honest: float, *, is_honest: bool) -> None:
    """One line of a panel: the interval of people, thin; what was added to the honest AUC, thick; the AUC, a point."""
    colour = figures.PALETTE[0] if is_honest else figures.PALETTE[1]
    axes.plot([row["low"], row["high"]], [place, place], color=colour, lw=1.2, alpha=0.5)
    axes.plot([honest, row["auc"]], [place, place], color=colour, lw=3, solid_capstyle="butt")
    axes.plot(row["auc"], place, "o", color=colour, ms=5, clip_on=False)
    if not is_honest:
        axes.text(1.03, place, f"{row['gain']:+.2f}", va="center", ha="left", fontsize=8, color=figures.MUTED)


def _numbers(run: Run) -> str:
    """NF001 NF006: what the run's audit found; its verdict where it found nothing."""
    numbers = run.audit.get("numbers") or {}
    found = [str(numbers.get(entry["check"], "?")) for entry in run.audit.get("findings") or ()]
    return " ".join(found) or str(run.audit.get("verdict", "not done"))
