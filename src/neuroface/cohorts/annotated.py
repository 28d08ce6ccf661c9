"""Repetitions from the files of annotation tools: ELAN, Praat, BORIS, Datavyu, tables of events. docs/formats.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType
from typing import Any

from neuroface.cohorts.events import Event, settled, spans
from neuroface.cohorts.marks import bids, boris, datavyu, elan, textgrid
from neuroface.cohorts.marks.sheet import Mark, Sheet
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.types import Recording

Reading = Callable[[], Recording]
# Asked in this order; the most particular first.
FORMATS: tuple[ModuleType, ...] = (elan, textgrid, boris, datavyu, bids)
HEAD_BYTES = 4096
EVERY = "*"
# The labels by which a tier of points tells where a stretch begins and ends.
BEGINS, ENDS = ("start", "begin", "onset", "on"), ("stop", "end", "offset", "off")
# A recording and what its annotations were made on may differ by so much in length: sound goes on after the picture.
OTHER_LENGTH, OTHER_LENGTH_S = 0.1, 1.0


class Annotations:
    """The annotation files of a cohort, and the repetitions that they give each recording.

    place: a folder, of whose files those count that a reader knows, or one file, which may be about many recordings.
    tier: the tier, behaviour or column that marks repetitions, or several; "*" is all; None: the one there is.
    offset_s: seconds to add to the times of all files. apex: the tier, behaviour or column whose marks tell when a
    repetition was at its largest, by where they begin; beside it, or without it, a table has a column `apex`.
    Errors: DataError, when they are read, that names file and line.
    """

    def __init__(
        self,
        place: str | Path,
        *,
        tier: str | Sequence[str] | None = None,
        offset_s: float = 0.0,
        apex: str | None = None,
    ) -> None:
        self.place = Path(place).expanduser()
        self.tiers = (tier,) if isinstance(tier, str) else tuple(tier or ())
        self.offset_s, self.apex = offset_s, apex
        self.names: set[str] = set()  # of all recordings of the cohort

    def on(self, recording: Recording, names: Iterable[str]) -> Recording:
        """The recording with the repetitions that the files give it. names: what its files are called, with or without
        suffix. The times of annotations count from its first frame."""
        wanted = frozenset(name.casefold() for name in names)
        found = [(form, sheet) for form, sheet in self._sheets if sheet.shift_of(wanted) is not None]
        if len(found) != 1:
            raise DataError(self._not_one(sorted(names), [sheet for _, sheet in found]))
        (form, sheet), times = found[0], recording.landmarks.timestamps_s
        marks, notes = self._marks(sheet)
        marks, stray = self._with_apexes(sheet, marks)
        shift_s = (sheet.shift_of(wanted) or 0.0) + self.offset_s + float(times[0])
        events = [
            Event(
                mark.start_s + shift_s,
                mark.end_s + shift_s,
                number,
                mark.where,
                mark.label,
                None if mark.apex_s is None else mark.apex_s + shift_s,
            )
            for number, mark in enumerate(marks)
            if mark.end_s is not None
        ]
        covered, cut = spans(events, times)
        repetitions, told = settled(covered)
        about = {"annotations": f"{form.NAME}, tier {', '.join(self._asked(sheet))}"}
        notes |= {**stray, **self._other_length(sheet, recording), **cut, **told, **self._of_nobody()}
        return replace(recording, repetitions=repetitions, notes={**recording.notes, **about, **notes})

    def _of_nobody(self) -> dict[str, str]:
        """A note of the files of which no recording of the cohort has a name."""
        used = {sheet.file for _, sheet in self._sheets if sheet.shift_of(frozenset(self.names)) is not None}
        others = sorted({sheet.file.name for _, sheet in self._sheets if sheet.file not in used})
        return {"annotations_of_no_recording": ", ".join(others)} if others else {}

    @cached_property
    def _sheets(self) -> list[tuple[ModuleType, Sheet]]:
        if not self.place.exists():
            raise DataError(f"There is no {self.place}. Set cohort.annotations to a folder or file of annotations.")
        files = [self.place] if self.place.is_file() else sorted(filter(self._is_open, self.place.rglob("*")))
        known = [(form, file) for file in files if (form := format_of(file)) is not None]
        if not known:
            names = ", ".join(form.NAME for form in FORMATS)
            raise DataError(f"{self.place} holds no file of annotations that can be read ({names}).")
        return [(form, sheet) for form, file in known for sheet in form.read(file)]

    def _is_open(self, file: Path) -> bool:
        """Whether it is a file, and neither it nor a folder on its way is hidden."""
        return file.is_file() and not any(part.startswith(".") for part in file.relative_to(self.place).parts)

    def _asked(self, sheet: Sheet) -> list[str]:
        """The tiers that are asked for and there. Errors: DataError that names those that are there."""
        filled = {name: len(marks) for name, marks in sheet.tiers.items() if marks}
        there = ", ".join(f"{name} ({count})" for name, count in filled.items()) or "none with an annotation"
        filled = {name: count for name, count in filled.items() if name != self.apex}
        if EVERY in self.tiers or (not self.tiers and len(filled) == 1):
            return list(filled)
        if not self.tiers:
            raise DataError(f"{sheet.file} has tiers {there}; set cohort.tier to the one that marks repetitions")
        missing = [name for name in self.tiers if name not in sheet.tiers]
        if len(missing) == len(self.tiers):
            near = did_you_mean(missing[0], sheet.tiers)
            raise DataError(f"{sheet.file} has no tier {', '.join(missing)}; it has {there}." + near)
        return [name for name in self.tiers if name in filled]

    def _marks(self, sheet: Sheet) -> tuple[list[Mark], dict[str, Any]]:
        """The stretches of the tiers that are asked for, and how many annotations are none of them."""
        asked = self._asked(sheet)
        all_ = [mark for name in asked for mark in sheet.tiers[name]]
        points = [mark for mark in all_ if not _lasts(mark)]
        marks = [mark for mark in all_ if _lasts(mark)]
        if points and not marks:
            marks, points = _paired(points), []
        if not marks:
            names = ", ".join(asked) or ", ".join(self.tiers)
            raise DataError(f"{sheet.file} marks no stretch on tier {names}; a repetition has a beginning and an end")
        others = sum(len(marks) for name, marks in sheet.tiers.items() if name not in (*asked, self.apex))
        notes = {"annotations_without_length": len(points), "annotations_on_other_tiers": others}
        return sorted(marks, key=lambda mark: mark.start_s), {name: count for name, count in notes.items() if count}

    def _with_apexes(self, sheet: Sheet, marks: list[Mark]) -> tuple[list[Mark], dict[str, int]]:
        """The stretches with the apexes that lie in them, and how many apexes lie in none.

        Errors: DataError where there is no such tier, and for a stretch with two.
        """
        if self.apex is None:
            return marks, {}
        if self.apex not in sheet.tiers:
            raise DataError(f"{sheet.file} has no tier {self.apex} of apexes." + did_you_mean(self.apex, sheet.tiers))
        found, used = [], set[int]()
        for mark in marks:
            inside = [
                (at, one)
                for at, one in enumerate(sheet.tiers[self.apex])
                if mark.end_s is not None and mark.start_s <= one.start_s <= mark.end_s
            ]
            if len(inside) > 1:
                raise DataError(f"{mark.where} has {len(inside)} apexes, {inside[0][1].where} and {inside[1][1].where}")
            used |= {at for at, _ in inside}
            found.append(replace(mark, apex_s=inside[0][1].start_s) if inside else mark)
        stray = len(sheet.tiers[self.apex]) - len(used)
        return found, {"apexes_outside_repetitions": stray} if stray else {}

    def _not_one(self, names: Sequence[str], found: Sequence[Sheet]) -> str:
        if found:
            files = ", ".join(dict.fromkeys(sheet.file.name for sheet in found))
            return f"has annotations {len(found)} times, in {files}; keep one"
        others = list(dict.fromkeys(sheet.file.name for _, sheet in self._sheets))
        there = ", ".join(others[:3]) + (f", ... ({len(others)})" if len(others) > 3 else "")
        called = " or ".join(names)
        return f"has no annotations in {self.place}: no file or media is called {called}; there is {there}"

    def _other_length(self, sheet: Sheet, recording: Recording) -> dict[str, str]:
        times = recording.landmarks.timestamps_s
        here_s = float(times[-1] - times[0])
        if sheet.lasts_s is None or abs(sheet.lasts_s - here_s) <= max(OTHER_LENGTH_S, OTHER_LENGTH * here_s):
            return {}
        what = f"{sheet.file.name} is of {sheet.lasts_s:.1f} s, {recording.name} lasts {here_s:.1f} s"
        return {"annotations_of_another_length": what}


def annotations_of(
    place: str | Path | None, *, tier: str | Sequence[str] | None, offset_s: float, apex: str | None = None
) -> Annotations | None:
    """The annotations that a cohort's keys name, None where they name none. Errors: ConfigError for a stray key."""
    if place is not None:
        return Annotations(place, tier=tier, offset_s=offset_s, apex=apex)
    if tier or offset_s or apex:
        raise ConfigError(
            "cohort.tier, cohort.apex_tier and cohort.annotations_offset_s are of annotations; set "
            "cohort.annotations too."
        )
    return None


