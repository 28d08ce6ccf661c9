"""Files from outside, parsed as data and within bounds: what a few bytes can make huge or deep is refused beforehand.

A zip may promise a thousand times its size, an array header any shape, a picture any width, XML entities that grow
without end, JSON and YAML nests or aliases without end. Each is one ValueError here, told by the reader that met it.
"""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    import numpy as np

MOST_BYTES = 4 << 30  # of all arrays of one archive: six hours of 68 points at 120 frames/s, with mesh and scores
MOST_TEXT_BYTES = 256 << 20  # of one text inside an archive
MOST_PIXELS = 1 << 27  # of one picture: twice the largest camera's
DENSEST = 1100  # times as long as it was packed is what deflate unpacks, at most (zlib: 1032)
# How other kinds begin that OpenCV may know: GIF, netpbm, PFM, JPEG 2000, Radiance, OpenEXR, Sun raster, AVIF.
OTHER_KINDS = (
    *(b"GIF8", *(b"P%d" % n for n in range(1, 8)), b"PF", b"Pf", b"\0\0\0\x0cjP", b"\xff\x4f\xff\x51"),
    *(b"#?RADIANCE", b"#?RGBE", b"\x76\x2f\x31\x01", b"\x59\xa6\x6a\x95"),
    *(bytes([0, 0, 0, n]) + b"ftyp" for n in range(16, 64)),
)
PNG = b"\x89PNG\r\n\x1a\n"
TOO_DEEP = "it is nested too deeply"


def read_npz(file: Path | str) -> dict[str, np.ndarray]:
    """All arrays of an .npz; nothing in it is executed.

    Errors: ValueError (damaged, a promise larger than the file holds, objects that need code, a compression or
    encryption that is unknown); OSError for one that cannot be opened.
    """
    import numpy as np

    try:
        with zipfile.ZipFile(file) as archive:
            _check_archive(archive)
        with np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except (ValueError, OSError):
        raise
    except (MemoryError, OverflowError) as error:
        raise ValueError(f"an array is larger than memory ({error})") from error
    except Exception as error:  # zipfile, zlib, lzma, struct and Python's tokenizer know no common parent
        raise ValueError(str(error) or type(error).__name__) from error


def check_zip(file: Path | str) -> None:
    """Refuse an archive that promises more than MOST_BYTES. Errors: ValueError; zipfile.BadZipFile for none at all."""
    with zipfile.ZipFile(file) as archive:
        _check_size(archive)


def check_workbook(file: Path | str) -> None:
    """Refuse a workbook of which one part unpacks to more than MOST_TEXT_BYTES: sheets are read whole, as XML.

    Errors: ValueError; zipfile.BadZipFile for what is no archive; ImportError where nothing here can read workbooks.
    """
    import openpyxl  # noqa: F401 - what lacks is told before what is wrong with the file

    with zipfile.ZipFile(file) as archive:
        for part in archive.infolist():
            if part.file_size > MOST_TEXT_BYTES:
                raise ValueError(f"its part {part.filename} is larger than {MOST_TEXT_BYTES >> 20} MiB")


