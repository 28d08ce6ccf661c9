"""The nouns: Camera, Landmarks, Repetition, Truth, Recording, Samples. Numpy only; validated on construction.

Frozen: a step returns a new object and never changes what it was given.
Camera axes: x to the right in the image, y down, z away from the camera. `left` and `right` are the person's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from neuroface import face, landmark_views
from neuroface.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

Space = Literal["pixel", "camera", "head", "face"]
# Unit of the coordinates; icd is the distance between the inner eye corners (intercanthal distance) of a recording.
SPACES: dict[str, str] = {"pixel": "px", "camera": "mm", "head": "mm", "face": "icd"}
STORED_SPACES = ("pixel", "camera", "head")  # on disk; scaled pixels are made where features are computed
DISTORTIONS = ("none", "brown_conrady", "modified_brown_conrady", "inverse_brown_conrady")

# A note on each picture of which nobody says who is in it; the report tells it in its first paragraph.
PEOPLE_UNKNOWN = "pictures that each count as a person of their own"


@dataclass(frozen=True)
class Camera:
    """Pinhole intrinsics in pixels, and the length of one unit of raw depth.

    depth_unit_mm: mm per raw depth unit (Intel D400: 1.0; SR300: 0.125). nominal: True when the values are the
    maker's nominal ones and not this device's calibration. distortion, coefficients: lens model with k1 k2 p1 p2 k3, as
    RealSense names them.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int
    depth_unit_mm: float = 1.0
    nominal: bool = False
    model: str = ""
    distortion: str = "none"
    coefficients: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.distortion not in DISTORTIONS:
            raise DataError(
                f"Unknown distortion model {self.distortion!r}." + did_you_mean(self.distortion, DISTORTIONS)
            )
        if self.distortion != "none" and len(self.coefficients) != 5:
            raise DataError(f"Distortion {self.distortion} needs 5 coefficients; got {len(self.coefficients)}.")
        if not (self.fx > 0 and self.fy > 0 and self.depth_unit_mm > 0):
            raise DataError(
                f"Camera {self.model or '(no model)'} has fx={self.fx}, fy={self.fy}, "
                f"depth_unit_mm={self.depth_unit_mm}; all three must be positive."
            )


@dataclass(frozen=True, eq=False)
class Rig:
    """A colour camera and, beside it, a depth camera.

    rotation (3, 3), translation_mm (3,): x_color = R x_depth + t, in camera axes. aligned: depth frames are already
    seen from the colour camera, pixel for pixel; then its intrinsics count for both.
    """

    color: Camera
    depth: Camera | None = None
    rotation: np.ndarray = field(default_factory=lambda: np.eye(3))
    translation_mm: np.ndarray = field(default_factory=lambda: np.zeros(3))
    aligned: bool = False
    serial: str = ""


@dataclass(frozen=True, eq=False)
class Frame:
    """One moment of a video. color: (H, W, 3) uint8 RGB. depth: (h, w) uint16 raw units, 0 is missing, or None."""

    index: int
    timestamp_s: float
    color: np.ndarray
    depth: np.ndarray | None = None


class Video(Protocol):
    """Frames that are streamed, never held all at once. `size` is (width, height) px of the colour frames."""

    @property
    def size(self) -> tuple[int, int]: ...

    @property
    def rig(self) -> Rig | None: ...

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]: ...


