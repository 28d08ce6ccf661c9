"""Reading landmarks with the question whether they are a face, against reading without it: at most 1.05 times.

python scripts/bench/reading.py [--frames 1500] [--repeats 40] Processor time of one recording in the native layout
(.npz and .csv) and of an OpenFace CSV, the two kinds of reading in turns, the fastest of each.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from neuroface import face
from neuroface.cohorts.folder import FolderCohort
from neuroface.cohorts.openface import OpenFaceCohort
from neuroface.cohorts.synthetic import SyntheticCohort

AT_MOST = 1.05
AXES = "xyz"


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
    asked = parser.parse_args()
    points, worst = points_of(asked.frames), 0.0
    with tempfile.TemporaryDirectory() as place:
        cohorts = {
            "native .npz": native(Path(place) / "npz", points, ".npz"),
            "native .csv": native(Path(place) / "csv", points, ".csv"),
            "OpenFace .csv": openface(Path(place) / "of", points),
        }
        for name, cohort in cohorts.items():

            def read(cohort: Any = cohort) -> list[Any]:
                return list(cohort.recordings())

            took = fastest({"asked": read, "plain": without_the_check(read)}, asked.repeats)
            ratio = took["asked"] / took["plain"]
            worst = max(worst, ratio)
            print(f"{name:14} {1000 * took['plain']:7.2f} ms, with the check {ratio:.3f} times (at most {AT_MOST})")
    sys.exit(0 if worst <= AT_MOST else 1)


if __name__ == "__main__":
    main()
