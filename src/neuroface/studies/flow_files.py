"""From the repetitions of a video to pictures of optical flow on disk, as HTNet and STSTNet read them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neuroface.cohorts import megc_write
from neuroface.cohorts.megc_write import Item
from neuroface.cohorts.reading import read_rows
from neuroface.detection import Steps, detected
from neuroface.errors import ConfigError, DataError, Problems, did_you_mean
from neuroface.samples import SKIP
from neuroface.types import Landmarks, Recording, Repetition
from neuroface.views.flow import Flow, Moved
from neuroface.views.seen import Seen

DATASET = "video"  # of the table's column, where the class is the person's group
TARGETS = ("group", "label")
MOST = 3  # classes of the layout: 0, 1 and 2
MARKS = ({"onset", "apex"}, {"onset_s", "apex_s"})


@dataclass(frozen=True)
class FlowFiles:
    """How movements are found and drawn. size: px of a picture. flow_size, method, align, margin: see `views.flow`.

    marks: a CSV with a row for each movement, columns subject and onset, apex (frames from 0) or onset_s, apex_s, and
    where wanted task, session and label; None: each repetition from its first frame to its apex, where that is marked,
    else to the frame in which the landmarks have moved most. target: the class of a movement, "group" (the person's) or
    "label" (the repetition's own). classes: those that become 0, 1 and 2, in this order; None: all there are, by name.
    """

    size: int = 28
    flow_size: int = 112
    method: str = "farneback"
    align: str = "similarity"
    margin: float = 0.1
    marks: str | Path | None = None
    target: str = "group"
    classes: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if self.target not in TARGETS:
            raise ConfigError(
                f"flow_images.target={self.target}: there is no such choice." + did_you_mean(self.target, TARGETS)
            )

    def write(
        self, recordings: Iterable[Recording], steps: Steps, out: Path, *, skip_broken: bool = False
    ) -> tuple[list[Item], list[str], list[tuple[str, str]]]:
        """The movements written below `out`, their classes, and what was left out and why.

        Errors: DataError that names all that cannot be used, unless skip_broken; and for more than three classes.
        """
        if out.exists() and any(out.iterdir()):
            raise DataError(f"{out} is not empty. Choose an empty folder with out=.")
        problems, left_out = Problems(), list[tuple[str, str]]()
        items = list(self._items(recordings, steps, problems, left_out))
        if not skip_broken:
            problems.raise_if_any(SKIP)
        classes = self._classes(items)
        kept = [item for item in items if item.group in classes]
        left_out += [(megc_write.stem(i), f"is of class {i.group}") for i in items if i.group not in classes]
        if not kept:
            raise DataError("No movement is left to write. See flow_images.classes, flow_images.marks and repetitions.")
        return megc_write.write(kept, out, classes), classes, [*problems.items(), *left_out]

    def _items(
        self, recordings: Iterable[Recording], steps: Steps, problems: Problems, left_out: list[tuple[str, str]]
    ) -> Iterator[Item]:
        view = Flow(size=self.size, flow_size=self.flow_size, method=self.method, align=self.align, margin=self.margin)
        marks = None if self.marks is None else Marks(Path(self.marks).expanduser())
        for recording in recordings:
            try:
                pixels, landmarks, _ = detected(recording, steps)
                repetitions = marks.of(recording, pixels) if marks else None
                if repetitions is None:
                    repetitions = steps.repetitions(landmarks, task=recording.task, given=recording.repetitions)
                seen = Seen(recording, pixels, landmarks, repetitions)
                movements = list(zip(repetitions, view.moved(seen), strict=True))
                items = [self._item(recording, r, pixels, moved) for r, moved in movements if moved is not None]
            except DataError as error:
                problems.add(recording.name, str(error))
                continue
            still = [f"{recording.name} repetition {r.index}" for r, moved in movements if moved is None]
            left_out += [(name, "no face at its onset, or at an apex after it") for name in still]
            yield from items
        if marks is not None:
            marks.check_all_used()

    def _item(self, recording: Recording, repetition: Repetition, pixels: Landmarks, moved: Moved) -> Item:
        label = repetition.label or ""
        if self.target == "label" and not label:
            raise DataError("has a repetition without a label; set flow_images.target=group, or name them")
        times_s = getattr(recording.video, "timestamps_s", None)
        times_s = pixels.timestamps_s if times_s is None else times_s
        name = "-".join(part for part in (recording.task, recording.session, f"{repetition.index:02d}") if part)
        return Item(
            dataset=DATASET if self.target == "group" else recording.group,
            subject=_as_text(_plain(recording.subject)),
            name=_plain(name),
            group=recording.group if self.target == "group" else label,
            onset=moved.onset,
            apex=moved.apex,
            onset_s=float(times_s[moved.onset]),
            apex_s=float(times_s[moved.apex]),
            source=recording.name,
            found=moved.flow,
            points=moved.points,
            face=moved.face,
        )

    def _classes(self, items: Sequence[Item]) -> list[str]:
        there = sorted({item.group for item in items})
        classes = there if self.classes is None else [str(name) for name in self.classes]
        if len(classes) > MOST:
            raise DataError(
                f"There are {len(classes)} classes, {', '.join(classes)}; the layout has 0, 1 and 2. Choose with "
                "flow_images.classes=[...]."
            )
        strange = [name for name in classes if name not in there]
        if strange and items:
            raise DataError(f"Nothing is of class {strange[0]!r}; there are {', '.join(there)}.")
        return classes


class Marks:
    """Onsets and apexes that somebody has marked, by recording. Errors: DataError for a table that is none."""

    def __init__(self, file: Path) -> None:
        columns, self.rows = read_rows(file, required=("subject",), next_step="Set flow_images.marks to such a CSV.")
        self.file, self.used = file, set[int]()
        self.names = next((sorted(names)[::-1] for names in MARKS if names <= set(columns)), None)
        if self.names is None:
            raise DataError(f"{file} needs columns onset and apex (frames from 0), or onset_s and apex_s.")

    def of(self, recording: Recording, pixels: Landmarks) -> tuple[Repetition, ...]:
        """From onset to apex, each. Errors: DataError for a movement that the recording has no frames of."""
        own = {name: getattr(recording, name) for name in ("subject", "task", "session")}
        found: list[Repetition] = []
        for at, row in enumerate(self.rows):
            if any(row.get(name, value) != value for name, value in own.items()):
                continue
            self.used.add(at)
            onset, apex = (self._frame(row, name, pixels.timestamps_s, at) for name in self.names or ())
            if not 0 <= onset < apex < len(pixels):
                raise DataError(
                    f"has {len(pixels)} frames; {self.file.name}, line {at + 2}, marks onset {onset} and apex {apex}"
                )
            found.append(Repetition(onset, apex + 1, len(found), row.get("label") or None, apex))
        if not found:
            raise DataError(f"has no row in {self.file}")
        return tuple(found)

    def _frame(self, row: dict[str, str], name: str, times_s: np.ndarray, at: int) -> int:
        try:
            value = float(row[name])
        except ValueError:
            raise DataError(f"{self.file}, line {at + 2}: {name} is {row[name]!r}, no number") from None
        if name.endswith("_s"):
            return int(np.abs(times_s - value).argmin())
        return int(value)

    def check_all_used(self) -> None:
        strays = [row["subject"] for at, row in enumerate(self.rows) if at not in self.used]
        if strays:
            more = f" and {len(strays) - 1} more" if len(strays) > 1 else ""
            raise DataError(f"{self.file} has rows of no recording: {strays[0]}{more}.")


def _as_text(name: str) -> str:
    """A name that a table reader which guesses takes for text: of 07 pandas makes 7, of NA nothing, and the public code
    then looks for other files."""
    try:
        float(name)
    except ValueError:
        return f"sub{name}" if name.lower() in ("", "na", "n/a", "none", "null", "nan", "true", "false") else name
    return f"sub{name}"


def _plain(name: str) -> str:
    """As part of a file's name."""
    return re.sub(r"[^\w.+-]+", "-", name)
