"""Toronto NeuroFace: people with ALS, people after stroke and healthy controls at nine oro-facial tasks.

Bandini et al., "A New Dataset for Facial Motion Analysis in Individuals With Neurological Disorders", IEEE JBHI 2021.
The data are given out by their owners on request; docs/toronto.md says what of the release's form is known, from whom,
and what is assumed. Research software, not a medical device.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from neuroface import face
from neuroface.cohorts import toronto_inventory, toronto_tables
from neuroface.cohorts.clock import a_face
from neuroface.cohorts.landmark_files import read_annotated_frames
from neuroface.cohorts.reading import Source, folder, given, stream, unreadable
from neuroface.cohorts.toronto_depth import ColorAndDepth
from neuroface.cohorts.toronto_frames import first_frame_number
from neuroface.cohorts.toronto_layout import PARSING_FILE, Files, Layout, find_depth, is_synthetic, scan
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.recording.video import VideoFile
from neuroface.types import Landmarks, Recording, Repetition, Video


@dataclass
class _Tables:
    """What the tables of a release say, by person and by recording."""

    attributes: dict[str, dict[str, Any]] = field(default_factory=dict)
    frame_rates: dict[str, float] = field(default_factory=dict)
    parsing: dict[str, list[tuple[int, int]]] | None = None


class TorontoCohort:
    """Toronto NeuroFace as it is given out: colour video, manual landmarks, clinicians' scores, and depth if found.

    root: the folder "NeuroFace Open Access Data", or the one that holds it. depth: name or glob of a recording's depth
    below its group's folder, with {recording}, {subject}, {group} filled in; null goes on without depth. parsing: CSV
    of manual repetition bounds (columns video_id, rep, start_frame, end_frame); null takes root/parsing.csv, if there.
    parsing_one_based: that file counts frames from 1 and includes end_frame. fps: frames per second of every video,
    whatever its header says; null takes VideoInfoFile_*.xlsx (unless video_info is false), then the header.
    first_frame: number the landmark files give the first frame; null compares saved frames with the video.
    first_pixel: coordinate that they give the first pixel; the release does not say.

    Landmarks are the manual ones, at the annotated frames only; with a parsing table at every frame of the video, NaN
    where nobody annotated, because repetition bounds count the frames of the video.
    """

    def __init__(
        self,
        *,
        root: str | Path | None,
        depth: str | None = "{recording}_depth*",
        parsing: str | Path | None = None,
        parsing_one_based: bool = False,
        fps: float | None = None,
        video_info: bool = True,
        first_frame: int | None = None,
        first_pixel: float = 0.0,
    ) -> None:
        if fps is not None and not fps > 0:
            raise ConfigError(f"cohort.fps={fps}; it must be positive.")
        if first_frame not in (None, 0, 1):
            raise ConfigError(f"cohort.first_frame={first_frame}; it must be 0, 1 or null.")
        self.root: str | Path = given(root, "cohort.root", "the folder that holds the recordings")
        self.depth = depth
        self.parsing = parsing
        self.parsing_one_based = parsing_one_based
        self.fps = fps
        self.video_info = video_info
        self.first_frame = first_frame
        self.first_pixel = first_pixel

    @property
    def synthetic(self) -> bool:
        """Whether the people are made up: a release that neuroface wrote."""
        return is_synthetic(Path(self.root).expanduser())

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """Recordings by group and name. One DataError at the end names all that could not be read."""
        layout = scan(folder(self.root, "cohort.root"))
        yield from stream(self._sources(layout), where=str(layout.root), groups=groups, tasks=tasks, of=self)

    def inventory(self) -> str:
        """What lies under root against what the public release holds, as text; reads no video."""
        return str(toronto_inventory.inventory(folder(self.root, "cohort.root"), depth=self.depth))

    def slp_scores(self) -> dict[str, dict[str, float]]:
        """{recording name: {"Symmetry (SLP1)": 1..5, ..., "Tot (SLP2)": 5..25}}: clinicians' scores, per recording."""
        layout = scan(folder(self.root, "cohort.root"))
        scores = _slp_by_stem(layout)
        return {files.label: scores[files.name] for files in layout.recordings.values() if files.name in scores}

    def _sources(self, layout: Layout) -> list[Source]:
        tables = self._tables(layout)
        groups_of: dict[str, set[str]] = {}
        for files in layout.recordings.values():
            groups_of.setdefault(files.subject, set()).add(files.group)
        sources = [Source(name, group, "", unreadable(what)) for name, (group, what) in layout.odd.items()]
        for files in layout.recordings.values():
            who = {"subject": files.subject, "group": files.group, "task": files.task, "session": files.session}
            groups = sorted(groups_of[files.subject])
            if len(groups) > 1:
                what = f"its person lies in the folders of {' and '.join(groups)}; a person belongs to one group"
                sources.append(Source(**who, read=unreadable(what)))
            else:
                sources.append(Source(**who, read=partial(self._read, files, tables, **who)))
        return sources

    def _tables(self, layout: Layout) -> _Tables:
        tables = _Tables(parsing=self._parsing(layout))
        for file in layout.matching(toronto_tables.CLINICAL_FILES):
            for subject, facts in toronto_tables.clinical(file).items():
                tables.attributes.setdefault(subject, {}).update(facts)
        if self.video_info:
            for file in layout.matching(toronto_tables.VIDEO_INFO_FILES):
                tables.frame_rates |= toronto_tables.frame_rates(file)
        scores = _slp_by_stem(layout)
        of_person: dict[str, list[Mapping[str, float]]] = {}
        for files in layout.recordings.values():
            if files.name in scores:
                of_person.setdefault(files.subject, []).append(scores[files.name])
        for subject, rows in of_person.items():
            tables.attributes.setdefault(subject, {}).update(toronto_tables.mean_scores(rows))
        return tables

    def _parsing(self, layout: Layout) -> dict[str, list[tuple[int, int]]] | None:
        file = layout.root / PARSING_FILE if self.parsing is None else Path(self.parsing).expanduser()
        if self.parsing is None and not file.is_file():
            return None
        bounds = toronto_tables.parsing(file, one_based=self.parsing_one_based)
        here = {files.name for files in layout.recordings.values()}
        for name in bounds:
            if name not in here:
                raise DataError(f"{file} names {name}, of which there is nothing." + did_you_mean(name, here))
        return bounds

    def _read(self, files: Files, tables: _Tables, **who: Any) -> Recording:
        if not files.videos and not files.landmarks:
            raise DataError("has saved frames or boxes, but neither a video nor landmarks; add them, or take it away")
        frames, points = _annotations(files)
        points, counts = a_face(points, space="pixel")
        video, times = self._video(files, tables.frame_rates.get(files.name), frames)
        first, how = self._first_frame(video, files, frames)
        index = _frame_index(frames, first, len(times))
        points = points - self.first_pixel
        repetitions = None
        if tables.parsing is not None and files.name in tables.parsing:
            repetitions = tuple(
                Repetition(start, stop, number) for number, (start, stop) in enumerate(tables.parsing[files.name])
            )
            points, index = _spread(points, index, len(times)), np.arange(len(times))
        notes: dict[str, Any] = {
            "frames_annotated": len(frames),
            f"recordings_numbered_from_{first}_{how}": 1,
            "pixels": f"landmark files are taken to count pixels from {self.first_pixel:g} (cohort.first_pixel)",
            **getattr(video, "notes", {}),
            **counts,
        }
        return Recording(
            **who,
            landmarks=Landmarks(points, times[index], "pixel"),
            camera=None if video is None or video.rig is None else video.rig.color,
            repetitions=repetitions,
            attributes=tables.attributes.get(files.subject, {}),
            notes=notes,
            video=video,
        )

    def _first_frame(self, video: Video | None, files: Files, frames: np.ndarray) -> tuple[int, str]:
        """The number of a recording's first frame, and how it is known."""
        if self.first_frame is not None:
            return self.first_frame, "by_configuration"
        return first_frame_number(video, files.saved, frames)

    def _video(self, files: Files, rate: float | None, frames: np.ndarray) -> tuple[Video | None, np.ndarray]:
        """The video, or None when only its landmarks are here, and (n,) s: the time of each of its frames."""
        fps = self.fps or rate
        file = _only(files.videos, "video")
        if file is None:
            if fps is None:
                raise DataError("has landmarks but no video, so its frames have no times; add it, or set cohort.fps")
            return None, np.arange(int(frames.max(initial=0)) + 1) / fps
        color = VideoFile(file, fps=fps)
        if self.depth is None:
            return color, color.timestamps_s
        return ColorAndDepth(color, find_depth(files, self.depth)), color.timestamps_s


