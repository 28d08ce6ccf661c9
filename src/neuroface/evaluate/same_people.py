"""Whether people of the same names in two runs are the same people, by what the runs know of them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from neuroface.evaluate.cells import plain
from neuroface.evaluate.run_files import read_yaml

SHOWN = 3  # facts in one message


def other_clinic(first: Path, other: Path) -> str:
    """What to say where both are of synthetic clinics of different seeds, whose people have the same names; else ""."""
    a, b = (_cohort(run) for run in (first, other))
    if a.get("_target_") != b.get("_target_") or "seed" not in a or "seed" not in b or a["seed"] == b["seed"]:
        return ""
    return f"{first} and {other} are of two synthetic clinics (cohort.seed={a['seed']} and {b['seed']})."


def facts_apart(first: Path, other: Path) -> str:
    """What to say where people.csv of both know other facts of the same names; "" where nothing speaks against it."""
    mine, theirs = people_of(first), people_of(other)
    odd = [
        f"{who} has {key} {value} in one, {theirs[who][key]} in the other"
        for who, facts in mine.items() if who in theirs
        for key, value in facts.items() if not _same(value, theirs[who].get(key, ""))
    ]  # fmt: skip
    more = f"; and {len(odd) - SHOWN} more" if len(odd) > SHOWN else ""
    told = f"{first} and {other} know other facts of people of the same names: {'; '.join(odd[:SHOWN])}{more}."
    return told if odd else ""


def people_of(run: Path) -> dict[str, dict[str, str]]:
    """subject -> what people.csv tells of them; {} where a run has none."""
    if not (run / "people.csv").is_file():
        return {}
    with (run / "people.csv").open(newline="", encoding="utf-8") as lines:
        rows = [{plain(name): plain(cell) for name, cell in row.items()} for row in csv.DictReader(lines)]
    return {row["subject"]: {k: v for k, v in row.items() if k not in ("subject", "group")} for row in rows}


def _same(a: str, b: str) -> bool:
    """Whether two cells do not contradict each other: an empty one says nothing."""
    if not a or not b or a == b:
        return True
    try:
        return abs(float(a) - float(b)) <= 1e-6 * max(abs(float(a)), abs(float(b)))
    except ValueError:
        return False


def _cohort(run: Path) -> dict[str, Any]:
    return (read_yaml(run / "config.yaml") if (run / "config.yaml").is_file() else {}).get("cohort") or {}
