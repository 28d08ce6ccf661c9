"""Single pictures of faces: a folder per class, a table, or a list as RAF-DB has it; and who is in them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from neuroface.cohorts.dialect import read_text
from neuroface.cohorts.reading import Source, folder, given, read_rows, reading_of, stream, unreadable
from neuroface.cohorts.stills import TASK, session_of, still
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.recording.image_frames import ImageFrames
from neuroface.recording.images import SUFFIXES, natural
from neuroface.types import PEOPLE_UNKNOWN, Recording

LABEL_OF = ("person", "image")
UNGROUPED = "unlabelled"
SEEN_AS_IMAGES = SUFFIXES | {".gif"}  # which is told, not passed over
# A line of RAF-DB's list_label.txt (Li et al., CVPR 2017): the aligned picture has "_aligned" in its name.
LISTED = re.compile(r"(?P<file>\S+)\s+(?P<label>\d+)")
SPLIT = re.compile(r"(train|test)_")
SMALLEST_PX = 16  # of a side: no face is told from another below (the smallest of the usual thumbnails)


@dataclass(frozen=True)
class _Picture:
    """file: where it should lie. shown: as the user named it. label: its class. subject: "" where nobody says.

    problem: why it cannot be used, "" where it can. ending: what tells it from another picture of its name, then.
    """

    file: Path
    shown: str
    label: str
    subject: str
    attributes: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    ending: str = ""


class ImageFolderCohort:
    """Pictures of faces, one recording (task "still") each; whose they are comes from a column, a pattern or folders.

    root: class/picture or class/person/picture; with `table` or `labels`, what their paths start from.
    table: CSV with columns image, label and perhaps subject, split and facts about the person.
    labels: a list of lines "file number" as RAF-DB's list_label.txt; names: class names of the numbers 1, 2, ...
    pattern: a regular expression over a picture's path below root, with (?P<subject>...) and perhaps (?P<label>...).
    label_of: "person", where a label is a diagnosis: who has two is refused; or "image", where it is an expression:
    the label is the picture's own (protocol.target=label), the group is "unlabelled".
    Where nobody says who is in a picture, it counts as a person of its own, which is noted and told by every page: two
    pictures of somebody may then lie on both sides of a fold.
    """

    def __init__(
        self,
        *,
        root: str | Path | None,
        table: str | Path | None = None,
        labels: str | Path | None = None,
        names: Sequence[str] | None = None,
        pattern: str | None = None,
        label_of: str = "person",
    ) -> None:
        if label_of not in LABEL_OF:
            raise ConfigError(
                f"cohort.label_of={label_of}: there is no such choice." + did_you_mean(label_of, LABEL_OF)
            )
        if table is not None and labels is not None:
            raise ConfigError("cohort.table and cohort.labels both say which pictures there are. Give one of them.")
        self.root: str | Path = given(root, "cohort.root", "the folder of pictures")
        self.rows, self.labels, self.names, self.label_of = table, labels, names, label_of
        self.pattern = _compiled(pattern)

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """One recording per picture, in natural order. One DataError at the end names all that could not be read."""
        root = folder(self.root, "cohort.root")
        pictures, notes = self._pictures(root)
        pictures = [self._matched(picture) for picture in pictures]
        if self.label_of == "person":
            _check_one_label(pictures)
        sources = [self._source(picture, notes) for picture in _told_apart(pictures)]
        yield from stream(sources, where=str(root), groups=groups, tasks=tasks, of=self)

    def _pictures(self, root: Path) -> tuple[list[_Picture], dict[str, Any]]:
        if self.rows is not None:
            table = Path(self.rows).expanduser()
            return _of_table(root, table), reading_of(table)
        if self.labels is not None:
            return _of_list(root, Path(self.labels).expanduser(), self.names), {}
        return _of_folders(root, labelled=self.pattern is not None and "label" in self.pattern.groupindex), {}

    def _matched(self, picture: _Picture) -> _Picture:
        """The picture with what the pattern finds in its path."""
        if self.pattern is None:
            return picture
        match = self.pattern.search(picture.shown)
        if match is None:
            return replace(picture, subject="", problem=f"cohort.pattern does not match {picture.shown}")
        found = {name: text for name, text in match.groupdict().items() if text}
        return replace(picture, subject=found.get("subject", ""), label=found.get("label", picture.label))

    def _source(self, picture: _Picture, notes: dict[str, Any]) -> Source:
        own = _own(picture)
        who = {
            "subject": picture.subject or own,
            "group": picture.label if self.label_of == "person" else UNGROUPED,
            "task": TASK,
            "session": own if picture.subject else "",
        }
        problem = picture.problem or _unusable(picture)
        if problem:
            return Source(**who, read=unreadable(problem))
        told = notes if picture.subject else {**notes, PEOPLE_UNKNOWN: 1}
        read = partial(_read, picture.file, label=picture.label, attributes=picture.attributes, notes=told, **who)
        return Source(**who, read=read)


def _unusable(picture: _Picture) -> str:
    """Why a picture cannot be a sample, before it is opened."""
    if not picture.label:
        return f"{picture.shown} has no label"
    if picture.file.suffix.lower() == ".gif":
        return f"{picture.shown} is a GIF, of few colours and perhaps of many frames; save a frame of it as PNG"
    return ""


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    if pattern is None:
        return None
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"cohort.pattern={pattern} is no regular expression: {error}.") from error
    if "subject" not in compiled.groupindex:
        raise ConfigError(f"cohort.pattern={pattern} does not say who: name that part, (?P<subject>...).")
    return compiled


def _of_folders(root: Path, *, labelled: bool) -> list[_Picture]:
    """Pictures below root: the first folder is the class, the next, if there is one, the person.

    labelled: a pattern gives the label, so that pictures may lie anywhere.
    """
    pictures = (file for file in root.rglob("*") if _is_picture(file, root))
    files = sorted(pictures, key=lambda f: [natural(Path(p)) for p in f.parts])
    found = []
    for file in files:
        parts = file.relative_to(root).parts
        if len(parts) < 2 and not labelled:
            continue
        person = parts[1] if len(parts) > 2 else ""
        found.append(_Picture(file, "/".join(parts), parts[0] if len(parts) > 1 else "", person))
    if not found:
        raise DataError(
            f"There is no picture in a folder of {root}. Put each class into a folder of its own, or give "
            "cohort.table, cohort.labels or a cohort.pattern with (?P<label>...)."
        )
    return found


def _is_picture(file: Path, root: Path) -> bool:
    """By its ending; hidden folders (.thumbnails, .ipynb_checkpoints) hold copies, and are passed over."""
    hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
    return file.suffix.lower() in SEEN_AS_IMAGES and not hidden


def _told_apart(pictures: Sequence[_Picture]) -> list[_Picture]:
    """The pictures, of which those that a name cannot tell from an earlier one say so: smile.png beside smile.jpg."""
    first: dict[tuple[str, str], str] = {}
    told = []
    for picture in pictures:
        earlier = first.setdefault((picture.subject, _own(picture)), picture.shown)
        if earlier != picture.shown:
            problem = f"{picture.shown} has the name of {earlier}, but for its ending, or - for _ or /; rename it"
            picture = replace(picture, problem=picture.problem or problem, ending=picture.file.suffix)
        told.append(picture)
    return told


def _own(picture: _Picture) -> str:
    return session_of(str(Path(picture.shown).with_suffix(""))) + picture.ending


def _of_table(root: Path, table: Path) -> list[_Picture]:
    next_step = "Set cohort.table to a CSV with columns image, label and perhaps subject."
    _, rows = read_rows(table, required=("image", "label"), next_step=next_step)
    found = []
    for row in rows:
        facts = {name: cell for name, cell in row.items() if name not in ("image", "label", "subject") and cell}
        found.append(_Picture(_below(root, row["image"]), row["image"], row["label"], row.get("subject", ""), facts))
    return found


def _of_list(root: Path, labels: Path, names: Sequence[str] | None) -> list[_Picture]:
    """Pictures of a list of lines "train_00001.jpg 5"; their names say the set they were published in."""
    if not labels.is_file():
        raise DataError(f"There is no file {labels}. Set cohort.labels to a list of lines 'file number'.")
    found, wrong = [], []
    for at, line in enumerate(read_text(labels).splitlines(), 1):
        match = LISTED.fullmatch(line.strip())
        if match is None:
            wrong += [f"line {at} {line.strip()!r} is not 'file number'"] if line.strip() else []
            continue
        number = int(match["label"])
        if number < 1 or (names is not None and number > len(names)):
            known = f"names has {len(names)}, from 1" if names is not None else "labels are counted from 1"
            wrong.append(f"line {at} has label {number}; {known}")
            continue
        file = _below(root, match["file"])
        aligned = Path(match["file"]).with_stem(f"{Path(match['file']).stem}_aligned")
        file = file if file.is_file() or not _below(root, str(aligned)).is_file() else _below(root, str(aligned))
        split = SPLIT.match(Path(match["file"]).name)
        facts = {"split": split[1]} if split else {}
        found.append(_Picture(file, match["file"], names[number - 1] if names else str(number), "", facts))
    if wrong:
        more = f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise DataError(f"{labels}: {'; '.join(wrong[:3])}{more}. Mend the list, or set cohort.names.")
    return found


def _below(root: Path, name: str) -> Path:
    """A path that a table names, which must stay below root. Errors: DataError."""
    if not Path(name).name or "\0" in name:
        raise DataError(f"{name!r} names no picture. Mend the table of pictures, or take the line out.")
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise DataError(f"{name} leads out of {root}. Name pictures by their paths below cohort.root.")
    return path


def _check_one_label(pictures: Sequence[_Picture]) -> None:
    """DataError that names who has pictures under two labels."""
    labels: dict[str, set[str]] = {}
    for picture in pictures:
        if picture.subject and picture.label:
            labels.setdefault(picture.subject, set()).add(picture.label)
    several = [f"{who} ({', '.join(sorted(some))})" for who, some in sorted(labels.items()) if len(some) > 1]
    if several:
        more = f" and {len(several) - 5} more" if len(several) > 5 else ""
        raise DataError(
            f"the same person has pictures under two labels: {', '.join(several[:5])}{more}. Mend the labels, tell the "
            "people apart, or set cohort.label_of=image where a label is an expression and no diagnosis."
        )


def _read(file: Path, **what: Any) -> Recording:
    picture = ImageFrames([file])
    if min(picture.size) < SMALLEST_PX:
        raise DataError(f"{file} is {picture.size[0]}x{picture.size[1]} px; no face is seen in it")
    return still(picture, **what)
