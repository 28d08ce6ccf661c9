"""House-Brackmann grades of facial palsy, 1 (normal) to 6 (total paralysis); House & Brackmann, Otolaryngol 1985."""

from __future__ import annotations

from collections.abc import Iterable

from neuroface.errors import DataError

GRADES = ("1", "2", "3", "4", "5", "6")
# Three classes of the source system's CSV, and the grades it takes them for.
GRADE_OF_CLASS = {"0": "1", "1": "2", "2": "4"}


def grade(cell: str) -> str:
    """A grade as "1" .. "6", from a cell that holds it. Errors: DataError for anything else."""
    if cell not in GRADES:
        raise DataError(f"has grade {cell!r}; House-Brackmann grades run from 1 to 6")
    return cell


def grade_of_class(cell: str) -> str:
    """The grade that one of three classes, 0, 1 or 2, is taken for. Errors: DataError for anything else."""
    if cell not in GRADE_OF_CLASS:
        raise DataError(f"has class {cell!r}; it must be 0, 1 or 2, which are taken for grades 1, 2 and 4")
    return GRADE_OF_CLASS[cell]


def several(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """{person: sorted values} of those with more than one value, from pairs (person, value)."""
    found: dict[str, set[str]] = {}
    for person, value in pairs:
        found.setdefault(person, set()).add(value)
    return {person: sorted(values) for person, values in found.items() if len(values) > 1}
