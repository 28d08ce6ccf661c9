"""Reading with the question whether this is a face, depth, a whole video, against reading without: at most 1.05 times.

python scripts/bench/reading.py [--frames 1500] [--repeats 40] [--images 60] Processor time of one recording in the
native layout (.npz and .csv), of an OpenFace CSV, of a folder of colour and depth images whose depth is looked up, and
of an mp4 that is decoded; the two kinds of reading in turns, the fastest of each.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np

from neuroface import face
from neuroface.cohorts.folder import FolderCohort
from neuroface.cohorts.openface import OpenFaceCohort
from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.landmarks import lift
from neuroface.recording.landmark_depth import from_video
from neuroface.recording.rgbd import RgbdFolder
from neuroface.recording.rgbd_writer import write_rgbd
from neuroface.recording.video import VideoFile
from neuroface.types import Camera, Frame, Landmarks, Recording, Rig

AT_MOST = 1.05
AXES = "xyz"
DEPTH, DEPTH_CHECKS = "neuroface.recording.depth_plausible", ("check_image", "check_face")
VIDEO_CHECKS = ("neuroface.recording.decoders.edited_s", "neuroface.recording.video.length_proves_nothing")


def points_of(frames: int) -> np.ndarray:
    """(frames, 68, 3) mm: a made-up person's face, again and again."""
    truth = next(iter(SyntheticCohort().recordings())).truth
    assert truth is not None
    return np.resize(truth.landmarks.points, (frames, face.N_POINTS, 3))


def native(root: Path, points: np.ndarray, suffix: str) -> FolderCohort:
    base = root / "sub-1" / "sub-1_task-OPEN_landmarks"
    base.parent.mkdir(parents=True)
    (root / "participants.tsv").write_text("participant_id\tgroup\n1\tHC\n")
    base.with_suffix(".json").write_text(json.dumps({"space": "camera"}))
    times = np.arange(len(points)) / 50
    if suffix == ".npz":
        np.savez(base.with_suffix(suffix), points=points, timestamps_s=times)
    else:
        names = [f"{axis}_{i}" for axis in AXES for i in range(face.N_POINTS)]
        table = np.column_stack([times, points.transpose(0, 2, 1).reshape(len(points), -1)])
        header = ",".join(["timestamp_s", *names])
        np.savetxt(base.with_suffix(suffix), table, delimiter=",", header=header, comments="", fmt="%.6f")
    return FolderCohort(root=root)


def openface(root: Path, points: np.ndarray) -> OpenFaceCohort:
    root.mkdir()
    names = [f"{axis}_{i}" for axis in AXES.upper() for i in range(face.N_POINTS)]
    n = len(points)
    facts = [np.arange(n) + 1, np.zeros(n), np.arange(n) / 50, np.ones(n), np.ones(n)]
    table = np.column_stack([*facts, points.transpose(0, 2, 1).reshape(n, -1)])
    header = ", ".join(["frame", "face_id", "timestamp", "confidence", "success", *names])
    np.savetxt(root / "a.csv", table, delimiter=", ", header=header, comments="", fmt="%.3f")
    (root / "s.csv").write_text("subject,group,file,task\n1,HC,a.csv,OPEN\n")
    return OpenFaceCohort(root=root, subjects=root / "s.csv")


def without_the_check(read: Callable[[], Any]) -> Callable[[], Any]:
    def plain() -> Any:
        with (
            mock.patch("neuroface.cohorts.clock.without_codes", lambda points, *_: (points, {})),
            mock.patch("neuroface.plausible.check_landmarks", return_value=None),
            mock.patch("neuroface.plausible.check_clock", return_value=None),
        ):
            return read()

    return plain


def depth_folder(place: Path, count: int) -> Callable[[], Any]:
    """Looks up the depth of landmarks in `count` frames of 640x480, as lift=depth does."""
    v, u = np.mgrid[0:480, 0:640].astype(float)
    bulge = 560 + 60 * (np.hypot((u - 320) / 110, (v - 240) / 150)) ** 2
    grain = np.random.default_rng(0).normal(0, 2, bulge.shape)
    raw = (np.where(bulge < 620, bulge, 1500) + grain).astype(np.uint16)
    camera = Camera(fx=600, fy=600, cx=320, cy=240, width=640, height=480)
    times = np.arange(count) / 30
    picture = np.random.default_rng(1).integers(80, 90, (480, 640, 3), dtype=np.uint8)

    class Film:
        size, rig, timestamps_s = (640, 480), Rig(camera, aligned=True), times

        def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
            for i in range(count)[start:stop:step]:
                yield Frame(i, float(times[i]), picture, raw)

    write_rgbd(Film(), place)
    flat = points_of(count)[..., :2]
    pixels = Landmarks(600 / 580 * (flat - flat.mean(axis=1, keepdims=True)) + [320, 240], times, "pixel")

    def read() -> Any:
        film = RgbdFolder(place)
        marked, _ = from_video(pixels, film)
        lifted, _ = lift.depth(marked, Recording("1", "HC", "OPEN", marked, camera=camera, video=film))
        return lifted

    return read


def video_file(place: Path, count: int) -> Callable[[], Any]:
    """Opens and decodes an mp4 of `count` frames of 640x480."""
    writer = cv2.VideoWriter(str(place), cv2.VideoWriter.fourcc(*"mp4v"), 30.0, (640, 480))
    picture = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    for i in range(count):
        writer.write(np.roll(picture, i, axis=1))
    writer.release()
    return lambda: sum(1 for _ in VideoFile(place).frames())


def without(read: Callable[[], Any], *checks: str) -> Callable[[], Any]:
    """`read`, while each of the named functions answers None."""

    def plain() -> Any:
        with ExitStack() as stack:
            for name in checks:
                stack.enter_context(mock.patch(name, return_value=None))
            return read()

    return plain


def fastest(readers: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """{name: s of processor time}, taken in turns."""
    taken: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(repeats):
        for name, read in readers.items():
            before = time.process_time()
            read()
            taken[name].append(time.process_time() - before)
    return {name: min(times) for name, times in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1500)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--images", type=int, default=60)
    asked = parser.parse_args()
    points, worst = points_of(asked.frames), 0.0
    with tempfile.TemporaryDirectory() as place:
        cohorts = {
            "native .npz": native(Path(place) / "npz", points, ".npz"),
            "native .csv": native(Path(place) / "csv", points, ".csv"),
            "OpenFace .csv": openface(Path(place) / "of", points),
        }
        rows: dict[str, tuple[Callable[[], Any], Callable[[], Any], int]] = {}
        for name, cohort in cohorts.items():

            def read(cohort: Any = cohort) -> list[Any]:
                return list(cohort.recordings())

            rows[name] = (read, without_the_check(read), asked.repeats)
        depth, film = depth_folder(Path(place) / "rgbd", asked.images), video_file(Path(place) / "a.mp4", asked.images)
        few = max(asked.repeats // 4, 1)
        rows["depth images"] = (depth, without(depth, *(f"{DEPTH}.{check}" for check in DEPTH_CHECKS)), few)
        rows["mp4"] = (film, without(film, *VIDEO_CHECKS), few)
        for name, (checked, plain, repeats) in rows.items():
            took = fastest({"asked": checked, "plain": plain}, repeats)
            ratio = took["asked"] / took["plain"]
            worst = max(worst, ratio)
            print(f"{name:14} {1000 * took['plain']:7.2f} ms, with the check {ratio:.3f} times (at most {AT_MOST})")
    sys.exit(0 if worst <= AT_MOST else 1)


if __name__ == "__main__":
    main()
