"""BORIS: tabular exports (two rows, START and STOP, of a state) and aggregated ones (one row), of version 8.

Friard & Gamba, Methods Ecol Evol 7 (2016) 1325. The exported times have the observation's "time offset" added to the
time of the media, and go on from one queued media file to the next; both are taken back here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path

from neuroface.cohorts.events import seconds
from neuroface.cohorts.marks.sheet import Mark, Sheet, plain_stem
from neuroface.cohorts.reading import read_rows
from neuroface.errors import DataError

NAME = "BORIS"
TABULAR, AGGREGATED = ("Behavior", "Behavior type", "Time"), ("Behavior", "Behavior type", "Start (s)", "Stop (s)")
NOTHING = ("", "NA")
Row = tuple[int, Mapping[str, str]]  # the number of its line, its cells


def is_it(path: Path, head: bytes) -> bool:
    first = head.partition(b"\n")[0]
    return b"Observation id" in first and any(
        all(name.encode() in first for name in kind) for kind in (TABULAR, AGGREGATED)
    )


def read(path: Path) -> list[Sheet]:
    """One sheet per observation and queued media file. Errors: DataError for a state that never stops, no number."""
    separator = "\t" if path.suffix == ".tsv" else ","
    columns, rows = read_rows(path, required=("Observation id", "Behavior", "Behavior type"), delimiter=separator)
    if not (set(AGGREGATED) <= set(columns) or set(TABULAR) <= set(columns)):
        raise DataError(f"{path} has no column 'Time', nor 'Start (s)' and 'Stop (s)'; export it again from BORIS")
    observations: dict[str, list[Row]] = {}
    for number, row in enumerate(rows, start=2):
        observations.setdefault(row["Observation id"], []).append((number, row))
    of_marks = _aggregated if set(AGGREGATED) <= set(columns) else _tabular
    return [sheet for name, own in observations.items() for sheet in _sheets(path, name, own, of_marks(path, own))]


def _sheets(path: Path, observation: str, rows: Sequence[Row], tiers: Mapping[str, tuple[Mark, ...]]) -> list[Sheet]:
    """The observation's sheet, or one for each media file of a queue, with the marks that begin in it."""
    number, about = rows[0]
    offset = about.get("Time offset (s)", "")
    offset_s = _time(path, number, offset) if offset not in NOTHING else 0.0
    players = [part.partition(":")[2].split(";") for part in about.get("Source", "").split("|") if "player #" in part]
    queue, beside = (players[0], [m for player in players[1:] for m in player]) if players else ([], [])
    durations = about.get("Media duration (s)", "").split("|")[0].split(";")
    lasts = [_time(path, number, length) for length in durations if length not in NOTHING]
    if len(queue) < 2 or len(lasts) != len(queue):
        media = {plain_stem(file): -offset_s for file in [*queue, *beside] or [about.get("Media file name", "")]}
        whole = Sheet(path, tiers, media, frozenset({observation, path.stem}), -offset_s, lasts[0] if lasts else None)
        return [whole]
    sheets = []
    for file, length_s, end_s in zip(queue, lasts, accumulate(lasts), strict=True):
        begin_s = end_s - length_s + offset_s
        inside = {
            name: tuple(mark for mark in marks if begin_s <= mark.start_s < begin_s + length_s)
            for name, marks in tiers.items()
        }
        sheets.append(Sheet(path, inside, {plain_stem(file): -begin_s}, lasts_s=length_s))
    return sheets


def _aggregated(path: Path, rows: Sequence[Row]) -> dict[str, tuple[Mark, ...]]:
    tiers: dict[str, list[Mark]] = {}
    for number, row in rows:
        start_s = _time(path, number, row["Start (s)"])
        end_s = start_s if row["Stop (s)"] in NOTHING else _time(path, number, row["Stop (s)"])
        mark = Mark(start_s, end_s, f"line {number} of {path.name}", row["Behavior"])
        tiers.setdefault(row["Behavior"], []).append(mark)
    return {name: tuple(marks) for name, marks in tiers.items()}


def _tabular(path: Path, rows: Sequence[Row]) -> dict[str, tuple[Mark, ...]]:
    """States from their START to the STOP that follows, of one subject with the same modifiers; points as points."""
    tiers: dict[str, list[Mark]] = {}
    begun: dict[tuple[str, ...], Mark] = {}
    for number, row in rows:
        behaviour, kind, where = row["Behavior"], row["Behavior type"].upper(), f"line {number} of {path.name}"
        modifiers = [cell for name, cell in row.items() if name.startswith("Modif")]
        at_s, key = _time(path, number, row["Time"]), (row.get("Subject", ""), behaviour, *modifiers)
        if kind == "POINT":
            tiers.setdefault(behaviour, []).append(Mark(at_s, at_s, where, behaviour))
        elif kind == "START" and key not in begun:
            begun[key] = Mark(at_s, None, where, behaviour)
        elif kind == "STOP" and key in begun:
            start = begun.pop(key)
            tiers.setdefault(behaviour, []).append(Mark(start.start_s, at_s, start.where, behaviour))
        else:
            raise DataError(f"{path}: {where} is {kind or 'neither'} of {behaviour}, out of order; mend it in BORIS")
    if begun:
        open_ = next(iter(begun.values()))
        raise DataError(f"{path}: {open_.label} begins at {open_.start_s:g} s ({open_.where}) and never stops; mend it")
    return {name: tuple(marks) for name, marks in tiers.items()}


def _time(path: Path, number: int, cell: str) -> float:
    try:
        return seconds(cell)
    except ValueError as error:
        raise DataError(f"line {number} of {path} cannot be read: {error}") from error
