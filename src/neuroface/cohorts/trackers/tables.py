"""Text tables of other tools: whole files only."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from neuroface.cohorts.dialect import read_text
from neuroface.errors import DataError


def read_cells(path: Path, *, delimiter: str = ",") -> tuple[list[str], list[dict[str, str]]]:
    """Column names and rows of cells. Errors: DataError for no rows, and for a row of another length: half a file."""
    lines = read_lines(path, delimiter=delimiter)
    columns = lines[0]
    if len(lines) < 2:
        raise DataError(f"{path} has no rows below its header")
    return columns, [dict(zip(columns, line, strict=True)) for line in lines[1:]]


def read_lines(path: Path, *, delimiter: str = ",") -> list[list[str]]:
    """The rows of a table, its header with them, all of one length. Errors: DataError for half a file."""
    if not path.is_file():
        raise DataError(f"There is no file {path}")
    table = csv.reader(io.StringIO(read_text(path), newline=""), delimiter=delimiter)
    try:
        lines = [[cell.strip() for cell in line] for line in table if any(map(str.strip, line))]
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as a table: {error}") from error
    if not lines:
        raise DataError(f"{path} is empty")
    for at, line in enumerate(lines, start=1):
        if len(line) != len(lines[0]):
            ends = "; it ends in the middle of a row: half a file" if at == len(lines) else ""
            raise DataError(f"row {at} of {path} has {len(line)} cells, the first row {len(lines[0])}{ends}")
    return lines


def number(cell: str, what: str) -> float:
    """A cell as a number. Errors: DataError with `what` for anything else."""
    try:
        return float(cell)
    except ValueError as error:
        raise DataError(f"{what} is {cell!r}; a number is needed") from error