@dataclass(frozen=True, eq=False)
class Landmarks:
    """68 points over time.

    points: (T, 68, 2) px in space "pixel"; (T, 68, 3) mm in "camera" or "head"; (T, 68, 2) intercanthal distances in
    "face", which are pixels made comparable between people. NaN is missing.
    timestamps_s: (T,) seconds, strictly increasing.
    score: (T, 68) detector confidence 0..1, or None. depth: (T, 68) raw depth units under each pixel point, 0 or NaN
    is missing, or None. fitted_on: subjects that whatever produced these points was fitted on. extras: name -> (T, ...)
    what else a model saw in each frame, such as "mesh", (T, 468, 3) px.
    """

    points: np.ndarray
    timestamps_s: np.ndarray
    space: Space
    score: np.ndarray | None = None
    depth: np.ndarray | None = None
    fitted_on: frozenset[str] = frozenset()
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        points, times = np.asarray(self.points), np.asarray(self.timestamps_s, dtype=float)
        if self.space not in SPACES:
            raise DataError(f"Unknown landmark space {self.space!r}." + did_you_mean(self.space, SPACES))
        dims = (3,) if self.unit == "mm" else (2,)
        if points.ndim != 3 or points.shape[1] != face.N_POINTS or points.shape[2] not in dims:
            raise DataError(
                f"Landmarks in space {self.space!r} must be (T, {face.N_POINTS}, {dims[0]}); got {points.shape}."
            )
        if times.shape != (len(points),):
            raise DataError(f"{len(points)} frames of landmarks but {times.shape} timestamps; one per frame is needed.")
        if not np.isfinite(times).all():
            raise DataError(f"{(~np.isfinite(times)).sum()} of {len(times)} timestamps are not numbers.")
        if (np.diff(times) <= 0).any():
            at = int(np.flatnonzero(np.diff(times) <= 0)[0])
            raise DataError(
                f"Timestamps must increase; frame {at + 1} at {times[at + 1]:.4f} s follows {times[at]:.4f} s. "
                "Merge repeated ones with signals.merge_repeated."
            )
        for name in ("score", "depth"):
            value = getattr(self, name)
            if value is not None and np.shape(value) != points.shape[:2]:
                raise DataError(f"Landmark {name} must be {points.shape[:2]}; got {np.shape(value)}.")
        for name, value in self.extras.items():
            if len(value) != len(points):
                raise DataError(f"Landmark extra {name!r} has {len(value)} frames, the points {len(points)}.")
        object.__setattr__(self, "timestamps_s", times)

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, frames: slice) -> Landmarks:
        """A run of frames; arrays are views, not copies."""
        return replace(
            self,
            points=self.points[frames],
            timestamps_s=self.timestamps_s[frames],
            score=None if self.score is None else self.score[frames],
            depth=None if self.depth is None else self.depth[frames],
            extras={name: value[frames] for name, value in self.extras.items()},
        )

    @property
    def nbytes(self) -> int:
        """What its arrays take."""
        arrays = (self.points, self.timestamps_s, self.score, self.depth, *self.extras.values())
        return sum(np.asarray(one).nbytes for one in arrays if one is not None)

    def copy(self) -> Landmarks:
        """Arrays of its own, where these are views of larger ones."""
        return replace(
            self,
            points=np.array(self.points),
            timestamps_s=np.array(self.timestamps_s),
            score=None if self.score is None else np.array(self.score),
            depth=None if self.depth is None else np.array(self.depth),
            extras={name: np.array(value) for name, value in self.extras.items()},
        )

    @property
    def unit(self) -> str:
        """Unit of the coordinates: "px", "mm" or "icd"."""
        return SPACES[self.space]

    def to_xarray(self) -> xarray.Dataset:
        """The data set that the package movement works on; see landmark_views.to_xarray."""
        return landmark_views.to_xarray(
            self.points, self.timestamps_s, unit=self.unit, space=self.space, score=self.score
        )

    def plot(self, *, axes: Axes | None = None, frame: int | None = None) -> Axes:
        """The face from the front, with the way of each point or at one frame; see landmark_views.plot."""
        return landmark_views.plot(self.points, unit=self.unit, axes=axes, frame=frame)


@dataclass(frozen=True)
class Repetition:
    """Frames start..stop (0-based, stop exclusive) of one repetition; `label` where a class belongs to it.

    apex: the frame of the largest movement where somebody has marked it; None: it is found where it is needed.
    """

    start: int
    stop: int
    index: int
    label: str | None = None
    apex: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop:
            raise DataError(
                f"Repetition {self.index} runs from frame {self.start} to {self.stop}; start < stop is needed."
            )
        if self.apex is not None and not self.start <= self.apex < self.stop:
            raise DataError(
                f"Repetition {self.index} runs from frame {self.start} to {self.stop}; its apex, frame {self.apex}, "
                "lies outside."
            )

    @property
    def frames(self) -> slice:
        return slice(self.start, self.stop)


@dataclass(frozen=True, eq=False)
class Truth:
    """What a synthetic recording knows about itself.

    landmarks: noise-free, gap-free points. repetitions: true bounds. severity: 0 (none) .. 1.
    affected_side: "left", "right" or None. values: name -> (n_repetitions,) true quantities, named like features.
    pixels: for recordings with video, the same points in its colour image, with true depth; score 1 is visible, 0 not.
    """

    landmarks: Landmarks
    repetitions: tuple[Repetition, ...]
    severity: float
    affected_side: str | None
    values: Mapping[str, np.ndarray]
    pixels: Landmarks | None = None


