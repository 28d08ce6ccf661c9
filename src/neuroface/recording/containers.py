"""What a video file says of itself in the bytes of its container, where OpenCV and FFmpeg do not hand it on."""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Matroska and WebM (RFC 9559, RFC 8794): the EBML header, the Segment that holds everything else, and the CodecID of
# a track, whose text begins with V_ or A_. A size whose bits are all one is not known (a live recording).
EBML, SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
CODEC = re.compile(rb"\x86[\x80-\xff]([AV])_")
# The tracks of a Matroska file are described before its frames.
MATROSKA_HEAD_BYTES = 1 << 20
# Windows Media (ASF specification, 3.2): the File Properties Object; the size of the file stands 40 bytes into it.
ASF_FIRST, ASF_PROPERTIES = bytes.fromhex("3026b2758e66cf11"), bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
# MPEG transport stream (a packet begins with 47; 4 bytes later on Blu-ray and in cameras), programme stream, Ogg.
MPEG_TS, MPEG_PS, OGG = b"\x47", b"\x00\x00\x01\xba", b"OggS"
TS_PACKETS = ((0, 188), (4, 192))
SOUND_ONLY = "it holds sound only; give the file with the pictures"

Content = mmap.mmap | bytes
Box = tuple[bytes, int, int]  # name, and where its content begins and ends


def why_unreadable(path: Path) -> str:
    """What a file that does not open as a video is, from its first bytes, and what to do about it."""
    if not path.stat().st_size:
        return "it is empty (0 bytes); record or copy it again"
    with _bytes_of(path) as content:
        head = content[:12]
        if head[4:8] == b"ftyp":
            if content.find(b"moov") < 0:
                return "its index was never written (a recording that was cut off); copy it again, or repair it"
            if content.find(b"vide") < 0 <= content.find(b"soun"):
                return SOUND_ONLY
        if head[:4] == EBML:
            kinds = set(CODEC.findall(content[:MATROSKA_HEAD_BYTES]))
            return SOUND_ONLY if kinds == {b"A"} else "it is a Matroska file without readable video; copy it again"
    if (head[:4] == b"RIFF" and head[8:12] == b"WAVE") or head[:3] == b"ID3" or head[:4] in (b"fLaC", OGG):
        return SOUND_ONLY
    return f"it is not one (it begins with {head[:8]!r}); give a video file, whatever its name ends with"


def length_proves_nothing(path: Path) -> bool:
    """Whether a file that lasts longer than its picture may still be whole.

    Matroska and ASF state how long the longest track lasts, which may be the sound, and how many bytes there are: with
    all of these the file is whole. MPEG streams and Ogg state nothing; their length is that of what is there. Other
    containers (mp4, AVI) count frames.
    """
    with _bytes_of(path) as content:
        if content[:4] == EBML:
            return _matroska_bytes(content) <= len(content)
        if content[: len(ASF_FIRST)] == ASF_FIRST:
            at = content.find(ASF_PROPERTIES, 0, MATROSKA_HEAD_BYTES)
            return at >= 0 and int.from_bytes(content[at + 40 : at + 48], "little") <= len(content)
        stream = any(content[at : at + 1] == content[at + n : at + n + 1] == MPEG_TS for at, n in TS_PACKETS)
        return stream or content[:4] in (MPEG_PS, OGG)


def edited_s(path: Path) -> float | None:
    """Seconds of picture that the edit list of an mp4 or mov shows, if it may hide frames; None if it hides none.

    ISO/IEC 14496-12, 8.6.6. A cut without encoding again keeps all frames from the key frame on, and an edit list says
    which are shown. A list that only undoes the delay of reordered frames, or begins late, hides nothing.
    """
    with _bytes_of(path) as content:
        if content[4:8] != b"ftyp":
            return None
        try:
            return _edited_s(content)
        except (LookupError, ZeroDivisionError, struct.error):  # a damaged index: whoever decodes says what is wrong
            return None


@contextmanager
def _bytes_of(path: Path) -> Iterator[Content]:
    if not path.stat().st_size:  # which mmap refuses
        yield b""
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content


def _matroska_bytes(content: Content) -> int:
    """How long the file is by its header and Segment; 0 where that is not stated."""
    header_size, at = _ebml_size(content, len(EBML))
    at += header_size
    if content[at : at + 4] != SEGMENT:
        return 0
    size, begins = _ebml_size(content, at + 4)
    return begins + size


def _ebml_size(content: Content, at: int) -> tuple[int, int]:
    """A size of 1 to 8 bytes (RFC 8794, 4) at a position, and where what it measures begins; 0 if it is unknown."""
    if at >= len(content):
        return 0, at
    width = 9 - content[at].bit_length()
    value = int.from_bytes(content[at : at + width], "big") & ((1 << 7 * width) - 1)
    return (0 if value == (1 << 7 * width) - 1 else value), at + width


def _edited_s(content: Content) -> float | None:
    movie = _inside(content, (b"", 0, len(content)), b"moov")
    for track in _boxes(content, *movie[1:]):
        if track[0] == b"trak" and content[_inside(content, track, b"mdia", b"hdlr")[1] + 8 :][:4] == b"vide":
            break
    else:
        return None
    try:
        list_at = _inside(content, track, b"edts", b"elst")[1]
    except LookupError:
        return None
    ticks_per_s, _ = _clock(content, _inside(content, movie, b"mvhd")[1])
    media_per_s, media_lasts = _clock(content, _inside(content, track, b"mdia", b"mdhd")[1])
    wide = content[list_at] == 1
    (count,), entry = struct.unpack_from(">I", content, list_at + 4), struct.Struct(">QqI" if wide else ">IiI")
    edits = [entry.unpack_from(content, list_at + 8 + i * entry.size) for i in range(count)]
    shown = [(lasts, begins) for lasts, begins, _ in edits if begins >= 0]  # -1: nothing is shown for that long
    lasts = sum(edit[0] for edit in shown) / ticks_per_s
    if not shown or not lasts:  # 0: all there is
        return None
    left_s = (media_lasts - shown[0][1]) / media_per_s
    late = shown[0][1] > _first_delay(content, track)
    return lasts if len(shown) > 1 or late or lasts < left_s - 2 / ticks_per_s else None


def _clock(content: Content, at: int) -> tuple[int, int]:
    """Ticks per second and length in ticks, of a movie or media header (8.2.2, 8.4.2)."""
    return struct.unpack_from(">IQ" if content[at] == 1 else ">II", content, at + (20 if content[at] == 1 else 12))


def _first_delay(content: Content, track: Box) -> int:
    """Ticks from when the first frame is decoded to when it is shown (8.6.1.3)."""
    try:
        at = _inside(content, track, b"mdia", b"minf", b"stbl", b"ctts")[1]
    except LookupError:
        return 0
    return struct.unpack_from(">iIi", content, at + 4)[2]


def _inside(content: Content, box: Box, *names: bytes) -> Box:
    """The first box of these names, each inside the one before. Errors: LookupError when there is none."""
    for name in names:
        found = next((inner for inner in _boxes(content, *box[1:]) if inner[0] == name), None)
        if found is None:
            raise LookupError(name)
        box = found
    return box


def _boxes(content: Content, at: int, end: int) -> Iterator[Box]:
    while at + 8 <= end:
        size, name = struct.unpack_from(">I4s", content, at)
        header = 8
        if size == 1:
            (size,), header = struct.unpack_from(">Q", content, at + 8), 16
        size = size or end - at  # 0: to the end
        if size < header:
            return
        yield name, at + header, min(at + size, end)
        at += size