def read_member(archive: zipfile.ZipFile, name: str, *, at_most: int = MOST_TEXT_BYTES) -> bytes:
    """One file of an open archive, never more of it than `at_most`. Errors: ValueError."""
    try:
        with archive.open(name) as file:
            content = file.read(at_most + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ValueError(str(error)) from error
    except Exception as error:
        if type(error).__module__ in ("zlib", "_lzma", "lzma"):
            raise ValueError(str(error)) from error
        raise
    if len(content) > at_most:
        raise ValueError(f"{name} is larger than {at_most >> 20} MiB")
    return content


def read_json(text: str | bytes) -> Any:
    """The value of a JSON text. Errors: ValueError, for one that is nested too deeply, too."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


def read_xml(content: str | bytes) -> ElementTree.Element:
    """The root of an XML document that declares no type of its own, so no entity either. Errors: ValueError."""
    try:
        return ElementTree.fromstring(content, ElementTree.XMLParser(target=_NoDoctype()))
    except (ElementTree.ParseError, LookupError) as error:  # LookupError: an encoding that is none
        raise ValueError(str(error)) from error


def check_pixels(content: bytes) -> None:
    """Refuse a picture whose header promises more than MOST_PIXELS, before any of it is decoded. Errors: ValueError.

    PNG, JPEG, BMP, TIFF and WebP are known. Other kinds, which OpenCV would read under any name, have no size that is
    known beforehand, and are refused; a content that is none of them at all is left to whoever decodes it.
    """
    found = (size(content) for size in (_png_size, _jpeg_size, _bmp_size, _tiff_size, _webp_size))
    width, height = next(filter(None, found), (0, 0))
    if width * height > MOST_PIXELS:
        raise ValueError(f"its header promises {width}x{height} px, more than any camera takes")
    if content.startswith(PNG) and width * height > 8 * DENSEST * len(content):  # one bit is the least for a pixel
        raise ValueError(f"its header promises {width}x{height} px, more than its {len(content)} bytes can hold")
    if content.startswith(OTHER_KINDS):
        raise ValueError("it is no PNG, JPEG, BMP, TIFF or WebP, whatever its name says; convert it")


class _NoDoctype(ElementTree.TreeBuilder):
    """None of the formats that are read declares a document type; one that does could expand entities without end."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError(f"it declares a document type {name}, which such a document does not")


def _check_archive(archive: zipfile.ZipFile) -> None:
    """Each array's header promises no more than its member holds, and all together no more than MOST_BYTES."""
    import math

    import numpy as np

    _check_size(archive)
    for member in archive.infolist():
        if not member.filename.endswith(".npy"):
            continue
        with archive.open(member) as file:
            version = np.lib.format.read_magic(file)
            old = version == (1, 0)
            read = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
            shape, _, kind = read(file)
            held = member.file_size - file.tell()
        if not kind.hasobject and math.prod(shape) * kind.itemsize > held:
            raise ValueError(f"{member.filename} promises {shape} values of {kind}, more than it holds")


def _check_size(archive: zipfile.ZipFile) -> None:
    total = sum(member.file_size for member in archive.infolist())
    if total > MOST_BYTES:
        raise ValueError(f"it unpacks to {total / 2**30:.0f} GiB; {MOST_BYTES >> 30} GiB are the most that is read")


def _png_size(content: bytes) -> tuple[int, int] | None:
    """From the first chunk (ISO/IEC 15948, 11.2.2)."""
    if content[:8] != PNG or len(content) < 24:
        return None
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """From the frame header (ITU-T T.81, B.2.2): markers C0 to CF but for C4, C8 and CC, which are no frames."""
    if content[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # any number of fill bytes may stand before a marker
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(content[at + 7 : at + 9], "big"), int.from_bytes(content[at + 5 : at + 7], "big")
        else:
            at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return None


def _bmp_size(content: bytes) -> tuple[int, int] | None:
    """From the DIB header; a height below zero means from the top. The oldest one is 12 bytes, its sizes two each."""
    if content[:2] != b"BM" or len(content) < 26:
        return None
    if int.from_bytes(content[14:18], "little") == 12:
        return struct.unpack_from("<HH", content, 18)
    width, height = struct.unpack_from("<ii", content, 18)
    return abs(width), abs(height)


def _tiff_size(content: bytes) -> tuple[int, int] | None:
    """From the first directory (TIFF 6.0, section 2; BigTIFF has larger counts): tags 256 and 257, SHORT or LONG."""
    order = {b"II": "<", b"MM": ">"}.get(content[:2])
    if order is None or len(content) < 16:
        return None
    big = struct.unpack_from(f"{order}H", content, 2)[0] == 43
    count_of, entry, value_at = ("Q", 20, 12) if big else ("H", 12, 8)
    at = struct.unpack_from(f"{order}{'Q' if big else 'I'}", content, 8 if big else 4)[0]
    found = {}
    try:
        (count,) = struct.unpack_from(f"{order}{count_of}", content, at)
        at += struct.calcsize(count_of)
        for place in range(at, at + min(count, 65535) * entry, entry):
            tag, kind = struct.unpack_from(f"{order}HH", content, place)
            if tag in (256, 257):
                wide = {3: "H", 4: "I", 16: "Q"}.get(kind, "I")
                (found[tag],) = struct.unpack_from(f"{order}{wide}", content, place + value_at)
    except (struct.error, OverflowError):  # the directory lies outside the file
        pass
    return (found[256], found[257]) if len(found) == 2 else None


def _webp_size(content: bytes) -> tuple[int, int] | None:
    """From the first chunk (RFC 9649): extended, lossless or lossy."""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP" or len(content) < 30:
        return None
    if content[12:16] == b"VP8X":
        return int.from_bytes(content[24:27], "little") + 1, int.from_bytes(content[27:30], "little") + 1
    if content[12:16] == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", content, 26)
    return width & 0x3FFF, height & 0x3FFF
