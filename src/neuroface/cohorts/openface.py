"""CSV files of OpenFace 2 (FeatureExtraction), with a table that says whose they are.

Columns: Baltrusaitis et al., OpenFace 2.0, FG 2018, and the project's wiki, "Output Format". OpenFace's mm come from
guessed intrinsics and a mean face: they are consistent within a recording, not metric truth.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface import face
from neuroface.cohorts.annotated import annotations_of
from neuroface.cohorts.clock import on_one_clock
from neuroface.cohorts.listed import listed
from neuroface.cohorts.openface_faces import person_of
from neuroface.cohorts.reading import given, points_from_columns, read_numbers
from neuroface.cohorts.trackers.formats import format_of
from neuroface.cohorts.units import Units
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.types import Recording, Space

if TYPE_CHECKING:
    import pandas as pd

# coordinates by name of the choice: the columns that hold them, and the space they are in
COORDINATES: dict[str, tuple[tuple[str, ...], Space]] = {"3d": (("X", "Y", "Z"), "camera"), "2d": (("x", "y"), "pixel")}
_WANTED = re.compile(r"[xyXYZ]_\d+|frame|face_id|timestamp|confidence|success")


class OpenFaceCohort:
    """Recordings that OpenFace 2 turned into CSV files.

    root: the folder of the CSV files. subjects: a CSV with columns subject, group, file (relative to root) and, where
    wanted, task, session and face_id (which of several faces is the person's); further columns become attributes.
    space: "3d" (mm, nominal) or "2d" (px). min_confidence: frames below it, and those OpenFace calls unsuccessful, are
    missing. task: the task of every recording when the table has no such column. fps: for files without a timestamp
    column. units, time_unit: mm, cm or m, and s, ms, us or frames (with fps), of files that are not OpenFace's own.
    annotations, tier, annotations_offset_s, apex_tier: repetitions from the files of annotation tools, called as
    the CSV; see annotated.Annotations.
    """

    def __init__(
        self,
        *,
        root: str | Path | None,
        subjects: str | Path | None,
        space: str = "3d",
        min_confidence: float = 0.8,
        task: str | None = None,
        fps: float | None = None,
        units: str | None = None,
        time_unit: str | None = None,
        annotations: str | Path | None = None,
        tier: str | Sequence[str] | None = None,
        annotations_offset_s: float = 0.0,
        apex_tier: str | None = None,
    ) -> None:
        if space not in COORDINATES:
            raise ConfigError(f"cohort.space={space}: there is no such choice." + did_you_mean(space, COORDINATES))
        if not 0 <= min_confidence <= 1:
            raise ConfigError(f"cohort.min_confidence={min_confidence}; it must lie between 0 and 1.")
        if fps is not None and not fps > 0:
            raise ConfigError(f"cohort.fps={fps}; it must be positive.")
        self.root: str | Path = given(root, "cohort.root", "the folder of the CSV files")
        self.subjects: str | Path = given(subjects, "cohort.subjects", "a CSV with columns subject, group, file")
        self.space = space
        self.min_confidence = min_confidence
        self.task = task
        self.fps = fps
        self.units, self.time_unit = units, time_unit
        self.annotations = annotations_of(annotations, tier=tier, offset_s=annotations_offset_s, apex=apex_tier)

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """Recordings in the order of the subjects table. One DataError at the end names all that could not be read."""
        yield from listed(self, self.read_file, "face_id", groups=groups, tasks=tasks)

    def read_file(self, file: Path, notes_of_table: Mapping[str, str], face_id: str, **recording: Any) -> Recording:
        if (other := format_of(file)) is not None:
            raise DataError(f"{file} is a file of {other.NAME}; read it with cohort=points")
        frame = read_numbers(file, lambda name: _WANTED.fullmatch(name) is not None)
        for name in ("success", "confidence"):
            if name not in frame:
                raise DataError(f"{file} has no column {name!r}; is it an OpenFace CSV?")
        axes, space = COORDINATES[self.space]
        how = frame.attrs["notes"]
        frame, of_faces = person_of(frame, axes, file, face_id=_face_id(face_id))
        units = Units(space, self.units, self.time_unit)
        points = units.points(points_from_columns(frame, axes, file), None)
        confidence = frame["confidence"].to_numpy(dtype=float)
        if (confidence > 1).any():
            raise DataError(
                f"confidence goes up to {np.nanmax(confidence):g} in {file}; OpenFace's lies between 0 and 1, divide it"
            )
        failed = ~(frame["success"].to_numpy() == 1)
        unsure = ~failed & ~(confidence >= self.min_confidence)
        points[failed | unsure] = np.nan
        notes: dict[str, Any] = {
            "frames_unsuccessful": int(failed.sum()),
            "frames_of_low_confidence": int(unsure.sum()),
            **of_faces,
            **how,
            **notes_of_table,
        }
        if space != "pixel":
            notes["millimetres"] = "OpenFace's, from guessed intrinsics and a mean face: nominal, not metric truth"
        score = np.repeat(confidence[:, None], face.N_POINTS, axis=1)
        times = units.seconds(self._timestamps(frame, file), self.fps)
        landmarks, _, counts = on_one_clock(
            points,
            times,
            space=space,
            declare="set cohort.{key}={value}",
            in_seconds=self.time_unit is not None,
            score=score,
        )
        return Recording(**recording, landmarks=landmarks, notes={**notes, "frames_merged": 0, **counts})

    def _timestamps(self, frame: pd.DataFrame, file: Path) -> np.ndarray:
        """(T,) s: the file's own, or its frame numbers over cohort.fps."""
        if "timestamp" in frame:
            return frame["timestamp"].to_numpy(dtype=float)
        if self.fps is None:
            raise DataError(f"{file} has no column 'timestamp'; set cohort.fps")
        if "frame" not in frame:
            raise DataError(f"{file} has neither a column 'timestamp' nor 'frame'")
        return frame["frame"].to_numpy(dtype=float) / self.fps


def _face_id(cell: str) -> int | None:
    if cell and not cell.isdecimal():
        raise DataError(f"face_id is {cell!r} in the subjects table; it must be a whole number")
    return int(cell) if cell else None
