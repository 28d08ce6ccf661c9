"""The annotation CSV of graded faces: image_path,grade,side,split,subject."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from neuroface.cohorts import grades
from neuroface.cohorts.reading import read_rows
from neuroface.errors import DataError

ANNOTATIONS = "annotations.csv"
COLUMNS = ("image_path", "grade", "side", "split", "subject")
SIDES = ("left", "right")
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Annotated:
    """One image and what is said of it. grade: "1" .. "6". split: "" for none. problem: why it cannot be used, or "".

    named_by_file: the subject comes from the file's name. from_class: the grade stands for one of three classes.
    """

    file: Path
    grade: str
    side: str
    split: str
    subject: str
    named_by_file: bool = False
    from_class: bool = False
    problem: str = ""

    def __post_init__(self) -> None:
        if not self.problem:
            try:
                grades.grade(self.grade)
            except DataError as error:
                object.__setattr__(self, "problem", str(error))


def subject_of(stem: str) -> str:
    """The person whom a file's name before its last _ names: patient001 of patient001_left, and of patient001."""
    return stem.rpartition("_")[0] or stem


def side_of(stem: str) -> str:
    """The side that a file's name tells with the word left or right, or "unknown"."""
    words = set(re.split(r"[^a-z]+", stem.lower())) & set(SIDES)
    return words.pop() if len(words) == 1 else UNKNOWN


def read_annotations(file: Path, *, root: Path) -> list[Annotated]:
    """The rows of an annotation CSV, those that cannot be used with their problem.

    A column class (0, 1, 2) may stand in the place of grade; side, split and subject may be absent or empty. Paths are
    relative to the CSV, else to root. Errors: DataError for a missing file or column.
    """
    columns, rows = read_rows(file, required=("image_path",), next_step="Set cohort.annotations to the CSV of grades.")
    from_class = "grade" not in columns and "class" in columns
    if not from_class and "grade" not in columns:
        raise DataError(f"{file} has no column 'grade', and no 'class' in its place.")
    return [_annotated(row, file.parent, root, from_class) for row in rows]


def _annotated(row: dict[str, str], beside: Path, root: Path, from_class: bool) -> Annotated:
    named = Path(row["image_path"])
    image = beside / named if (beside / named).is_file() else root / named
    problem = "" if image.is_file() else f"has no file {named}, neither in {beside} nor in {root}"
    grade = "" if from_class else row["grade"]
    try:
        grade = grades.grade_of_class(row["class"]) if from_class else grade
    except DataError as error:
        problem = problem or str(error)
    return Annotated(
        image,
        grade=grade,
        side=row.get("side", "").lower() or side_of(named.stem),
        split=row.get("split", "").lower(),
        subject=row.get("subject") or subject_of(named.stem),
        named_by_file=not row.get("subject"),
        from_class=from_class,
        problem=problem,
    )


def write_annotations(file: Path, images: Sequence[Annotated]) -> None:
    """Write the CSV in one move; paths are relative to it."""
    partial = file.with_name(f".{file.name}.partial")
    with partial.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(COLUMNS)
        for image in images:
            path = Path(os.path.relpath(image.file, file.parent)).as_posix()
            writer.writerow([path, image.grade, image.side, image.split, image.subject])
    partial.replace(file)
