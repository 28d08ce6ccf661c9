"""The repetitions of a recording in the native layout: its events file. docs/formats.md has it exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from neuroface.cohorts.events import Event, Span, apex_within, seconds, settled, spans
from neuroface.cohorts.reading import read_rows
from neuroface.errors import DataError
from neuroface.types import Repetition

EVENT_COLUMNS = ("onset", "duration", "start_frame", "stop_frame", "repetition", "apex", "label")
# The other names that tools give to the beginning and the end; each may say its unit, as in onset_ms.
STARTS, ENDS, LASTS, APEXES = ("onset", "start"), ("offset", "end", "stop"), ("duration",), ("apex",)
UNITS = {"": 1.0, "_s": 1.0, "_ms": 1e3}
SUFFIXES = (".tsv", ".csv")
MISSING = "n/a"  # BIDS, common principles: a missing value in a table


def event_rows(repetitions: Sequence[Repetition], timestamps_s: np.ndarray, *, by_frame: bool) -> list[list[str]]:
    """Rows of an events file; by_frame=False: by seconds only, for frames that may be numbered otherwise when read."""
    frame_s = float(np.median(np.diff(timestamps_s))) if len(timestamps_s) > 1 else 0.0
    ends = np.append(timestamps_s, timestamps_s[-1] + frame_s)
    return [
        [
            f"{ends[r.start]:.6f}",
            f"{ends[r.stop] - ends[r.start]:.6f}",
            str(r.start) if by_frame else MISSING,
            str(r.stop) if by_frame else MISSING,
            str(r.index),
            MISSING if r.apex is None else f"{timestamps_s[r.apex]:.6f}",
            MISSING if r.label is None else r.label,
        ]
        for r in repetitions
    ]


def events_file(base: Path) -> Path | None:
    """The events file of the recording whose files begin with `base`, if it has one. Errors: DataError for two."""
    found = [file for suffix in SUFFIXES if (file := Path(f"{base}_events{suffix}")).is_file()]
    if len(found) > 1:
        raise DataError(f"has {' and '.join(file.name for file in found)}; keep one")
    return found[0] if found else None


def is_events(path: Path) -> bool:
    """Whether a file is, by its name, one of events."""
    return path.suffix.lower() in SUFFIXES and path.stem.rpartition("_")[2] == "events"


def base_of(path: Path) -> Path:
    """What the names of the recording begin with whose events a file holds."""
    return path.with_name(path.stem.rpartition("_")[0] or path.stem)


def lists_nothing(base: Path) -> bool:
    """Whether a recording has an events file and that is empty; without one, repetitions are found later."""
    file = next((f for suffix in SUFFIXES if (f := Path(f"{base}_events{suffix}")).is_file()), None)
    if file is None:
        return False
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        return sum(1 for line in lines if line.strip()) == 1


def read_events(
    base: Path, timestamps_s: np.ndarray, index: np.ndarray
) -> tuple[tuple[Repetition, ...] | None, dict[str, float]]:
    """Repetitions of a recording's events file, None without one, and what was merged, cut or overlaps.

    timestamps_s: (T,) as stored; index: (T,) where each stored frame went when repeated timestamps were merged. Frames
    win over seconds. Errors: DataError that names the line.
    """
    file = events_file(base)
    if file is None:
        return None, {}
    columns, rows = read_rows(file, required=(), delimiter="\t" if file.suffix == ".tsv" else ",")
    frames, events = [], []
    times = Times(file, columns)
    for number, row in enumerate(rows):
        where = f"line {number + 2} of {file.name}"
        label = None if row.get("label", MISSING) == MISSING else row["label"]
        try:
            at = number if row.get("repetition", MISSING) == MISSING else int(row["repetition"])
            bounds = (row.get("start_frame", MISSING), row.get("stop_frame", MISSING))
            if MISSING in bounds:
                events.append(Event(*times.of(row), at, where, label, times.apex_of(row)))
            else:
                frames.append((Span(int(bounds[0]), int(bounds[1]), at, where, label), times.apex_of(row)))
        except (KeyError, ValueError) as error:
            raise DataError(f"line {number + 2} of {file} cannot be read: {error}") from error
    for span, _ in frames:
        if not 0 <= span.start < span.stop <= len(index):
            raise DataError(
                f"repetition {span.index} in {file.name} covers frames {span.start} to {span.stop}, the recording has "
                f"{len(index)}"
            )
    by_time, cut = spans(events, timestamps_s)
    marked = [
        s if a is None else replace(s, apex=apex_within(a, timestamps_s, s.start, s.stop, s.where)) for s, a in frames
    ]
    given = [
        replace(
            s,
            start=int(index[s.start]),
            stop=int(index[s.stop - 1]) + 1,
            apex=None if s.apex is None else int(index[s.apex]),
        )
        for s in marked + by_time
    ]
    repetitions, told = settled(given)
    return repetitions, {**cut, **told}


class Times:
    """The columns of an events file that say when: a beginning, an end or a duration, and where marked an apex."""

    def __init__(self, file: Path, columns: Sequence[str]) -> None:
        self.start, self.end, self.lasts, self.apex = (
            _column(columns, names) for names in (STARTS, ENDS, LASTS, APEXES)
        )
        by_frame = {"start_frame", "stop_frame"} <= set(columns)
        if not by_frame and (self.start is None or (self.end is None and self.lasts is None)):
            raise DataError(
                f"{file} needs columns onset and duration (or offset), or start_frame and stop_frame; it has "
                f"{', '.join(columns)}"
            )

    def of(self, row: Mapping[str, str], *, points: bool = False) -> tuple[float, float]:
        """Seconds of beginning and end, the same for a point where points may be.

        Errors: ValueError for what is no time, or for an end that contradicts.
        """
        if self.start is None or (self.end is None and self.lasts is None):
            raise ValueError("it has no frames, and the file no columns onset and duration")
        start_s = seconds(row[self.start[0]], per_s=self.start[1])
        if points and self.lasts is not None and row[self.lasts[0]] == MISSING:
            return start_s, start_s
        ends = [] if self.end is None else [seconds(row[self.end[0]], per_s=self.end[1])]
        if self.lasts is not None:
            ends.append(start_s + seconds(row[self.lasts[0]], per_s=self.lasts[1]))
        if abs(ends[-1] - ends[0]) > 1e-2:  # two decimals is what tools write
            raise ValueError(f"onset and duration end at {ends[1]:g} s, offset says {ends[0]:g} s")
        if ends[0] < start_s or (ends[0] == start_s and not points):
            raise ValueError(f"it ends at {ends[0]:g} s, not after its beginning at {start_s:g} s")
        return start_s, ends[0]

    def apex_of(self, row: Mapping[str, str]) -> float | None:
        """Seconds of the apex, None where none is marked. Errors: ValueError for what is no time."""
        if self.apex is None or row[self.apex[0]] in ("", MISSING):
            return None
        return seconds(row[self.apex[0]], per_s=self.apex[1])


def _column(columns: Sequence[str], names: Sequence[str]) -> tuple[str, float] | None:
    """The first column of these names, and how many of its units are a second."""
    known = [(name + unit, per_s) for name in names for unit, per_s in UNITS.items() if name + unit in columns]
    return known[0] if known else None
