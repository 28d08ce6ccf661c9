"""The first steps of a recording: its landmarks found, lifted and judged; of many recordings, by worker processes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.errors import DataError
from neuroface.evaluate.each import Failed, each
from neuroface.evaluate.workers import n_threads
from neuroface.landmarks.kept import Keeper
from neuroface.recording.spool import Spooled
from neuroface.types import Landmarks, Recording, Repetition

AT_ONCE = 16  # recordings of each worker between two times at which all wait for the slowest
AT_ONCE_BYTES = 250_000_000  # of arrays that come with these; fewer recordings where they are long


@dataclass(frozen=True)
class Steps:
    """What happens to a recording on its way to features, each a function with its tunables bound.

    landmarks: Recording -> (Landmarks, counts). lift: (Landmarks, Recording) -> (Landmarks, counts).
    repetitions: (Landmarks, task=, given=) -> repetitions. features: nested mapping of functions.
    frame: "head" (rigid head motion removed within each repetition) or "camera". pixel_scale: "intercanthal" (features
    of pixels are in units of the face's own size) or None. quality: Recording -> a row of
    quality.csv, or None to measure nothing. keep: calls the landmark step in its place and keeps what it finds in
    videos, or None.
    """

    landmarks: Callable[[Recording], tuple[Landmarks, dict[str, int]]]
    lift: Callable[[Landmarks, Recording], tuple[Landmarks, dict[str, int]]]
    repetitions: Callable[..., tuple[Repetition, ...]]
    features: Mapping[str, Any]
    frame: Any = "head"
    pixel_scale: Any = None
    quality: Callable[[Recording], dict[str, Any]] | None = None
    keep: Keeper | None = None


@dataclass(frozen=True, eq=False)
class Found:
    """Landmarks as they were found, the same after the lift, what was counted on the way, and the recording's row of
    quality.csv (None: not measured)."""

    pixels: Landmarks
    landmarks: Landmarks
    counts: dict[str, int]
    measured: dict[str, Any] | None


def found(
    recordings: Iterable[Recording], steps: Steps, *, n_jobs: int = 1, limit_s: float | None = None
) -> Iterator[tuple[Recording, Found | Failed]]:
    """Each recording, in order, with what was found, or why nothing was.

    Those with a video are shared out to n_jobs processes, some at a time, each computed with one thread; a single one,
    and all of them where the network is on a GPU, are computed here with all threads, and those without a video, or
    whose video nobody looks at, here, too. Errors: see evaluate.each; of recordings without a video, any that is no
    DataError.
    """
    n_jobs = 1 if leaves_video_alone(steps) else n_jobs
    many = AT_ONCE * n_threads(n_jobs)
    bare = replace(steps, features={}, repetitions=_none)
    waiting: list[Recording] = []
    first = True

    def done() -> Iterator[tuple[Recording, Found | Failed]]:
        if not waiting:  # nor is it asked whether there is a GPU, which loads torch
            return
        gpu = on_gpu(steps.landmarks)
        threads = None if gpu or (first and len(waiting) == 1) else 1
        how = "gpu" if gpu else f"{threads or n_threads(-1)} threads"
        asked = bare if bare.keep is None else replace(bare, keep=replace(bare.keep, how=how))
        outcomes = each(find, asked, waiting, n_jobs=n_jobs, where=Path("recordings"), limit_s=limit_s, threads=threads)
        ready: dict[int, Found | Failed] = {}
        turn = itertools.count()
        at = next(turn)
        for place, outcome in outcomes:
            ready[place] = outcome
            while at in ready:
                yield waiting[at], ready.pop(at)
                at = next(turn)

    for recording in recordings:
        if recording.video is None:
            yield from done()
            first, waiting = first and not waiting, []
            try:
                yield recording, find(steps, recording)
            except DataError as error:
                yield recording, Failed(str(error), True, "")
            continue
        waiting.append(recording)
        if len(waiting) == many or sum(one.nbytes for one in waiting) >= AT_ONCE_BYTES:
            yield from done()
            first, waiting = False, []
    yield from done()


def find(steps: Steps, recording: Recording) -> Found:
    """The landmarks of one recording. Errors: DataError where there are none."""
    pixels, landmarks, counts = detected(recording, steps)
    measured = None
    if steps.quality is not None:
        measured = steps.quality(with_depth(_as_seen(recording, pixels), pixels, landmarks))
    return Found(pixels, landmarks, counts, measured)


def leaves_video_alone(steps: Steps) -> bool:
    """Whether the steps only copy and smooth landmarks that came along: less work than starting a process."""
    from neuroface.landmarks import given, lift

    light = (given.given, given.as_they_are, given.steady, lift.none)
    called = [getattr(step, "func", step) for step in (steps.landmarks, steps.lift)]
    return steps.quality is None and all(any(one is known for known in light) for one in called)


def on_gpu(step: Any) -> bool:
    """Whether a landmark step is a network on a GPU, of which one process is enough."""
    device = getattr(step, "device", None)
    if device is None or device == "cpu":
        return False
    from neuroface.landmarks.engines import place

    return place(device).type != "cpu"


def _none(*_: Any, **__: Any) -> tuple[Repetition, ...]:
    """Repetitions are looked for where the rows are made."""
    return ()


def with_depth(recording: Recording, pixels: Landmarks, lifted: Landmarks) -> Recording:
    """The recording with pixel landmarks that know the depth they were lifted by, so that its quality can be told."""
    rig = recording.video.rig if recording.video is not None else None
    camera = recording.camera or (rig.color if rig is not None else None)
    if pixels.space != "pixel" or lifted.space != "camera" or camera is None:
        return recording
    return replace(recording, landmarks=replace(pixels, depth=lifted.points[..., 2] / camera.depth_unit_mm))


def detected(recording: Recording, steps: Steps) -> tuple[Landmarks, Landmarks, dict[str, int]]:
    """Landmarks as they were found, the same after the lift, and what was counted on the way.

    Where the landmarks come from the video's frames, these are kept until the lift has read their depth.
    """
    video = recording.video
    with ExitStack() as stack:
        if video is not None and video.rig is not None and getattr(steps.landmarks, "reads_video", False):
            recording = replace(recording, video=stack.enter_context(Spooled(video)))
        pixels, counts = steps.landmarks(recording) if steps.keep is None else steps.keep(steps.landmarks, recording)
        landmarks, lifted = steps.lift(pixels, recording)
    return pixels, landmarks, {**counts, **lifted}


def made_by(step: Any, recording: Recording) -> dict[str, str]:
    """The note that says what found the landmarks; nothing for those that came with the recording."""
    keeps = getattr(step, "keeps", None)
    if keeps is not None and keeps(recording):
        return {}
    described = getattr(step, "described", None)
    return {"landmarks": described} if described else {}


def _as_seen(recording: Recording, pixels: Landmarks) -> Recording:
    """The recording whose quality is measured: with the landmarks that were found where it came without any.

    Those that came with it are measured as they came, before gaps are filled.
    """
    came = bool(np.isfinite(recording.landmarks.points).any())
    return recording if came else replace(recording, landmarks=pixels)
