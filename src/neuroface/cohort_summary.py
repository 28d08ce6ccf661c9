"""Who was in, what was left out and why, what was filled or guessed: added up while recordings stream past."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neuroface import repetitions as repetition_tools
from neuroface.errors import DataError
from neuroface.types import Recording, Repetition

# What our own steps count, with a field each; what another's step counts stands among the notes.
COUNTED = (
    "frames", "frames_filled", "frames_missing", "frames_without_face", "faces_detected_again", "not_held_out",
    "depth_frames_missing", "depths_masked", "depths_filled", "depths_missing",
)  # fmt: skip
# Notes that tell how a recording was made, not what was done to it; and clocks that were not guessed.
DIFFER = "; others differ"
FACTS = ("landmarks", "frames", "frames_declared", "frames_decoded")
USUAL = ("times stored in the file", "stamps of the camera", "a single frame")
# Of these, what is counted anew whenever landmarks on disk are read.
COUNTED_ANEW = ("frames", "frames_missing", "depths_missing")


@dataclass
class CohortSummary:
    """What cohort.json holds. people: class or group -> number of people. notes: what readers merged or guessed.

    noted_of: in how many recordings each note was made. not_held_out: recordings of people whom no fold of a
    fine-tuning run held out from the network that found their landmarks. persons: one row per person, see `persons`;
    with `quality` a table of its own. planted: of a synthetic cohort, class -> the part of the face that tells it.
    filled: who the people_filled are.
    """

    description: str = ""
    synthetic: bool = False
    nominal_camera: bool = False
    people: dict[str, int] = field(default_factory=dict)
    recordings: int = 0
    repetitions: int = 0
    frames: int = 0
    frames_filled: int = 0
    frames_missing: int = 0
    frames_without_face: int = 0
    faces_detected_again: int = 0
    not_held_out: int = 0
    depth_frames_missing: int = 0
    depths_masked: int = 0
    depths_filled: int = 0
    depths_missing: int = 0
    people_filled: int = 0
    left_out: list[dict[str, str]] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    noted_of: dict[str, int] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    repetition_agreement: dict[str, Any] | None = None
    quality: list[dict[str, Any]] = field(default_factory=list)
    persons: list[dict[str, Any]] = field(default_factory=list)
    planted: dict[str, str] = field(default_factory=dict)
    filled: list[str] = field(default_factory=list)

    @property
    def facts(self) -> dict[str, dict[str, Any]]:
        """subject -> what is known of them; {} of somebody of whom nothing is."""
        return {row["subject"]: {k: v for k, v in row.items() if k not in ("subject", "group")} for row in self.persons}


def persons(people: Mapping[str, tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """One row per person: subject, group, and facts that are a number or a text. people: subject -> (group, facts)."""
    return [
        {"subject": subject, "group": group}
        | {str(k): v for k, v in facts.items() if isinstance(v, int | float | str) and k not in ("subject", "group")}
        for subject, (group, facts) in people.items()
    ]


class Notes:
    """What readers and steps noted of several recordings: numbers are added up; of words, the first are kept, and that
    those of others differ.

    `of` counts in how many recordings each was noted.
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.of: Counter[str] = Counter()

    def add(self, notes: Mapping[str, Any]) -> None:
        for name, value in notes.items():
            self.of[name] += bool(value)
            if _is_count(value):
                self.values[name] = self.values.get(name, 0) + value
            else:
                first = self.values.setdefault(name, value)
                usual = first in USUAL and value in USUAL
                if isinstance(first, str) and value != first and not usual and not first.endswith(DIFFER):
                    self.values[name] = first + DIFFER


