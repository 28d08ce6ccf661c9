"""What must not be taken together silently: a run and its copy, a task that counts twice, other questions or people."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.predictions import parts_of
from neuroface.evaluate.protocol import ALL
from neuroface.evaluate.run_files import read_yaml
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.same_people import facts_apart, other_clinic

if TYPE_CHECKING:
    import pandas as pd

# What a protocol's words mean for the score of a person, and what they are where an older version does not say.
MEANING: Mapping[str, Any] = {
    "target": "group",
    "merge": None,
    "stages": None,
    "ordered": False,
    "balance": True,
    "residualise": None,
    "residualise_from": "everyone",
    "match": None,
}


def refuse_unlike(runs: Sequence[Path]) -> None:
    """Errors: ConfigError for a run that is told twice, be it as a copy or inside an ensemble; DataError for runs of
    other questions, or of other people of the same names.
    """
    configs = [_config(run) for run in runs]
    _refuse_told_twice(runs)
    for run, config in zip(runs[1:], configs[1:], strict=True):
        _refuse_other_question(runs[0], configs[0], run, config)
        if odd := other_clinic(runs[0], run) or facts_apart(runs[0], run):
            raise DataError(
                f"{odd} An ensemble is of the same people: mend the facts about them, or name runs of one cohort."
            )


def members_of(run: Path) -> list[str]:
    """Digests of the runs that an ensemble was made of; of any other run, its own."""
    facts = RunFolder(run).facts
    inside = (_config(run).get("ensemble") or {}).get("runs")
    return [str(one) for one in facts.get("members") or inside or [facts["digest"]]] if facts else []


def _refuse_told_twice(runs: Sequence[Path]) -> None:
    known: dict[str, Path] = {}
    for run in runs:
        own = members_of(run)
        for digest in own:
            if digest in known:
                raise ConfigError(
                    f"{known[digest]} and {run} are the same run, or ensembles that have one in common: it would count "
                    "twice. Name each run once."
                )
        known |= dict.fromkeys(own, run)


def _refuse_other_question(first: Path, a: Mapping[str, Any], other: Path, b: Mapping[str, Any]) -> None:
    if not a or not b:
        return
    mine, theirs = _meaning(a), _meaning(b)
    if told := [
        f"protocol.{key} is {json.dumps(theirs[key])} there, {json.dumps(mine[key])} here"
        for key in MEANING
        if mine[key] != theirs[key]
    ]:
        raise DataError(
            f"{other} asks another question than {first}: {'; '.join(told)}. One score of both would mean neither. "
            "Name runs of one protocol, or set ensemble=null to score each by itself."
        )


def _meaning(config: Mapping[str, Any]) -> dict[str, Any]:
    protocol = config.get("protocol") or {}
    found = {key: protocol.get(key, usual) for key, usual in MEANING.items()}
    found |= {key: found[key] or None for key, usual in MEANING.items() if usual is None}  # [] is none
    if not found["residualise"]:
        found["residualise_from"] = MEANING["residualise_from"]
    return found


def tasks_in(run: Path, table: pd.DataFrame) -> tuple[str, ...]:
    """The tasks that a run's scores come from, each by itself; those of one score over tasks, too."""
    names, config = tuple(dict.fromkeys(table["task"].astype(str))), _config(run)
    if over := parts_of(table.columns) if (config.get("protocol") or {}).get("task") == ALL else ():
        return over
    if _is_ensemble(config):
        return tuple(dict.fromkeys(task for name in names for task in name.split("+")))
    return names


def joined_tasks(runs: Sequence[Path], tables: Sequence[pd.DataFrame]) -> str:
    """OPEN+SPREAD of runs whose rows are of different tasks; "" where all are of the same.

    tables: predictions.csv of each. Errors: DataError where a task is in more of the runs than another, and would count
    more in a person's score.
    """
    if len({"+".join(dict.fromkeys(table["task"].astype(str))) for table in tables}) == 1:
        return ""
    own = {run: tasks_in(run, table) for run, table in zip(runs, tables, strict=True)}
    times = Counter(task for tasks in own.values() for task in tasks)
    if len(set(times.values())) > 1:
        most = max(times, key=lambda task: times[task])
        least = min(times, key=lambda task: times[task])
        where = ", ".join(str(run) for run, tasks in own.items() if most in tasks)
        raise DataError(
            f"Task {most} is in {times[most]} of these runs ({where}), task {least} in {times[least]}: {most} would "
            "count more than once in a person's score. Name runs of tasks of their own; several runs of the same tasks "
            "are put together first, and their ensemble is then a run of these tasks."
        )
    return "+".join(times)


def unequal_kinds(runs: Sequence[Path]) -> str:
    """What to say where runs of one kind of classifier and features outnumber another's in a mean; else ""."""
    kinds = {}
    for run in runs:
        config = _config(run)
        kinds[run] = str([config.get(key) for key in ("classifier", "features", "landmarks", "lift", "cohort")])
    times = Counter(kinds.values())
    if len(set(times.values())) < 2:
        return ""
    most = times.most_common(1)[0][0]
    same = [str(run) for run, kind in kinds.items() if kind == most]
    return (
        f"{', '.join(same)} are of the same classifier and features: together they weigh {len(same)} of {len(runs)} in "
        "the mean. ensemble=stack learns how much each run counts."
    )


def _is_ensemble(config: Mapping[str, Any]) -> bool:
    return bool(config.get("ensemble"))


def _config(run: Path) -> dict[str, Any]:
    return read_yaml(run / "config.yaml") if (run / "config.yaml").is_file() else {}
