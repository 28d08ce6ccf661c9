"""Graded stills on their way to training: people split into train, val and test, written as an annotation CSV."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from neuroface.cohorts.annotations import ANNOTATIONS, UNKNOWN, Annotated, write_annotations
from neuroface.cohorts.grades import several
from neuroface.errors import ConfigError, DataError, Problems
from neuroface.recording.image_frames import ImageFrames
from neuroface.types import Recording

SPLITS = ("train", "val", "test")
MAPPING = "mapping.csv"
MAPPING_COLUMNS = ("source", "copy", "subject", "sequence", "grade")


@dataclass(frozen=True)
class Prepared:
    """What was written. images, people: of each split, by grade: {"train": {"1": 3, ...}, ...}."""

    file: Path
    images: Mapping[str, Mapping[str, int]]
    people: Mapping[str, Mapping[str, int]]

    def text(self) -> str:
        """The counts as lines; a split that lacks a grade is named."""
        lines = []
        for split in SPLITS:
            n_people, n_images = sum(self.people[split].values()), sum(self.images[split].values())
            grades = ", ".join(f"grade {grade}: {n}" for grade, n in sorted(self.people[split].items()))
            lines.append(f"{split}: {n_images} images of {n_people} people" + (f" ({grades})" if grades else ""))
        found = sorted({grade for counts in self.people.values() for grade in counts})
        for split in SPLITS:
            lacking = [grade for grade in found if grade not in self.people[split]]
            if lacking:
                lines.append(f"nobody of grade {', '.join(lacking)} is in {split}")
        return "\n".join(lines)


def check_ratios(ratios: Mapping[str, float]) -> None:
    """Raise ConfigError unless the ratios are those of train, val and test, at least 0, and add up to 1."""
    numbers = all(isinstance(share, int | float) and share >= 0 for share in ratios.values())
    if set(ratios) != set(SPLITS) or not numbers or abs(sum(ratios.values()) - 1) > 1e-6:
        raise ConfigError(f"ratios is {dict(ratios)}; train, val and test are needed, at least 0, that add up to 1.")


def split_people(grade_of: Mapping[str, str], *, ratios: Mapping[str, float], seed: int) -> dict[str, str]:
    """{person: "train", "val" or "test"}: the ratios hold over all people to one person, and nearly within each grade.

    grade_of: {person: grade}. ratios: see `check_ratios`. Within a grade, chance decides. People
    are dealt out grade by grade, each to the split that lacks most.
    """
    check_ratios(ratios)
    rng = np.random.default_rng(seed)
    order: list[str] = []
    for grade in sorted(set(grade_of.values())):
        people = sorted(person for person, found in grade_of.items() if found == grade)
        order += [people[i] for i in rng.permutation(len(people))]
    split_of: dict[str, str] = {}
    dealt: Counter[str] = Counter()
    for number, person in enumerate(order, start=1):
        split = max(SPLITS, key=lambda name: ratios[name] * number - dealt[name])
        split_of[person] = split
        dealt[split] += 1
    return split_of


def write(
    recordings: Iterable[Recording], out: Path, *, ratios: Mapping[str, float], seed: int, copy_peaks: bool = False
) -> Prepared:
    """Write out/annotations.csv of stills that are labelled with grades; splits part people, never a person's images.

    copy_peaks: copy the last image of each recording to out/grade_<g>/<subject>_<sequence>_<file> and write
    out/mapping.csv, which says where each came from. Errors: DataError when annotations.csv is there already, for
    recordings that are no graded stills, images that cannot be read, and people of several grades.
    """
    check_ratios(ratios)
    file = out.expanduser().resolve() / ANNOTATIONS
    if file.exists():
        raise DataError(f"{file} is there already. Choose another folder with out=, or remove the file.")
    taken = _all_taken(recordings)
    doubtful = several((recording.subject, grade) for recording, _, grade in taken)
    if doubtful:
        told = ", ".join(f"{person} ({' and '.join(grades)})" for person, grades in doubtful.items())
        raise DataError(f"People have one grade; {told} have more. Correct the grades, or use cohort.exclude=[...].")
    grade_of = {recording.subject: grade for recording, _, grade in taken}
    split_of = split_people(grade_of, ratios=ratios, seed=seed)
    images = [
        Annotated(
            image,
            grade=grade,
            side=str(recording.attributes.get("side", UNKNOWN)),
            split=split_of[recording.subject],
            subject=recording.subject,
        )
        for recording, image, grade in taken
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    if copy_peaks:
        images = _copy(images, [recording.session for recording, _, _ in taken], file.parent)
    write_annotations(file, images)
    return _counted(file, images, grade_of)


def _all_taken(recordings: Iterable[Recording]) -> list[tuple[Recording, Path, str]]:
    """Each recording with its image and grade. Errors: one DataError that names every recording that has none."""
    problems, taken = Problems(), []
    for recording in recordings:
        try:
            taken.append((recording, *_taken(recording)))
        except DataError as error:
            problems.add(recording.name, str(error).rstrip("."))
    problems.raise_if_any("Leave them out with cohort.exclude=[...].", of=len(taken) + len(problems))
    if not taken:
        raise DataError("The cohort has no recording; there is nothing to write.")
    return taken


def _taken(recording: Recording) -> tuple[Path, str]:
    """The image that stands for a recording, its last one, and its grade."""
    if not isinstance(recording.video, ImageFrames) or not recording.repetitions:
        raise DataError("is no still; only images with a grade can be annotated")
    image, grade = recording.video.files[-1], recording.repetitions[0].label or ""
    ImageFrames([image])  # read once, so that an unreadable one is told now
    problem = Annotated(image, grade=grade, side=UNKNOWN, split="", subject=recording.subject).problem
    if problem:
        raise DataError(problem)
    return image, grade


def _copy(images: Sequence[Annotated], sequences: Sequence[str], out: Path) -> list[Annotated]:
    """Images copied below `out` by grade, and mapping.csv beside them; returns them at their new place."""
    copies = []
    with (out / MAPPING).open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(MAPPING_COLUMNS)
        for image, sequence in zip(images, sequences, strict=True):
            place = out / f"grade_{image.grade}" / f"{image.subject}_{sequence}_{image.file.name}"
            place.parent.mkdir(exist_ok=True)
            shutil.copyfile(image.file, place)
            copies.append(replace(image, file=place))
            row = (image.file, place.relative_to(out).as_posix(), image.subject, sequence, image.grade)
            writer.writerow(row)
    return copies


def _counted(file: Path, images: Sequence[Annotated], grade_of: Mapping[str, str]) -> Prepared:
    split_of = {image.subject: image.split for image in images}
    return Prepared(
        file,
        images={split: Counter(image.grade for image in images if image.split == split) for split in SPLITS},
        people={split: Counter(grade_of[p] for p, found in split_of.items() if found == split) for split in SPLITS},
    )
