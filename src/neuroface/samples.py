"""Cohort + steps + view -> Samples: the only place where everything meets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface import detection
from neuroface.cohort_summary import CohortSummary, Tally, attributes_by_group, persons, why
from neuroface.detection import Found, Steps, made_by
from neuroface.errors import ConfigError, DataError, Problems, did_you_mean
from neuroface.evaluate.each import Failed, Failures
from neuroface.types import Cohort, Recording, Repetition, Samples
from neuroface.views.seen import Seen, View
from neuroface.views.table import Table

if TYPE_CHECKING:
    import pandas as pd

SKIP = "Mend them, leave them out with cohort.exclude=[...], or go on without them with cohort.skip_broken=true."

SIDES = ("left", "right")


@dataclass(frozen=True)
class Wanted:
    """Which samples are asked for.

    classes, tasks: None for all. target: "group" (a person has a class) or "label" (a repetition has one). exclude:
    subjects, or names of recordings. frontal_only: without recordings in which the person looks away. class_of_label:
    label -> class, where several labels are one class. side: samples carry the affected side, as a column "side" of
    their meta: left, right or "". told_apart: whether what readers call a class is one that the question tells apart;
    it is not where a number is predicted, or stages are made of a group.
    """

    classes: tuple[str, ...] | None = None
    tasks: tuple[str, ...] | None = None
    target: str = "group"
    exclude: frozenset[str] = frozenset()
    frontal_only: bool = False
    class_of_label: Mapping[str, str] = field(default_factory=dict)
    side: bool = False
    told_apart: bool = True

    def class_of(self, recording: Recording, repetition: Repetition) -> str:
        if self.target == "group":
            return recording.group
        return self.class_of_label.get(repetition.label or "", repetition.label or "")


@dataclass(frozen=True, eq=False)
class _Row:
    """One repetition on its way into the samples. value: what the view makes of it.

    Of its recording only who and what it is: landmarks of all recordings would not fit into memory.
    """

    name: str
    subject: str
    group: str
    task: str
    session: str
    side: str
    repetition: Repetition
    y: str
    value: Any
    fitted_on: frozenset[str]


def build(
    cohort: Cohort,
    steps: Steps,
    wanted: Wanted,
    *,
    view: View | None = None,
    skip_broken: bool = False,
    columns: Mapping[str, str] | None = None,
    n_jobs: int = 1,
    limit_s: float | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[Samples, CohortSummary]:
    """Read a cohort and turn each repetition into one row of the view that a classifier asks for.

    view: None for the table of features. columns: constant columns to add to `meta`. n_jobs, limit_s: processes that
    find the landmarks of videos, and what one of these may take, see detection.found.
    Errors: DataError that names every recording that cannot be used, unless `skip_broken`; then they are in the
    summary's `left_out`.
    """
    view = view or Table(steps.features, frame=steps.frame, pixel_scale=steps.pixel_scale)
    if hasattr(cohort, "table"):
        if view.name != "table":
            raise ConfigError(f"The classifier looks at {view.name}, and this cohort is a table of features.")
        apart = {} if wanted.told_apart else {"told_apart": False}
        samples = cohort.table(classes=wanted.classes, tasks=wanted.tasks, exclude=wanted.exclude, **apart)
        return _with_columns(samples, columns), _summary_of_table(cohort, samples)
    check_frontal(wanted, steps.quality)
    tally, problems = Tally(), Problems()
    names: tuple[str, ...] = ()
    rows: list[_Row] = []
    failures = Failures()
    asked = readable(cohort, replace(wanted, frontal_only=False), problems, tally)
    for recording, found in detection.found(asked, steps, n_jobs=n_jobs, limit_s=limit_s):
        if progress:
            progress("reading recordings", len(tally.names), 0)
        if isinstance(found, Failed) and not found.expected:
            failures.add(recording.name, found)
            continue
        try:
            if isinstance(found, Failed):
                raise DataError(found.cause)
            names_here, new = _rows(recording, found, steps, view, wanted, tally)
            if known_as := getattr(cohort, "known_as", None):
                new = [replace(row, fitted_on=known_as(row.fitted_on)) for row in new]
            if not new:
                continue
            if rows and names_here != names:
                odd = ", ".join(sorted(set(names_here) ^ set(names))[:2])
                raise DataError(f"has other features than {rows[0].name} ({odd}, ...); set one lift for all")
        except DataError as error:
            problems.add(recording.name, why(error, recording.notes))
            continue
        names = names_here
        rows += new
    failures.raise_if_any("Nothing was computed.")
    for where, what in problems.items():
        tally.leave_out(where, what)
    tally.left_out += getattr(cohort, "left_out_", ())  # people that the question does not ask for
    if gone := tally.of_other_classes - {row.subject for row in rows}:
        people = "1 person" if len(gone) == 1 else f"{len(gone)} people"
        tally.leave_out(people, "no repetition of a class that is asked for")
    if not skip_broken:
        problems.raise_if_any(SKIP, of=len(tally.names | {where for where, _ in problems.items()}))
    check_excluded(cohort, wanted, tally)
    _check_rows(rows, wanted, tally)
    synthetic, planted = bool(getattr(cohort, "synthetic", False)), getattr(cohort, "planted", None)
    summary = tally.summary(description=_first_line(cohort), synthetic=synthetic, planted=planted)
    return _with_columns(_gathered(rows, names, view, side=wanted.side), columns), summary


def readable(
    cohort: Cohort,
    wanted: Wanted,
    problems: Problems,
    tally: Tally,
    *,
    quality: Callable[[Recording], dict[str, Any]] | None = None,
) -> Iterator[Recording]:
    """The recordings to use, one at a time: not excluded, not said twice, and frontal where that is asked for.

    What is left out goes to the tally, what is wrong to the problems; broken recordings that the cohort tells of at its
    end, too. quality: tells who looks away and is left out, or None.
    """
    groups = wanted.classes if wanted.target == "group" else None
    try:
        for recording in cohort.recordings(groups=groups, tasks=wanted.tasks):
            wrong = tally.see(recording)
            if {recording.name, recording.subject} & wanted.exclude:
                tally.leave_out(recording.name, "cohort.exclude")
                continue
            if wrong:
                problems.add(recording.name, wrong)
                continue
            if quality is None or not away(quality(recording), recording, tally):
                yield recording
    except DataError as error:
        if not hasattr(error, "problems"):
            raise
        for where, what in error.problems:
            if {where, where.split("/")[0]} & wanted.exclude:
                tally.names.add(where)
                tally.leave_out(where, "cohort.exclude")
            else:
                problems.add(where, what)


def check_frontal(wanted: Wanted, quality: Callable[[Recording], dict[str, Any]] | None) -> None:
    """Nobody can be left out for looking away where nothing tells who does."""
    if wanted.frontal_only and quality is None:
        raise ConfigError("cohort.frontal_only=true needs a quality step to tell who looks away; set quality=default.")


def away(measured: Mapping[str, Any], recording: Recording, tally: Tally) -> bool:
    """Whether the person looks away, by a row of quality.csv; then the recording is left out in the tally."""
    if measured["frontal"] is not False:
        return False
    tally.leave_out(recording.name, f"looks away in {100 * measured['looks_away']:.0f} % of its frames")
    return True


def _rows(
    recording: Recording, seen: Found, steps: Steps, view: View, wanted: Wanted, tally: Tally
) -> tuple[tuple[str, ...], list[_Row]]:
    """Names of the columns, and one row for each repetition whose class is asked for."""
    pixels, landmarks, counts = seen.pixels, seen.landmarks, seen.counts
    if seen.measured is not None:
        tally.quality.append(seen.measured)
        if wanted.frontal_only and away(seen.measured, recording, tally):
            return (), []
    found = steps.repetitions(landmarks, task=recording.task, given=recording.repetitions)
    if not found:
        raise DataError("has no repetition")
    asked = tuple(r for r in found if wanted.classes is None or wanted.class_of(recording, r) in wanted.classes)
    if not asked:
        tally.of_other_classes.add(recording.subject)
        return (), []
    counted = replace(recording, notes={**recording.notes, **counts})
    names, values = view.rows(Seen(counted, pixels, landmarks, asked))
    fitted_on = recording.landmarks.fitted_on | landmarks.fitted_on
    if hasattr(view, "fitted_on"):
        fitted_on |= view.fitted_on(recording.subject)
    side = _side(recording) if wanted.side else ""
    who = (recording.name, recording.subject, recording.group, recording.task, recording.session, side)
    rows = []
    for repetition, value in zip(asked, values, strict=True):
        if value is None:
            tally.leave_out(f"{recording.name} repetition {repetition.index}", "no landmark in any of its frames")
        else:
            y = wanted.class_of(recording, repetition)
            rows.append(_Row(*who, repetition, y, value, fitted_on))
    if rows:
        told = replace(recording, notes={**recording.notes, **made_by(steps.landmarks, recording)})
        tally.use(told, {**counts, "repetitions": len(rows)}, found, landmarks.timestamps_s)
    return names, rows


def check_excluded(cohort: Cohort, wanted: Wanted, tally: Tally) -> None:
    """A name in cohort.exclude that matches nothing is a typing error that would otherwise pass in silence.

    Names that this question does not meet (another group, another task) are looked up in the whole cohort.
    """
    known = {part for name in tally.names for part in (name, name.split("/")[0])}
    if not wanted.exclude - known:
        return
    everyone = Tally()
    for _ in readable(cohort, Wanted(), Problems(), everyone):
        pass
    known |= {part for name in everyone.names for part in (name, name.split("/")[0])}
    for name in sorted(wanted.exclude - known):
        raise ConfigError(f"cohort.exclude names {name!r}, which is not in the cohort." + did_you_mean(name, known))


def _check_rows(rows: list[_Row], wanted: Wanted, tally: Tally) -> None:
    asked = f" for task {', '.join(wanted.tasks)}" if wanted.tasks else ""
    if not tally.names:
        raise DataError(f"The cohort has no recording{asked}. See cohort and protocol.task.")
    if not rows:
        see = "protocol.classes, cohort.exclude, cohort.skip_broken and cohort.frontal_only"
        raise DataError(f"No repetition{asked} is left. See {see}.")
    if wanted.classes is None:
        return
    people = {name: {row.subject for row in rows if row.y == name} for name in wanted.classes}
    missing = [name for name in wanted.classes if not people[name]]
    if missing:
        found = ", ".join(sorted({row.y for row in rows}))
        raise DataError(
            f"Nobody is of class {', '.join(missing)}{asked}; the cohort has {found} by {wanted.target}. "
            "Set protocol.classes to two or more classes that are there."
        )


def _gathered(rows: list[_Row], names: tuple[str, ...], view: View, *, side: bool) -> Samples:
    meta: dict[str, list[Any]] = {
        "sample": [f"{r.name}/{r.repetition.index:02d}" for r in rows],
        "group": [r.group for r in rows],
        "task": [r.task for r in rows],
        "repetition": [r.repetition.index for r in rows],
    }
    sessions = [r.session for r in rows]
    if any(sessions):
        meta["session"] = sessions
    if side:
        meta["side"] = [r.side for r in rows]
    return Samples(
        X=view.gather([r.value for r in rows]),
        y=np.array([r.y for r in rows]),
        subject=np.array([r.subject for r in rows]),
        meta={name: np.array(values) for name, values in meta.items()},
        view=view.name,
        feature_names=names,
        fitted_on=tuple(r.fitted_on for r in rows),
    )


def _side(recording: Recording) -> str:
    """The affected side, as a person's facts tell it or, of synthetic people, the truth; "" where nobody knows."""
    told = str(recording.attributes.get("side", "")).lower()
    if told not in SIDES and recording.truth is not None:
        told = recording.truth.affected_side or ""
    return told if told in SIDES else ""


