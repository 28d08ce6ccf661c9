"""A folder of video files, image folders or stills; whose they are stands in a table, if there is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from neuroface import face
from neuroface.cohorts import native
from neuroface.cohorts.reading import Source, folder, given, on_one_clock, read_rows, stream, unreadable
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.recording.clip import BAG, is_rgbd, open_clip, timestamps_of
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
    RealSense bags that do not hold it.
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
    ) -> None:
        if images not in IMAGES:
            raise ConfigError(f"cohort.images={images}: there is no such choice." + did_you_mean(images, IMAGES))
        self.root: str | Path = given(root, "cohort.root", "the folder that holds the recordings")
        self.subjects, self.images, self.fps = subjects, images, fps
        self.group, self.task, self.tracks, self.depth_scale = group, task, tracks, depth_scale

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """Recordings in natural order of their files, or in the table's. One DataError at the end names all that could
        not be read."""
        root = folder(self.root, "cohort.root")
        found = find_videos(root, images=self.images)
        sources = self._nobody_known(root, found) if self.subjects is None else self._from_table(root, found)
        yield from stream(sources, where=str(root), groups=groups, tasks=tasks)

    def _nobody_known(self, root: Path, found: list[Path]) -> list[Source]:
        """Each file as a subject named after it; files that differ in nothing but the suffix keep it."""
        plain = [file.relative_to(root) for file in found]
        stems = Counter(str(name.with_suffix("")) for name in plain)
        notes = {"subject": "named after the file; no table says whose recording it is"}
        sources = []
        for file, name in zip(found, plain, strict=True):
            whole = file.is_dir() or stems[str(name.with_suffix(""))] > 1
            subject = "-".join((name if whole else name.with_suffix("")).parts) or root.name
            sources.append(self._source(file, {"subject": subject}, notes))
        return sources

    def _from_table(self, root: Path, found: list[Path]) -> list[Source]:
        table = Path(str(self.subjects)).expanduser()
        delimiter = "\t" if table.suffix.lower() == ".tsv" else ","
        next_step = "Set cohort.subjects to a CSV with columns file, subject and group, or to null."
        _, rows = read_rows(table, required=("file", "subject"), delimiter=delimiter, next_step=next_step)
        listed = {(root / row["file"]).resolve() for row in rows}
        unlisted = [file for file in found if file.resolve() not in listed]
        notes = {"files_not_in_subjects_table": len(unlisted)} if unlisted else {}
        return [self._source(root / row["file"], row, notes) for row in rows]

    def _source(self, file: Path, row: Mapping[str, str], notes: Mapping[str, Any]) -> Source:
        who = {
            "subject": row["subject"],
            "group": row.get("group") or self.group,
            "task": row.get("task") or self.task,
            "session": row.get("session", ""),
        }
        try:
            fps = float(row["fps"]) if row.get("fps") else self.fps
        except ValueError:
            return Source(**who, read=unreadable(f"has fps {row['fps']!r} in the subjects table; it must be a number"))
        attributes = {name: cell for name, cell in row.items() if name not in OWN_COLUMNS and cell}
        return Source(**who, read=partial(self._read, file, fps, notes=notes, attributes=attributes, **who))

    def _read(self, file: Path, fps: float | None, *, notes: Mapping[str, Any], **recording: Any) -> Recording:
        if not file.exists():
            raise DataError(f"has no file {file}; correct it in the subjects table")
        video = open_clip(file, fps=fps, depth_scale=self.depth_scale)
        landmarks = self._track(file, timestamps_of(video))
        return Recording(**recording, landmarks=landmarks, video=video, notes={**notes, **video.notes})

    def _track(self, file: Path, timestamps_s: np.ndarray) -> Landmarks:
        """The given landmarks of a video, one per frame; all missing where no folder of tracks is named."""
        if self.tracks is None:
            return Landmarks(np.full((len(timestamps_s), face.N_POINTS, 2), np.nan), timestamps_s, "pixel")
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
        landmarks, _ = on_one_clock(np.asarray(points, dtype=float), timestamps_s, space="pixel")
        return landmarks


def find_videos(root: Path, *, images: str = "sequence") -> list[Path]:
    """Video files, bags, RGB-D folders, and image folders or stills, under a folder, in natural order.

    Hidden files and folders are passed over. With images="sequence" a folder that holds images stands for them.
    """
    found = set()
    for file in root.rglob("*"):
        inside = next((place for place in file.parents if place != root and is_rgbd(place)), None)
        if inside is not None:
            found.add(inside)
            continue
        if any(part.startswith(".") for part in file.relative_to(root).parts) or not file.is_file():
            continue
        suffix = file.suffix.lower()
        if suffix in (*VIDEO_SUFFIXES, BAG) or (images == "stills" and suffix in IMAGE_SUFFIXES):
            found.add(file)
        elif images == "sequence" and suffix in IMAGE_SUFFIXES:
            found.add(file.parent)
    return sorted(found, key=lambda path: (natural(path.parent), natural(path)))
