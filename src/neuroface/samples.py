"""Cohort + steps + view -> Samples: the only place where everything meets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface import repetitions as repetition_tools
from neuroface.errors import ConfigError, DataError, Problems, did_you_mean
from neuroface.features.extract import extract
from neuroface.types import Cohort, Landmarks, Recording, Repetition, Samples

if TYPE_CHECKING:
    import pandas as pd

VIEWS = ("table",)
SKIP = "Mend them, leave them out with cohort.exclude=[...], or go on without them with cohort.skip_broken=true."


@dataclass(frozen=True)
class Steps:
    """What happens to a recording on its way to features, each a function with its tunables bound.

    landmarks: Landmarks -> (Landmarks, counts). lift: (Landmarks, Recording) -> (Landmarks, counts).
    repetitions: (Landmarks, task=, given=) -> repetitions. features: nested mapping of functions.
    frame: "head" (rigid head motion removed within each repetition) or "camera".
    """

    landmarks: Callable[[Landmarks], tuple[Landmarks, dict[str, int]]]
    lift: Callable[[Landmarks, Recording], tuple[Landmarks, dict[str, int]]]
    repetitions: Callable[..., tuple[Repetition, ...]]
    features: Mapping[str, Any]
    frame: str = "head"

    def __post_init__(self) -> None:
        if self.frame not in ("head", "camera"):
            near = did_you_mean(self.frame, ("head", "camera"))
            raise ConfigError(f"frame={self.frame}: there is no such frame.{near}")


@dataclass
class CohortSummary:
    """Who was in, what was left out and why, what was filled or guessed: the report's second page, as data."""

    description: str = ""
    synthetic: bool = False
    nominal_camera: bool = False
    people: dict[str, int] = field(default_factory=dict)
    recordings: int = 0
    repetitions: int = 0
    frames: int = 0
    frames_filled: int = 0
    frames_missing: int = 0
    depths_filled: int = 0
    depths_missing: int = 0
    people_filled: int = 0
    left_out: list[dict[str, str]] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    repetition_agreement: dict[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class _Row:
    """One repetition on its way into the table."""

    recording: Recording
    repetition: Repetition
    target: str
    values: np.ndarray


def build(
    cohort: Cohort,
    steps: Steps,
    *,
    classes: Collection[str] | None,
    target: str = "group",
    tasks: Collection[str] | None = None,
    view: str = "table",
    exclude: Collection[str] = (),
    skip_broken: bool = False,
    columns: Mapping[str, str] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[Samples, CohortSummary]:
    """Read a cohort and turn each repetition into one row of the view that a classifier asks for.

    classes: class names to keep, in the protocol's order, or None for all. target: "group" (a person has a class) or
    "label" (a repetition has one). tasks: None for all. columns: constant columns to add to `meta`.
    Errors: DataError that names every recording that cannot be used, unless `skip_broken`; then they are in the
    summary's `left_out`.
    """
    if view not in VIEWS:
        raise ConfigError(f"classifier.view={view}: there is no such view." + did_you_mean(view, VIEWS))
    if hasattr(cohort, "table"):
        samples = cohort.table(classes=classes, tasks=tasks, exclude=exclude)
        return _with_columns(samples, columns), _summary_of_table(cohort, samples)
    summary = CohortSummary(description=_first_line(cohort), synthetic=bool(getattr(cohort, "synthetic", False)))
    names: tuple[str, ...] = ()
    rows: list[_Row] = []
    problems, broken, seen = Problems(), Problems(), _Seen()
    wanted_groups = classes if target == "group" else None
    for recording in _readable(cohort, broken, exclude, groups=wanted_groups, tasks=tasks):
        seen.add(recording)
        if progress:
            progress("reading recordings", seen.recordings, seen.recordings)
        if recording.name in exclude or recording.subject in exclude:
            summary.left_out.append({"what": recording.name, "why": "cohort.exclude"})
            continue
        try:
            names, new = _rows(recording, steps, target=target, classes=classes, summary=summary, seen=seen)
        except DataError as error:
            problems.add(recording.name, str(error).rstrip("."))
            continue
        rows += new
    _check_excluded(exclude, seen)
    for where, what in [*problems.items(), *broken.items()]:
        summary.left_out.append({"what": where, "why": what})
    if not skip_broken:
        broken.raise_if_any(SKIP)
        problems.raise_if_any(SKIP, of=seen.recordings)
    _check_rows(rows, classes, tasks, target, seen)
    seen.finish(summary)
    return _with_columns(_table(rows, names), columns), summary


def _readable(cohort: Cohort, broken: Problems, exclude: Collection[str], **wanted: Any) -> Iterator[Recording]:
    """The cohort's recordings; if it reports broken ones at its end, they are kept for one message with the others."""
    try:
        yield from cohort.recordings(**wanted)
    except DataError as error:
        if not hasattr(error, "problems"):
            raise
        for where, what in error.problems:
            if not {where, where.split("/")[0]} & set(exclude):
                broken.add(where, what)


def _rows(
    recording: Recording,
    steps: Steps,
    *,
    target: str,
    classes: Collection[str] | None,
    summary: CohortSummary,
    seen: _Seen,
) -> tuple[tuple[str, ...], list[_Row]]:
    """Names of the features, and one row for each repetition whose class is asked for."""
    if not np.isfinite(recording.landmarks.points).any():
        raise DataError("has no landmark in any frame")
    landmarks, counts = steps.landmarks(recording.landmarks)
    landmarks, lifted = steps.lift(landmarks, recording)
    counts = {**counts, **lifted}
    found = steps.repetitions(landmarks, task=recording.task, given=recording.repetitions)
    if not found:
        raise DataError("has no repetition")
    names, values = extract(landmarks, found, steps.features, frame=steps.frame)
    if not np.isfinite(values).any():
        raise DataError("gives no finite feature; its landmarks are missing throughout every repetition")
    seen.count(recording, counts, found, landmarks.timestamps_s)
    rows = []
    for repetition, row in zip(found, values, strict=True):
        label = recording.group if target == "group" else (repetition.label or "")
        if not np.isfinite(row).any():
            summary.left_out.append(
                {"what": f"{recording.name} repetition {repetition.index}", "why": "no landmark in any of its frames"}
            )
        elif classes is None or label in classes:
            rows.append(_Row(recording, repetition, label, row))
    return names, rows


class _Seen:
    """Adds up what the summary tells while recordings stream past."""

    def __init__(self) -> None:
        self.recordings = 0
        self.names: set[str] = set()
        self.subjects: dict[str, str] = {}
        self.tasks: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.filled: set[str] = set()
        self.notes: dict[str, Any] = {}
        self.attributes: dict[str, Mapping[str, Any]] = {}
        self.agreement: dict[str, list[dict[str, float]]] = {}
        self.used: set[str] = set()
        self.nominal = False

    def add(self, recording: Recording) -> None:
        self.recordings += 1
        if recording.name in self.names:
            raise DataError(f"{recording.name} comes twice; give the recordings of a task different sessions.")
        self.names.add(recording.name)
        if self.subjects.setdefault(recording.subject, recording.group) != recording.group:
            raise DataError(
                f"{recording.subject} is in group {self.subjects[recording.subject]} and in group {recording.group}; "
                "a person belongs to one group."
            )
        self.tasks.add(recording.task)

    def count(
        self, recording: Recording, counts: dict[str, int], found: tuple[Repetition, ...], times: np.ndarray
    ) -> None:
        self.used.add(recording.name)
        self.counts.update(counts)
        self.counts["repetitions"] += len(found)
        if counts.get("frames_filled") or counts.get("depths_filled"):
            self.filled.add(recording.subject)
        self.attributes[recording.subject] = recording.attributes
        self.nominal |= bool(recording.camera and recording.camera.nominal)
        for name, value in recording.notes.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                self.notes[name] = self.notes.get(name, 0) + value
            else:
                self.notes.setdefault(name, value)
        if recording.repetitions and found is not recording.repetitions:
            agreement = repetition_tools.agreement(found, recording.repetitions, times)
            self.agreement.setdefault(recording.subject, []).append(agreement)

    def finish(self, summary: CohortSummary) -> None:
        people = {name.split("/")[0] for name in self.used}
        summary.people = dict(Counter(self.subjects[s] for s in sorted(people)))
        summary.recordings = len(self.used)
        summary.people_filled = len(self.filled)
        summary.notes = self.notes
        summary.nominal_camera = self.nominal
        for name in ("repetitions", "frames", "frames_filled", "frames_missing", "depths_filled", "depths_missing"):
            setattr(summary, name, self.counts[name])
        summary.attributes = _attributes({s: (self.subjects[s], self.attributes[s]) for s in sorted(people)})
        if self.agreement:
            per_person = [_mean_of(values) for values in self.agreement.values()]
            summary.repetition_agreement = {**_mean_of(per_person), "people": len(per_person)}


def _mean_of(rows: list[dict[str, float]]) -> dict[str, float]:
    def mean(values: list[float]) -> float:
        finite = [float(v) for v in values if v is not None and np.isfinite(v)]
        return float(np.mean(finite)) if finite else float("nan")

    return {name: mean([row[name] for row in rows]) for name in rows[0]}


def _attributes(people: Mapping[str, tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Facts about people by group, to see confounders: mean and sd of numbers, counts of categories."""
    out: dict[str, Any] = {}
    names = sorted({name for _, facts in people.values() for name in facts})
    for name in names:
        for group in sorted({g for g, _ in people.values()}):
            values = [facts[name] for g, facts in people.values() if g == group and _known(facts.get(name))]
            if not values:
                continue
            if all(isinstance(v, int | float) for v in values):
                sd = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
                out.setdefault(name, {})[group] = {"mean": float(np.mean(values)), "sd": sd, "n": len(values)}
            elif len(set(values)) <= 10:
                out.setdefault(name, {})[group] = dict(Counter(map(str, values)))
    return out


def _known(value: Any) -> bool:
    return value is not None and value != "" and not (isinstance(value, float) and np.isnan(value))


def _check_excluded(exclude: Collection[str], seen: _Seen) -> None:
    """A name in cohort.exclude that matches nothing is a typing error that would otherwise pass in silence."""
    known = seen.names | set(seen.subjects)
    for name in exclude:
        if name not in known:
            raise ConfigError(f"cohort.exclude names {name!r}, which is not in the cohort." + did_you_mean(name, known))


def _check_rows(
    rows: list[_Row], classes: Collection[str] | None, tasks: Collection[str] | None, target: str, seen: _Seen
) -> None:
    asked = f" for task {', '.join(tasks)}" if tasks else ""
    if not rows:
        if not seen.recordings:
            raise DataError(f"The cohort has no recording{asked}. See cohort and protocol.task.")
        raise DataError(f"No repetition{asked} has a class among {', '.join(classes or ())}. See protocol.classes.")
    if classes is None:
        return
    people = {name: {row.recording.subject for row in rows if row.target == name} for name in classes}
    missing = [name for name in classes if not people[name]]
    if missing:
        found = ", ".join(sorted({row.target for row in rows}))
        raise DataError(
            f"Nobody is of class {', '.join(missing)}{asked}; the cohort has {found} by {target}. "
            "Set protocol.classes to two or more classes that are there."
        )
    alone = [name for name in classes if len(people[name]) == 1]
    if target == "group" and alone:
        raise DataError(
            f"Class {', '.join(alone)} has one person; leaving that person out leaves none to learn from. "
            "Two people per class are the least, a dozen make sense."
        )


def _table(rows: list[_Row], names: tuple[str, ...]) -> Samples:
    meta = {
        "sample": [f"{r.recording.name}/{r.repetition.index:02d}" for r in rows],
        "group": [r.recording.group for r in rows],
        "task": [r.recording.task for r in rows],
        "session": [r.recording.session for r in rows],
        "repetition": [r.repetition.index for r in rows],
    }
    if not any(meta["session"]):
        del meta["session"]
    return Samples(
        X=np.array([r.values for r in rows]),
        y=np.array([r.target for r in rows]),
        subject=np.array([r.recording.subject for r in rows]),
        meta={name: np.array(values) for name, values in meta.items()},
        feature_names=tuple(names),
        fitted_on=tuple(r.recording.landmarks.fitted_on for r in rows),
    )


def _with_columns(samples: Samples, columns: Mapping[str, str] | None) -> Samples:
    from dataclasses import replace

    new = {name: np.full(len(samples), value) for name, value in (columns or {}).items() if name not in samples.meta}
    return replace(samples, meta={**samples.meta, **new}) if new else samples


def _summary_of_table(cohort: Any, samples: Samples) -> CohortSummary:
    groups = dict(zip(samples.subject, samples.meta.get("group", samples.y), strict=True))
    return CohortSummary(
        description=_first_line(cohort),
        people=dict(Counter(map(str, groups.values()))),
        repetitions=len(samples),
        notes=dict(getattr(cohort, "notes", {})),
    )


def _first_line(thing: Any) -> str:
    return (type(thing).__doc__ or "").strip().splitlines()[0] if type(thing).__doc__ else ""


def feature_table(samples: Samples) -> pd.DataFrame:
    """One row per sample: sample, subject, the meta columns, the class as y, and the features."""
    import pandas as pd

    meta = {name: column for name, column in samples.meta.items() if name != "sample"}
    facts = {"sample": samples.meta["sample"], "subject": samples.subject, **meta, "y": samples.y}
    return pd.DataFrame({**facts, **dict(zip(samples.feature_names, samples.X.T, strict=True))})