def _with_columns(samples: Samples, columns: Mapping[str, str] | None) -> Samples:
    new = {name: np.full(len(samples), value) for name, value in (columns or {}).items() if name not in samples.meta}
    return replace(samples, meta={**samples.meta, **new}) if new else samples


def _summary_of_table(cohort: Any, samples: Samples) -> CohortSummary:
    groups = dict(zip(samples.subject, samples.meta.get("group", samples.y), strict=True))
    people = {str(group): list(groups.values()).count(group) for group in sorted(set(groups.values()))}
    facts = getattr(cohort, "attributes_", {})
    return CohortSummary(
        description=_first_line(cohort),
        people=people,
        repetitions=len(samples),
        left_out=list(getattr(cohort, "left_out_", ())),
        notes=dict(getattr(cohort, "notes_", {})),
        attributes=attributes_by_group({s: (str(groups[s]), facts[s]) for s in groups if s in facts}),
        persons=persons({str(s): (str(groups[s]), facts.get(s, {})) for s in groups}),
    )


def _first_line(thing: Any) -> str:
    return (thing.__doc__ or "").strip().partition("\n")[0]


def feature_table(samples: Samples) -> pd.DataFrame:
    """One row per sample: sample, subject, the meta columns, the class as y, and the features of a table."""
    import pandas as pd

    meta = {name: column for name, column in samples.meta.items() if name != "sample"}
    facts = {"sample": samples.meta["sample"], "subject": samples.subject, **meta, "y": samples.y}
    if samples.view != "table":
        return pd.DataFrame(facts)
    clash = sorted(set(facts) & set(samples.feature_names))
    if clash:
        raise DataError(f"Features cannot be named {', '.join(clash)}, which says who or what a row is. Rename them.")
    values = np.asarray(samples.X)
    return pd.DataFrame({**facts, **dict(zip(samples.feature_names, values.T, strict=True))})
