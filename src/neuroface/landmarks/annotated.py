"""Annotated faces cut out of recordings once, on disk: what a landmark network learns from and is scored on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from neuroface.errors import ConfigError, DataError, Problems
from neuroface.landmarks import crops
from neuroface.recording.landmark_depth import frames_at
from neuroface.types import Frame, Recording

CROPS_FILE, TABLE_FILE = "crops.u8", "annotated.npz"
COLUMNS = ("subject", "group", "task", "recording", "frame")


@dataclass(frozen=True, eq=False)
class Annotated:
    """Faces and their landmarks; one row per annotated frame.

    crops: (n, S, S, 3) uint8 RGB, a memory map. points: (n, 68, 2) px of the crop, NaN is not marked. matrix: (n, 3, 3)
    from px of the frame to px of the crop. subject, group, task, recording: (n,) names. frame: (n,) number of the
    frame in its video. size: px in the middle of a crop that a network sees; what is around it is there for
    augmentation to turn and move into view.
    """

    crops: np.ndarray
    points: np.ndarray
    matrix: np.ndarray
    subject: np.ndarray
    group: np.ndarray
    task: np.ndarray
    recording: np.ndarray
    frame: np.ndarray
    size: int

    def __len__(self) -> int:
        return len(self.points)

    def to_frame(self, points: np.ndarray) -> np.ndarray:
        """(n, 68, 2) px of the frame from (n, 68, 2) px of the crop, one set per row."""
        back = np.linalg.inv(self.matrix)
        return points @ np.swapaxes(back[:, :2, :2], 1, 2) + back[:, None, :2, 2]


def collect(
    recordings: Iterable[Recording], *, folder: Path, size: int = 256, margin: float = 0.25, frames: int | None = None
) -> Annotated:
    """Cut the annotated frames of recordings, which have video and landmarks in px, into `folder`.

    A crop is that of `crops.from_points` at `size` px, and `margin` of that on each side, at the same scale. frames: at
    most so many per recording, evenly spread; None for all. Frames without landmarks are skipped.
    Errors: one DataError at the end names every recording without video or without landmarks in px, frame that the
    video does not have, and face outside its image. ConfigError for a size or margin that makes no crop.
    """
    if size < 1 or not margin >= 0 or (frames is not None and frames < 1):
        raise ConfigError(f"size={size}, margin={margin}, frames={frames}: at least 1, 0 and 1 are needed.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TABLE_FILE).unlink(missing_ok=True)
    problems, rows = Problems(), _Rows()
    with (folder / CROPS_FILE).open("wb") as file:
        for recording in recordings:
            try:
                _cut(recording, file, rows, problems, size=size, border=round(margin * size), frames=frames)
            except DataError as error:
                problems.add(recording.name, str(error).rstrip("."))
    problems.raise_if_any("Take these frames out of the annotation, or leave the recordings out with cohort.exclude.")
    if not rows.points:
        raise DataError("No frame of these recordings is annotated; landmarks in pixels of their video are needed.")
    rows.write(folder, size=size, side=size + 2 * round(margin * size))
    return load(folder)


def load(folder: Path) -> Annotated:
    """What `collect` left in a folder. Errors: DataError when it did not finish there."""
    file = folder / TABLE_FILE
    if not file.is_file():
        raise DataError(f"{folder} holds no annotated faces: {TABLE_FILE} is missing. Collect them again.")
    with np.load(file, allow_pickle=False) as table:
        arrays = {name: table[name] for name in ("points", "matrix", *COLUMNS)}
        about = json.loads(str(table["about"]))
    side = about["side"]
    shape = (len(arrays["points"]), side, side, 3)
    pictures = np.memmap(folder / CROPS_FILE, dtype=np.uint8, mode="r", shape=shape)
    return Annotated(crops=pictures, size=about["size"], **arrays)


class _Rows:
    """The table that grows beside the file of crops."""

    def __init__(self) -> None:
        self.points: list[np.ndarray] = []
        self.matrix: list[np.ndarray] = []
        self.columns: list[tuple[str, str, str, str, int]] = []

    def write(self, folder: Path, *, size: int, side: int) -> None:
        by_name = zip(COLUMNS, zip(*self.columns, strict=True), strict=True)
        columns: dict[str, Any] = {name: np.array(values) for name, values in by_name}
        about = json.dumps({"size": size, "side": side})
        half = folder / f"{TABLE_FILE}.half.npz"
        np.savez(half, points=np.array(self.points), matrix=np.array(self.matrix), about=about, **columns)
        half.replace(folder / TABLE_FILE)


def _cut(
    recording: Recording,
    file: BinaryIO,
    rows: _Rows,
    problems: Problems,
    *,
    size: int,
    border: int,
    frames: int | None,
) -> None:
    """Append the crops of one recording to the file and the rest to the rows."""
    if recording.video is None:
        raise DataError("has no video to cut faces from")
    if recording.landmarks.space != "pixel":
        raise DataError(f"has landmarks in {recording.landmarks.unit}, not in pixels of its video")
    annotated = np.isfinite(recording.landmarks.points).all(axis=2).sum(axis=1) >= 3
    for row, frame in _frames(recording, _evenly(annotated, frames)):
        points = recording.landmarks.points[row]
        outside = _outside(points, frame.color)
        if outside:
            problems.add(f"{recording.name} frame {frame.index}", outside)
            continue
        crop = crops.from_points(points, size)
        wide = crops.FanCrop(crop.centre, crop.scale * (size + 2 * border) / size, size + 2 * border)
        file.write(wide.cut(frame.color).tobytes())
        rows.points.append(wide.to_crop(points).astype(np.float32))
        rows.matrix.append(wide.matrix)
        rows.columns.append((recording.subject, recording.group, recording.task, recording.name, frame.index))


def _evenly(annotated: np.ndarray, frames: int | None) -> np.ndarray:
    """Rows to take of those annotated (T,): all, or at most `frames`, in steps as constant as can be."""
    rows = np.flatnonzero(annotated)
    if frames is None or len(rows) <= frames:
        return rows
    step = len(annotated) // frames
    even = np.arange(step // 2, len(annotated), step)[:frames]
    even = even[annotated[even]]
    if 2 * len(even) >= frames:  # constant steps spare a rendered video all frames between
        return even
    return rows[np.linspace(0, len(rows) - 1, frames).round().astype(int)]


def _frames(recording: Recording, rows: np.ndarray) -> Iterator[tuple[int, Frame]]:
    """(row of the landmarks, frame) of the given rows."""
    video, times = recording.video, recording.landmarks.timestamps_s
    assert video is not None
    if not len(rows):
        return
    if not (isinstance(video, Sized) and len(video) == len(times)):  # only some frames have a row: matched by time
        yield from ((int(rows[at]), frame) for at, frame in frames_at(video, times[rows]))
        return
    step = int(np.gcd.reduce(np.diff(rows))) if len(rows) > 1 else 1
    wanted = set(rows.tolist())
    for frame in video.frames(int(rows[0]), int(rows[-1]) + 1, step):
        if frame.index in wanted:
            yield frame.index, frame


def _outside(points: np.ndarray, image: np.ndarray) -> str:
    """What is wrong with a face of which most landmarks (68, 2) px lie beyond the image, or nothing."""
    seen = points[np.isfinite(points).all(axis=1)]
    height, width = image.shape[:2]
    inside = ((seen > -0.5) & (seen < [width - 0.5, height - 0.5])).all(axis=1)
    if inside.mean() >= 0.5:
        return ""
    (left, top), (right, bottom) = seen.min(axis=0), seen.max(axis=0)
    return (
        f"the face lies outside the image: landmarks at x {left:.0f} to {right:.0f}, y {top:.0f} to {bottom:.0f}, "
        f"the image is {width}x{height} px"
    )