class Tally:
    """tally.see(recording) for each that is read, tally.use(...) for each that is used, tally.summary() at the end."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.group_of: dict[str, str] = {}
        self.left_out: list[dict[str, str]] = []
        self.quality: list[dict[str, Any]] = []
        self.of_other_classes: set[str] = set()
        self._used: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._filled: set[str] = set()
        self._notes = Notes()
        self._attributes: dict[str, Mapping[str, Any]] = {}
        self._agreement: dict[str, list[dict[str, Any]]] = {}
        self._severity: dict[str, dict[str, float]] = {}
        self._unusual: list[str] = []
        self._nominal = False
        self._synthetic = False

    def see(self, recording: Recording) -> str | None:
        """Note that a recording was read; returns what is wrong with it beside the others, if anything is."""
        if recording.name in self.names:
            return "comes twice; give the recordings of a task different sessions"
        self.names.add(recording.name)
        group = self.group_of.setdefault(recording.subject, recording.group)
        if group != recording.group:
            return f"is of group {recording.group}, an earlier recording of {recording.subject} is of group {group}"
        return None

    def leave_out(self, what: str, why: str) -> None:
        self.left_out.append({"what": what, "why": why})

    def use(
        self, recording: Recording, counts: Mapping[str, int], found: tuple[Repetition, ...], times: np.ndarray
    ) -> None:
        """Count a recording that gives samples. counts: what was filled, missing and used; found: its repetitions, all
        of them, at times (T,) s."""
        self._used[recording.name] = recording.subject
        self._counts.update(counts)
        if counts.get("frames_filled") or counts.get("depths_filled"):
            self._filled.add(recording.subject)
        self._attributes[recording.subject] = recording.attributes
        if recording.truth is not None:
            self._severity[recording.subject] = {"severity": float(recording.truth.severity)}
        self._synthetic |= recording.truth is not None  # only a generated recording knows the truth, on disk too
        self._nominal |= bool(recording.camera and recording.camera.nominal)
        others = {name: count for name, count in counts.items() if name not in (*COUNTED, "repetitions")}
        self._notes.add({**recording.notes, **others})
        if recording.repetitions and found is not recording.repetitions:
            agreement = repetition_tools.agreement(found, recording.repetitions, times)
            self._agreement.setdefault(recording.subject, []).append(agreement)
        unusual = repetition_tools.unusual_count(recording.task, len(found))
        if unusual and found is not recording.repetitions:
            self._unusual.append(f"{recording.name}: {unusual}")

    def summary(self, *, description: str, synthetic: bool, planted: Mapping[str, str] | None = None) -> CohortSummary:
        people = sorted(set(self._used.values()))
        facts = {s: (self.group_of[s], self._attributes[s]) for s in people}
        return CohortSummary(
            description=description,
            synthetic=synthetic or self._synthetic,
            nominal_camera=self._nominal,
            people=dict(Counter(self.group_of[subject] for subject in people)),
            recordings=len(self._used),
            repetitions=self._counts["repetitions"],
            people_filled=len(self._filled),
            filled=sorted(self._filled),
            left_out=self.left_out,
            notes={**self._notes.values, **({"unusual counts": "; ".join(self._unusual)} if self._unusual else {})},
            noted_of=dict(self._notes.of),
            attributes=attributes_by_group(facts),
            persons=persons({s: (g, {**known, **self._severity.get(s, {})}) for s, (g, known) in facts.items()}),
            repetition_agreement=self._mean_agreement(),
            quality=self.quality,
            planted=dict(planted or {}),
            **{name: self._counts[name] for name in COUNTED},
        )

    def _mean_agreement(self) -> dict[str, Any] | None:
        """Per person first, then the mean over people; None when repetitions were not found but given."""
        if not self._agreement:
            return None
        per_person = [_mean_of(rows) for rows in self._agreement.values()]
        return {**_mean_of(per_person), "people": len(per_person)}


def told(notes: Mapping[str, Any], noted_of: Mapping[str, int], recordings: int) -> list[str]:
    """Lines for the terminal: what was merged, dropped or guessed, and in how many recordings; nothing of plain facts.

    notes, noted_of, recordings: as in a CohortSummary.
    """
    lines = []
    for name, value in notes.items():
        if not value or name in FACTS or (isinstance(value, str) and value in USUAL):
            continue
        amount = f"{value:g}" if isinstance(value, float) else "yes" if value is True else str(value)
        among = f" (in {noted_of[name]} of {recordings} recordings)" if name in noted_of else ""
        lines.append(f"{name.replace('_', ' ')}: {amount}{among}")
    return lines


def why(error: DataError, notes: Mapping[str, Any]) -> str:
    """What is wrong with a recording, what files it is of, and what its reader counted: these may be the reason."""
    files = [f"files {notes['files']}"] if notes.get("files") else []
    counts = [
        f"{name.replace('_', ' ')} {value:g}"
        for name, value in notes.items()
        if value and _is_count(value) and name not in FACTS
    ]
    return str(error).rstrip(".") + (f" (of its reader: {', '.join(files + counts)})" if files or counts else "")


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def counts_to_note(counts: Mapping[str, int]) -> dict[str, int]:
    """What a landmark step counted, as notes of a recording whose landmarks are written to be read again."""
    return {name: count for name, count in counts.items() if count and name not in COUNTED_ANEW}


def _mean_of(rows: list[dict[str, Any]]) -> dict[str, float]:
    def mean(values: list[Any]) -> float:
        finite = [float(v) for v in values if v is not None and np.isfinite(v)]
        return float(np.mean(finite)) if finite else float("nan")

    return {name: mean([row[name] for row in rows]) for name in rows[0]}


def attributes_by_group(people: Mapping[str, tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Facts about people by group, to see confounders: mean, sd and n of numbers, counts of categories.

    people: subject -> (group, attributes). An attribute with more than ten different texts is not a category.
    """
    out: dict[str, Any] = {}
    for name in sorted({name for _, facts in people.values() for name in facts}):
        for group in sorted({group for group, _ in people.values()}):
            values = [facts[name] for g, facts in people.values() if g == group and _known(facts.get(name))]
            if values and all(isinstance(v, int | float) for v in values):
                sd = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
                out.setdefault(name, {})[group] = {"mean": float(np.mean(values)), "sd": sd, "n": len(values)}
            elif values and len(set(values)) <= 10:
                out.setdefault(name, {})[group] = dict(Counter(map(str, values)))
    return out


def _known(value: Any) -> bool:
    return value is not None and value != "" and not (isinstance(value, float) and np.isnan(value))
