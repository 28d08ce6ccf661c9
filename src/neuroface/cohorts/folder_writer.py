"""Recordings written to disk in the native layout; docs/formats.md has it exactly."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import neuroface
from neuroface.cohorts import native, native_video
from neuroface.cohorts.folder import People, is_landmarks
from neuroface.cohorts.native_events import MISSING
from neuroface.errors import DataError, Problems
from neuroface.types import Recording

DESCRIPTION = "dataset_description.json"  # BIDS: one per data set, names what wrote it
STAGE = ".partial-"


@dataclass(frozen=True)
class Written:
    """What `write` wrote: where, how many recordings of how many people, people per group, and the tasks in order."""

    out: Path
    recordings: int
    people: int
    groups: Mapping[str, int]
    tasks: tuple[str, ...]


def write(recordings: Iterable[Recording], out: str | Path, *, video: bool = True) -> Written:
    """Write recordings in the native layout; FolderCohort(out) reads back the same arrays and frames, bit for bit.

    Everything is written beside its final place first and moved there file by file, a video's folder as a whole (each
    move is atomic), so an interrupted write leaves no half file. Videos are streamed; video=False leaves them out.
    `out` may be absent, empty, or a folder that neuroface wrote before and of which every file is written again.
    Errors: DataError for any other folder, for names that cannot be file names, and for a person whose group or
    attributes differ between recordings; then no recording in `out` has changed.
    """
    target = Path(out).expanduser().resolve()
    _claim(target)
    stage = target / f"{STAGE}{os.getpid()}"
    stage.mkdir()
    try:
        people, tasks, count = _write_all(recordings, stage, video=video)
        new = _files(stage)
        _refuse_lost(target, {*new, Path(DESCRIPTION)})
        # participants.tsv last: then all is there
        for number, file in enumerate(sorted(new, key=lambda f: (f.parent == Path(), f))):
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            if (target / file).is_dir():  # no folder can be moved onto one with files in it
                (target / file).replace(stage / f"replaced-{number}")
            (stage / file).replace(target / file)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    groups = Counter(group for group, _ in people.values())
    return Written(target, count, len(people), dict(groups), tasks)


def finish(
    recordings: Sequence[Recording], out: str | Path, files: Iterable[Path], place: Callable[[], None]
) -> Written:
    """The folder about recordings whose files are there already: `place` moves them in, the tables come last.

    files: those of the recordings, relative to `out`. Errors: DataError for a foreign folder, and one with recordings
    that are not among these; then nothing has been moved.
    """
    target = Path(out).expanduser().resolve()
    if not recordings:
        raise DataError("There are no recordings to write.")
    people: People = {one.subject: (one.group, dict(one.attributes)) for one in recordings}
    _claim(target)
    tables = {Path(name) for name in ("participants.tsv", "participants.json", DESCRIPTION)}
    _refuse_lost(target, {*files, *tables})
    place()
    stage = target / f"{STAGE}{os.getpid()}"
    stage.mkdir()
    try:
        _write_participants(people, stage)
        for file in sorted(_files(stage)):  # participants.tsv last: then all is there
            (stage / file).replace(target / file)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    groups = Counter(group for group, _ in people.values())
    return Written(target, len(recordings), len(people), dict(groups), tuple(dict.fromkeys(r.task for r in recordings)))


def check(recordings: Iterable[Recording], out: str | Path) -> None:
    """Refuse beforehand what `write` would refuse after all frames were read: foreign folders, impossible names.

    Looks at names and facts only. Errors: the DataErrors of `write`; nothing is made or changed.
    """
    target = Path(out).expanduser().resolve()
    _refuse_foreign(target)
    people: People = {}
    stems: set[str] = set()
    problems = Problems()
    for recording in recordings:
        problem = _unwritable(recording, people, stems)
        if problem:
            problems.add(recording.name, problem)
        people[recording.subject] = (recording.group, dict(recording.attributes))
        stems.add(native.stem(recording).casefold())
    problems.raise_if_any("Nothing was computed or written.")
    marks = sorted(path for path in target.glob("sub-*/**/*") if is_landmarks(path))
    lost = [path for path in marks if path.stem.removesuffix("_landmarks").casefold() not in stems]
    if lost:
        raise DataError(_of_another_cohort(target, len(lost), lost[0].relative_to(target)))


def _refuse_lost(target: Path, new: Collection[Path]) -> None:
    """DataError for files of a cohort that would not be written again and belong to another one therefore."""
    old = {file for file in _files(target) if not any(part.startswith(".") for part in file.parts)}
    if lost := sorted(map(str, old - set(new))):
        raise DataError(_of_another_cohort(target, len(lost), lost[0]))


def _of_another_cohort(target: Path, number: int, first: Path | str) -> str:
    return f"{target} holds {number} files of another cohort, first {first}. Choose another folder with out=."


def _files(root: Path) -> set[Path]:
    """The files below a cohort's folder, relative to it; a video's folder counts as one."""
    found: set[Path] = set()
    for path in root.iterdir():
        found |= set(native_video.files_below(path)) if path.is_dir() else {path}
    return {path.relative_to(root) for path in found}


def _claim(target: Path) -> None:
    """Make `target` a neuroface folder if it is absent or empty; refuse any other that neuroface did not write."""
    _refuse_foreign(target)
    target.mkdir(parents=True, exist_ok=True)
    for left in target.glob(f"{STAGE}*"):  # an earlier write that was killed
        shutil.rmtree(left)
    generated = [{"Name": "neuroface", "Version": neuroface.__version__}]
    facts = {"Name": target.name, "BIDSVersion": "1.9.0", "DatasetType": "derivative", "GeneratedBy": generated}
    native.write_json(target / DESCRIPTION, facts)


def _refuse_foreign(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise DataError(f"{target} is a file. Choose a folder with out=.")
    marker = target / DESCRIPTION
    if target.is_dir() and any(not p.name.startswith(".") for p in target.iterdir()):
        made_by = native.read_json(marker).get("GeneratedBy") or [] if marker.is_file() else []
        if not any(isinstance(tool, dict) and tool.get("Name") == "neuroface" for tool in made_by):
            raise DataError(f"{target} is not empty and not written by neuroface. Choose an empty folder with out=.")


def _write_all(recordings: Iterable[Recording], stage: Path, *, video: bool) -> tuple[People, tuple[str, ...], int]:
    """The people, tasks and number of recordings written into `stage`."""
    people: People = {}
    tasks: dict[str, None] = {}
    written: set[str] = set()
    problems = Problems()
    for recording in recordings:
        problem = _unwritable(recording, people, written)
        if problem:
            problems.add(recording.name, problem)
            continue
        people[recording.subject] = (recording.group, dict(recording.attributes))
        tasks[recording.task] = None
        written.add(native.stem(recording).casefold())
        person = stage / f"sub-{recording.subject}"
        person.mkdir(exist_ok=True)
        try:
            native.write_recording(recording if video else replace(recording, video=None), person)
        except DataError as error:
            problems.add(recording.name, str(error).rstrip("."))
    problems.raise_if_any("Nothing was written.")
    if not people:
        raise DataError("There are no recordings to write.")
    _write_participants(people, stage)
    return people, tuple(tasks), len(written)


def _unwritable(recording: Recording, people: People, written: set[str]) -> str:
    """Why this recording cannot be written, or ""."""
    for name, allowed in (("subject", r"[\w.+\- ]+"), ("task", r"[\w.+\- ]+"), ("session", r"[^\W_][a-zA-Z0-9.+\-]*|")):
        if not re.fullmatch(allowed, getattr(recording, name)):
            return f"{name} {getattr(recording, name)!r} cannot be part of a file name; use letters, digits, . + -"
    if native.stem(recording).casefold() in written:
        return "stands in the cohort more than once"
    group, attributes = people.get(recording.subject, (recording.group, dict(recording.attributes)))
    # text, because a missing number (NaN) is not equal to itself
    if group != recording.group or repr(attributes) != repr(dict(recording.attributes)):
        return "group or attributes differ from this person's other recordings"
    plain = (str, int, float, np.generic, type(None))
    odd = [name for name, value in recording.attributes.items() if not isinstance(value, plain)]
    return f"attribute {odd[0]!r} is neither text nor a number" if odd else ""


def _write_participants(people: People, stage: Path) -> None:
    names = list(dict.fromkeys(name for _, attributes in people.values() for name in attributes))
    rows = [
        [f"sub-{subject}", group, *(_cell(attributes[name]) if name in attributes else "" for name in names)]
        for subject, (group, attributes) in people.items()
    ]
    native.write_rows(stage / "participants.tsv", ["participant_id", "group", *names], rows)
    types = {name: {"Type": _type([a[name] for _, a in people.values() if name in a])} for name in names}
    native.write_json(stage / "participants.json", types)


def _type(values: list[Any]) -> str:
    plain = [v.item() if isinstance(v, np.generic) else v for v in values if v is not None]
    if any(isinstance(v, str) for v in plain):
        return "string"
    return "boolean" if plain and all(isinstance(v, bool) for v in plain) else "number"


def _cell(value: Any) -> str:
    value = value.item() if isinstance(value, np.generic) else value
    return MISSING if value is None else repr(value) if isinstance(value, float) else str(value)
