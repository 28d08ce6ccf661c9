"""One recording in the native layout: landmarks, video, events, sidecar and truth. docs/formats.md has it exactly."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from neuroface import face, outside
from neuroface.cohorts.clock import on_one_clock
from neuroface.cohorts.native_events import EVENT_COLUMNS, event_rows, read_events
from neuroface.cohorts.native_video import open_video, write_video
from neuroface.cohorts.reading import points_from_columns, read_numbers
from neuroface.cohorts.units import Units
from neuroface.errors import DataError, did_you_mean
from neuroface.types import STORED_SPACES, Camera, Landmarks, Recording, Repetition, Space, Truth, Video

OTHER_RATE = 0.02  # of the frame rate: a difference that is no rounding (29.97 and 30)


def stem(recording: Recording) -> str:
    """What the names of a recording's files begin with: sub-<id>[_ses-<s>]_task-<task>."""
    session = f"_ses-{recording.session}" if recording.session else ""
    return f"sub-{recording.subject}{session}_task-{recording.task}"


def write_recording(recording: Recording, folder: Path) -> None:
    """Write one recording's files into `folder`, which must exist; its video frame by frame."""
    base, landmarks = stem(recording), recording.landmarks
    marked = recording.video is None or bool(np.isfinite(landmarks.points).any())
    if marked:
        np.savez(folder / f"{base}_landmarks.npz", **_arrays(landmarks))
    sidecar = {
        "fps": frame_rate(landmarks.timestamps_s),
        "space": landmarks.space,
        "units": landmarks.unit,
        "time_unit": "s",
        "camera": None if recording.camera is None else asdict(recording.camera),
        "fitted_on": sorted(landmarks.fitted_on),
        "notes": dict(recording.notes),
    }
    write_json(folder / f"{base}_landmarks.json", sidecar)
    if recording.repetitions is not None:
        rows = event_rows(recording.repetitions, landmarks.timestamps_s, by_frame=marked or len(landmarks) == 1)
        write_rows(folder / f"{base}_events.tsv", EVENT_COLUMNS, rows)
    if recording.truth is not None:
        _write_truth(recording.truth, folder / f"{base}_truth")
    if recording.video is not None:
        write_video(recording.video, folder / base)


def write_below(_: object, recording: Recording, folder: Path) -> dict[str, Any]:
    """A recording's files as they go below a cohort's folder: in that of the person. Nothing is told of them."""
    person = folder / f"sub-{recording.subject}"
    person.mkdir()
    write_recording(recording, person)
    return {}


def read_recording(
    base: Path,
    *,
    marks: Path | None,
    videos: Sequence[Path],
    subject: str,
    group: str,
    task: str,
    session: str,
    attributes: Mapping[str, Any],
    common: Mapping[str, Any],
) -> Recording:
    """Read one recording: the file of its landmarks, its video, and the files that begin with `base`.

    marks: None for a video without landmarks; they are all missing then, one per frame. common: what the folder's
    landmarks.json says of every recording; the recording's own sidecar wins.
    Errors: DataError that names the file.
    """
    beside = Path(f"{base}_landmarks.json")
    sidecar = {**common, **(read_json(beside) if beside.is_file() else {})}
    nothing: tuple[dict[str, np.ndarray], dict[str, str]] = ({}, {})
    arrays, how = nothing if marks is None else _read_marks(marks, _space(sidecar, beside))
    camera = _camera(sidecar.get("camera"), beside)
    fps = _stated_fps(sidecar, beside)
    # landmarks that bring their times took them from the video file, whose own clock then counts
    video = open_video(videos, fps=fps, file_fps=None if "timestamps_s" in arrays else fps)
    camera = camera or _color_camera(video)
    size = video.size if video is not None else None if camera is None else (camera.width, camera.height)
    times, landmarks, index, counts = _landmarks(
        arrays, None if video is None else video.timestamps_s, sidecar, beside, size=size
    )
    repetitions, told = read_events(base, times, index)
    return Recording(
        subject=subject,
        group=group,
        task=task,
        session=session,
        landmarks=landmarks,
        camera=camera,
        repetitions=repetitions,
        attributes=attributes,
        notes={
            **(sidecar.get("notes") or {}),
            **(video.notes if video is not None else {}),
            **how,
            **_other_rate(landmarks.timestamps_s, fps),
            **counts,
            **told,
        },
        truth=_read_truth(Path(f"{base}_truth")),
        video=video,
    )


