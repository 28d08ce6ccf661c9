"""One recording of one person, whatever it is kept in: what `neuroface predict recording=` is given."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from neuroface import face
from neuroface.cohorts import native
from neuroface.cohorts.clock import on_one_clock
from neuroface.cohorts.folder import FolderCohort
from neuroface.cohorts.openface import OpenFaceCohort
from neuroface.cohorts.points import PointsCohort
from neuroface.cohorts.trackers.formats import format_of
from neuroface.cohorts.videos import VIDEO_SUFFIXES, VideosCohort
from neuroface.errors import ConfigError, DataError
from neuroface.recording.clip import BAG, is_rgbd, open_clip
from neuroface.types import Landmarks, Recording

GROUP = "unlabelled"
DECLARE = "set {key}={value}"
KINDS = "a clip, a RealSense bag, an RGB-D folder, .npz with 68 points, or a tracker's file"


class Visits:
    """Two visits of one person, as two people called "<subject> visit 1" and "<subject> visit 2".

    paths: of each visit, as of OneRecording, and of one person each. subject: None for the first file's name.
    Errors: DataError for a path that holds several people, or none.
    """

    def __init__(
        self, *, paths: Sequence[str | Path], subject: str | None = None, task: str | None = None,
        fps: float | None = None,
    ) -> None:  # fmt: skip
        self.visits = [OneRecording(path=path, subject=subject, task=task, fps=fps) for path in paths]
        self.subject = subject or self.visits[0].subject

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """The recordings of the first visit, then of the second."""
        for number, visit in enumerate(self.visits, 1):
            people = set()
            for recording in visit.recordings(groups=groups, tasks=tasks):
                people.add(recording.subject)
                if len(people) > 1:
                    raise DataError(f"{visit.path} holds several people; a visit is of one")
                yield replace(recording, subject=f"{self.subject} visit {number}")
            if not people:
                raise DataError(f"{visit.path} has no recording of {', '.join(tasks or ['any task'])}")


class OneRecording:
    """The recordings at a path, as those of one person, or a folder of neuroface's own or of clips with its people.

    path: a clip, a bag, an RGB-D folder, a folder with participants.tsv or of clips, .npz with points or points_px
    (T, 68, 2 or 3) and timestamps_s or fps, an OpenFace 2 CSV, or a file that cohort=points knows. subject: None for
    the file's name. task: of what does not say it. fps: of what does not say it, or says it wrongly.
    Errors: ConfigError for a path that is not there, DataError for a file of no such kind.
    """

    def __init__(
        self, *, path: str | Path, subject: str | None = None, task: str | None = None, fps: float | None = None
    ) -> None:
        self.path = Path(path).expanduser()
        if not self.path.exists():
            raise ConfigError(f"recording={path}: there is nothing. It must be {KINDS}.")
        self.subject, self.task, self.fps = subject or self.path.stem, task or "video", fps

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """One recording, or those of a folder."""
        if self.path.is_dir() and not is_rgbd(self.path):
            yield from self._folder().recordings(groups=groups, tasks=tasks)
        elif tasks is None or self.task in tasks:
            yield self._file()

    def _folder(self) -> Any:
        if (self.path / "participants.tsv").is_file():
            return FolderCohort(root=self.path)
        return VideosCohort(root=self.path, task=self.task, fps=self.fps)

    def _file(self) -> Recording:
        who: dict[str, Any] = {"subject": self.subject, "group": GROUP, "task": self.task}
        suffix = self.path.suffix.lower()
        if self.path.is_dir() or suffix in (*VIDEO_SUFFIXES, BAG):
            video = open_clip(self.path, fps=self.fps)
            unseen = np.full((len(video.timestamps_s), face.N_POINTS, 2), np.nan)
            return Recording(
                **who, landmarks=Landmarks(unseen, video.timestamps_s, "pixel"), video=video, notes=video.notes
            )
        if suffix == ".npz":
            return self._arrays(who)
        if format_of(self.path) is not None:
            points = PointsCohort(root=self.path.parent, subjects=self.path, fps=self.fps, task=self.task)
            return points.read_file(self.path, {}, "", **who)
        if suffix == ".csv":
            openface = OpenFaceCohort(root=self.path.parent, subjects=self.path, fps=self.fps)
            return openface.read_file(self.path, {}, "", **who)
        raise DataError(f"{self.path} is no recording that can be read; it must be {KINDS}")

    def _numbers(self, arrays: Mapping[str, np.ndarray], name: str, count: int) -> np.ndarray:
        """(count,) an array of the file. Errors: DataError for another length, and for what is no number."""
        values = arrays[name].reshape(-1)
        if values.dtype.kind not in "iuf" or len(values) != count or not np.isfinite(values).all():
            what = f"{values.dtype}, shape {arrays[name].shape}"
            raise DataError(f"{self.path} has an array {name} ({what}) that is not {count} finite numbers")
        return values.astype(float)

    def _arrays(self, who: dict[str, Any]) -> Recording:
        arrays = native.read_arrays(self.path)
        points = arrays.get("points", arrays.get("points_px"))
        if points is None or points.ndim != 3 or points.shape[1] != face.N_POINTS or points.dtype.kind not in "iuf":
            raise DataError(f"{self.path} has no array points or points_px of shape (T, 68, 2) or (T, 68, 3)")
        fps = self.fps or (self._numbers(arrays, "fps", 1)[0] if "fps" in arrays else None)
        if "timestamps_s" in arrays:
            times = self._numbers(arrays, "timestamps_s", len(points))
        elif fps:
            times = np.arange(len(points)) / fps
        else:
            raise DataError(f"{self.path} says neither timestamps_s nor fps; set fps= to the rate of its frames")
        in_pixels = points.shape[2] == 2
        told = self._numbers(arrays, "size_wh", 2) if in_pixels and "size_wh" in arrays else None
        size = None if told is None else (int(told[0]), int(told[1]))
        landmarks, _, counts = on_one_clock(
            np.asarray(points, dtype=float), np.asarray(times, dtype=float), space="pixel" if in_pixels else "camera",
            declare=DECLARE, in_seconds=True, size=size,
        )  # fmt: skip
        return Recording(**who, landmarks=landmarks, notes=counts)
