"""The native layout on disk, read; docs/formats.md has it exactly."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from neuroface.cohorts import native, native_events, native_video
from neuroface.cohorts.annotated import Annotations, annotated, annotations_of
from neuroface.cohorts.native_events import MISSING
from neuroface.cohorts.reading import Source, folder, given, read_rows, stream, unreadable
from neuroface.errors import DataError
from neuroface.types import Recording

People = dict[str, tuple[str, dict[str, Any]]]  # subject -> (group, attributes)


class FolderCohort:
    """Recordings in neuroface's own layout on disk.

    root: the folder with participants.tsv. annotations, tier, annotations_offset_s, apex_tier: repetitions from the
    files of annotation tools instead of events files; see annotated.Annotations.
    """

    def __init__(
        self,
        *,
        root: str | Path | None,
        annotations: str | Path | None = None,
        tier: str | Sequence[str] | None = None,
        annotations_offset_s: float = 0.0,
        apex_tier: str | None = None,
    ) -> None:
        self.root: str | Path = given(root, "cohort.root", "the folder that holds the recordings")
        self.annotations = annotations_of(annotations, tier=tier, offset_s=annotations_offset_s, apex=apex_tier)

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """Recordings in the order of participants.tsv. One DataError at the end names all that could not be read."""
        root = folder(self.root, "cohort.root")
        yield from stream(self._sources(root), where=str(root), groups=groups, tasks=tasks, of=self)

    def _sources(self, root: Path) -> list[Source]:
        people, twice = read_participants(root)
        common_file = root / "landmarks.json"
        common = native.read_json(common_file) if common_file.is_file() else {}
        sources: list[Source] = []
        for subject, (group, attributes) in people.items():
            if subject in twice:
                sources.append(Source(subject, group, "", unreadable("stands in participants.tsv more than once")))
            elif not group:
                sources.append(Source(subject, "", "", unreadable("has no group in participants.tsv")))
            else:
                sources += _sources_of(root / f"sub-{subject}", subject, group, attributes, common, self.annotations)
        strays = {p.name.removeprefix("sub-") for p in root.glob("sub-*") if p.is_dir()} - set(people)
        for stray in sorted(strays):
            what = f"has a folder sub-{stray} but no line in participants.tsv"
            sources.append(Source(stray, "", "", unreadable(what)))
        for file in sorted(filter(native_events.is_events, root.iterdir())):
            what = "lies beside participants.tsv and belongs to no recording; a recording has its own _events.tsv"
            sources.append(Source(file.name, "", "", unreadable(what)))
        return sources


def read_participants(root: Path) -> tuple[People, set[str]]:
    """{subject: (group, attributes)} of participants.tsv, and the subjects that stand there more than once.

    Ids stay strings, without their prefix "sub-". Other columns are numbers where they look like numbers, unless
    participants.json declares them {"Type": "string"}; "n/a" is None, an empty cell is no attribute.
    """
    file = root / "participants.tsv"
    if not file.is_file():
        raise DataError(f"There is no participants.tsv in {root}. Set cohort.root to a folder in the native layout.")
    columns, rows = read_rows(file, required=("participant_id", "group"), delimiter="\t")
    if not rows:
        raise DataError(f"{file} lists nobody.")
    types_file = root / "participants.json"
    types = native.read_json(types_file) if types_file.is_file() else {}
    people, count = {}, Counter[str]()
    for row in rows:
        subject = row["participant_id"].removeprefix("sub-")
        count[subject] += 1
        attributes = {
            name: _value(row[name], types.get(name, {}).get("Type"))
            for name in columns
            if name not in ("participant_id", "group") and row[name]
        }
        people[subject] = ("" if row["group"] == MISSING else row["group"], attributes)
    return people, {subject for subject, times in count.items() if times > 1}


@dataclass(frozen=True)
class _Files:
    """Where the landmarks and the video of one recording lie; more than one of either is an error when it is read."""

    task: str
    session: str
    marks: list[Path] = field(default_factory=list)
    videos: list[Path] = field(default_factory=list)


def _sources_of(
    person: Path,
    subject: str,
    group: str,
    attributes: Mapping[str, Any],
    common: Mapping[str, Any],
    annotations: Annotations | None,
) -> list[Source]:
    recordings, misnamed = _recordings_of(person)
    sources = [Source(subject, group, "", unreadable("; ".join(misnamed)))] if misnamed else []
    if not recordings and not misnamed:
        what = (
            f"has no recording: no file {person.name}_task-<task>_landmarks.npz or .csv in folder {person.name}, and "
            "no video (_video.mp4, .avi, .mkv or .mov, or a folder _rgbd)"
        )
        return [Source(subject, group, "", unreadable(what))]
    if recordings and annotations is None and all(map(native_events.lists_nothing, recordings)):
        what = f"has no repetition: its {len(recordings)} events files list none"
        return [*sources, Source(subject, group, "", unreadable(what))]
    for base, files in recordings.items():
        who = {"subject": subject, "group": group, "task": files.task, "session": files.session}
        read = partial(native.read_recording, base, videos=files.videos, attributes=attributes, common=common)
        called = (base.name, *(name for video in files.videos for name in (video.name, video.stem)))
        for marks in files.marks or (None,):
            sources.append(Source(**who, read=annotated(annotations, partial(read, marks=marks, **who), *called)))
    return sources


def _recordings_of(person: Path) -> tuple[dict[Path, _Files], list[str]]:
    """{what the paths of a recording begin with: its files} of one person, and what is wrong with other names."""
    name = re.compile(rf"{re.escape(person.name)}_(?:ses-(?P<session>[^_]+)_)?task-(?P<task>.+)_(landmarks|rgbd|video)")
    recordings: dict[Path, _Files] = {}
    misnamed = []
    for path in sorted(native_video.files_below(person)):
        if not (is_landmarks(path) or native_video.is_video(path)):
            continue
        is_folder = native_video.is_folder(path.name)
        stem = path.name if is_folder else path.stem
        match = name.fullmatch(stem)
        if match is None:
            ending = stem.rpartition("_")[2].split(".")[0] + ("" if is_folder else path.suffix)
            wanted = f"{person.name}[_ses-<session>]_task-<task>_{ending}"
            misnamed.append(f"has a {'folder' if is_folder else 'file'} {path.name}; its name must be {wanted}")
            continue
        base = path.with_name(stem.rpartition("_")[0])
        files = recordings.setdefault(base, _Files(match["task"], match["session"] or ""))
        (files.marks if is_landmarks(path) else files.videos).append(path)
    wanted = f"{person.name}[_ses-<session>]_task-<task>_events.tsv"
    misnamed += [
        f"has {path.name}, events of no recording; its name must be {wanted}"
        for path in sorted(native_video.files_below(person))
        if native_events.is_events(path) and native_events.base_of(path) not in recordings
    ]
    return recordings, misnamed


def is_landmarks(path: Path) -> bool:
    return "_landmarks." in path.name and path.suffix in (".npz", ".csv")


def _value(cell: str, declared: str | None) -> Any:
    """A cell of participants.tsv; `declared` is its column's type in participants.json, if it has one."""
    if cell == MISSING:
        return None
    if declared == "boolean":
        return cell.lower() == "true"
    for kind in (int, float) if declared != "string" else ():
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell
