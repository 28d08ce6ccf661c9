"""A folder of video files, image folders or stills; whose they are stands in a table, if there is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from neuroface import face
from neuroface.cohorts import native
from neuroface.cohorts.annotated import annotated, annotations_of
from neuroface.cohorts.clock import on_one_clock
from neuroface.cohorts.reading import Source, check_told_apart, folder, given, read_rows, reading_of, stream, unreadable
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.recording.clip import BAG, is_rgbd, open_clip
from neuroface.recording.images import SUFFIXES as IMAGE_SUFFIXES
from neuroface.recording.images import natural
from neuroface.types import Landmarks, Recording

VIDEO_SUFFIXES = frozenset(
    {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".m2ts", ".ogv", ".webm", ".wmv", ".3gp"}
)
IMAGES = ("sequence", "stills", "none")
OWN_COLUMNS = ("file", "subject", "group", "task", "session", "fps")


class VideosCohort:
    """Recordings of video, RGB-D folders and RealSense bags, without landmarks unless a folder of tracks is given.

    root: the folder; folders below it count. subjects: a CSV or TSV with columns file (relative to root) and subject
    and, where wanted, group, task, session and fps; further columns become attributes. Without it each file is a
    person of its own, and the notes say so. images: a folder of images is one recording ("sequence"), each image is
    ("stills"), or images are passed over ("none"). fps: overrides what files say of their rate; a "sequence" needs it.
    group, task: of recordings whose table has no such column. tracks: a folder with <file>.npz or <stem>.npz of each
    video: points (or points_px), (T, 68, 2) px, one per frame. depth_scale: metres in one raw unit of depth, for
    RealSense bags that do not hold it. annotations, tier, annotations_offset_s, apex_tier: repetitions from the files
    of annotation tools, called as a video or about it; see annotated.Annotations.
    Errors: ConfigError when no root is given, or for another value of images.
    """

    def __init__(
        self,
        *,
        root: str | Path | None,
        subjects: str | Path | None = None,
        images: str = "sequence",
        fps: float | None = None,
        group: str = "unlabelled",
        task: str = "video",
        tracks: str | Path | None = None,
        depth_scale: float | None = None,
        annotations: str | Path | None = None,
        tier: str | Sequence[str] | None = None,
        annotations_offset_s: float = 0.0,
        apex_tier: str | None = None,
    ) -> None:
        if images not in IMAGES:
            raise ConfigError(f"cohort.images={images}: there is no such choice." + did_you_mean(images, IMAGES))
        self.root: str | Path = given(root, "cohort.root", "the folder that holds the recordings")
        self.subjects, self.images, self.fps = subjects, images, fps
        self.group, self.task, self.tracks, self.depth_scale = group, task, tracks, depth_scale
        self.annotations = annotations_of(annotations, tier=tier, offset_s=annotations_offset_s, apex=apex_tier)

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """Recordings in natural order of their files, or in the table's. One DataError at the end names all that could
        not be read."""
        root = folder(self.root, "cohort.root")
        found = find_videos(root, images=self.images)
        sources = self._nobody_known(root, found) if self.subjects is None else self._from_table(root, found)
        yield from stream(sources, where=str(root), groups=groups, tasks=tasks, of=self)

    def _nobody_known(self, root: Path, found: list[Path]) -> list[Source]:
        """Each file as a subject named after it."""
        notes = {"subject": "named after the file; no table says whose recording it is"}
        subjects = subjects_after_files(root, found)
        return [self._source(file, {"subject": subject}, notes) for file, subject in zip(found, subjects, strict=True)]

    def _from_table(self, root: Path, found: list[Path]) -> list[Source]:
        table = Path(str(self.subjects)).expanduser()
        delimiter = "\t" if table.suffix.lower() == ".tsv" else ","
        next_step = "Set cohort.subjects to a CSV with columns file, subject and group, or to null."
        _, rows = read_rows(table, required=("file", "subject"), delimiter=delimiter, next_step=next_step)
        listed = {(root / row["file"]).resolve() for row in rows}
        unlisted = [file for file in found if file.resolve() not in listed]
        notes: dict[str, Any] = reading_of(table, usual=delimiter)
        notes |= {"files_not_in_subjects_table": len(unlisted)} if unlisted else {}
        sources = [self._source(root / row["file"], row, notes) for row in rows]
        check_told_apart(sources, [row["file"] for row in rows], table)
        return sources

    def _source(self, file: Path, row: Mapping[str, str], notes: Mapping[str, Any]) -> Source:
        who = {
            "subject": row["subject"],
            "group": row.get("group") or self.group,
            "task": row.get("task") or self.task,
            "session": row.get("session", ""),
        }
        fps = _rate(row["fps"]) if row.get("fps") else self.fps
        if row.get("fps") and fps is None:
            what = f"has fps {row['fps']!r} in the subjects table; it must be a positive number"
            return Source(**who, read=unreadable(what))
        attributes = {name: cell for name, cell in row.items() if name not in OWN_COLUMNS and cell}
        read = partial(self._read, file, fps, notes=notes, attributes=attributes, **who)
        return Source(**who, read=annotated(self.annotations, read, file.name, file.stem))

    def _read(self, file: Path, fps: float | None, *, notes: Mapping[str, Any], **recording: Any) -> Recording:
        if not file.exists():
            raise DataError(f"has no file {file}; correct it in the subjects table")
        video = open_clip(file, fps=fps, depth_scale=self.depth_scale)
        landmarks, counts = self._track(file, video.timestamps_s, video.size)
        return Recording(**recording, landmarks=landmarks, video=video, notes={**notes, **video.notes, **counts})

    def _track(self, file: Path, timestamps_s: np.ndarray, size: tuple[int, int]) -> tuple[Landmarks, dict[str, int]]:
        """The given landmarks of a video, one per frame, and what was counted; all missing without tracks."""
        if self.tracks is None:
            return Landmarks(np.full((len(timestamps_s), face.N_POINTS, 2), np.nan), timestamps_s, "pixel"), {}
        place = folder(self.tracks, "cohort.tracks")
        names = [place / f"{file.name}.npz", place / f"{file.stem}.npz"]
        track = next((name for name in names if name.is_file()), None)
        if track is None:
            raise DataError(f"has no track: no {names[1].name} in {place}; set cohort.tracks=null to go without")
        arrays = native.read_arrays(track)
        points = arrays.get("points", arrays.get("points_px"))
        if points is None:
            raise DataError(f"{track} has no array 'points'." + did_you_mean("points", arrays))
        if len(points) != len(timestamps_s):
            raise DataError(f"{track} has {len(points)} frames, the video {len(timestamps_s)}")
        landmarks, _, counts = on_one_clock(
            np.asarray(points, dtype=float), timestamps_s, space="pixel", in_seconds=True, size=size
        )
        return landmarks, counts


def subjects_after_files(root: Path, found: Sequence[Path]) -> list[str]:
    """A name for each file or folder below `root`: its path with - for /, and without the suffix of a file.

    Names that would fall together keep the suffix and, where that is not enough, have + for /.
    """
    places = [file.relative_to(root) for file in found]
    plain = [place if file.is_dir() else place.with_suffix("") for file, place in zip(found, places, strict=True)]
    own = root.resolve().name  # of a root that is itself the recording
    choices = [
        ("-".join(short.parts) or own, "-".join(place.parts) or own, "+".join(place.parts) or own)
        for short, place in zip(plain, places, strict=True)
    ]
    levels = [0] * len(choices)
    while True:
        names = [choice[level] for choice, level in zip(choices, levels, strict=True)]
        count = Counter(names)
        longer = [min(level + (count[name] > 1), 2) for name, level in zip(names, levels, strict=True)]
        if longer == levels:
            return names
        levels = longer


def _rate(cell: str) -> float | None:
    """Frames per second, or None for what is no rate."""
    try:
        fps = float(cell)
    except ValueError:
        return None
    return fps if 0 < fps < np.inf else None


def find_videos(root: Path, *, images: str = "sequence") -> list[Path]:
    """Video files, bags, RGB-D folders, and image folders or stills, under a folder, in natural order.

    Hidden files and folders are passed over. With images="sequence" a folder that holds images stands for them. A root
    that is an RGB-D folder is one recording.
    """
    if is_rgbd(root):
        return [root]
    found = set()
    for file in root.rglob("*"):
        if any(part.startswith(".") for part in file.relative_to(root).parts):
            continue
        inside = next((place for place in file.parents if place.is_relative_to(root) and is_rgbd(place)), None)
        if inside is not None:
            found.add(inside)
            continue
        if not file.is_file():
            continue
        suffix = file.suffix.lower()
        if suffix in (*VIDEO_SUFFIXES, BAG) or (images == "stills" and suffix in IMAGE_SUFFIXES):
            found.add(file)
        elif images == "sequence" and suffix in IMAGE_SUFFIXES:
            found.add(file.parent)
    return sorted(found, key=lambda path: (natural(path.parent), natural(path)))
