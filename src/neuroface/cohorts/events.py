"""Stretches of a recording that somebody marked, as its repetitions: what fits, what is told, what is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from neuroface.errors import DataError
from neuroface.types import Repetition

# A stretch may end this many frames after the last frame is shown, and two may share as many: bounds are rounded.
ROUNDED_FRAMES = 1.5
# An event that begins at ten times the length of a recording is in another unit rather than of another recording.
MUCH_TOO_LATE = 10
CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)")
DATAVYU_CLOCK = re.compile(r"(\d+):(\d{2}):(\d{2}):(\d{3})")


@dataclass(frozen=True)
class Event:
    """One marked stretch, in seconds on the clock of the recording. where: how its line or entry is called."""

    start_s: float
    end_s: float
    index: int
    where: str
    label: str | None = None
    apex_s: float | None = None


@dataclass(frozen=True)
class Span:
    """The same in frames start .. stop of the recording, stop not included."""

    start: int
    stop: int
    index: int
    where: str
    label: str | None = None
    apex: int | None = None


def seconds(cell: str, *, per_s: float = 1.0) -> float:
    """Seconds of a cell: a number of `per_s` to the second, mm:ss, hh:mm:ss with fractions, or hh:mm:ss:mmm.

    Errors: ValueError for anything else, among it a time code that counts frames (hh:mm:ss:ff).
    """
    text = cell.strip()
    if match := DATAVYU_CLOCK.fullmatch(text):
        hours, minutes, whole, thousandths = map(int, match.groups())
        return 3600 * hours + 60 * minutes + whole + thousandths / 1e3
    if match := CLOCK.fullmatch(text):
        return 3600 * int(match[1] or 0) + 60 * int(match[2]) + float(match[3].replace(",", "."))
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        value = float(text) / per_s
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise ValueError(f"{cell!r} is no time in seconds, mm:ss or hh:mm:ss")
    return value


def spans(events: Sequence[Event], timestamps_s: np.ndarray) -> tuple[list[Span], dict[str, float]]:
    """The frames that events cover, and notes of those that reach beyond the recording and are cut there.

    timestamps_s: (T,). A stretch runs from the first frame at or after its start to the last before its end, with half
    a frame of tolerance. Errors: DataError when one lies outside the recording as a whole, or lasts no frame.
    """
    frame_s = float(np.median(np.diff(timestamps_s))) if len(timestamps_s) > 1 else 0.0
    first_s, last_s = float(timestamps_s[0]), float(timestamps_s[-1]) + frame_s
    outside = [e for e in events if e.start_s >= last_s - frame_s / 2 or e.end_s <= first_s + frame_s / 2]
    if outside:
        raise DataError(_outside(outside, events, first_s, last_s))
    found: list[Span] = []
    notes: dict[str, float] = {}
    late = [e for e in events if e.end_s > last_s + ROUNDED_FRAMES * frame_s]
    early = [e for e in events if e.start_s < first_s - ROUNDED_FRAMES * frame_s]
    if late:
        notes["events_that_end_after_the_recording"] = len(late)
        notes["seconds_of_events_after_the_recording"] = round(max(e.end_s for e in late) - last_s, 3)
    if early:
        notes["events_that_begin_before_the_recording"] = len(early)
    for event in events:
        ends = np.array([event.start_s, event.end_s]) - frame_s / 2
        start, stop = map(int, np.searchsorted(timestamps_s, ends))
        if start >= stop:
            lasts = event.end_s - event.start_s
            raise DataError(
                f"{event.where} runs from {event.start_s:g} to {event.end_s:g} s ({lasts:g} s) and covers no frame; "
                "give it a duration, or take it out"
            )
        apex = None if event.apex_s is None else apex_within(event.apex_s, timestamps_s, start, stop, event.where)
        found.append(Span(start, stop, event.index, event.where, event.label, apex))
    return found, notes


def apex_within(apex_s: float, timestamps_s: np.ndarray, start: int, stop: int, where: str) -> int:
    """The frame nearest to a marked apex. Errors: DataError where that is none of frames start .. stop."""
    at = int(np.abs(timestamps_s - apex_s).argmin())
    if not start <= at < stop:
        raise DataError(
            f"{where} has its apex at {apex_s:g} s, outside its {timestamps_s[start]:g} to {timestamps_s[stop - 1]:g} s"
        )
    return at


def settled(found: Sequence[Span]) -> tuple[tuple[Repetition, ...], dict[str, float]]:
    """Repetitions, one that is listed twice once, and notes of these and of those that overlap, which are kept.

    Errors: DataError for the same frames under two labels.
    """
    kept: dict[tuple[int, int], Span] = {}
    for span in found:
        other = kept.setdefault((span.start, span.stop), span)
        if other.label != span.label:
            raise DataError(
                f"{other.where} and {span.where} are the same frames, labelled {other.label} and {span.label}; one "
                "movement cannot be both: take one out"
            )
    in_order = sorted(kept.values(), key=lambda span: (span.start, span.stop))
    overlapping = sum(b.start < a.stop - ROUNDED_FRAMES for a, b in pairwise(in_order))
    notes = {"events_listed_twice": len(found) - len(kept), "events_that_overlap": overlapping}
    repetitions = tuple(Repetition(span.start, span.stop, span.index, span.label, span.apex) for span in kept.values())
    return repetitions, {name: count for name, count in notes.items() if count}


def _outside(outside: Sequence[Event], events: Sequence[Event], first_s: float, last_s: float) -> str:
    event = outside[0]
    message = (
        f"{len(outside)} of {len(events)} events lie outside the recording, which runs from {first_s:.2f} to "
        f"{last_s:.2f} s; the first is {event.where}, {event.start_s:g} to {event.end_s:g} s. "
    )
    # in milliseconds they would all lie inside, and at least one is far out
    if max(e.end_s for e in events) <= 1e3 * last_s and max(e.start_s for e in outside) >= MUCH_TOO_LATE * last_s:
        return message + "Are these milliseconds? Then name the columns onset_ms and duration_ms (or offset_ms)"
    return message + "Put both on one clock, and see that they are of one recording"
