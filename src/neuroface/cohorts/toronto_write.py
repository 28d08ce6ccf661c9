"""Recordings written as Toronto NeuroFace gives them out: same folders, names and headers.

For rehearsal before the data arrive, and to test the reader end to end. What nobody has published (how depth is named
and stored, the columns of VideoInfoFile, the clinical file of ALS and HC) is written as docs/toronto.md says, and may
look otherwise in the release.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.cohorts import toronto_scores
from neuroface.cohorts.landmark_files import write_annotated_frames, write_boxes
from neuroface.cohorts.toronto_depth import write_depth_image, write_depth_tables
from neuroface.cohorts.toronto_layout import (
    BOX_ENDING,
    BOXES,
    COLOR,
    DEPTH,
    FRAMES,
    LANDMARKS,
    PARSING_FILE,
    RELEASE_FOLDER,
    RELEASE_SESSION,
    SYNTHETIC_NOTICE,
    TASKS,
    VIDEO_SUFFIX,
    VIDEOS,
)
from neuroface.cohorts.toronto_tables import PARSING_COLUMNS
from neuroface.errors import ConfigError, DataError, Problems
from neuroface.types import Frame, Recording, Truth, Video

GROUP_FOLDER = {"ALS": "ALS", "HC": "Healthy controls", "PS": "Stroke"}
TASK_NAME = {task: name for name, task in TASKS.items()}
# Three people of the release's stroke group have ids of another form; so have these of a clinic.
OP_IDS = {"S001": "OP01", "S004": "OP02", "S007": "OP03"}
FIRST_FRAME = 1
BOX_MARGIN = 0.1  # of the landmarks' width and height, on each side; by eye
NOTICE = """Synthetic people in the folders and names of the Toronto NeuroFace release, written by neuroface.
Nobody here exists; scores and clinical facts are invented. Research software, not a medical device.
What the release does not document (depth, video information) is a guess: see docs/toronto.md of neuroface.
"""


@dataclass
class Written:
    """What `write` wrote. left_out: recordings that the layout has no place for, with the reason."""

    out: Path
    recordings: int = 0
    frames_annotated: int = 0
    people: dict[str, str] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class _Clinic:
    """What is known only when all recordings are written: the tables."""

    scores: dict[str, list[tuple[str, str, list[int]]]] = field(default_factory=dict)
    information: dict[str, list[tuple[str, float, int]]] = field(default_factory=dict)
    people: dict[str, dict[str, tuple[Mapping[str, Any], Truth | None]]] = field(default_factory=dict)
    parsing: list[tuple[str, int, int, int]] = field(default_factory=list)


def write(
    recordings: Iterable[Recording], out: str | Path, *, annotate_every: int = 2, saved_frames: int = 10
) -> Written:
    """Write recordings with video and pixel landmarks as a Toronto NeuroFace release; TorontoCohort(out) reads it.

    out: a folder that is absent or empty; it appears whole, when everything is written. annotate_every: every how many
    frames of a video have "manual" landmarks, out of those the recording has (the release has about 13 a video).
    saved_frames: how many of them are saved as images. A task that the release lacks (REST) is left out.
    Errors: ConfigError for impossible numbers, DataError for a folder in use and for recordings that cannot be written.
    """
    given = list(recordings)
    release = Release(given, out, annotate_every=annotate_every, saved_frames=saved_frames)
    chosen = {recording.name for recording in release.recordings}
    shutil.rmtree(release.stage, ignore_errors=True)  # left by a write that was interrupted
    try:
        told, problems = [], Problems()
        for recording in (one for one in given if one.name in chosen):
            try:
                told.append(write_below(release.settings, recording, release.stage))
            except DataError as error:
                problems.add(recording.name, str(error).rstrip("."))
        problems.raise_if_any("Nothing was written.")
        return release.finish(told)
    finally:
        shutil.rmtree(release.stage, ignore_errors=True)


class Release:
    """A release on its way to `out`: `write_below` writes the files of each recording below `stage`, `finish` the
    tables about them, and moves it all to its place. Arguments and errors: those of `write`.

    recordings: those that the layout has a place for, without their arrays. settings: what `write_below` is given.
    """

    def __init__(
        self, recordings: Iterable[Recording], out: str | Path, *, annotate_every: int = 2, saved_frames: int = 10
    ) -> None:
        if annotate_every < 1 or saved_frames < 0:
            raise ConfigError(
                f"annotate_every={annotate_every}, saved_frames={saved_frames}: at least 1 and 0 are needed."
            )
        self.out = Path(out).expanduser().resolve()
        if self.out.is_file() or (self.out.is_dir() and any(self.out.iterdir())):
            raise DataError(f"{self.out} is not empty. Choose an empty folder with out=.")
        self.stage = self.out.with_name(f".{self.out.name}.partial")
        self.settings = annotate_every, saved_frames
        self.recordings: list[Recording] = []
        self._names: list[str] = []
        self._left_out: list[tuple[str, str]] = []
        self._choose(recordings)

    def _choose(self, recordings: Iterable[Recording]) -> None:
        problems, seen = Problems(), set[str]()
        for recording in recordings:
            if recording.task not in TASK_NAME:
                self._left_out.append((recording.name, f"the release has no task {recording.task}"))
                continue
            try:
                name = _name(recording)
            except DataError as error:
                problems.add(recording.name, str(error).rstrip("."))
                continue
            if name in seen:
                problems.add(recording.name, "stands in the cohort more than once")
            seen.add(name)
            self._names.append(name)
            self.recordings.append(recording.without_arrays())
        problems.raise_if_any("Nothing was written.")
        if not self.recordings:
            raise DataError("There are no recordings to write.")

    def finish(self, told: Sequence[Mapping[str, Any]]) -> Written:
        """Write the tables and move the stage to its place. told: what `write_below` returned of each recording."""
        written, clinic = Written(self.out, left_out=self._left_out), _Clinic()
        for recording, name, about in zip(self.recordings, self._names, told, strict=True):
            written.recordings += 1
            written.frames_annotated += about["annotated"]
            written.people[_subject(recording)] = recording.group
            clinic.parsing += [tuple(row) for row in about["parsing"]]
            clinic.information.setdefault(recording.group, []).append(tuple(about["information"]))
            _remember(recording, name, clinic)
        _write_tables(clinic, self.stage)
        if self.out.is_dir():
            self.out.rmdir()
        self.stage.replace(self.out)
        return written


def write_below(settings: tuple[int, int], recording: Recording, folder: Path) -> dict[str, Any]:
    """Write one recording's video, depth, landmarks, boxes and saved frames as they go below a release's folder.

    settings: annotate_every and saved_frames. Returns what the tables tell of it, which JSON can hold: annotated, how
    many frames are; information: file, frames per second and frames; parsing: file, number, start and stop of each
    repetition. Errors: DataError for a recording that cannot be written.
    """
    place = folder / RELEASE_FOLDER / GROUP_FOLDER[recording.group]
    return _write_files(recording, place, _name(recording), *settings)


def _subject(recording: Recording) -> str:
    return OP_IDS.get(recording.subject, recording.subject) if recording.group == "PS" else recording.subject


def _name(recording: Recording) -> str:
    """The stem of a recording's files, such as A002_02_BBP_NORMAL_color; DataError for what cannot be written."""
    subject, session = _subject(recording), recording.session or RELEASE_SESSION
    if recording.group not in GROUP_FOLDER:
        raise DataError(f"the release has no group {recording.group}; it has {', '.join(GROUP_FOLDER)}")
    if not (subject.isalnum() and subject.isupper() and subject.isascii()):
        raise DataError(f"subject {subject!r} must be capital letters and digits, as A002")
    if not (session.isdigit() and len(session) == len(RELEASE_SESSION)):
        raise DataError(f"session {session!r} must be two digits")
    if recording.video is None or recording.landmarks.space != "pixel":
        raise DataError("has no video with landmarks in pixels; make it with cohort.modality=rgbd")
    return f"{subject}_{session}_{TASK_NAME[recording.task]}{COLOR}"