def frame_rate(timestamps_s: np.ndarray) -> float | None:
    """Frames per second, from the median interval; None for a single frame."""
    return round(float(1 / np.median(np.diff(timestamps_s))), 6) if len(timestamps_s) > 1 else None


def read_arrays(file: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz; a DataError when it is missing, damaged or would need code to be executed."""
    try:
        return outside.read_npz(file)
    except FileNotFoundError as error:
        raise DataError(f"There is no file {file}") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read as .npz ({str(error).splitlines()[0]}); write it again") from error


def read_json(file: Path) -> dict[str, Any]:
    """One JSON object; a byte order mark is skipped. DataError when the file is missing or holds anything else."""
    if not file.is_file():
        raise DataError(f"There is no file {file}")
    try:
        content = outside.read_json(file.read_text(encoding="utf-8-sig"))
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
    given |= {f"extra_{name}": value for name, value in landmarks.extras.items()}
    return {"points": landmarks.points, "timestamps_s": landmarks.timestamps_s, **given}


def _landmarks(
    arrays: Mapping[str, np.ndarray],
    shown_s: np.ndarray | None,
    sidecar: Mapping[str, Any],
    file: Path,
    *,
    size: tuple[int, int] | None,
) -> tuple[np.ndarray, Landmarks, np.ndarray, dict[str, int]]:
    """(T,) s as stored, the landmarks, (T,) where each stored frame went when times were merged, and what was counted.

    arrays: of the landmark file; {} without one: then every point is missing in every frame of the video.
    shown_s: (n,) s of the video's frames, if there is one. size: (width, height) px of the image, if it is known.
    """
    if not arrays and shown_s is not None:
        points = np.full((len(shown_s), face.N_POINTS, 2), np.nan)
        return shown_s, Landmarks(points, shown_s, "pixel"), np.arange(len(shown_s)), {}
    space, fps = _space(sidecar, file), _stated_fps(sidecar, file)
    units = _units(sidecar, space, file)
    times = _timestamps(arrays, shown_s, units, fps, file)
    landmarks, index, counts = on_one_clock(
        units.points(arrays["points"], size),
        times,
        space=space,
        declare=f'write {{{{"{{key}}": "{{value}}"}}}} in {file}',
        fps=fps if "timestamps_s" in arrays else None,
        in_seconds=units.time is not None,
        size=size if space == "pixel" and units.length != "px" else None,
        score=arrays.get("score"),
        depth=arrays.get("depth"),
        extras=_part(arrays, "extra_"),
        fitted_on=frozenset(sidecar.get("fitted_on") or ()),
    )
    return times, landmarks, index, counts


def _read_marks(file: Path, space: Space) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays of a landmark file, and a note on how it is written where that is unusual."""
    arrays, how = (read_arrays(file), {}) if file.suffix == ".npz" else _read_csv(file, space)
    if "points" not in arrays:
        raise DataError(f"{file} has no array 'points'." + did_you_mean("points", arrays))
    return arrays, how


def _space(sidecar: Mapping[str, Any], file: Path) -> Space:
    space = sidecar.get("space")
    if space is None:
        raise DataError(f'no space in {file}; write {{"space": "pixel"}} there, or "camera" or "head"')
    if space not in STORED_SPACES:
        raise DataError(f"{file} names space {space!r}." + did_you_mean(space, STORED_SPACES))
    return space


def _units(sidecar: Mapping[str, Any], space: Space, file: Path) -> Units:
    try:
        return Units.of(sidecar, space)
    except DataError as error:
        raise DataError(f"{file}: {error}") from error


def _camera(values: Mapping[str, Any] | None, file: Path) -> Camera | None:
    if values is None:
        return None
    try:
        # JSON has lists where a Camera has tuples
        plain: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        return Camera(**plain)
    except (AttributeError, TypeError) as error:  # the former: text or a number where an object is needed
        raise DataError(f"{file} has a camera that is not understood: {error}") from error


def _color_camera(video: Video | None) -> Camera | None:
    return None if video is None or video.rig is None else video.rig.color


def _read_csv(file: Path, space: Space) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Columns timestamp_s, x_0 .. x_67, y_0 .. y_67 (and z_ in mm), optionally score_0 .. and depth_0 .. as arrays."""
    known = {"x", "y", "z", "score", "depth", "timestamp"}
    frame = read_numbers(file, lambda name: name.split("_")[0] in known)
    arrays = {"points": points_from_columns(frame, ("x", "y") if space == "pixel" else ("x", "y", "z"), file)}
    for name in ("score", "depth"):
        if f"{name}_0" in frame:
            arrays[name] = points_from_columns(frame, (name,), file)[..., 0]
    if "timestamp_s" in frame:
        arrays["timestamps_s"] = frame["timestamp_s"].to_numpy(dtype=float)
    return arrays, frame.attrs["notes"]


def _stated_fps(sidecar: Mapping[str, Any], file: Path) -> float | None:
    fps = sidecar.get("fps")
    if fps is not None and not (isinstance(fps, (int, float)) and fps > 0):
        raise DataError(f"fps is {fps!r} in {file}; it must be a positive number")
    return fps


def _timestamps(
    arrays: Mapping[str, np.ndarray], shown_s: np.ndarray | None, units: Units, fps: float | None, file: Path
) -> np.ndarray:
    """(T,) s: those that were stored, or the video's if it has as many frames, or frame / fps."""
    times = arrays.get("timestamps_s")
    if times is None and shown_s is not None and len(shown_s) == len(arrays["points"]):
        return shown_s
    if times is None:
        if fps is None:
            raise DataError(f"no timestamps, and no fps in {file}; one of the two is needed")
        return np.arange(len(arrays["points"])) / fps
    try:
        return units.seconds(times, fps)
    except DataError as error:
        raise DataError(f"{file}: {error}") from error


def _other_rate(times: np.ndarray, fps: float | None) -> dict[str, str]:
    """A note where the stored times say another frame rate than the sidecar."""
    found = frame_rate(times)
    if fps is None or found is None or abs(found / fps - 1) < OTHER_RATE:
        return {}
    return {"frame rate": f"the times say {found:.4g} frames/s, fps says {fps:.4g}; the times count"}


def _write_truth(truth: Truth, base: Path) -> None:
    arrays = _arrays(truth.landmarks) | {f"value.{name}": value for name, value in truth.values.items()}
    if truth.pixels is not None:
        arrays |= {f"pixels.{name}": value for name, value in _arrays(truth.pixels).items()}
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
        return Truth(
            landmarks=_from_arrays(arrays, _space(facts, file)),
            repetitions=tuple(Repetition(**r) for r in facts["repetitions"]),
            severity=facts["severity"],
            affected_side=facts["affected_side"],
            values=_part(arrays, "value."),
            pixels=_from_arrays(pixels, "pixel") if (pixels := _part(arrays, "pixels.")) else None,
        )
    except (KeyError, TypeError) as error:
        raise DataError(f"{file} is not a whole truth file: {error}") from error


def _part(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}


def _from_arrays(arrays: Mapping[str, np.ndarray], space: Space) -> Landmarks:
    return Landmarks(arrays["points"], arrays["timestamps_s"], space, arrays.get("score"), arrays.get("depth"))
