"""YouTube Facial Palsy (Hsu et al., IEEE Access 2019): frames with graded regions, through a table the user makes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from neuroface.cohorts.reading import Source, folder, given, read_rows, stream, unreadable
from neuroface.cohorts.stills import session_of, still
from neuroface.errors import DataError
from neuroface.recording.image_frames import ImageFrames
from neuroface.types import Recording

COLUMNS = ("image", "subject", "region", "intensity")
REGIONS = ("eyes", "mouth")
INTENSITIES = ("0", "0.5", "1")
GROUP = "palsy"


class YfpCohort:
    """Frames of people with facial palsy; the label is how strong the palsy of a region is, the task which region.

    The syntax of the set's own annotations is not public, so a table has to be made of them.
    root: the folder of frames. annotations: a CSV with columns image (relative to root), subject, region (Eyes or
    Mouth) and intensity (0, 0.5 or 1), one row per region of an image; further columns become attributes.
    """

    def __init__(self, *, root: str | Path | None, annotations: str | Path | None) -> None:
        self.root: str | Path = given(root, "cohort.root", "the folder that holds the frames")
        what = "a CSV with columns image,subject,region,intensity"
        self.annotations: str | Path = given(annotations, "cohort.annotations", what)

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """One recording per row, in the table's order. One DataError at the end names all that could not be read."""
        root = folder(self.root, "cohort.root")
        next_step = "Set cohort.annotations to a CSV with columns image,subject,region,intensity."
        _, rows = read_rows(Path(self.annotations).expanduser(), required=COLUMNS, next_step=next_step)
        yield from stream([_source(root, row) for row in rows], where=str(root), groups=groups, tasks=tasks, of=self)


def _source(root: Path, row: Mapping[str, str]) -> Source:
    region = row["region"].lower()
    if not Path(row["image"]).name or "\0" in row["image"]:
        return Source(row["subject"], GROUP, "", read=unreadable(f"has an image {row['image']!r}, which names no file"))
    session = session_of(str(Path(row["image"]).with_suffix("")))
    who = {"subject": row["subject"], "group": GROUP, "task": region, "session": session}
    if region not in REGIONS:
        return Source(**{**who, "task": ""}, read=unreadable(f"has region {row['region']!r}; it must be Eyes or Mouth"))
    attributes = {name: cell for name, cell in row.items() if name not in COLUMNS and cell}
    read = partial(_read, root / row["image"], row["intensity"], attributes=attributes, **who)
    return Source(**who, read=read)


def _read(file: Path, intensity: str, **who: Any) -> Recording:
    try:
        label = f"{float(intensity):g}"
    except ValueError:
        label = intensity
    if label not in INTENSITIES:
        raise DataError(f"has intensity {intensity!r}; it must be 0, 0.5 or 1")
    return still(ImageFrames([file]), label=label, **who)
