"""Datavyu: an .opf file (a zip with the text `db`), the same text as .csv, and its export of cells as columns."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from neuroface import outside
from neuroface.cohorts.events import seconds
from neuroface.cohorts.marks.sheet import Mark, Sheet
from neuroface.cohorts.reading import read_rows
from neuroface.errors import DataError

NAME = "Datavyu"
COLUMN = re.compile(r"(?P<name>.+?) \((?:MATRIX|TEXT|NOMINAL),(?:true|false),.*?\)(?:-.*)?")
CELL = re.compile(r"(\d+:\d{2}:\d{2}:\d{3}),(\d+:\d{2}:\d{2}:\d{3}),(.*)")


def is_it(path: Path, head: bytes) -> bool:
    first = head.partition(b"\n")[0]
    return path.suffix.lower() == ".opf" or re.match(rb"#\d+\s*$", first) is not None or b".onset" in first


def read(path: Path) -> list[Sheet]:
    """The one sheet of a file. Errors: DataError for a zip without `db`, and for a line that is neither."""
    if zipfile.is_zipfile(path):
        tiers = _spreadsheet(_unpacked(path), path)
    else:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        if path.suffix.lower() == ".opf" and not text.startswith("#"):
            raise DataError(f"{path} is cut off, or no Datavyu file; save it again")
        tiers = _spreadsheet(text, path) if text.startswith("#") else _columns(path)
    return [Sheet(path, tiers, names=frozenset({path.stem}))]


def _unpacked(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            if "db" not in archive.namelist():
                raise DataError(f"{path} holds no Datavyu spreadsheet; save it again")
            return outside.read_member(archive, "db").decode("utf-8", "replace")
    except (ValueError, NotImplementedError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be unpacked ({error}); save it again") from error


def _spreadsheet(text: str, path: Path) -> dict[str, tuple[Mark, ...]]:
    tiers: dict[str, list[Mark]] = {}
    name = ""
    for number, line in enumerate(text.splitlines()[1:], start=2):
        cell, column = CELL.fullmatch(line.strip()), COLUMN.fullmatch(line.strip())
        if cell and name:
            value = cell[3].strip().removeprefix("(").removesuffix(")").strip(",")
            where = f"cell {len(tiers[name]) + 1} of column {name} in {path.name}"
            tiers[name].append(Mark(seconds(cell[1]), seconds(cell[2]), where, value or None))
        elif column:
            name = column["name"]
            tiers.setdefault(name, [])
        elif line.strip() and not name:
            raise DataError(f"line {number} of {path} is neither a column nor a cell of Datavyu's; save it again")
        # any other line goes on with the text of a cell
    return {name: tuple(marks) for name, marks in tiers.items()}


def _columns(path: Path) -> dict[str, tuple[Mark, ...]]:
    """<column>.onset and <column>.offset in ms, one cell per row; columns of fewer cells end in empty rows."""
    columns, rows = read_rows(path, required=())
    tiers = {}
    for name in (column.removesuffix(".onset") for column in columns if column.endswith(".onset")):
        code = next((c for c in columns if c.startswith(f"{name}.") and c.split(".")[-1] not in OWN), None)
        marks = []
        for number, row in enumerate(rows, start=2):
            if row[f"{name}.onset"]:
                try:
                    start_s, end_s = (seconds(row[f"{name}.{at}"], per_s=1e3) for at in ("onset", "offset"))
                except (KeyError, ValueError) as error:
                    raise DataError(f"line {number} of {path} cannot be read: {error}") from error
                marks.append(Mark(start_s, end_s, f"line {number} of {path.name}", (code and row[code]) or None))
        tiers[name] = tuple(marks)
    return tiers


OWN = ("ordinal", "onset", "offset")