def annotated(annotations: Annotations | None, read: Reading, *files: str) -> Reading:
    """`read`, whose recordings have the repetitions of the annotations where there are any. files: what their files are
    called."""
    if annotations is None:
        return read
    annotations.names |= {name.casefold() for name in files}
    return partial(_read_with, annotations, read, files)


def _read_with(annotations: Annotations, read: Reading, files: Sequence[str]) -> Recording:
    return annotations.on(read(), files)


def format_of(file: Path) -> ModuleType | None:
    """The first format whose validator knows a file; None for any other file."""
    if file.name.startswith("."):
        return None
    with file.open("rb") as content:
        head = content.read(HEAD_BYTES)
    return next((form for form in FORMATS if form.is_it(file, head)), None)


def _lasts(mark: Mark) -> bool:
    return mark.end_s is not None and mark.end_s > mark.start_s


def _paired(points: Sequence[Mark]) -> list[Mark]:
    """Stretches from points that are labelled start and stop in turn; none where they are not."""
    ordered = sorted(points, key=lambda mark: mark.start_s)
    pairs = list(zip(ordered[::2], ordered[1::2], strict=False))
    told = [((a.label or "").lower() in BEGINS, (b.label or "").lower() in ENDS) for a, b in pairs]
    if len(ordered) % 2 or not all(begins and ends for begins, ends in told):
        return []
    return [Mark(a.start_s, b.start_s, a.where) for a, b in pairs]
