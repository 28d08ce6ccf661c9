"""Points that another tool found: OpenFace 3, py-feat, MediaPipe, DeepLabCut, SLEAP, C3D, movement and motion-BIDS."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuroface import face
from neuroface.cohorts.annotated import annotations_of
from neuroface.cohorts.clock import on_one_clock
from neuroface.cohorts.listed import listed
from neuroface.cohorts.reading import given
from neuroface.cohorts.trackers.formats import FORMATS, format_of
from neuroface.cohorts.trackers.one_face import one_face
from neuroface.cohorts.trackers.tracks import Tracks, on_68
from neuroface.cohorts.units import Units
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.plausible import AXES
from neuroface.types import Recording, Space

DECLARE = "set cohort.{key}={value}"
SPACES_3D: tuple[Space, ...] = ("head", "camera")
JUDGED = (  # without these nobody can tell whether the points are a face
    face.CANTHUS_RIGHT_OUTER,
    face.CANTHUS_LEFT_OUTER,
    face.MOUTH_CORNER_RIGHT,
    face.MOUTH_CORNER_LEFT,
    face.NOSE_TIP,
)
LATE_S, LATE = 2.0, 0.05  # what a clock of whole seconds may be off, and of the length


class PointsCohort:
    """Recordings whose points another tool found; the tool is seen from the file and named in the notes.

    root: the folder of the files. subjects: a CSV with columns subject, group, file (relative to root) and, where
    wanted, task, session and face (which of several faces is the person's); further columns become attributes. map: a
    CSV their_name,ibug_index for points of another scheme; a point of the 68 that it does not name is missing. width,
    height: px of the image, for points that are fractions of it. space: of 3-D points, "head" or "camera"; None for
    what the file says, else "head". axes: where the file's x, y and z point, in any order. min_confidence: points below
    it are missing (0.6 is DeepLabCut's own pcutoff). fps: of files that only count frames. task, units, time_unit,
    annotations, tier, annotations_offset_s, apex_tier: as of cohort=openface.
    """

    def __init__(
        self,
        *,
        root: str | Path | None,
        subjects: str | Path | None,
        map: str | Path | None = None,
        width: int | None = None,
        height: int | None = None,
        space: str | None = None,
        axes: str | None = None,
        min_confidence: float = 0.6,
        task: str | None = None,
        fps: float | None = None,
        units: str | None = None,
        time_unit: str | None = None,
        annotations: str | Path | None = None,
        tier: str | Sequence[str] | None = None,
        annotations_offset_s: float = 0.0,
        apex_tier: str | None = None,
    ) -> None:
        if space is not None and space not in SPACES_3D:
            raise ConfigError(f"cohort.space={space}: there is no such choice." + did_you_mean(space, SPACES_3D))
        if not 0 <= min_confidence <= 1:
            raise ConfigError(f"cohort.min_confidence={min_confidence}; it must lie between 0 and 1.")
        for name, value in (("fps", fps), ("width", width), ("height", height)):
            if value is not None and not value > 0:
                raise ConfigError(f"cohort.{name}={value}; it must be positive.")
        if (width is None) != (height is None):
            raise ConfigError("cohort.width and cohort.height are given together: px of the image.")
        self.root: str | Path = given(root, "cohort.root", "the folder of the files of points")
        self.subjects: str | Path = given(subjects, "cohort.subjects", "a CSV with columns subject, group, file")
        self.map = None if map is None else Path(map).expanduser().resolve()
        self.size = None if width is None or height is None else (int(width), int(height))
        self.space, self.axes = space, axes
        self.min_confidence = min_confidence
        self.task = task
        self.fps = fps
        self.units, self.time_unit = units, time_unit
        self.annotations = annotations_of(annotations, tier=tier, offset_s=annotations_offset_s, apex=apex_tier)

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """Recordings in the order of the subjects table. One DataError at the end names all that could not be read."""
        yield from listed(self, self.read_file, "face", groups=groups, tasks=tasks)

    def read_file(self, file: Path, notes_of_table: Mapping[str, str], wanted: str, **recording: Any) -> Recording:
        if not file.is_file():
            raise DataError(f"There is no file {file}")
        form = format_of(file)
        if form is None:
            names = ", ".join(form.NAME for form in FORMATS)
            raise DataError(f"{file} is no file of points that can be read ({names}; OpenFace 2's: cohort=openface)")
        tracks, of_faces = one_face(form.read(file), wanted, file)
        times = self._times(tracks, file)
        unsure = (
            tracks.score < self.min_confidence if tracks.score is not None else np.zeros(tracks.points.shape[:2], bool)
        )
        unsure &= np.isfinite(tracks.points).all(axis=-1)
        tracks.points[unsure] = np.nan
        points, score, of_points = on_68(tracks, self.map, file)
        points, space = self._in_our_units(points, tracks, file)
        landmarks, _, counts = on_one_clock(
            points, times, space=space, declare=DECLARE, in_seconds=self.time_unit is not None, score=score
        )
        notes = {
            "points": form.NAME,
            **tracks.notes,
            **of_faces,
            **of_points,
            "points_of_low_confidence": int(unsure.sum()),
        }
        if not np.isfinite(landmarks.points[:, JUDGED]).all(axis=(1, 2)).any():
            notes["is it a face"] = "not checked: outer eye corners, mouth corners and tip of the nose are needed"
        return Recording(**recording, landmarks=landmarks, notes={**notes, **notes_of_table, **counts})

    def _times(self, tracks: Tracks, file: Path) -> np.ndarray:
        """(n,) s: the file's clock, or its frames over the file's rate or cohort.fps."""
        if tracks.times is not None:
            return Units("pixel", time=self.time_unit or tracks.time_unit).seconds(tracks.times, self.fps)
        fps = tracks.fps or self.fps
        if fps is None:
            raise DataError(f"{file} counts frames and says no rate; set cohort.fps to that of the video")
        if tracks.fps and self.fps and not np.isclose(tracks.fps, self.fps, rtol=0.01):
            raise DataError(f"{file} says {tracks.fps:g} frames per second, cohort.fps is {self.fps:g}; leave it out")
        times = tracks.frames / fps
        if tracks.about_s is not None and abs(times[-1] - tracks.about_s) > max(LATE_S, LATE * tracks.about_s):
            raise DataError(
                f"{file} ends at about {tracks.about_s:g} s, at cohort.fps={fps:g} it would be {times[-1]:.1f} s: "
                "set cohort.fps to the rate of the video"
            )
        return times

    def _in_our_units(self, points: np.ndarray, tracks: Tracks, file: Path) -> tuple[np.ndarray, Space]:
        """(n, 68, D) px or mm, in our axes, and their space."""
        unit = self.units or tracks.unit
        if points.shape[-1] == 2:
            space: Space = "pixel"
        else:
            said = self.space or tracks.space
            space = "camera" if said == "camera" else "head"
            if unit is None:
                raise DataError(f"{file} does not say the unit of its points; set cohort.units=mm (or cm, m, um)")
        if unit == "normalised" and self.size is None:
            raise DataError(f"{file} holds fractions of the image; set cohort.width and cohort.height (px)")
        points, axes = _ordered(points, self.axes)
        return Units(space, unit, axes=axes).points(points, self.size), space


def _ordered(points: np.ndarray, axes: str | None) -> tuple[np.ndarray, str | None]:
    """The points with their coordinates across, up and down, and in depth, and where each points.

    axes: words for the file's coordinates, in its order. What is no such words is left to Units, which says so.
    """
    if axes is None:
        return points, None
    words = [word.strip() for word in axes.split(",")]
    pairs = AXES[: points.shape[-1]]
    order = [next((k for k, word in enumerate(words) if word in pair), -1) for pair in pairs]
    if len(words) != len(pairs) or -1 in order:
        return points, axes
    return points[..., order], ",".join(words[k] for k in order)
