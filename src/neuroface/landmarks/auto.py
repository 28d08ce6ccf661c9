"""The best landmarks that are there: a recording's own, else those of the best network whose file is here."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import numpy as np

from neuroface import model_files
from neuroface.errors import ConfigError, did_you_mean
from neuroface.landmarks.given import given
from neuroface.types import Landmarks, Recording

# In the order of their error on real faces (docs/landmarks.md); the official FAN is the one that the others are
# measured against in the literature. The bundled network has never seen a photograph.
ORDER = ("fan", "mesh", "dlib", "bundled")
NOT_FOR_REAL_FACES = (
    "landmarks=auto: no network for real faces is here, so the bundled one is used, which has only seen drawn faces: "
    "not for the opening of the mouth, of which it shows about three quarters. Give: neuroface fetch mesh."
)


class AutoDetector:
    """A landmark step: Recording -> (Landmarks in px, counts).

    A recording that came with landmarks keeps them. choice: fan (the official one), mesh, dlib or bundled, with the
    digest of its file; None: the best that is there, which a run settles before it begins and keeps. detector, whose,
    max_gap_s, median_frames, smooth, cutoff_hz: as the chosen one takes them.
    Errors: ConfigError for values without meaning; when it is called, WeightsNotFoundError where the file of the choice
    is not there, or is another one than was settled.
    """

    reads_video = True

    def __init__(
        self,
        *,
        choice: str | None = None,
        detector: Any = None,
        whose: str = "largest",
        max_gap_s: float = 0.1,
        median_frames: int = 5,
        smooth: str = "none",
        cutoff_hz: float = 12.0,
        device: str = "auto",
    ) -> None:
        self.choice = choice or self.settled()
        name, _, digest = self.choice.partition(" ")
        if name not in ORDER:
            raise ConfigError(f"landmarks.choice={name}: there is no such network." + did_you_mean(name, ORDER))
        if digest and digest != _digest(name):
            raise ConfigError(
                f"landmarks.choice={self.choice}: the file of {name} here is another one ({_digest(name)}). Set "
                "landmarks.choice=null to take what is here."
            )
        steady: dict[str, Any] = {
            "max_gap_s": max_gap_s,
            "median_frames": median_frames,
            "smooth": smooth,
            "cutoff_hz": cutoff_hz,
        }
        self.device, self._name, self._steady = device, name, steady
        self._keys: dict[str, Any] = {"detector": detector, "whose": whose, **steady}
        self._step: Any = None

    @staticmethod
    def settled() -> str:
        """What `choice` is where nothing is chosen: the name of the best network that is there, and its digest."""
        there = {
            "fan": model_files.official_fan().is_file(),
            "mesh": model_files.is_there("mesh"),
            "dlib": importlib.util.find_spec("dlib") is not None and model_files.is_there("dlib"),
            "bundled": True,
        }
        name = next(name for name in ORDER if there[name])
        return f"{name} {_digest(name)}"

    @property
    def described(self) -> str:
        """What found the landmarks, in words."""
        return f"landmarks=auto chose {self._name}: {self._chosen().described}"

    @staticmethod
    def keeps(recording: Recording) -> bool:
        """Whether a recording came with landmarks, which are kept."""
        return bool(np.isfinite(recording.landmarks.points).any())

    def __call__(self, recording: Recording) -> tuple[Landmarks, dict[str, int]]:
        """(T, 68, 2) px with scores, and counts: those of the chosen step. Errors: as the chosen step's."""
        if self.keeps(recording):
            return given(recording, **self._steady)
        return self._chosen()(recording)

    def _chosen(self) -> Any:
        """The step of the chosen network; made when it is first needed, for some of them need torch."""
        if self._step is None:
            if self._name == "mesh":
                from neuroface.landmarks.mesh import MeshDetector

                self._step = MeshDetector(**self._keys)
            elif self._name == "dlib":
                from neuroface.landmarks.dlib_points import DlibDetector

                self._step = DlibDetector(**self._keys)
            else:
                from neuroface.landmarks.detector import FanDetector

                if self._name == "bundled":
                    print(NOT_FOR_REAL_FACES, file=sys.stderr)
                weights = "official" if self._name == "fan" else "bundled"
                self._step = FanDetector(weights=weights, device=self.device, **self._keys)
        return self._step


def _digest(name: str) -> str:
    """The first digits of the SHA-256 of a network's file, as it is known or, of the bundled one, as it is."""
    if name == "fan":
        return model_files.OFFICIAL_FAN.split("-")[-1].split(".")[0]
    if name == "bundled":
        return model_files.sha256(model_files.BUNDLED_FAN)[:12]
    return model_files.MODELS[name].sha256[:12]
