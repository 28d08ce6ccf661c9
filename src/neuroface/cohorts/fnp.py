"""Still faces with a House-Brackmann grade: folders grade_1 .. grade_6, or an annotation CSV."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from neuroface.cohorts.annotations import ANNOTATIONS, SIDES, Annotated, read_annotations, side_of, subject_of
from neuroface.cohorts.grades import several
from neuroface.cohorts.reading import Source, folder, given, stream, unreadable
from neuroface.cohorts.stills import TASK, session_of, still
from neuroface.errors import DataError
from neuroface.recording.image_frames import ImageFrames
from neuroface.recording.images import image_files
from neuroface.types import Recording

GRADE_FOLDER = re.compile(r"grade[_ -]?(\w+)", re.IGNORECASE)


class FnpCohort:
    """Photographs of people with facial palsy, graded 1 to 6; group and label are the grade.

    root: the folder with grade_1 .. grade_6. annotations: a CSV with columns image_path and grade (or class: 0, 1, 2),
    and, where wanted, side, split and subject; paths are relative to the CSV or to root; null: root/annotations.csv
    where there is one, else the folders. Without a column subject a person is the file's name before its last _, so
    that patient001_left and patient001_right are never parted. A person with two grades, or in two splits, is an error.
    """

    def __init__(self, *, root: str | Path | None, annotations: str | Path | None = None) -> None:
        self.root: str | Path = given(root, "cohort.root", "the folder with grade_1 .. grade_6")
        self.annotations = annotations

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """Recordings in the order of the folders or the CSV. One DataError at the end names all that cannot be used."""
        root = folder(self.root, "cohort.root")
        beside = root / ANNOTATIONS
        if self.annotations is not None:
            images = read_annotations(Path(self.annotations).expanduser(), root=root)
        else:
            images = read_annotations(beside, root=root) if beside.is_file() else _in_folders(root)
        yield from stream(_sources(images), where=str(root), groups=groups, tasks=tasks, of=self)


def _in_folders(root: Path) -> list[Annotated]:
    places = [(place, m[1]) for place in sorted(root.iterdir()) if (m := GRADE_FOLDER.fullmatch(place.name))]
    images = [
        Annotated(
            file, grade=grade, side=side_of(file.stem), split="", subject=subject_of(file.stem), named_by_file=True
        )
        for place, grade in places
        if place.is_dir()
        for file in image_files(place)
    ]
    if not images:
        raise DataError(f"There is no image in grade_1 .. grade_6 of {root}. Set cohort.root, or cohort.annotations.")
    return images


def _sources(images: Sequence[Annotated]) -> list[Source]:
    """One source per image; those of a person with two grades, or in two splits, say so when read."""
    grades = several((image.subject, image.grade) for image in images)
    splits = several((image.subject, image.split) for image in images)
    sources = []
    for image in images:
        who: dict[str, Any] = {
            "subject": image.subject,
            "group": "" if image.problem else image.grade,
            "task": TASK,
            "session": session_of(image.file.stem),
        }
        named = "; the file's name before its last _ names the person" if image.named_by_file else ""
        if image.problem:
            sources.append(Source(**who, read=unreadable(image.problem)))
        elif image.subject in grades:
            what = f"{image.subject} stands under grades {' and '.join(grades[image.subject])}{named}"
            sources.append(Source(**who, read=unreadable(what)))
        elif image.subject in splits:
            what = f"{image.subject} stands in {' and '.join(split or 'no split' for split in splits[image.subject])}"
            sources.append(Source(**who, read=unreadable(what + named)))
        else:
            sources.append(Source(**who, read=partial(_read, image, **who)))
    return sources


def _read(image: Annotated, **who: Any) -> Recording:
    attributes = {"side": image.side} | ({"split": image.split} if image.split else {})
    notes: dict[str, Any] = {}
    if image.named_by_file:
        notes["subject"] = "the file's name before its last _; no table says who it is"
    if image.side not in SIDES:
        notes["images of an unknown side"] = 1
    if image.from_class:
        notes["grades taken from three classes (0, 1, 2 for 1, 2, 4)"] = 1
    return still(ImageFrames([image.file]), label=image.grade, attributes=attributes, notes=notes, **who)