def _slp_by_stem(layout: Layout) -> dict[str, dict[str, float]]:
    scores: dict[str, dict[str, float]] = {}
    for file in layout.matching(toronto_tables.SLP_FILES):
        scores |= toronto_tables.slp_scores(file)
    return scores


def _annotations(files: Files) -> tuple[np.ndarray, np.ndarray]:
    """(n,) frame numbers and (n, 68, 2) px, both as the file counts; n = 0 for a video that nobody annotated."""
    file = _only(files.landmarks, "landmark file")
    if file is None:
        return np.zeros(0, dtype=int), np.zeros((0, face.N_POINTS, 2))
    return read_annotated_frames(file)


def _only(found: Sequence[Path], noun: str) -> Path | None:
    if len(found) > 1:
        places = ", ".join(str(path.parent) for path in found)
        raise DataError(f"has {len(found)} {noun}s of one name, in {places}; keep one")
    return found[0] if found else None


def _frame_index(frames: np.ndarray, first: int, n_frames: int) -> np.ndarray:
    """(n,) decoded frame, from 0, of each frame number; DataError for those the video does not have."""
    index = frames - first
    outside = frames[(index < 0) | (index >= n_frames)]
    if len(outside):
        listed = ", ".join(map(str, outside.tolist()))
        raise DataError(f"has landmarks of frame {listed}, but its video has frames {first} to {n_frames - 1 + first}")
    return index


def _spread(points: np.ndarray, index: np.ndarray, n_frames: int) -> np.ndarray:
    """(n_frames, 68, 2) px: annotated points at their frames, NaN elsewhere."""
    spread = np.full((n_frames, *points.shape[1:]), np.nan)
    spread[index] = points
    return spread