def _write_files(
    recording: Recording, place: Path, name: str, annotate_every: int, saved_frames: int
) -> dict[str, Any]:
    assert recording.video is not None
    times = recording.landmarks.timestamps_s
    if len(times) < 2:
        raise DataError(f"has {len(times)} frames of landmarks, so no frame rate")
    fps = (len(times) - 1) / float(times[-1] - times[0])
    for folder in (VIDEOS, LANDMARKS, BOXES, FRAMES):
        (place / folder).mkdir(parents=True, exist_ok=True)
    annotated = recording.landmarks.points[::annotate_every]
    save_every = max(1, len(annotated) // max(1, saved_frames)) * annotate_every
    rows = _Rows(times)
    frames, points, n_saved, n_frames = [], [], 0, 0
    with _VideoFiles(place / VIDEOS, name, recording.video, fps) as files:
        for frame in recording.video.frames():
            files.write(frame)
            row = rows.of(frame.timestamp_s, n_frames)
            if row is not None and row % annotate_every == 0 and np.isfinite(recording.landmarks.points[row]).all():
                frames.append(n_frames + FIRST_FRAME)
                points.append(recording.landmarks.points[row])
                if row % save_every == 0 and n_saved < saved_frames:
                    _save_frame(place / FRAMES / f"{name}{VIDEO_SUFFIX}_{n_frames + FIRST_FRAME}.jpg", frame)
                    n_saved += 1
            n_frames += 1
    if not frames:
        raise DataError("has no frame of video at the time of a landmark")
    write_annotated_frames(place / LANDMARKS / f"{name}.txt", np.array(frames), np.array(points))
    write_boxes(place / BOXES / f"{name}{BOX_ENDING}.txt", np.array(frames), _boxes(np.array(points)))
    parsing = [
        (name, number, *rows.frames(repetition.start, repetition.stop))
        for number, repetition in enumerate(recording.repetitions or (), start=1)
    ]
    information = f"{name}{VIDEO_SUFFIX}", fps, n_frames
    return {"annotated": len(frames), "information": information, "parsing": parsing}


class _Rows:
    """Which row of the landmarks belongs to a frame of the video, and back, by their times."""

    def __init__(self, timestamps_s: np.ndarray) -> None:
        self._times = timestamps_s
        self._tolerance_s = float(np.median(np.diff(timestamps_s))) / 2
        self._frame_of: dict[int, int] = {}

    def of(self, time_s: float, frame: int) -> int | None:
        """The row at this time, or None; remembered for `frames`."""
        row = min(int(np.searchsorted(self._times, time_s - self._tolerance_s)), len(self._times) - 1)
        if abs(self._times[row] - time_s) > self._tolerance_s:
            return None
        self._frame_of.setdefault(row, frame)
        return row

    def frames(self, start: int, stop: int) -> tuple[int, int]:
        """(start, stop) in frames of the video, from 0, of rows start..stop."""
        inside = [self._frame_of[row] for row in range(start, stop) if row in self._frame_of]
        if not inside:
            raise DataError(f"has no frame of video between landmark rows {start} and {stop}, a repetition")
        return inside[0], inside[-1] + 1


def _boxes(points: np.ndarray) -> np.ndarray:
    """(n, 4) px left top right bottom around (n, 68, 2) px, with a margin."""
    low, high = points.min(axis=1), points.max(axis=1)
    margin = BOX_MARGIN * (high - low)
    return np.concatenate([low - margin, high + margin], axis=1)


def _save_frame(file: Path, frame: Frame) -> None:
    import cv2

    cv2.imencode(".jpg", frame.color[..., ::-1])[1].tofile(file)


class _VideoFiles:
    """The colour video of a recording and, if it has depth, a folder of depth images; written frame by frame.

    An AVI has a constant frame rate, so frames get their number over `fps` as time; depth is put on the same clock.
    """

    def __init__(self, folder: Path, name: str, video: Video, fps: float) -> None:
        import cv2

        fourcc = cv2.VideoWriter.fourcc(*"MJPG")
        file = folder / f"{name}{VIDEO_SUFFIX}"
        self._color = cv2.VideoWriter(str(file), fourcc, fps, video.size)
        if not self._color.isOpened():
            raise DataError(f"{file} cannot be written as MJPG video")
        self._depth = folder / (name.removesuffix(COLOR) + DEPTH)
        self._rig, self._size, self._fps = video.rig, video.size, fps
        self._count = 0
        self._depth_s: list[float] = []

    def __enter__(self) -> _VideoFiles:
        return self

    def __exit__(self, *error: object) -> None:
        self._color.release()
        if self._depth_s and self._rig is not None:
            write_depth_tables(self._depth, self._rig, self._depth_s)

    def write(self, frame: Frame) -> None:
        height, width, _ = frame.color.shape
        if (width, height) != self._size:  # OpenCV would drop it without a word
            raise DataError(f"frame {frame.index} is {width}x{height} px, the video {self._size[0]}x{self._size[1]}")
        self._color.write(np.ascontiguousarray(frame.color[..., ::-1]))
        if frame.depth is not None:
            write_depth_image(self._depth, len(self._depth_s), frame.depth)
            self._depth_s.append(self._count / self._fps)
        self._count += 1


def _remember(recording: Recording, name: str, clinic: _Clinic) -> None:
    """Keep what the tables say of this recording and its person."""
    subject, truth = _subject(recording), recording.truth
    clinic.people.setdefault(recording.group, {}).setdefault(subject, (recording.attributes, truth))
    if truth is not None:
        scores = toronto_scores.score(name, recording.group, truth)
        clinic.scores.setdefault(recording.group, []).append((f"{name}{VIDEO_SUFFIX}", subject, scores))


def _write_tables(clinic: _Clinic, stage: Path) -> None:
    root = stage / RELEASE_FOLDER
    for group, people in clinic.people.items():
        place = root / GROUP_FOLDER[group]
        suffix = "Stroke" if group == "PS" else group
        toronto_scores.write_clinical(place / f"VID_DATASET_Clinical information_{suffix}.csv", people)
        information = sorted(clinic.information[group])
        toronto_scores.write_sheet(place / f"VideoInfoFile_{group}.xlsx", toronto_scores.INFO_HEADER, information)
        if group in clinic.scores:
            toronto_scores.write_slp(place / f"SLP_Assessment_{group}.xlsx", sorted(clinic.scores[group]))
    if clinic.parsing:
        with (stage / PARSING_FILE).open("w", encoding="utf-8", newline="") as lines:
            csv.writer(lines, lineterminator="\n").writerows([PARSING_COLUMNS, *sorted(clinic.parsing)])
    (root / SYNTHETIC_NOTICE).write_text(NOTICE, encoding="utf-8")
