"""Declared units, turned into ours: px or mm, seconds, and axes to the right, down and away from the camera."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuroface.errors import DataError, did_you_mean
from neuroface.plausible import AXES
from neuroface.types import SPACES, Space

MILLIMETRES = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "um": 0.001}
NORMALISED = ("normalised", "normalized")  # fractions of the image's width and height
PERCENT = "percent"  # of them
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
FRAMES = "frames"


@dataclass(frozen=True)
class Units:
    """What is said of a file's numbers. length: px, normalised, percent, mm, cm, m, um, or None for what the space
    has. time: s, ms, us, ns, frames, or None for seconds that nobody declared. axes: where x, y and z point, ours if
    None.

    Errors: DataError for a unit that the space cannot have, and for words that are none of these.
    """

    space: Space
    length: str | None = None
    time: str | None = None
    axes: str | None = None

    def __post_init__(self) -> None:
        lengths = ["px", *NORMALISED, PERCENT] if self.space == "pixel" else list(MILLIMETRES)
        if self.length is not None and self.length not in lengths:
            other = f"; space {self.space!r} is in {SPACES[self.space]}"
            raise DataError(f"units {self.length!r} cannot be{other}." + did_you_mean(self.length, lengths))
        if self.time is not None and self.time not in (*SECONDS, FRAMES):
            raise DataError(f"time_unit {self.time!r} is not known." + did_you_mean(self.time, [*SECONDS, FRAMES]))
        if self.axes is not None:
            pairs, words = self._pairs(), self._words()
            if len(words) != len(pairs) or any(word not in pair for word, pair in zip(words, pairs, strict=True)):
                choice = ", ".join(" or ".join(pair) for pair in pairs)
                raise DataError(f"axes {self.axes!r} is not understood; say for each axis where it points: {choice}")

    @classmethod
    def of(cls, said: Mapping[str, Any], space: Space) -> Units:
        """From a mapping with the keys units, time_unit and axes."""
        return cls(space, said.get("units"), said.get("time_unit"), said.get("axes"))

    def points(self, points: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
        """(T, 68, D) px or mm. size: (width, height) px of the image. Zeros, which are missing points, stay zeros."""
        factor = np.array(self._factors(size))
        offset = np.zeros(len(factor))
        if self.axes is not None:
            turned = np.array([word != pair[0] for word, pair in zip(self._words(), self._pairs(), strict=True)])
            if self.space == "pixel" and size is not None:
                offset = np.where(turned, np.array(size) - 1.0, 0.0)  # pixels are counted from the other end
            factor = np.where(turned, -factor, factor)
        if (factor == 1).all() and not offset.any():
            return points
        missing = (np.asarray(points) == 0).all(axis=-1, keepdims=True)
        return np.where(missing, 0.0, points * factor + offset)

    def seconds(self, times: np.ndarray, fps: float | None) -> np.ndarray:
        """(T,) s. fps: frames per second, for times that count frames. Errors: DataError without it."""
        if self.time == FRAMES:
            if fps is None:
                raise DataError("time_unit is frames, and no fps says how long one is; state fps")
            return np.asarray(times, dtype=float) / fps
        return times if self.time in (None, "s") else np.asarray(times, dtype=float) * SECONDS[self.time or "s"]

    def _pairs(self) -> tuple[tuple[str, str], ...]:
        return AXES[:2] if self.space == "pixel" else AXES

    def _words(self) -> list[str]:
        return [word.strip() for word in str(self.axes).split(",")]

    def _factors(self, size: tuple[int, int] | None) -> list[float]:
        if self.length in (*NORMALISED, PERCENT):
            if size is None:
                raise DataError(
                    "units are fractions of the image, and nothing says how large it is; "
                    "state camera with width and height, or give px"
                )
            whole = 100.0 if self.length == PERCENT else 1.0
            return [size[0] / whole, size[1] / whole]
        if self.space == "pixel":
            return [1.0, 1.0]
        return [MILLIMETRES[self.length or "mm"]] * 3
