"""How a repetition moves: landmarks or named signals over time, evenly sampled, for networks over series."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from neuroface import face, geometry, signals
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.features.kinematics import Kinematics
from neuroface.types import Landmarks, Repetition
from neuroface.views.seen import Seen

# Name -> signal of landmarks whose unit is the size of the face; areas are its square.
SIGNALS: dict[str, Callable[[Kinematics], np.ndarray]] = {
    "mouth_opening": lambda k: k.opening,
    "inner_mouth_opening": lambda k: k.inner_opening,
    "mouth_width": lambda k: k.width,
    "mouth_area_right": lambda k: k.half_areas[0],
    "mouth_area_left": lambda k: k.half_areas[1],
    "eccentricity": lambda k: k.eccentricity,
    "corner_right": lambda k: k.corners_from_canthi[0],
    "corner_left": lambda k: k.corners_from_canthi[1],
}
POINTS = {"all": np.arange(face.N_POINTS), **face.REGIONS}


class Series:
    """Rows (T, C): channels of one repetition over time, free of head motion, lengths in sizes of the face.

    points: coordinates of "all" landmarks or of a region (jaw, brows, nose, eyes, mouth), in 2-D or 3-D as the lift
    gives them; None for none. signals: names of SIGNALS. velocities: the rate of change of each channel per second, as
    further channels. rate_hz: samples per second on the recording's timestamps. max_s: a longer repetition is refused,
    never cut.
    The size of a face is the distance between its outer canthi, their median over the recording. Coordinates have
    their origin in the middle between the outer canthi, x towards the person's left, y down the face, z (3-D) at right
    angles to both; by the repetition's median pose.
    """

    name = "series"

    def __init__(
        self,
        *,
        points: str | None = None,
        signals: Sequence[str] | None = tuple(SIGNALS),
        velocities: bool = True,
        rate_hz: float = 25.0,
        max_s: float = 30.0,
    ) -> None:
        if points is not None and points not in POINTS:
            raise ConfigError(f"classifier.view.points is {points!r}." + did_you_mean(points, POINTS))
        for one in signals or ():
            if one not in SIGNALS:
                raise ConfigError(f"classifier.view.signals holds {one!r}." + did_you_mean(one, SIGNALS))
        if points is None and not signals:
            raise ConfigError("classifier.view has neither points nor signals. Choose some, e.g. points=mouth.")
        if not (rate_hz > 0 and max_s > 0):
            raise ConfigError(f"classifier.view.rate_hz={rate_hz} and max_s={max_s} must be positive.")
        self.points, self.signals, self.velocities = points, tuple(signals or ()), velocities
        self.rate_hz, self.max_s = rate_hz, max_s

    def rows(self, seen: Seen) -> tuple[tuple[str, ...], list[np.ndarray | None]]:
        """Names of the channels, and (T, C) per repetition; None where no landmark is seen in any of its frames.

        Errors: DataError when the face's size is never seen, when a repetition is longer than max_s, or when one of its
        channels is never seen.
        """
        size = _median(geometry.distance(seen.landmarks.points, face.CANTHUS_RIGHT_OUTER, face.CANTHUS_LEFT_OUTER))
        if not size > 0:
            raise DataError("never shows both outer canthi, whose distance is the size of the face")
        names = self.channels(seen.landmarks.points.shape[2])
        return names, [self._row(seen.landmarks, one, size, names) for one in seen.repetitions]

    def gather(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        """(n, T, C) float32, NaN after the end of a series."""
        out = np.full((len(rows), max(map(len, rows)), rows[0].shape[1]), np.nan, dtype=np.float32)
        for padded, row in zip(out, rows, strict=True):
            padded[: len(row)] = row
        return out

    def channels(self, dims: int) -> tuple[str, ...]:
        """Names of the channels of landmarks in 2-D or 3-D, in their order."""
        chosen = () if self.points is None else POINTS[self.points]
        names = (*(f"{axis}{i}" for i in chosen for axis in "xyz"[:dims]), *self.signals)
        return (*names, *(f"{name}_per_s" for name in names)) if self.velocities else names

    def _row(
        self, landmarks: Landmarks, repetition: Repetition, size: float, names: tuple[str, ...]
    ) -> np.ndarray | None:
        """(T, C) of one repetition, or None."""
        here = landmarks[repetition.frames]
        if not np.isfinite(here.points).any():
            return None
        lasts = here.timestamps_s[-1] - here.timestamps_s[0]
        if lasts > self.max_s:
            raise DataError(
                f"has a repetition {repetition.index} of {lasts:.1f} s, longer than "
                f"classifier.view.max_s={self.max_s:g}; raise it, or choose another repetitions="
            )
        channels = self._channels(here, size)
        unseen = [name for name, seen in zip(names, np.isfinite(channels).any(axis=0), strict=False) if not seen]
        if unseen:
            raise DataError(f"never shows {', '.join(unseen[:3])} in repetition {repetition.index}")
        times = here.timestamps_s[0] + np.arange(int(lasts * self.rate_hz + 1e-6) + 1) / self.rate_hz
        even = np.stack([_resampled(channel, here.timestamps_s, times) for channel in channels.T], axis=1)
        if self.velocities:
            still = np.zeros_like(even)  # of a single frame nothing is known to move
            even = np.hstack([even, signals.derivative(even, times) if len(even) > 1 else still])
        return even.astype(np.float32)

    def _channels(self, landmarks: Landmarks, size: float) -> np.ndarray:
        """(T, C) sizes of the face: the channels before they are resampled, NaN is missing."""
        points = landmarks.points / size
        scaled = Kinematics(Landmarks(points, landmarks.timestamps_s, landmarks.space))
        columns = [SIGNALS[name](scaled)[:, None] for name in self.signals]
        if self.points is not None:
            columns.insert(
                0, in_face_axes(geometry.head_frame(points))[:, POINTS[self.points]].reshape(len(points), -1)
            )
        return np.hstack(columns)


def in_face_axes(points: np.ndarray) -> np.ndarray:
    """(T, 68, D) in the unit given: the face upright and about its own origin, by its median over time.

    Origin in the middle between the outer canthi; x from the right to the left one, y at right angles towards the base
    of the nose, z (3-D) by the right-hand rule. All NaN where these three points are never seen together.
    """
    anchors = [face.CANTHUS_RIGHT_OUTER, face.CANTHUS_LEFT_OUTER, face.NOSE_BASE]
    together = np.isfinite(points[:, anchors]).all(axis=(1, 2))
    if not together.any():
        return np.full_like(points, np.nan)
    right, left, nose = np.median(points[together][:, anchors], axis=0)
    origin = (right + left) / 2
    x = (left - right) / np.linalg.norm(left - right)
    down = (nose - origin) - ((nose - origin) @ x) * x
    y = down / np.linalg.norm(down)
    axes = np.stack([x, y] if points.shape[2] == 2 else [x, y, np.cross(x, y)])
    return (points - origin) @ axes.T


def _resampled(values: np.ndarray, timestamps_s: np.ndarray, times: np.ndarray) -> np.ndarray:
    """(len(times),): linear between the finite values, held at both ends."""
    finite = np.isfinite(values)
    return np.interp(times, timestamps_s[finite], values[finite])


def _median(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else float("nan")
