"""Whether probabilities mean what they say: the reliability curve, and the numbers beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neuroface.report.figures import FAINT, HALF, MUTED, PALETTE, legend_above, new_axes
from neuroface.report.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WORDS = {
    "ece": "expected calibration error (ECE)",
    "ece_if_calibrated": "ECE that calibrated probabilities would show by chance",
    "brier": "Brier score",
    "brier_dummy": "Brier score of the class shares alone",
    "miscalibration": "of the Brier score, miscalibration (better low)",
    "miscalibration_if_calibrated": "miscalibration that calibrated probabilities would show by chance",
    "discrimination": "of the Brier score, discrimination (better high)",
    "uncertainty": "of the Brier score, uncertainty of the classes",
}
ENDS = {"ece_if_calibrated": "ece_if_calibrated_range", "brier": "brier_ci"}


def found(run: Run) -> Mapping[str, Any]:
    """The calibration of a run; {} where it has none."""
    return run.scores.get("calibration") or {}


def table(run: Run) -> pd.DataFrame:
    """One row per number: value and its 95 % interval or range, NaN where it has none."""
    rows = []
    for key, words in WORDS.items() if found(run) else ():
        low, high = found(run).get(ENDS.get(key, ""), (np.nan, np.nan))
        rows.append({"measure": words, "value": found(run)[key], "low": low, "high": high})
    return pd.DataFrame(rows)


def bins(run: Run) -> pd.DataFrame:
    """One row per bin: what was said, what came true with its interval, and of how many."""
    return pd.DataFrame(
        [
            {"said": b["said"], "came_true": b["came_true"], "low": b["came_true_ci"][0], "high": b["came_true_ci"][1]}
            | {"n": b["n"]}
            for b in found(run).get("bins", ())
        ]
    )


def shown(run: Run) -> pd.DataFrame:
    """The table in words."""
    numbers = table(run)
    if numbers.empty:
        return numbers
    cells = [
        f"{row['value']:.3f}" + ("" if np.isnan(row["low"]) else f" [{row['low']:.3f}, {row['high']:.3f}]")
        for row in numbers.to_dict("records")
    ]
    return pd.DataFrame({"": numbers["measure"], "this run": cells})


def in_words(run: Run) -> str:
    """Whether the error is more than chance leaves, and that it is not measured finely by few people."""
    told = found(run)
    if not told:
        return ""
    beyond = told["ece_p"] < 0.05
    verdict = "more than chance leaves" if beyond else "no more than chance leaves"
    low, high = told["ece_if_calibrated_range"]
    unit = "samples" if run.is_within_person else "people"
    return (
        f"Expected calibration error {told['ece']:.2f}, over {told['units']} {unit}: {verdict} of calibrated "
        f"probabilities, whose error would be {told['ece_if_calibrated']:.2f} [{low:.2f}, {high:.2f}] "
        f"(p = {told['ece_p']:.3f})."
    )


def figure(run: Run) -> Figure:
    """What came true against what was said, in bins of equal numbers, with Wilson's intervals."""
    rows = bins(run)
    drawn, axes = new_axes(HALF, HALF)
    axes.plot([0, 1], [0, 1], color=FAINT, lw=0.8, zorder=0, label="calibrated")
    axes.vlines(rows["said"], rows["low"], rows["high"], color=PALETTE[0], lw=1.4, alpha=0.45)
    axes.plot(rows["said"], rows["came_true"], color=PALETTE[0], lw=1.2, alpha=0.6)
    axes.scatter(rows["said"], rows["came_true"], s=6 + 4 * rows["n"], color=PALETTE[0], zorder=3, label="this run")
    share = found(run)["uncertainty"]
    if run.is_binary and share > 0:
        axes.axhline(float((rows["came_true"] * rows["n"]).sum() / rows["n"].sum()), color=MUTED, lw=1, ls=(0, (4, 2)))
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.set_xlabel(str(found(run)["of"]))
    axes.set_ylabel("share that came true")
    legend_above(axes, columns=2)
    return drawn
