"""One recording in the native layout: landmarks, events, sidecar and truth. docs/formats.md has it exactly."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import numpy as np

from neuroface.cohorts.reading import on_one_clock, points_from_columns, read_numbers, read_rows
from neuroface.errors import DataError, did_you_mean
from neuroface.types import SPACES, Camera, Landmarks, Recording, Repetition, Space, Truth

EVENT_COLUMNS = ("onset", "duration", "start_frame", "stop_frame", "repetition", "label")
MISSING = "n/a"  # BIDS, common principles: a missing value in a table


def stem(recording: Recording) -> str:
    """What the names of a recording's files begin with: sub-<id>[_ses-<s>]_task-<task>."""
    session = f"_ses-{recording.session}" if recording.session else ""
    return f"sub-{recording.subject}{session}_task-{recording.task}"


def write_recording(recording: Recording, folder: Path) -> None:
    """Write one recording's files into `folder`, which must exist."""
    base, landmarks = stem(recording), recording.landmarks
    np.savez(folder / f"{base}_landmarks.npz", **_arrays(landmarks))
    sidecar = {
        "fps": frame_rate(landmarks.timestamps_s),
        "space": landmarks.space,
        "units": landmarks.unit,
        "camera": None if recording.camera is None else asdict(recording.camera),
        "fitted_on": sorted(landmarks.fitted_on),
        "notes": dict(recording.notes),
    }
    write_json(folder / f"{base}_landmarks.json", sidecar)
    if recording.repetitions is not None:
        events = _events(recording.repetitions, landmarks.timestamps_s)
        write_rows(folder / f"{base}_events.tsv", EVENT_COLUMNS, events)
    if recording.truth is not None:
        _write_truth(recording.truth, folder / f"{base}_truth")


def read_recording(
    file: Path,
    *,
    subject: str,
    group: str,
    task: str,
    session: str,
    attributes: Mapping[str, Any],
    common: Mapping[str, Any],
) -> Recording:
    """Read one recording: `file` holds its landmarks, the files beside it the rest.

    common: what the folder's landmarks.json says of every recording; the recording's own sidecar wins.
    Errors: DataError that names the file.
    """
    base = file.with_name(file.name.removesuffix(file.suffix).removesuffix("_landmarks"))
    beside = file.with_suffix(".json")
    sidecar = {**common, **(read_json(beside) if beside.is_file() else {})}
    space = _space(sidecar, beside)
    arrays = read_arrays(file) if file.suffix == ".npz" else _read_csv(file, space)
    if "points" not in arrays:
        raise DataError(f"{file} has no array 'points'." + did_you_mean("points", arrays))
    times = _timestamps(arrays, sidecar, beside)
    landmarks, index = on_one_clock(
        arrays["points"],
        times,
        space=space,
        score=arrays.get("score"),
        depth=arrays.get("depth"),
        fitted_on=frozenset(sidecar.get("fitted_on") or ()),
    )
    merged = len(times) - len(landmarks)
    notes = {**(sidecar.get("notes") or {}), **({"frames_merged": merged} if merged else {})}
    return Recording(
        subject=subject,
        group=group,
        task=task,
        session=session,
        landmarks=landmarks,
        camera=_camera(sidecar.get("camera"), beside),
        repetitions=_repetitions(Path(f"{base}_events.tsv"), times, index),
        attributes=attributes,
        notes=notes,
        truth=_read_truth(Path(f"{base}_truth")),
    )


def frame_rate(timestamps_s: np.ndarray) -> float | None:
    """Frames per second, from the median interval; None for a single frame."""
    return round(float(1 / np.median(np.diff(timestamps_s))), 6) if len(timestamps_s) > 1 else None


