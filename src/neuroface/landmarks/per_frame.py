"""From the frames of a recording to its landmarks, whatever looks at the frames; nothing here needs torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from neuroface import face
from neuroface.errors import DataError
from neuroface.progress import Progress
from neuroface.recording.landmark_depth import frames_at
from neuroface.types import Frame, Landmarks, Recording, Video


class OneFace(Protocol):
    """What was seen in one frame. points: (68, 2) px of the frame; score: (68,) 0..1."""

    @property
    def points(self) -> np.ndarray: ...

    @property
    def score(self) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Points68:
    """The landmarks of one frame. points: (68, 2) px of the frame; score: (68,) 0..1."""

    points: np.ndarray
    score: np.ndarray


def frames_of(recording: Recording) -> Iterator[tuple[float, Frame]]:
    """(time in s, frame) of each frame that landmarks are wanted for.

    All of the video's; where the recording has repetitions, the frames nearest to its own landmarks, which repetitions
    count. Errors: DataError when the two are not on one clock.
    """
    if recording.video is None:
        raise DataError("has no video to find a face in; set landmarks=given")
    times = None if recording.repetitions is None else recording.landmarks.timestamps_s
    total = len(times) if times is not None else len(recording.video) if isinstance(recording.video, Sized) else 0
    with Progress() as progress:
        for done, timed in enumerate(_timed(recording.video, times), 1):
            yield timed
            progress(f"{recording.name}: frames", done, total)


def _timed(video: Video, times: np.ndarray | None) -> Iterator[tuple[float, Frame]]:
    if times is None:
        return ((frame.timestamp_s, frame) for frame in video.frames())
    return ((float(times[at]), frame) for at, frame in frames_at(video, times))


def gathered(
    found: Iterable[tuple[float, OneFace | None]], *, fitted_on: frozenset[str] = frozenset()
) -> tuple[Landmarks, int]:
    """Landmarks of the frames found, None for one without a face, and how many of them there are.

    Such a frame is NaN with score 0. Errors: DataError when no frame has a face.
    """
    times, points, scores, missing = [], [], [], 0
    for time, seen in found:
        times.append(time)
        missing += seen is None
        points.append(np.full((face.N_POINTS, 2), np.nan) if seen is None else seen.points)
        scores.append(np.zeros(face.N_POINTS) if seen is None else seen.score)
    if missing == len(times):
        raise DataError(
            f"has a face in none of its {len(times)} frames; choose another detector of faces "
            "(faces/detector@landmarks.detector=...), or leave it out"
        )
    return Landmarks(np.stack(points), np.array(times), "pixel", np.stack(scores), fitted_on=fitted_on), missing
