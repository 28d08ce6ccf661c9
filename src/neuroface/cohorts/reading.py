"""What every reader of files needs: tolerant tables, one clock, and the problems of a whole cohort told at once."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface import face
from neuroface.cohorts.dialect import (
    check_lengths,
    check_people,
    check_spelling,
    dialect_of,
    ends_in_separators,
    is_nan,
    read_head,
    read_text,
    repeated_columns,
    with_points,
)
from neuroface.errors import ConfigError, DataError, Problems, UnknownGroupError, did_you_mean
from neuroface.types import Recording

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Source:
    """A recording that is not read yet; task "" stands for a person of whom no recording can be named."""

    subject: str
    group: str
    task: str
    read: Callable[[], Recording]
    session: str = ""

    @property
    def name(self) -> str:
        return "/".join(part for part in (self.subject, self.session, self.task) if part)


def unreadable(what: str) -> Callable[[], Recording]:
    """A `read` for a source that cannot be read, for the reason `what`."""

    def read() -> Recording:
        raise DataError(what)

    return read


class BrokenRecordingsError(DataError):
    """Some recordings of a cohort cannot be read; `problems` holds (recording, what is wrong) of each."""

    def __init__(self, message: str, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


def stream(
    sources: Sequence[Source],
    *,
    where: str,
    groups: Collection[str] | None = None,
    tasks: Collection[str] | None = None,
    of: Any = None,
) -> Iterator[Recording]:
    """Read the sources that are asked for, one at a time.

    of: the cohort, whose `left_out_` then tells of the people that are not asked for.
    Every sound recording is yielded; after the last one a BrokenRecordingsError names every one that was not sound.
    Errors at once: DataError for an empty cohort, and for a group or task that the cohort does not hold.
    """
    if not sources:
        raise DataError(f"There are no recordings in {where}.")
    _check_known("group", groups, {s.group for s in sources} - {""}, where)
    _check_known("task", tasks, {s.task for s in sources} - {""}, where)
    asked = [
        s for s in sources if (groups is None or s.group in {*groups, ""}) and (tasks is None or s.task in {*tasks, ""})
    ]
    check_spelling({s.group for s in sources} - {""}, where)
    check_people({s.subject for s in sources}, where)
    if of is not None:
        of.left_out_ = not_asked_for(sources, groups, tasks)
    problems, seen = Problems(), set()
    for source in asked:
        if source.name in seen:
            problems.add(source.name, "stands in the cohort more than once")
            continue
        seen.add(source.name)
        try:
            recording = source.read()
        except DataError as error:
            problems.add(source.name, str(error).rstrip("."))
            continue
        yield recording
    broken = ",".join(sorted({place for place, _ in problems.items()}))
    try:
        problems.raise_if_any(f"Repair them, or leave them out with cohort.exclude=[{broken}].", of=len(asked))
    except DataError as error:
        raise BrokenRecordingsError(str(error), problems.items()) from None


def not_asked_for(
    sources: Sequence[Source], groups: Collection[str] | None, tasks: Collection[str] | None
) -> list[dict[str, str]]:
    """Who is in a cohort and not in the question, as what and why: people of other groups, and of other tasks only."""
    groups_of: dict[str, set[str]] = {}
    for source in sources:
        if source.group:
            groups_of.setdefault(source.group, set()).add(source.subject)
    told = []
    for group, people in sorted(groups_of.items()):
        if groups is not None and group not in groups:
            told.append({"what": f"{_people(len(people))} of group {group}", "why": "the question is of other groups"})
            continue
        having = {s.subject for s in sources if tasks is None or s.task in (*tasks, "")}
        if lacking := people - having:
            why = f"no recording of task {', '.join(tasks or ())}"
            told.append({"what": f"{_people(len(lacking))} of group {group}", "why": why})
    return told


def _people(count: int) -> str:
    return f"{count} {'person' if count == 1 else 'people'}"


def _check_known(noun: str, asked: Collection[str] | None, known: set[str], where: str) -> None:
    missing = [name for name in asked or () if name not in known]
    if not missing:
        return
    near = did_you_mean(missing[0], known)
    told = near if near.startswith(" Did") else f" It has {', '.join(sorted(known))}." if known else ""
    classes = f"'protocol.classes=[{','.join(sorted(known))}]' with those to tell apart, controls first"
    if len(known) < 2:
        classes = "who is of which group, in the cohort's table, and which two to tell apart: 'protocol.classes=[A,B]'"
    key = classes if noun == "group" else "protocol.task=..., or protocol.task=null for all"
    message = f"{where} holds no {noun} {', '.join(missing)}.{told} Say {key}."
    raise UnknownGroupError(message, known) if noun == "group" else DataError(message)


def check_told_apart(sources: Sequence[Source], files: Sequence[str], table: Path) -> None:
    """DataError where several files of one person have the same task and session, so that nothing tells them apart.

    files: of each source, as the table names it.
    """
    named: dict[str, list[str]] = {}
    for source, file in zip(sources, files, strict=True):
        if file not in named.setdefault(source.name, []):
            named[source.name].append(file)
    several = {name: some for name, some in named.items() if len(some) > 1}
    if several:
        shown = "; ".join(f"{name}: {', '.join(some[:4])}{', ...' * (len(some) > 4)}" for name, some in several.items())
        shown = shown if len(several) <= 3 else "; ".join(shown.split("; ")[:3]) + f"; and {len(several) - 3} more"
        raise DataError(
            f"{table} gives one name to several files ({shown}). Add a column session (1, 2, ...) where a person did "
            "the same again, or a column task (OPEN, REST, ...) where it was something else."
        )


def given(value: Any, key: str, what: str) -> Any:
    """A value that has no default; ConfigError when the configuration leaves it null."""
    if value is None:
        raise ConfigError(f"{key} is not set. Set it to {what}.")
    return value


def folder(path: str | Path, key: str) -> Path:
    """The folder that the configuration's `key` names; DataError when it is not there."""
    found = Path(path).expanduser().resolve()
    if not found.is_dir():
        raise DataError(f"There is no folder {found}. Set {key} to the folder that holds the recordings.")
    return found


