"""Tables of events: BIDS events.tsv, and other tables with an onset and a duration or an end."""

from __future__ import annotations

from pathlib import Path

from neuroface.cohorts.marks.sheet import Mark, Sheet
from neuroface.cohorts.native_events import MISSING, Times
from neuroface.cohorts.reading import read_rows
from neuroface.errors import DataError

NAME = "table of events"
# BIDS 1.9, "Events": trial_type is the primary categorisation; others use the rest.
KINDS = ("trial_type", "label", "tier", "behavior", "event")
ALL = "events"  # the one tier of a table that tells no kinds apart


def is_it(path: Path, head: bytes) -> bool:
    first = head.partition(b"\n")[0].lower()
    return path.suffix.lower() in (".tsv", ".csv") and (b"onset" in first or b"start" in first)


def read(path: Path) -> list[Sheet]:
    """The one sheet of a table: a tier for each kind of event."""
    columns, rows = read_rows(path, required=(), delimiter="\t" if path.suffix == ".tsv" else ",")
    times, kind = Times(path, columns), next((name for name in KINDS if name in columns), None)
    tiers: dict[str, list[Mark]] = {}
    for number, row in enumerate(rows, start=2):
        label = None if kind is None or row[kind] in ("", MISSING) else row[kind]
        try:
            start_s, end_s = times.of(row, points=True)
            apex_s = times.apex_of(row)
        except (KeyError, ValueError) as error:
            raise DataError(f"line {number} of {path} cannot be read: {error}") from error
        tiers.setdefault(label or ALL, []).append(Mark(start_s, end_s, f"line {number} of {path.name}", label, apex_s))
    names = frozenset({path.stem, path.stem.removesuffix("_events")})
    return [Sheet(path, {name: tuple(marks) for name, marks in tiers.items()}, names=names)]
