"""How a text table is written: what stands between its cells, what parts decimals, which bytes are which letters.

A spreadsheet under a European locale, and R's write.csv2, put semicolons between cells and commas into numbers. That is
unmistakable, is read, and is told.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuroface.errors import DataError

NAMES = {",": "commas", ";": "semicolons", "\t": "tabs"}
LINES = 50  # lines that are looked at
HEAD_BYTES = 65_536
_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
# pandas knows the usual ones; these are what C libraries print (Microsoft's among them), with any sign
_NAN = re.compile(
    r"[+-]?(nan(\(\w*\))?|1\.#(ind|qnan|snan)\w*|n/?a|none|null|missing|#n/?a|#num!|#value!|#div/0!|\.|-)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Dialect:
    """separator: between cells. decimal: within numbers."""

    separator: str
    decimal: str = "."

    def told(self, usual: str) -> str:
        """What is unlike the usual separator and the decimal point, in words; "" for nothing."""
        parts = [f"{NAMES.get(self.separator, self.separator)} between cells"] * (self.separator != usual)
        return " and ".join([*parts, *["decimal commas"] * (self.decimal == ",")])


def read_text(path: Path, *, encoding: str | None = None, key: str = "") -> str:
    """The text of a file, UTF-8 with or without a byte order mark unless `encoding` says otherwise.

    key: the key that declares an encoding, where there is one. Errors: DataError that names the line and column of the
    first byte that is no letter, and the next step.
    """
    content = path.read_bytes()
    try:
        return content.decode(encoding or "utf-8-sig")
    except LookupError as error:
        raise DataError(f"{path}: there is no encoding {encoding!r}; try latin-1 or utf-16") from error
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")  # the byte order mark of UTF-16
        next_step = f"set {key}=utf-16" if wide else f"set {key}=latin-1 if it comes from Windows or R"
        next_step = next_step if key else "save it as UTF-8"
        raise DataError(
            f"{path} is not UTF-8 text: line {line}, column {column} has byte 0x{content[error.start]:02x}; {next_step}"
        ) from error


def read_head(path: Path) -> str:
    """The first lines of a file, whatever bytes it holds: enough to see how it is written without reading it twice."""
    with path.open("rb") as file:
        content = file.read(HEAD_BYTES)
    text = content.decode("utf-8-sig", errors="replace")
    return text.rpartition("\n")[0] if len(content) == HEAD_BYTES and "\n" in text else text


def dialect_of(text: str, *, usual: str = ",") -> Dialect:
    """The dialect of a table by its first lines.

    Another separator than the usual one is taken when the first line has only that. Commas part decimals where numbers
    have them and none has a point; between semicolons always, else only when one of them cannot group thousands.
    """
    lines = text.split("\n", LINES)[:LINES]
    head = re.sub(r'"[^"]*"', "", lines[0]) if lines else ""
    others = [mark for mark in (";", "\t", ",") if mark in head]
    separator = usual if usual in head or not others else others[0]
    if separator == "," and not any('"' in line for line in lines):
        return Dialect(separator)  # a comma within a number would need quotes
    try:
        rows = list(csv.reader(io.StringIO("\n".join(lines[1:])), delimiter=separator))
    except csv.Error:  # told by whoever reads the whole table
        return Dialect(separator)
    cells = [cell.strip() for row in rows for cell in row]
    with_comma = [cell for cell in cells if _COMMA.fullmatch(cell)]
    if not with_comma or any(map(_POINT.fullmatch, cells)):
        return Dialect(separator)
    grouped = separator == "," and all(map(_GROUPED.fullmatch, with_comma))
    return Dialect(separator, "." if grouped else ",")


def ends_in_separators(text: str, separator: str) -> bool:
    """Whether each row ends in a separator that the first line lacks: an empty cell more, at its end.

    pandas would take the first column for the names of the rows and move all others by one.
    """
    lines = [line.rstrip("\r") for line in text.split("\n", LINES)[:LINES]]
    rows = [line for line in lines[1:] if line.strip()]
    if not rows or lines[0].endswith(separator) or not all(row.endswith(separator) for row in rows):
        return False
    try:
        header, first = csv.reader([lines[0], rows[0]], delimiter=separator)
    except csv.Error:  # told by whoever reads the whole table
        return False
    return len(first) == len(header) + 1


def check_lengths(path: Path, content: bytes, separator: str) -> None:
    """DataError for a row that has not as many cells as the first line, which pandas would shift, cut or fill silently.

    One more cell in each row is no fault where it is empty and last, or first and in quotes: names of rows, as R's
    write.table puts them. Nor is a name less in the first line, empty and last. Blank lines are no rows.
    """
    content = content.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    first, _, body = content.partition(b"\n")
    mark = separator.encode()
    try:
        header: list[str] = next(_rows(first, separator), [])
        if b'"' in body:
            table = _rows(body, separator)
            lengths = [(table.line_num + 1, len(row)) for row in table if any(map(str.strip, row))]
        else:
            lines = enumerate(body.split(b"\n"), start=2)
            lengths = [(number, line.count(mark) + 1) for number, line in lines if line.strip()]
    except csv.Error:  # told by whoever reads the table
        return
    columns = len(header)
    right = {columns, columns - 1} if header and not header[-1].strip() else {columns}
    odd = [found for found in lengths if found[1] not in right]
    if not odd:
        return
    if len(odd) == len(lengths) and {length for _, length in odd} == {columns + 1}:
        rows = [line.strip(b" ") for line in body.split(b"\n") if line.strip()]
        if all(row.endswith(mark) for row in rows) or all(row.startswith(b'"') for row in rows):
            return
    number, length = odd[0]
    raise DataError(
        f"Line {number} of {path} has {length} cells, the first line {columns} columns. Name each column in the first "
        "line, and write names of rows in none (in R: row.names = FALSE)."
    )


def _rows(content: bytes, separator: str) -> Any:
    """The reader of csv, which knows its line_num."""
    text = io.StringIO(content.decode("utf-8", "replace"), newline="")
    return csv.reader(text, delimiter=separator, skipinitialspace=True)


def with_points(cell: str) -> str:
    """A cell with a decimal comma as one with a point; any other cell as it is."""
    return cell.replace(",", ".") if _COMMA.fullmatch(cell) else cell


def is_nan(cell: object) -> bool:
    """Whether a cell is a spelling of a missing number: -nan(ind), 1.#QNAN, NA, None, a lone point, ..."""
    return isinstance(cell, str) and _NAN.fullmatch(cell.strip()) is not None


def repeated_columns(names: Sequence[str]) -> list[str]:
    """Names that stand more than once, without blanks around them."""
    plain = [name.strip() for name in names]
    return sorted({name for name in plain if name and plain.count(name) > 1})


def check_spelling(labels: Iterable[str], where: str) -> None:
    """Refuse labels that differ only in case or blanks, which would be two classes."""
    for names in _alike(labels):
        raise DataError(f"{where}: groups {names} differ only in case or blanks. Write them alike.")


def check_people(subjects: Iterable[str], where: str) -> None:
    """Refuse names that differ only in case or blanks: one person, who would be learnt from and judged.

    Numbers may lead with zeros: 7 and 007 are two people in some studies; the audit tells of them.
    """
    for names in _alike(subjects):
        raise DataError(
            f"{where}: {names} differ only in case or blanks, and would be two people. Write one person alike "
            "everywhere, and two people so that nobody mistakes them."
        )


def _alike(names: Iterable[str]) -> list[str]:
    """Names that are the same but for case and blanks, in words."""
    found: dict[str, set[str]] = {}
    for name in set(map(str, names)):
        found.setdefault("".join(name.casefold().split()), set()).add(name)
    return [" and ".join(map(repr, sorted(several))) for several in found.values() if len(several) > 1]
