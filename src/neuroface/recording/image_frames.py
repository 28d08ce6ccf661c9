"""Chosen images as the frames of one recording: a still, an onset and an apex, or a sequence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from neuroface.errors import DataError
from neuroface.recording.images import ImageDecoder
from neuroface.types import Frame, Rig


class ImageFrames:
    """Image files as a types.Video; no more than one is held at a time.

    files: in order of time, of one size. timestamps_s: (T,) seconds, one per file; None for a single image, at 0.
    Errors: DataError for a first image that cannot be read; the others are read when they are asked for.
    """

    rig: Rig | None = None

    def __init__(self, files: Sequence[Path], *, timestamps_s: np.ndarray | None = None) -> None:
        times = np.zeros(1) if timestamps_s is None else np.asarray(timestamps_s, dtype=float)
        if not files or len(times) != len(files):
            raise DataError(f"{len(files)} images but {len(times)} timestamps; one per image is needed.")
        self.files, self.timestamps_s = tuple(files), times
        self._decoder = ImageDecoder(self.files)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) px."""
        return self._decoder.size

    def __len__(self) -> int:
        return len(self.files)

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        """Frames start, start + step, ... before stop. Errors: DataError for an image that cannot be read."""
        stop = len(self) if stop is None else min(stop, len(self))
        for number, image in zip(range(start, stop, step), self._decoder.images(start, stop, step), strict=True):
            yield Frame(number, float(self.timestamps_s[number]), image)
