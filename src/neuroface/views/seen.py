"""What a view is given, and what it must offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from neuroface.types import Landmarks, Recording, Repetition


@dataclass(frozen=True, eq=False)
class Seen:
    """A recording on its way to samples; its notes also hold what the steps counted.

    pixels: landmarks after the landmark step, in pixels where the recording has video. landmarks: the same after lift,
    (T, 68, 3) mm or (T, 68, 2) px. repetitions: those to make one sample each of.
    """

    recording: Recording
    pixels: Landmarks
    landmarks: Landmarks
    repetitions: tuple[Repetition, ...]


class View(Protocol):
    """How recordings become what a classifier learns from. name: what `Samples.view` says."""

    name: str

    def rows(self, seen: Seen) -> tuple[tuple[str, ...], Sequence[Any]]:
        """Names of the columns or channels, and one array per repetition; None for one in which nothing is seen.

        Errors: DataError, without the recording's name, for a recording that cannot be used.
        """
        ...

    def gather(self, rows: Sequence[Any]) -> Any:
        """The rows of all recordings as one X of `Samples`: an array (n, ...), or `Parts` of several."""
        ...