def read_rows(
    path: Path, *, required: Iterable[str], delimiter: str = ",", next_step: str = ""
) -> tuple[list[str], list[dict[str, str]]]:
    """Column names and rows of a small text table; every cell stays a string, a byte order mark is skipped.

    next_step: what to do when the file is missing. Errors: DataError for a missing file, an empty table, a
    missing column (with the nearest existing one) or a row of another length.
    """
    if not path.is_file():
        raise DataError(f"There is no file {path}. {next_step}".rstrip())
    text = read_text(path)
    how = dialect_of(text, usual=delimiter)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=how.separator)
    try:
        table = [row for row in lines if any(map(str.strip, row))]
    except csv.Error as error:
        raise DataError(
            f"{path} cannot be read as a table: {error}, at line {lines.line_num}. Save it again."
        ) from error
    if not table:
        raise DataError(f"{path} is empty; its first line must name the columns.")
    columns = [name.strip() for name in table[0]]
    for name in required:
        if name not in columns:
            raise DataError(f"{path} has no column {name!r}." + did_you_mean(name, columns))
    if twice := repeated_columns(columns):
        raise DataError(f"{path} has column {', '.join(map(repr, twice))} more than once. Name each column once.")
    for number, row in enumerate(table[1:], start=2):
        if len(row) != len(columns):
            raise DataError(f"Line {number} of {path} has {len(row)} cells, the first line {len(columns)} columns.")
    plain = with_points if how.decimal == "," else str
    return columns, [dict(zip(columns, (plain(cell.strip()) for cell in row), strict=True)) for row in table[1:]]


def reading_of(path: Path, *, usual: str = ",") -> dict[str, str]:
    """A note on how a table is written, where that is unusual; {} otherwise."""
    how = dialect_of(read_text(path), usual=usual).told(usual)
    return {path.suffix.lstrip(".") + " file": f"read with {how}"} if how else {}


def read_numbers(path: Path, wanted: Callable[[str], bool]) -> pd.DataFrame:
    """The wanted columns of a CSV of numbers; blanks around names and a byte order mark are skipped.

    Every spelling of a missing number is read as NaN; what is unusual in how the file is written stands in
    `attrs["notes"]`. Errors: DataError for a missing or unreadable file, columns that are not numbers, and rows of
    another length.
    """
    import pandas as pd

    if not path.is_file():
        raise DataError(f"There is no file {path}")
    head = read_head(path)
    how = dialect_of(head)
    try:
        content = path.read_bytes()
        frame: pd.DataFrame = pd.read_csv(
            io.BytesIO(content),
            encoding="utf-8-sig",
            sep=how.separator,
            decimal=how.decimal,
            skipinitialspace=True,
            index_col=False if ends_in_separators(head, how.separator) else None,
            usecols=lambda name: wanted(name.strip()),
        )
    except UnicodeDecodeError:
        read_text(path)  # says where the byte is
        raise
    except (ValueError, OSError) as error:  # pandas' own parser errors are ValueErrors
        raise DataError(f"{path} cannot be read as CSV: {str(error).splitlines()[0]}") from error
    check_lengths(path, content, how.separator)
    frame.columns = frame.columns.str.strip()
    if twice := repeated_columns(head.split("\n", 1)[0].split(how.separator)):
        raise DataError(f"{path} has column {', '.join(map(repr, twice[:5]))} more than once; name each column once")
    for name in frame.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]]:
        known = frame[name][~frame[name].map(is_nan)]
        numbers = pd.to_numeric(known, errors="coerce")
        if not numbers[known.notna()].isna().any():
            frame[name] = numbers.reindex(frame.index).astype(float)
    frame.attrs["notes"] = {"csv file": f"read with {how.told(',')}"} if how.told(",") else {}
    words = [str(name) for name, kind in frame.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    if words:
        raise DataError(f"{path} holds text where numbers are needed, in column {', '.join(words[:5])}")
    return frame


def points_from_columns(frame: pd.DataFrame, axes: Sequence[str], path: Path) -> np.ndarray:
    """(T, 68, D): points from columns <axis>_0 .. <axis>_67. DataError names the columns that are missing."""
    names = [[f"{axis}_{point}" for point in range(face.N_POINTS)] for axis in axes]
    missing = [name for axis in names for name in axis if name not in frame.columns]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise DataError(f"{path} has no column {missing[0]}{more}; columns {names[0][0]} .. {names[-1][-1]} are needed")
    return np.stack([frame[axis].to_numpy(dtype=float) for axis in names], axis=-1)
