"""The best face detector that is there: MediaPipe's full-range one where its file was fetched, else Haar cascades."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from neuroface import model_files
from neuroface.errors import ConfigError, did_you_mean
from neuroface.recording.face_detectors import HaarDetector
from neuroface.recording.faces import FaceDetector
from neuroface.recording.full_range import FullRangeDetector
from neuroface.types import Frame

CHOICES = ("full_range", "haar")


@dataclass(frozen=True)
class BestDetector:
    """choice: full_range or haar; None: what is there, which a run settles before it begins and keeps.

    Errors: ConfigError for another choice; when it is called, WeightsNotFoundError for full_range without its file.
    """

    choice: str | None = None
    _detector: FaceDetector = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        choice = self.choice or self.settled()
        if choice not in CHOICES:
            raise ConfigError(f"detector.choice={choice}: there is no such detector." + did_you_mean(choice, CHOICES))
        object.__setattr__(self, "choice", choice)
        object.__setattr__(self, "_detector", FullRangeDetector() if choice == "full_range" else HaarDetector())

    @staticmethod
    def settled() -> str:
        """What `choice` is where nothing is chosen."""
        return "full_range" if model_files.is_there("full_range") else "haar"

    @property
    def described(self) -> str:
        """Which detector it is."""
        return type(self._detector).__name__

    def __call__(self, frame: Frame) -> np.ndarray:
        """(N, 4) px: boxes of the faces found in a frame."""
        return self._detector(frame)
