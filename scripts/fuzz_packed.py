"""Formats that a random change seldom gets into: a part is changed inside, lengths and checksums are made right."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable

Change = Callable[[bytes], bytes]
Packing = Callable[[bytes, Change, random.Random], bytes]
PNG = b"\x89PNG\r\n\x1a\n"


def packing(content: bytes) -> Packing | None:
    """How a content is packed; None for one that is not."""
    if content.startswith(b"PK\x03\x04"):
        return _zip
    if content.startswith(PNG):
        return _png
    if content.startswith(b"\x93NUMPY\1"):
        return _npy
    if content.startswith(b"\x1f\x8b"):
        return lambda content, change, _: gzip.compress(change(gzip.decompress(content)), mtime=0)
    if content[8:9] == b"{" and 8 + int.from_bytes(content[:8], "little") <= len(content):
        return _safetensors
    return None


def _zip(content: bytes, change: Change, chosen: random.Random) -> bytes:
    """One member changed; of one case in ten, its name."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        at = chosen.randrange(len(archive.infolist()))
        renamed = chosen.random() < 0.1
        for number, member in enumerate(archive.infolist()):
            name, inside = member.filename, archive.read(member)
            if number == at and renamed:
                name = change(name.encode()).decode("utf-8", "replace").replace("\0", "")[:200] or "0"
            elif number == at:
                inside = change(inside)
            new.writestr(zipfile.ZipInfo(name), inside)
    return out.getvalue()


def _png(content: bytes, change: Change, chosen: random.Random) -> bytes:
    """One chunk changed, with a checksum that fits; of the pixels, what is in the stream of zlib."""
    chunks, at = [], len(PNG)
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        chunks.append([content[at + 4 : at + 8], content[at + 8 : at + 8 + length]])
        at += 12 + length
    chunk = chosen.choice(chunks)
    if chunk[0] == b"IDAT" and chosen.random() < 0.7 and sum(name == b"IDAT" for name, _ in chunks) == 1:
        chunk[1] = zlib.compress(change(zlib.decompress(chunk[1])), 1)
    else:
        chunk[1] = change(chunk[1])
    packed = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return PNG + b"".join(packed)


def _npy(content: bytes, change: Change, chosen: random.Random) -> bytes:
    """The header or the values of an array; the header's length is made right."""
    end = 10 + int.from_bytes(content[8:10], "little")
    header, values = content[10:end], content[end:]
    if chosen.random() < 0.6:
        header = change(header)[:65535]
    else:
        values = change(values)
    return content[:8] + len(header).to_bytes(2, "little") + header + values


def _safetensors(content: bytes, change: Change, chosen: random.Random) -> bytes:
    end = 8 + int.from_bytes(content[:8], "little")
    header, values = content[8:end], content[end:]
    if chosen.random() < 0.7:
        header = change(header)
    else:
        values = change(values)
    return len(header).to_bytes(8, "little") + header + values
