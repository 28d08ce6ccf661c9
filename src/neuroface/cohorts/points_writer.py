"""Landmarks as other tools read them: an OpenFace-like CSV, movement's netCDF, motion-BIDS; read back by cohort=points.

Beside the points: subjects.csv (subject, group, task, session, file, attributes) and, where there are repetitions,
<name>_events.tsv, which cohort.annotations reads. An OpenFace-like CSV is read by cohort=openface. In motion-BIDS,
files are named by letters and digits alone; subjects.csv and participants.tsv keep what people, tasks and sessions are
called.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from neuroface import face
from neuroface.cohorts import native
from neuroface.cohorts.bids_names import Labels, write_participants
from neuroface.cohorts.native_events import EVENT_COLUMNS, event_rows
from neuroface.cohorts.trackers.extras import needs
from neuroface.errors import DataError
from neuroface.types import Landmarks, Recording

MISSING = "n/a"  # of BIDS
NAMED = ("subject", "task", "session")
OPENFACE_AXES = {"pixel": "xy", "camera": "XYZ"}


def write(recordings: Iterable[Recording], out: Path, layout: str) -> int:
    """Write every recording under `out`, an absent or empty folder; how many there were.

    Errors: DataError for a folder that holds anything, a name twice, and for what a layout cannot hold.
    """
    if out.exists() and any(out.iterdir()):
        raise DataError(f"{out} is not empty. Choose an empty folder with out=.")
    one = LAYOUTS[layout]
    rows: list[dict[str, Any]] = []
    written: set[str] = set()
    labels = {name: Labels() for name in NAMED}
    for recording in recordings:
        called = recording
        if layout == "motion_bids":
            named: dict[str, Any] = {name: labels[name].of(getattr(recording, name)) for name in NAMED}
            called = replace(recording, **named)
        stem = native.stem(called)
        if stem.casefold() in written or not set(stem).isdisjoint("/\\"):
            raise DataError(f"{recording.name} stands in the cohort more than once, or its name cannot be a file's.")
        written.add(stem.casefold())
        person = out / f"sub-{called.subject}"
        person.mkdir(parents=True, exist_ok=True)
        file = one(recording, person / stem)
        if recording.repetitions is not None:
            events = event_rows(recording.repetitions, recording.landmarks.timestamps_s, by_frame=False)
            native.write_rows(file.with_name(f"{file.stem.removesuffix('_motion')}_events.tsv"), EVENT_COLUMNS, events)
        who = {name: getattr(recording, name) for name in ("subject", "group", "task", "session")}
        rows.append({**recording.attributes, **who, "file": file.relative_to(out).as_posix()})
    if not rows:
        raise DataError("There are no recordings to write.")
    if layout == "motion_bids":
        native.write_json(out / "dataset_description.json", {"Name": out.name, "BIDSVersion": "1.10.0"})
        write_participants(out, rows, labels["subject"])
        (out / ".bidsignore").write_text("subjects.csv\n", encoding="utf-8")
    names = ["subject", "group", "task", "session", "file"]
    names += list(dict.fromkeys(name for row in rows for name in row if name not in names))
    with (out / "subjects.csv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def _openface(recording: Recording, base: Path) -> Path:
    """frame, face_id, timestamp, confidence, success, then x_.. y_.. in px or X_.. Y_.. Z_.. in mm of the camera."""
    marks = recording.landmarks
    axes = OPENFACE_AXES.get(marks.space)
    if axes is None:
        raise DataError(f"{recording.name} is in space {marks.space!r}; an OpenFace CSV holds pixel or camera")
    seen = np.isfinite(marks.points).any(axis=(1, 2))
    score = np.ones(len(marks)) if marks.score is None else np.nan_to_num(marks.score).mean(axis=1)
    header = ["frame", "face_id", "timestamp", "confidence", "success"]
    header += [f"{axis}_{point}" for axis in axes for point in range(face.N_POINTS)]
    rows = [
        [k + 1, 0, float(marks.timestamps_s[k]), float(score[k]), int(seen[k]), *_cells(marks.points[k].T.ravel(), "")]
        for k in range(len(marks))
    ]
    file = base.with_name(base.name + ".csv")
    with file.open("w", encoding="utf-8", newline="") as table:
        csv.writer(table, lineterminator="\n").writerows([header, *rows])
    return file


def _movement(recording: Recording, base: Path) -> Path:
    file = base.with_name(base.name + ".nc")
    needs("xarray", file, "movement")
    needs("h5netcdf", file, "movement")
    recording.landmarks.to_xarray().to_netcdf(file, engine="h5netcdf")
    return file


def _motion_bids(recording: Recording, base: Path) -> Path:
    """A channel of type POS for each coordinate and one of type LATENCY for the time; tracking system "face"."""
    marks = recording.landmarks
    _, session, _ = re.fullmatch(r"(sub-[^_]+)(?:_(ses-[^_]+))?_(task-.+)", base.name).groups()  # type: ignore[union-attr]
    folder = base.parent / (session or "") / "motion"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{base.name}_tracksys-face"
    axes = "xyz"[: marks.points.shape[2]]
    fps = native.frame_rate(marks.timestamps_s) or MISSING
    points = [(point, axis) for point in face.NAMES for axis in axes]
    channels = [[f"{point}_{axis}", axis, "POS", point, marks.unit, str(fps)] for point, axis in points]
    channels.append(["latency", MISSING, "LATENCY", MISSING, "s", str(fps)])
    columns = ("name", "component", "type", "tracked_point", "units", "sampling_frequency")
    native.write_rows(folder / f"{name}_channels.tsv", columns, channels)
    lines = [
        "\t".join([*_cells(points.ravel(), MISSING), repr(float(time))])
        for points, time in zip(marks.points, marks.timestamps_s, strict=True)
    ]
    file = folder / f"{name}_motion.tsv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    native.write_json(folder / f"{name}_motion.json", _about(recording, marks, fps))
    return file


def _about(recording: Recording, marks: Landmarks, fps: float | str) -> dict[str, Any]:
    about = {"TaskName": recording.task, "TrackingSystemName": "face", "MotionChannelCount": marks.points[0].size + 1}
    about |= {"POSChannelCount": marks.points[0].size, "LATENCYChannelCount": 1, "NeurofaceSpace": marks.space}
    # a number is asked for; one frame has no rate, and the times stand in the file
    return about if isinstance(fps, str) else about | {"SamplingFrequency": fps}


def _cells(values: np.ndarray, missing: str) -> list[str]:
    """Numbers as text that gives the same numbers again."""
    return [repr(value) if np.isfinite(value) else missing for value in values.tolist()]


LAYOUTS: dict[str, Callable[[Recording, Path], Path]] = {
    "openface": _openface,
    "movement": _movement,
    "motion_bids": _motion_bids,
}
