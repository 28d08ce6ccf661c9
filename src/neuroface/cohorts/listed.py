"""Files of points with a table that says whose they are: the cohorts openface and points."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from neuroface.cohorts.annotated import annotated
from neuroface.cohorts.reading import Source, check_told_apart, folder, read_rows, reading_of, stream
from neuroface.errors import DataError
from neuroface.types import Recording


def listed(
    cohort: Any,
    read: Callable[..., Recording],
    face: str,
    *,
    groups: Collection[str] | None = None,
    tasks: Collection[str] | None = None,
) -> Iterator[Recording]:
    """Recordings in the order of the subjects table. One DataError at the end names all that could not be read.

    cohort: has root, subjects, task and annotations. read(file, notes of the table, cell of the column `face`, and what
    a Recording is called by keyword). face: the column that says which of several faces is the person's.
    """
    root = folder(cohort.root, "cohort.root")
    table = Path(cohort.subjects).expanduser().resolve()
    next_step = "Set cohort.subjects to a CSV with columns subject, group, file."
    columns, rows = read_rows(table, required=("subject", "group", "file"), next_step=next_step)
    if "task" not in columns and cohort.task is None:
        raise DataError(f"{table} has no column 'task'. Add one, or set cohort.task to the task of all recordings.")
    notes = reading_of(table)
    sources = [_source(cohort, read, face, root, row, notes) for row in rows]
    check_told_apart(sources, [row["file"] for row in rows], table)
    yield from stream(sources, where=str(table), groups=groups, tasks=tasks, of=cohort)


def _source(
    cohort: Any, read: Callable[..., Recording], face: str, root: Path, row: Mapping[str, str], notes: Mapping[str, str]
) -> Source:
    who = {
        "subject": row["subject"],
        "group": row["group"],
        "task": row.get("task") or cohort.task or "",
        "session": row.get("session", ""),
    }
    own = ("subject", "group", "file", "task", "session", face)
    attributes = {name: _number(cell) for name, cell in row.items() if name not in own and cell}
    reading = partial(read, root / row["file"], notes, row.get(face, ""), attributes=attributes, **who)
    called = Path(row["file"])
    of_bids = called.stem.removesuffix("_motion")  # BIDS: events are of one tracking system, or of all at once
    names = {called.name, called.stem, of_bids, re.sub(r"_tracksys-[^_]+$", "", of_bids)}
    return Source(**who, read=annotated(cohort.annotations, reading, *sorted(names)))


def _number(cell: str) -> Any:
    try:
        return float(cell) if not cell.lstrip("+-").isdigit() else int(cell)
    except ValueError:
        return cell
