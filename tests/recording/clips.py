"""Small clips whose every frame says its number, written by the tests themselves."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT = 160, 120


def picture(number: int, *, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """(H, W, 3) uint8 RGB: eight squares on top, white for the bits of the number; a red left edge, else grey."""
    image = np.full((height, width, 3), 90, np.uint8)
    image[:, : width // 10] = (220, 20, 20)
    side = width // 10
    for bit in range(8):
        if number >> bit & 1:
            image[:side, (bit + 1) * side : (bit + 2) * side] = 255
    return image


def number_of(image: np.ndarray) -> int:
    """The number that `picture` drew, also after lossy compression."""
    side = image.shape[1] // 10
    middle = image[side // 2, [(bit + 1) * side + side // 2 for bit in range(8)]].mean(axis=-1)
    return int(((middle > 170) << np.arange(8)).sum())


def write(path: Path, count: int = 40, *, fourcc: str = "MJPG", fps: float = 50.0) -> Path:
    """A clip of `count` pictures through OpenCV."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), fps, (WIDTH, HEIGHT))
    assert writer.isOpened(), f"this OpenCV cannot write {fourcc} to {path.suffix}"
    for number in range(count):
        writer.write(picture(number)[..., ::-1].copy())
    writer.release()
    return path


def write_uneven(
    path: Path, times_ms: list[int], *, codec: str = "mpeg4", b_frames: int = 0, sound_s: float = 0.0
) -> Path:
    """A clip whose frames are shown at the given times, through PyAV; with a silent sound track of `sound_s`."""
    from fractions import Fraction

    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=1000)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.max_b_frames = b_frames
        stream.codec_context.gop_size = 12
        voice = container.add_stream("pcm_s16le", rate=8000, layout="mono") if sound_s else None
        for number, time in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        for number in range(round(sound_s * 10)):
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
            silence.sample_rate, silence.pts = 8000, 800 * number
            container.mux(voice.encode(silence))
    return path


def write_with_long_sound(path: Path, count: int, *, codec: str, sound_s: float) -> Path:
    """A clip of `count` pictures at 25 frames/s with `sound_s` of silence, through PyAV."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        voice = container.add_stream("mp2", rate=16000, layout="mono")
        for number in range(count):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(number), format="rgb24")))
        container.mux(stream.encode())
        for number in range(round(sound_s * 16000 / 1152)):
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 1152), np.int16), format="s16", layout="mono")
            silence.sample_rate, silence.pts = 16000, 1152 * number
            container.mux(voice.encode(silence))
        container.mux(voice.encode())
    return path


def set_edits(path: Path, edits: list[tuple[int, int]]) -> Path:
    """Give the track of an mp4 another edit list (ISO/IEC 14496-12, 8.6.6), as a cut without encoding again does.

    edits: (how long, in ticks of the movie; from where, in ticks of the track, -1 for nothing).
    """
    content = path.read_bytes()
    entries = b"".join(struct.pack(">IiHH", *edit, 1, 0) for edit in edits)
    new = _box(b"edts", _box(b"elst", struct.pack(">II", 0, len(edits)) + entries))
    boxes = dict(_boxes(content))
    assert list(boxes)[-1] == b"moov", "only what stands behind the frames can change its length"
    movie = b""
    for name, inside in _boxes(boxes[b"moov"]):
        parts = [(n, c) for n, c in _boxes(inside) if n != b"edts"] if name == b"trak" else []
        track = b"".join(_box(n, c) + (new if n == b"tkhd" else b"") for n, c in parts)
        movie += _box(name, track or inside)
    path.write_bytes(content[: -len(boxes[b"moov"]) - 8] + _box(b"moov", movie))
    return path


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def _boxes(content: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(content):
        size, name = struct.unpack_from(">I4s", content, at)
        found.append((name, content[at + 8 : at + size]))
        at += size
    return found


def turn(path: Path, degrees: int) -> Path:
    """Write into an mp4 that players should turn the picture clockwise, as phones do: its display matrix, in place."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd")
    one = 1 << 16
    a, b = {0: (one, 0), 90: (0, one), 180: (-one, 0), 270: (0, -one)}[degrees]
    start = at + 4 + 40  # version and flags, times, id, duration, layer, volume: ISO/IEC 14496-12, 8.3.2
    for i, value in enumerate((a, b, 0, -b, a)):
        content[start + 4 * i : start + 4 * i + 4] = int(value).to_bytes(4, "big", signed=True)
    path.write_bytes(content)
    return path
