"""One page of published systems made again: published, ours as published, ours honest, and a verdict in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neuroface.report import page_tables, wording
from neuroface.report import run as runs
from neuroface.report.exports_latex import latex
from neuroface.report.page_files import template, write_whole
from neuroface.report.published.systems import Row
from neuroface.report.tables import aligned_text


@dataclass(frozen=True)
class Score:
    """What one of our runs gives. low, high: limits of its 95 % interval, NaN where it has none."""

    value: float
    low: float
    high: float
    people: int
    audit: str

    def __str__(self) -> str:
        ends = wording.interval((self.low, self.high)) if np.isfinite(self.low) else ""
        return f"{wording.number(self.value)} {ends}".strip()


def page(rows: Sequence[Mapping[str, Any]], folder: Path, *, seconds: float) -> str:
    """Write table.csv, table.tex and table.html; returns the table for the terminal.

    rows: each {"system", "row", "as published", "honest"}, the last two a run folder, or why there is none.
    """
    found = [(told, read(told["as published"], told["row"]), read(told["honest"], told["row"])) for told in rows]
    table = pd.DataFrame(
        [
            {
                "system": told["system"].name,
                "question": told["row"].what,
                "measure": told["row"].score[2],
                "published": told["row"].published,
                "as_published": leaky.value if leaky else np.nan,
                "honest": honest.value if honest else np.nan,
                "honest_low": honest.low if honest else np.nan,
                "honest_high": honest.high if honest else np.nan,
                "n_people": honest.people if honest else np.nan,
                "audit_as_published": leaky.audit if leaky else "",
                "verdict": verdict(told["row"].published, leaky, honest),
            }
            for told, leaky, honest in found
        ]
    )
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "table.csv", index=False)
    shown = _shown(found, table)
    write_whole(folder / "table.tex", latex(shown).encode())
    about = list({told["system"].name: told["system"] for told in rows}.values())
    failed = [f"{told['system'].name}: {way}" for told in rows for way in WAYS if isinstance(told[way], str)]
    content = {
        "title": "Published systems, made again both ways",
        "table": page_tables.shown(shown),
        "systems": about,
        "failed": failed,
        "minutes": f"{seconds / 60:.1f}",
    }
    write_whole(folder / "table.html", template("both_ways.html.j2").render(content).encode())
    lines = [f"not finished: {name}" for name in failed]
    return "\n".join([aligned_text(shown.drop(columns="verdict")), *lines, str(folder / "table.html")])


WAYS = ("as published", "honest")


def read(run: Path | str, row: Row) -> Score | None:
    """The row's score of a run; None where the run failed."""
    if isinstance(run, str):
        return None
    finished = runs.read(run)
    unit, key, _ = row.score
    found = finished.scores[unit]
    low, high = found.get(f"{key}_ci") or found.get(f"{key}_ci_bootstrap") or (np.nan, np.nan)
    return Score(
        float(found[key]), float(low), float(high), sum(finished.people.values()), str(finished.audit.get("verdict"))
    )


def verdict(published: float, leaky: Score | None, honest: Score | None) -> str:
    """What the three numbers say of each other, in words."""
    if honest is None or leaky is None:
        return "not finished"
    gain = leaky.value - honest.value
    worth = f"the leak adds {gain:+.2f} here" if abs(gain) >= 0.005 else "the leak adds nothing here"
    if not np.isfinite(honest.low):
        return f"{worth}; ours has no interval"
    if published > honest.high:
        return f"published lies above our honest interval; {worth}"
    if published < honest.low:
        return f"published lies below our honest interval; {worth}"
    return f"published lies within our honest interval; {worth}"


def _shown(found: Sequence[tuple[Mapping[str, Any], Score | None, Score | None]], table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "system": table["system"],
            "question": table["question"],
            "measure": table["measure"],
            "published": table["published"].map(wording.number),
            "ours as published": [f"{leaky} ({leaky.audit})" if leaky else wording.NOTHING for _, leaky, _ in found],
            "ours honest": [str(honest) if honest else wording.NOTHING for _, _, honest in found],
            "N": [str(honest.people) if honest else wording.NOTHING for _, _, honest in found],
            "verdict": table["verdict"],
        }
    )
