"""Small clips whose every frame says its number, written by the tests themselves."""

from __future__ import annotations

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


def write_uneven(path: Path, times_ms: list[int], *, codec: str = "mpeg4", b_frames: int = 0) -> Path:
    """A clip whose frames are shown at the given times, through PyAV."""
    from fractions import Fraction

    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=1000)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.max_b_frames = b_frames
        stream.codec_context.gop_size = 12
        for number, time in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


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