@dataclass(frozen=True, eq=False)
class Recording:
    """One person doing one task once.

    repetitions: given bounds, or None when they must be found. attributes: participant facts (age, sex, ...).
    notes: what the reader merged, dropped or guessed, counted; shown in the report. video: frames to stream, where the
    recording has them.
    """

    subject: str
    group: str
    task: str
    landmarks: Landmarks
    session: str = ""
    camera: Camera | None = None
    repetitions: tuple[Repetition, ...] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    truth: Truth | None = None
    video: Video | None = None

    def __post_init__(self) -> None:
        for name in ("subject", "group", "task"):
            if not str(getattr(self, name)).strip():
                raise DataError(f"A recording has no {name}: {self.name}.")
        for rep in self.repetitions or ():
            if rep.stop > len(self.landmarks):
                raise DataError(
                    f"{self.name}: repetition {rep.index} ends at frame {rep.stop}, "
                    f"the recording has {len(self.landmarks)}."
                )

    @property
    def name(self) -> str:
        """subject/task, with the session between them if there is one; unique within a cohort."""
        return "/".join(part for part in (self.subject, self.session, self.task) if part)

    @property
    def nbytes(self) -> int:
        """What its arrays take; what a video needs to make its frames is not counted."""
        marks = (self.landmarks, *((self.truth.landmarks, self.truth.pixels) if self.truth else ()))
        return sum(one.nbytes for one in marks if one is not None)

    def without_arrays(self) -> Recording:
        """Who and what it is, and what is told of it: without frames of landmarks, repetitions and video."""
        truth = self.truth
        if truth is not None:
            truth = replace(truth, landmarks=truth.landmarks[:0].copy(), pixels=None)
        return replace(self, landmarks=self.landmarks[:0].copy(), repetitions=None, video=None, truth=truth)


class Cohort(Protocol):
    """Where recordings come from. `None` means no restriction; a reader skips what is not asked for."""

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]: ...


@dataclass(frozen=True, eq=False)
class Parts:
    """Several views of the same samples at once: name -> (n, ...). Rows are taken from all of them alike."""

    arrays: Mapping[str, np.ndarray]

    def __post_init__(self) -> None:
        lengths = {name: len(array) for name, array in self.arrays.items()}
        if len(set(lengths.values())) != 1:
            raise DataError(f"Views of the same samples must have as many rows each; got {lengths}.")

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    @property
    def shape(self) -> tuple[int, ...]:
        """(n,), as numpy would say of rows that are records."""
        return (len(self),)

    def __getitem__(self, rows: np.ndarray) -> Parts:
        """The given rows, by boolean mask or integer positions."""
        return Parts({name: array[rows] for name, array in self.arrays.items()})

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        """One mapping of name to array per sample."""
        for values in zip(*self.arrays.values(), strict=True):
            yield dict(zip(self.arrays, values, strict=True))


@dataclass(frozen=True, eq=False)
class Samples:
    """What a classifier learns from: one row per sample.

    X: (n, ...) in the classifier's view; `view="table"`: (n, d) float, NaN is missing, with `feature_names` (d,);
    `Parts` where a view is made of several.
    y: (n,) class names. subject: (n,) who each row belongs to. meta: name -> (n,) columns written to predictions
    ("sample" unique id, "group", "task", "repetition", ...). fitted_on: (n,) frozensets of subjects that the values of
    a row were fitted on. prepared: what was done to the rows before they are divided ("normalisation", "selection",
    "augmentation") -> the subjects whose rows it looked at.
    """

    X: np.ndarray | Parts
    y: np.ndarray
    subject: np.ndarray
    meta: Mapping[str, np.ndarray]
    view: str = "table"
    feature_names: tuple[str, ...] = ()
    fitted_on: Sequence[frozenset[str]] = ()
    prepared: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.X)
        columns = {"y": self.y, "subject": self.subject, **self.meta}
        wrong = {name: len(column) for name, column in columns.items() if len(column) != n}
        if wrong:
            raise DataError(f"Samples have {n} rows in X but {wrong} in other columns.")
        if not self.fitted_on:
            object.__setattr__(self, "fitted_on", (frozenset(),) * n)
        if len(self.fitted_on) != n:
            raise DataError(f"Samples have {n} rows but {len(self.fitted_on)} fitted_on entries.")
        if self.view == "table" and (len(self.X.shape) != 2 or self.X.shape[1] != len(self.feature_names)):
            raise DataError(
                f"A table needs one name per column; X is {np.shape(self.X)}, names are {len(self.feature_names)}."
            )
        ids = self.meta.get("sample")
        if ids is None or len(set(ids)) != n:
            raise DataError("Samples need a 'sample' column of unique ids.")

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, rows: np.ndarray) -> Samples:
        """The given rows, by boolean mask or integer positions."""
        rows = np.asarray(rows)
        positions = np.flatnonzero(rows) if rows.dtype == bool else rows
        return replace(
            self,
            X=self.X[positions],
            y=self.y[positions],
            subject=self.subject[positions],
            meta={name: column[positions] for name, column in self.meta.items()},
            fitted_on=tuple(self.fitted_on[int(i)] for i in positions),
        )