def read_arrays(file: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz; a DataError when it is missing, damaged or would need code to be executed."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            return dict(archive)
    except FileNotFoundError as error:
        raise DataError(f"There is no file {file}") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{file} cannot be read as .npz ({str(error).splitlines()[0]}); write it again") from error


def read_json(file: Path) -> dict[str, Any]:
    """One JSON object; a byte order mark is skipped. DataError when the file is missing or holds anything else."""
    if not file.is_file():
        raise DataError(f"There is no file {file}")
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{file} must hold one JSON object; it holds a {type(content).__name__}")
    return content


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    def plain(value: Any) -> Any:
        if isinstance(value, (np.generic, np.ndarray)):
            return value.tolist()
        if isinstance(value, (set, frozenset)):
            return sorted(value)
        raise DataError(f"a {type(value).__name__} cannot be written to {file.name}; use numbers, text, lists")

    file.write_text(json.dumps(content, indent=1, default=plain, ensure_ascii=False) + "\n", encoding="utf-8")


def write_rows(file: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A tab-separated table with one line of column names."""
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n").writerows([columns, *rows])
    file.write_text(text.getvalue(), encoding="utf-8")


def _arrays(landmarks: Landmarks) -> dict[str, Any]:
    optional = {"score": landmarks.score, "depth": landmarks.depth}
    given = {name: value for name, value in optional.items() if value is not None}
    return {"points": landmarks.points, "timestamps_s": landmarks.timestamps_s, **given}


def _space(sidecar: Mapping[str, Any], file: Path) -> Space:
    space = sidecar.get("space")
    if space is None:
        raise DataError(f'no space in {file}; write {{"space": "pixel"}} there, or "camera" or "head"')
    if space not in get_args(Space):
        raise DataError(f"{file} names space {space!r}." + did_you_mean(space, SPACES))
    units = sidecar.get("units", SPACES[space])
    if units != SPACES[space]:
        raise DataError(f"{file} says units {units!r}; space {space!r} is in {SPACES[space]}; convert the points")
    return space


def _camera(values: Mapping[str, Any] | None, file: Path) -> Camera | None:
    if values is None:
        return None
    try:
        # JSON has lists where a Camera has tuples
        plain: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        return Camera(**plain)
    except TypeError as error:
        raise DataError(f"{file} has a camera that is not understood: {error}") from error


def _read_csv(file: Path, space: Space) -> dict[str, np.ndarray]:
    """Columns timestamp_s, x_0 .. x_67, y_0 .. y_67 (and z_ in mm), optionally score_0 .. and depth_0 .. as arrays."""
    known = {"x", "y", "z", "score", "depth", "timestamp"}
    frame = read_numbers(file, lambda name: name.split("_")[0] in known)
    arrays = {"points": points_from_columns(frame, ("x", "y") if space == "pixel" else ("x", "y", "z"), file)}
    for name in ("score", "depth"):
        if f"{name}_0" in frame:
            arrays[name] = points_from_columns(frame, (name,), file)[..., 0]
    if "timestamp_s" in frame:
        arrays["timestamps_s"] = frame["timestamp_s"].to_numpy(dtype=float)
    return arrays


def _timestamps(arrays: Mapping[str, np.ndarray], sidecar: Mapping[str, Any], file: Path) -> np.ndarray:
    """(T,) s: those that were stored, or frame / fps. A stored clock that disagrees with the stated fps is refused."""
    fps = sidecar.get("fps")
    if fps is not None and not (isinstance(fps, (int, float)) and fps > 0):
        raise DataError(f"fps is {fps!r} in {file}; it must be a positive number")
    times = arrays.get("timestamps_s")
    if times is None:
        if fps is None:
            raise DataError(f"no timestamps, and no fps in {file}; one of the two is needed")
        return np.arange(len(arrays["points"])) / fps
    interval = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    if fps is not None and interval > 0 and not 0.5 < interval * fps < 2:
        raise DataError(
            f"timestamps advance by {interval:g} s a frame, but {file} says {fps:g} frames/s; are they in seconds?"
        )
    return times


def _events(repetitions: Sequence[Repetition], timestamps_s: np.ndarray) -> list[list[str]]:
    frame_s = float(np.median(np.diff(timestamps_s))) if len(timestamps_s) > 1 else 0.0
    ends = np.append(timestamps_s, timestamps_s[-1] + frame_s)
    return [
        [
            f"{ends[r.start]:.6f}",
            f"{ends[r.stop] - ends[r.start]:.6f}",
            str(r.start),
            str(r.stop),
            str(r.index),
            MISSING if r.label is None else r.label,
        ]
        for r in repetitions
    ]


def _repetitions(file: Path, timestamps_s: np.ndarray, index: np.ndarray) -> tuple[Repetition, ...] | None:
    """Repetitions of an events file, or None without one. Frames win over seconds.

    timestamps_s: (T,) as stored; index: (T,) where each stored frame went when repeated timestamps were merged.
    """
    if not file.is_file():
        return None
    columns, rows = read_rows(file, required=(), delimiter="\t")
    by_frame = {"start_frame", "stop_frame"} <= set(columns)
    if not by_frame and not {"onset", "duration"} <= set(columns):
        has = ", ".join(columns)
        raise DataError(f"{file} needs columns onset and duration, or start_frame and stop_frame; it has {has}")
    repetitions = []
    for number, row in enumerate(rows):
        frames = [row["start_frame"], row["stop_frame"]] if by_frame else [MISSING]
        try:
            at = number if row.get("repetition", MISSING) == MISSING else int(row["repetition"])
            if MISSING in frames:
                start, stop = _frames_between(float(row["onset"]), float(row["duration"]), timestamps_s)
            else:
                start, stop = map(int, frames)
        except (KeyError, ValueError) as error:
            raise DataError(f"line {number + 2} of {file} cannot be read: {error}") from error
        if not 0 <= start < stop <= len(index):
            raise DataError(
                f"repetition {at} in {file.name} covers frames {start} to {stop}, the recording has {len(index)}"
            )
        label = row.get("label", MISSING)
        label_or_none = None if label == MISSING else label
        repetitions.append(Repetition(int(index[start]), int(index[stop - 1]) + 1, at, label_or_none))
    return tuple(repetitions)


def _frames_between(onset_s: float, duration_s: float, timestamps_s: np.ndarray) -> tuple[int, int]:
    """First frame at or after the onset and first at or after the end, with half a frame of tolerance for rounding."""
    half_frame_s = float(np.median(np.diff(timestamps_s))) / 2 if len(timestamps_s) > 1 else 0.0
    start, stop = np.searchsorted(timestamps_s, np.array([onset_s, onset_s + duration_s]) - half_frame_s)
    return int(start), int(stop)


def _write_truth(truth: Truth, base: Path) -> None:
    arrays = _arrays(truth.landmarks) | {f"value.{name}": value for name, value in truth.values.items()}
    np.savez(base.with_name(base.name + ".npz"), **arrays)
    facts = {
        "space": truth.landmarks.space,
        "severity": truth.severity,
        "affected_side": truth.affected_side,
        "repetitions": [asdict(r) for r in truth.repetitions],
    }
    write_json(base.with_name(base.name + ".json"), facts)


def _read_truth(base: Path) -> Truth | None:
    file = base.with_name(base.name + ".json")
    if not file.is_file():
        return None
    facts, arrays = read_json(file), read_arrays(base.with_name(base.name + ".npz"))
    try:
        score, depth = arrays.get("score"), arrays.get("depth")
        return Truth(
            landmarks=Landmarks(arrays["points"], arrays["timestamps_s"], _space(facts, file), score, depth),
            repetitions=tuple(Repetition(**r) for r in facts["repetitions"]),
            severity=facts["severity"],
            affected_side=facts["affected_side"],
            values={name.removeprefix("value."): v for name, v in arrays.items() if name.startswith("value.")},
        )
    except (KeyError, TypeError) as error:
        raise DataError(f"{file} is not a whole truth file: {error}") from error
