"""The faces of one recording: sampled by time, found, cut, moved into place when all of it is there."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.contents import about
from neuroface.errors import DataError
from neuroface.places import begin_folder
from neuroface.recording import faces
from neuroface.recording.crop import Crop, share_outside, square, warp
from neuroface.recording.face_cutting import FILE_TYPES, FaceCutting
from neuroface.recording.faces import Seen
from neuroface.recording.landmark_match import ROUNDING_S, LandmarksAt
from neuroface.types import Frame, Landmarks, Recording

COLUMNS = (
    *("recording", "file", "subject", "session", "group", "task", "frame", "timestamp_s", "found"),
    *("x", "y", "width", "height", "outside"),
    *(f"m{row}{column}" for row in range(3) for column in range(3)),
)


@dataclass(frozen=True, eq=False)
class Job:
    """One recording, where its crops go (folder), and where they are while it is not complete (stage)."""

    recording: Recording
    folder: Path
    stage: Path

    def finished(self) -> dict[str, Any] | None:
        """The row of an earlier run, if it is complete and of the same source."""
        file = self.folder / "recording.json"
        if not file.is_file():
            return None
        known = json.loads(file.read_text(encoding="utf-8"))
        return known["row"] if known["source"] == source_of(self.recording) else None


def source_of(recording: Recording) -> dict[str, Any]:
    """What tells one source from another without decoding it.

    Whose it is; a digest of its times and landmarks; and, of the file or folder of its pictures, path, bytes, and a
    digest of what `contents.about` says of each file.
    """
    who = {name: getattr(recording, name) for name in ("subject", "session", "group", "task")}
    known = {**who, "times_and_landmarks": _digest_of_arrays(recording)}
    path = getattr(recording.video, "path", None)
    if path is None:
        return known
    files = about(Path(path))
    return {
        **known,
        "path": str(path),
        "bytes": sum(size for _, size, *_ in files),
        "files": hashlib.sha256(json.dumps(files).encode()).hexdigest(),
    }


def _digest_of_arrays(recording: Recording) -> str:
    """Hexadecimal digest of what the crops need beside the pictures: times of the frames, landmarks and their times."""
    landmarks, times_s = recording.landmarks, getattr(recording.video, "timestamps_s", ())
    digest = hashlib.sha256(landmarks.space.encode())
    for array in (times_s, landmarks.timestamps_s, landmarks.points):
        values = np.ascontiguousarray(array, dtype=float)
        digest.update(str(values.shape).encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def extract(cutting: FaceCutting, job: Job) -> dict[str, Any]:
    """In a worker: cut the faces of a recording, all or none of them; its row.

    Errors: DataError for what is wrong with it, RunFailedError where the folder is not there any more.
    """
    begin_folder(job.stage)
    try:
        source = source_of(job.recording)  # before it is read: what changes meanwhile is a change
        row = _cut_all(job, cutting)
        known = {"source": source, "row": row}
        (job.stage / "recording.json").write_text(json.dumps(known, indent=2), encoding="utf-8")
        if job.folder.exists():  # of a source that has changed since
            shutil.rmtree(job.folder)
        job.stage.rename(job.folder)
    finally:
        shutil.rmtree(job.stage, ignore_errors=True)
    return row


def sampled(frames: Iterable[Frame], rate_fps: float | None, count: Counter[str]) -> Iterator[Frame]:
    """The first frame of each 1/rate s since the first one, or all; `count` learns frames_read and frames_sampled."""
    start_s, taken = None, -1
    for frame in frames:
        count["frames_read"] += 1
        start_s = frame.timestamp_s if start_s is None else start_s
        slot = count["frames_read"] if rate_fps is None else int((frame.timestamp_s - start_s + ROUNDING_S) * rate_fps)
        if slot > taken:
            taken = slot
            count["frames_sampled"] += 1
            yield frame


def _cut_all(job: Job, cutting: FaceCutting) -> dict[str, Any]:
    """Write the crops, faces.csv and moved landmarks into the stage; returns the recording's row."""
    recording, video = job.recording, job.recording.video
    assert video is not None
    detector = cutting.detector_for(recording)
    placed = _Placed(recording.landmarks)
    if cutting.align != "box" and not placed.known:
        raise DataError(
            f"has no landmarks in pixels, which align={cutting.align} needs; set align=box, or give landmarks"
        )
    count, how = Counter[str](), []
    with (job.stage / "faces.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for seen in cutting.follow(sampled(video.frames(), cutting.rate_fps, count), detector):
            how.append(seen.how)
            crop = None if seen.box is None else _crop(cutting, seen, placed)
            if crop is not None:
                name = f"{seen.frame.index:06d}.{cutting.image_type}"
                table.writerow(_line(recording, name, seen, crop, video.size))
                _write_image(job.stage / name, crop.cut(seen.frame.color), cutting.image_type)
                placed.add(seen.frame, crop)
    found = faces.counts(how)
    placed.write(job.stage / "landmarks.npz")
    return {
        "recording": recording.name,
        "subject": recording.subject,
        "session": recording.session,
        "group": recording.group,
        "task": recording.task,
        "frames_read": count["frames_read"],
        "frames_sampled": count["frames_sampled"],
        **found,
        "crops_written": placed.n_crops,
        "landmarks_missing": len(how) - found["faces_lost"] - placed.n_crops,
    }


class _Placed:
    """The recording's landmarks, followed into the crops."""

    def __init__(self, landmarks: Landmarks) -> None:
        self.known = landmarks.space == "pixel" and bool(np.isfinite(landmarks.points).any())
        self._landmarks = LandmarksAt(landmarks)
        self._times: list[float] = []
        self._frames: list[int] = []
        self._points: list[np.ndarray] = []

    @property
    def n_crops(self) -> int:
        return len(self._frames)

    def at(self, frame: Frame) -> np.ndarray:
        """(68, 2) px of the frame, from the landmarks nearest in time; NaN where there are none."""
        return np.asarray(self._landmarks.points(frame.timestamp_s), dtype=float)

    def add(self, frame: Frame, crop: Crop) -> None:
        self._frames.append(frame.index)
        self._times.append(frame.timestamp_s)
        if self.known:
            self._points.append(crop.to_crop(self.at(frame)))

    def write(self, file: Path) -> None:
        """points (n, 68, 2) px of the crops, timestamps_s (n,), frame (n,), if the recording came with landmarks."""
        if self.known and self._points:
            np.savez(
                file, points=np.stack(self._points), timestamps_s=np.array(self._times), frame=np.array(self._frames)
            )


def _crop(cutting: FaceCutting, seen: Seen, placed: _Placed) -> Crop | None:
    assert seen.box is not None
    if cutting.align == "box":
        return square(seen.box, margin=cutting.margin, size=cutting.size)
    return warp(placed.at(seen.frame), align=cutting.align, margin=cutting.margin, size=cutting.size)


def _line(r: Recording, file: str, seen: Seen, crop: Crop, frame_size: tuple[int, int]) -> list[Any]:
    """One row of faces.csv; m00 .. m22 is the homography from px of the frame to px of the crop, row by row."""
    frame, box = seen.frame, seen.box
    assert box is not None
    who = [r.name, file, r.subject, r.session, r.group, r.task, frame.index, round(frame.timestamp_s, 6)]
    outside = round(share_outside(crop, frame_size), 4)
    return [*who, seen.how, *(round(float(v), 2) for v in box), outside, *crop.matrix.ravel().tolist()]


def _write_image(file: Path, image: np.ndarray, image_type: str) -> None:
    """Errors: OSError of the disk, that says what it is."""
    import cv2

    name, value = FILE_TYPES[image_type]
    shown = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    file.write_bytes(cv2.imencode(f".{image_type}", shown, [getattr(cv2, name), value])[1].tobytes())
