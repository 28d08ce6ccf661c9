"""Several runs of one command (`-m`) side by side: score, interval, null and time of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from neuroface.errors import NeurofaceError
from neuroface.studies import start

if TYPE_CHECKING:
    from neuroface.report.run import Run

PLACE = "run="


def table(runs: list[list[str]]) -> str:
    """One line per run, told apart by the words that not all of them have; one without a result says so."""
    import pandas as pd

    from neuroface.report.tables import aligned_text

    shared = set.intersection(*map(set, runs))
    rows = [
        {"run": " ".join(word for word in words if word not in shared and not word.startswith(PLACE)), **_cells(words)}
        for words in runs
    ]
    return aligned_text(pd.DataFrame(rows).fillna("–"))


def _cells(words: list[str]) -> dict[str, str]:
    from neuroface.report import run as runs

    folder = Path("?")
    try:
        folder = start.folder_of(words)
        run = runs.read(folder)
    except NeurofaceError:
        return {"score": "not finished", "folder": str(folder)}
    return {**_scores(run), "folder": str(folder)}


def _scores(run: Run) -> dict[str, str]:
    from neuroface.report import wording

    found = run.headline
    null = "–"
    if found.null_mean is not None and found.n_permutations:
        null = f"{wording.number(found.null_mean)} ± {wording.number(found.null_sd)}"
    return {
        "score": f"{found.name} {wording.number(found.value)}",
        "interval": wording.interval(found.interval) or wording.NOTHING,
        "null": null,
        "p": wording.p_value(found.p),
        "time": f"{float(run.facts.get('wall_s') or 0) / 60:.1f} min",
    }
