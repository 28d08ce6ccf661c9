"""The row of files of landmarks.py: a recording of ten minutes as labs have it, read beside the decoding of its video.

A video (its container and clock, no picture), OpenFace's CSV of its landmarks, and an ELAN file with three tiers of
repetitions, all written here by the libraries that usually write them.
"""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path

import cv2
import numpy as np

from neuroface.cohorts.openface import OpenFaceCohort
from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.cohorts.videos import VideosCohort

MINUTES, FPS, EVERY_S = 10, 30, 3
WITHIN_S = 2.0


def row(folder: Path) -> bool:
    """Print the row; whether reading stays within its goal. folder: an empty one to write into."""
    if importlib.util.find_spec("pympi") is None:
        print("files: left out, pip install pympi-ling")
        return True
    frames = MINUTES * 60 * FPS
    write_video(folder / "a.mp4", frames)
    write_openface(folder / "a.csv", frames)
    write_elan(folder / "a.eaf")
    (folder / "subjects.csv").write_text("subject,group,task,file\nP1,HC,OPEN,a.csv\n")
    start = time.process_time()
    (points,) = OpenFaceCohort(
        root=folder, subjects=folder / "subjects.csv", annotations=folder / "a.eaf", tier="opening"
    ).recordings()
    (film,) = VideosCohort(root=folder).recordings()
    spent = time.process_time() - start
    assert len(points.landmarks) == len(film.landmarks) == frames
    assert len(points.repetitions or ()) == MINUTES * 60 // EVERY_S
    print(f"ELAN, CSV and video of {MINUTES} min, beside decoding: {spent:.2f} s (within {WITHIN_S:g})")
    return spent < WITHIN_S


def write_video(file: Path, frames: int) -> None:
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (64, 48))
    picture = np.zeros((48, 64, 3), np.uint8)
    for number in range(frames):
        picture[:] = number % 200
        writer.write(picture)
    writer.release()


def write_openface(file: Path, frames: int) -> None:
    """The columns of FeatureExtraction -2Dfp -3Dfp: a synthetic face that breathes."""
    person = next(SyntheticCohort(people={"HC": 1}, tasks=["REST"], dropped=0.0).recordings())
    face = person.landmarks.points[0]  # (68, 3) mm of the camera
    number = np.arange(frames)
    breath = np.sin(number / 20)[:, None]
    mm = face.T.ravel() + breath
    pixels = (500 * face[:, :2] / face[:, 2:] + [320, 240]).T.ravel() + breath
    first = np.stack([number + 1, 0 * number, number / FPS, 0 * number + 0.98, 0 * number + 1], axis=1)
    names = ["frame", "face_id", "timestamp", "confidence", "success"]
    names += [f"{axis}_{point}" for axis in ("x", "y", "X", "Y", "Z") for point in range(68)]
    form = ["%d", "%d", "%.3f", "%.2f", "%d"] + ["%.1f"] * (5 * 68)
    np.savetxt(file, np.hstack([first, pixels, mm]), fmt=form, delimiter=", ", header=", ".join(names), comments="")


def write_elan(file: Path) -> None:
    import pympi

    notes = pympi.Elan.Eaf(author="bench")
    notes.remove_tier("default")
    for tier in ("opening", "smile", "remark"):
        notes.add_tier(tier)
        for start_s in range(0, MINUTES * 60, EVERY_S):
            notes.add_annotation(tier, 1000 * start_s, 1000 * (start_s + EVERY_S - 1), tier)
    notes.to_file(str(file))
