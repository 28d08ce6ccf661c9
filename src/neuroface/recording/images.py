"""Images as frames: a folder of them in natural order, or one still."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from neuroface.errors import DataError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})


def natural(path: Path) -> list[tuple[int, int, str]]:
    """Sort key in which frame_2 comes before frame_10: runs of digits count as numbers."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def image_files(folder: Path) -> list[Path]:
    """The images that lie in a folder, in natural order; hidden files and other kinds are passed over."""
    found = (f for f in folder.iterdir() if f.suffix.lower() in SUFFIXES and not f.name.startswith("."))
    return sorted(found, key=natural)


def read_color(file: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB of one image file, turned as its EXIF data say."""
    import cv2

    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if image is None:
        size = file.stat().st_size if file.is_file() else 0
        raise DataError(f"{file} ({size} bytes) cannot be read as an image; copy it again, or take it out")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


class ImageDecoder:
    """Images of equal size as the frames of a video that has no clock."""

    header_fps = 0.0
    shown_s: np.ndarray | None = None
    lost_at_end = 0

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = list(files)
        first = read_color(self._files[0])
        self.size = (first.shape[1], first.shape[0])
        self.n_frames = self.header_frames = len(self._files)

    def images(self, start: int, stop: int, step: int) -> Iterator[np.ndarray]:
        for file in self._files[start:stop:step]:
            image = read_color(file)
            if (image.shape[1], image.shape[0]) != self.size:
                width, height = self.size
                raise DataError(
                    f"{file} is {image.shape[1]}x{image.shape[0]} px, the first image {width}x{height}; "
                    "the frames of one recording have one size"
                )
            yield image
