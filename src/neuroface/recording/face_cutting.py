"""How faces are cut out of frames: one object with every setting, which a folder of crops remembers."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from neuroface import contents
from neuroface.errors import ConfigError, did_you_mean
from neuroface.recording import whose as whose_face
from neuroface.recording.crop import ALIGNMENTS
from neuroface.recording.face_detectors import HaarDetector
from neuroface.recording.faces import FaceDetector, Follow
from neuroface.types import Recording

# What an image file is written with: PNG at its fastest level (lossless at any), JPEG nearly without loss.
FILE_TYPES = {"png": ("IMWRITE_PNG_COMPRESSION", 1), "jpg": ("IMWRITE_JPEG_QUALITY", 95)}


@dataclass(frozen=True, kw_only=True)
class FaceCutting:
    """Which frames, which face, which cut.

    rate_fps: crops per second, the first frame of each 1/rate s by timestamp; None is every frame. detector: takes a
    Frame and returns boxes (N, 4) px, or a given source with `.of(recording)`; None is HaarDetector(). keep,
    search_every_s, min_overlap, patience_s: see Follow; a given source is asked for each frame. whose: see
    recording.whose. align: "box" is a
    square about the box, "similarity" and "perspective" warp by the recording's landmarks (frames without them are
    dropped and counted). margin, size: see crop.square. image_type: png or jpg.
    Errors: ConfigError for values without meaning.
    """

    rate_fps: float | None = None
    detector: Any = None
    keep: str = "track"
    whose: str = "largest"
    search_every_s: float = 0.15
    min_overlap: float = 0.3
    patience_s: float = 1.0
    align: str = "box"
    margin: float = 0.25
    size: int = 256
    image_type: str = "png"
    follow: Follow = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.detector is None:
            object.__setattr__(self, "detector", HaarDetector())
        if self.rate_fps is not None and not self.rate_fps > 0:
            raise ConfigError(f"rate_fps={self.rate_fps}: crops per second must be positive, or null for every frame.")
        for name, options in (("align", ALIGNMENTS), ("image_type", tuple(FILE_TYPES))):
            if getattr(self, name) not in options:
                raise ConfigError(
                    f"{name}={getattr(self, name)}: there is no such choice."
                    + did_you_mean(getattr(self, name), options)
                )
        if not self.margin > -0.5 or self.size < 1:
            raise ConfigError(f"margin={self.margin}, size={self.size}: margin > -0.5 and size >= 1 px are needed.")
        if not callable(self.detector) and not hasattr(self.detector, "of"):
            raise ConfigError(
                f"detector {self.detector!r} is neither callable nor a source of boxes with .of(recording)."
            )
        # a given source knows its own gaps, and asking it costs nothing
        whose_face.check(self.whose, given_boxes=hasattr(self.detector, "of"))
        search_every_s = 0.0 if hasattr(self.detector, "of") else self.search_every_s
        follow = Follow(self.keep, search_every_s, self.min_overlap, self.patience_s, self.whose)
        object.__setattr__(self, "follow", follow)

    def detector_for(self, recording: Recording) -> FaceDetector:
        """The detector for one recording; a given source is asked for its boxes."""
        return whose_face.detector_for(recording, self.detector, self.whose)

    def settings(self) -> dict[str, Any]:
        """Every setting as plain data; the detector by its name and its own settings."""
        own = {name: value for name, value in vars(self).items() if name not in ("follow", "detector")}
        return {**own, "detector": _described(self.detector)}


def _described(detector: Any) -> dict[str, Any]:
    thing = detector if inspect.isroutine(detector) else type(detector)
    named = {"name": f"{thing.__module__}.{thing.__qualname__}"}
    if not is_dataclass(detector):
        return named
    own = {field.name: (field, getattr(detector, field.name)) for field in fields(detector) if field.init}
    return named | {name: _by_content(value) if "Path" in str(f.type) else value for name, (f, value) in own.items()}


def _by_content(place: str | Path | None) -> str | None:
    """A file as what it holds: what was cut by another file of that name was cut otherwise."""
    return None if place is None else contents.digest_of(str(place))
