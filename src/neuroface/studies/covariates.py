"""Beside a finished run: covariates.json, what facts about people tell; repeatability.csv, how features come back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroface.errors import ConfigError

if TYPE_CHECKING:
    from neuroface.report.run import Run

FILE = "covariates.json"
USUAL = ("age", "sex", "site", "camera")  # of people.csv, where they are known
RECORDED = ("repetitions", "distance_mm", "duration_s", "fps")  # of their recordings
LONGEST = 8  # values of a category that is looked at without being asked for


def write(path: Path, names: Sequence[str] | None = None) -> None:
    """Write covariates.json; nothing for a run of more classes, of classes within people, or without covariates.

    names: columns of people.csv, or of RECORDED; None for all of USUAL and RECORDED that are known. Errors: ConfigError
    for one that is not known, that is the class itself, or that has too many values for so few people.
    """
    from neuroface.evaluate import covariates
    from neuroface.evaluate.run_folder import RunFolder
    from neuroface.report import run as runs

    run = runs.read(path)
    if not run.is_binary or run.is_within_person:
        if names:
            raise ConfigError(f"{path}: covariates are for runs of two classes of people.")
        (path / FILE).unlink(missing_ok=True)  # of an earlier scoring
        return
    units = run.units
    facts = facts_of(run)
    rows = [facts.get(str(subject), {}) for subject in units["subject"]]
    chosen = list(names) if names else _usual(rows)
    covariates.refuse_unknown(rows, chosen, key="covariates")
    y = units["y"].to_numpy(str)
    if names:
        covariates.refuse_labels(rows, chosen, y)
        covariates.refuse_many(rows, chosen)
    X, _ = covariates.matrix(rows, chosen)
    positive = y == run.positive
    if not X.shape[1] or min(positive.sum(), (~positive).sum()) < 3:
        (path / FILE).unlink(missing_ok=True)  # of an earlier scoring
        return
    seed = int((run.facts.get("seeds") or {}).get("run", 0))
    scores = units[f"p_{run.positive}"].to_numpy(float)
    found = covariates.summarise(scores, positive, X, names=chosen, seed=seed)
    RunFolder(path).write_json(FILE, {**found, "asked": list(names or ())})


def write_repeatability(path: Path) -> None:
    """Write repeatability.csv and mixed.csv of a run on a table of features; nothing where nobody repeats."""
    from neuroface.evaluate.cells import guarded_table
    from neuroface.evaluate.run_folder import RunFolder
    from neuroface.report import run as runs
    from neuroface.report.mixed_table import mixed
    from neuroface.report.repeatability_table import repeatability

    tables = {"repeatability": repeatability(runs.read_table(path / "samples.csv")), "mixed": mixed(runs.read(path))}
    for name, table in tables.items():
        if table.empty:
            (path / f"{name}.csv").unlink(missing_ok=True)  # of an earlier scoring
        else:
            RunFolder(path).write_text(f"{name}.csv", guarded_table(table).to_csv(index=False))


def write_again(path: Path) -> None:
    """covariates.json of a run that is scored again: of those that were asked for by name, where they still can be.

    Where they cannot (too many values for so few people, a fact that is gone), of the usual ones, and a line says so.
    """
    names = asked_of(path)
    try:
        write(path, names)
    except ConfigError as error:
        if not names:
            raise
        told = (
            f"{path}: covariates={','.join(names)}, as asked before, cannot be looked at any more; the usual ones are."
        )
        print(f"{told} {error}", file=sys.stderr)
        write(path)


def asked_of(path: Path) -> list[str] | None:
    """The covariates that a run was asked about by name, so that scoring it again keeps them; None where none were."""
    from neuroface.evaluate.run_files import read_json

    return (read_json(path / FILE).get("asked") or None) if (path / FILE).is_file() else None


def facts_of(run: Run) -> dict[str, dict[str, Any]]:
    """subject -> facts of people.csv, and of their recordings: how many repetitions, how far, how long, how fast."""
    from neuroface.report.run import read_table

    people = read_table(run.folder / "people.csv")
    facts: dict[str, dict[str, Any]] = {}
    if people is not None:
        for row in people.drop(columns="group", errors="ignore").to_dict("records"):
            subject = str(row.pop("subject"))
            facts[subject] = {str(k): v for k, v in row.items() if v == v}
    counts = run.predictions.drop_duplicates("sample").groupby("subject").size()
    for name, n in counts.items():
        facts.setdefault(str(name), {})["repetitions"] = int(n)
    if run.quality is not None:
        means = run.quality.groupby(run.quality["subject"].astype(str))
        for name in RECORDED[1:]:
            if name in run.quality and run.quality[name].notna().any():
                for who, value in means[name].mean().dropna().items():
                    facts.setdefault(str(who), {})[name] = float(value)
    return facts


def _usual(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Those of USUAL and RECORDED that differ between people; a category with many values (an id, say) is none."""
    from neuroface.evaluate.covariates import is_category

    chosen = []
    for name in (*USUAL, *RECORDED):
        values = [row[name] for row in rows if name in row]
        texts = {str(value) for value in values}
        if len(texts) > 1 and (not is_category(name, values) or _is_few(len(texts), len(rows))):
            chosen.append(name)
    return chosen


def _is_few(values: int, people: int) -> bool:
    """Whether a category of so many values has people enough for its columns."""
    from neuroface.evaluate.covariates import PEOPLE_PER_COLUMN

    return values <= LONGEST and (values - 1) * PEOPLE_PER_COLUMN <= people
