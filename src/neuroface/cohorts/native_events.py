"""The repetitions of a recording in the native layout: its events file. docs/formats.md has it exactly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from neuroface.cohorts.reading import read_rows
from neuroface.errors import DataError
from neuroface.types import Repetition

EVENT_COLUMNS = ("onset", "duration", "start_frame", "stop_frame", "repetition", "label")
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
            MISSING if r.label is None else r.label,
        ]
        for r in repetitions
    ]


def read_events(file: Path, timestamps_s: np.ndarray, index: np.ndarray) -> tuple[Repetition, ...] | None:
    """Repetitions of an events file, or None without one. Frames win over seconds.

    timestamps_s: (T,) as stored; index: (T,) where each stored frame went when repeated timestamps were merged.
    """
    if not file.is_file():
        return None
    columns, rows = read_rows(file, required=(), delimiter="\t")
    by_frame = {"start_frame", "stop_frame"} <= set(columns)
    if not by_frame and not {"onset", "duration"} <= set(columns):
        has = ", ".join(columns)
        raise DataError(f"{file} needs columns onset and duration, or start_frame and stop_frame; it has {has}")
    repetitions = []
    for number, row in enumerate(rows):
        frames = [row["start_frame"], row["stop_frame"]] if by_frame else [MISSING]
        try:
            at = number if row.get("repetition", MISSING) == MISSING else int(row["repetition"])
            if MISSING in frames:
                start, stop = _frames_between(float(row["onset"]), float(row["duration"]), timestamps_s)
            else:
                start, stop = map(int, frames)
        except (KeyError, ValueError) as error:
            raise DataError(f"line {number + 2} of {file} cannot be read: {error}") from error
        if not 0 <= start < stop <= len(index):
            raise DataError(
                f"repetition {at} in {file.name} covers frames {start} to {stop}, the recording has {len(index)}"
            )
        label = row.get("label", MISSING)
        label_or_none = None if label == MISSING else label
        repetitions.append(Repetition(int(index[start]), int(index[stop - 1]) + 1, at, label_or_none))
    return tuple(repetitions)


def _frames_between(onset_s: float, duration_s: float, timestamps_s: np.ndarray) -> tuple[int, int]:
    """First frame at or after the onset and first at or after the end, with half a frame of tolerance for rounding."""
    half_frame_s = float(np.median(np.diff(timestamps_s))) / 2 if len(timestamps_s) > 1 else 0.0
    start, stop = np.searchsorted(timestamps_s, np.array([onset_s, onset_s + duration_s]) - half_frame_s)
    return int(start), int(stop)
