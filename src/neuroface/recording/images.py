"""Images as frames: a folder of them in natural order, or one still."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from neuroface.errors import DataError
from neuroface.outside import check_pixels

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
# PNG (ISO/IEC 15948): signature, and the last chunk, which is empty and therefore always the same.
PNG_FIRST, PNG_LAST = b"\x89PNG\r\n\x1a\n", b"\0\0\0\0IEND\xaeB`\x82"
# JPEG (ITU-T T.81, table B.1): start of image, end of image, start of scan.
JPEG_FIRST, JPEG_LAST, JPEG_SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA


def natural(path: Path) -> list[tuple[int, int, str]]:
    """Sort key in which frame_2 comes before frame_10: runs of digits count as numbers."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def image_files(folder: Path) -> list[Path]:
    """The images that lie in a folder, in natural order; hidden files and other kinds are passed over."""
    found = (f for f in folder.iterdir() if f.suffix.lower() in SUFFIXES and not f.name.startswith("."))
    return sorted(found, key=natural)


def read_color(file: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB of one image file, turned as its EXIF data say.

    Errors: DataError for a file that is missing, no image, or cut off (a JPEG or PNG without its end; OpenCV would fill
    the rest with grey).
    """
    import cv2

    content = file.read_bytes() if file.is_file() else b""
    if not is_whole(content):
        raise DataError(
            f"{file} ({len(content)} bytes) is cut off: the image has no end; copy it again, or take it out"
        )
    try:
        check_pixels(content)
    except ValueError as error:
        raise DataError(f"{file} is not read: {error}; take it out") from error
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    if image is None:
        raise DataError(f"{file} ({len(content)} bytes) cannot be read as an image; copy it again, or take it out")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def is_whole(content: bytes) -> bool:
    """Whether a JPEG or PNG holds its end marker; true of any other content. What follows the end does not matter."""
    if content.startswith(PNG_FIRST):
        return PNG_LAST in content
    if content.startswith(JPEG_FIRST):
        # a preview in the segments before the picture has an end of its own
        return content.find(JPEG_LAST, _scan_of(content)) >= 0
    return True


def _scan_of(content: bytes) -> int:
    """Where the first scan of a JPEG begins: behind its segments, each a marker of two bytes and a length of two."""
    at = len(JPEG_FIRST)
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] != JPEG_SCAN:
        filled = content[at + 1] == 0xFF  # any number of fill bytes may stand before a marker
        at += 1 if filled else 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return at


class _Last:
    """The first image of the newest decoder, once: a still that is looked at as soon as it is found is read once.

    One for all, so that many stills that nobody looks at hold no memory.
    """

    _of = 0
    _image: np.ndarray | None = None

    def keep(self, decoder: object, image: np.ndarray) -> None:
        self._of, self._image = id(decoder), image

    def taken(self, decoder: object) -> np.ndarray | None:
        image = self._image if self._of == id(decoder) else None
        self._of, self._image = 0, None
        return image


_LAST = _Last()


class ImageDecoder:
    """Images of equal size as the frames of a video that has no clock."""

    header_fps = 0.0
    shown_s: np.ndarray | None = None
    lost_at_end = 0

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = list(files)
        first = read_color(self._files[0])
        self.size = (first.shape[1], first.shape[0])
        _LAST.keep(self, first)
        self.n_frames = self.header_frames = len(self._files)

    def images(self, start: int, stop: int, step: int) -> Iterator[np.ndarray]:
        for number in range(start, min(stop, len(self._files)), step):
            file, image = self._files[number], _LAST.taken(self) if number == 0 else None
            image = read_color(file) if image is None else image
            if (image.shape[1], image.shape[0]) != self.size:
                width, height = self.size
                raise DataError(
                    f"{file} is {image.shape[1]}x{image.shape[0]} px, the first image {width}x{height}; "
                    "the frames of one recording have one size"
                )
            yield image
