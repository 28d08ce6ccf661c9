"""Clips whose content is known: a bright disc that moves over a dark frame, and landmarks that move with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from neuroface.types import Frame, Landmarks, Recording

SIZE = (320, 240)
FPS = 25.0
RADIUS = 30


def centre(index: int) -> np.ndarray:
    """(2,) px: where the disc is in a frame; 2 px to the right and 1 px down per frame."""
    return np.array([100.0 + 2 * index, 90.0 + index])


def drawn(index: int, *, empty: bool = False) -> np.ndarray:
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    if not empty:
        x, y = (int(v) for v in centre(index))
        cv2.circle(image, (x, y), RADIUS, (250, 200, 180), cv2.FILLED)
    return image


class DrawnVideo:
    """A types.Video of the disc; frames in `empty` show nothing."""

    rig = None
    size = SIZE

    def __init__(self, n_frames: int = 40, *, fps: float = FPS, empty: frozenset[int] = frozenset()) -> None:
        self.timestamps_s, self._empty = np.arange(n_frames) / fps, empty

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        for index in range(len(self.timestamps_s))[start:stop:step]:
            yield Frame(index, float(self.timestamps_s[index]), drawn(index, empty=index in self._empty))


def find_disc(frame: Frame) -> np.ndarray:
    """(N, 4) px: the box around what is bright."""
    rows, columns = np.nonzero(frame.color[..., 0] > 128)
    if not len(rows):
        return np.empty((0, 4))
    return np.array([[columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]], dtype=float)


def landmarks(n_frames: int = 40, *, fps: float = FPS) -> Landmarks:
    """68 points on a circle of 25 px about the disc's centre."""
    turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    circle = 25 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    points = np.stack([circle + centre(index) for index in range(n_frames)])
    return Landmarks(points, np.arange(n_frames) / fps, "pixel")


def recording(subject: str = "P1", n_frames: int = 40, *, video: object = None, **more: object) -> Recording:
    shown = DrawnVideo(n_frames) if video is None else video
    return Recording(subject=subject, group="g", task="t", landmarks=landmarks(n_frames), video=shown, **more)


def write_clip(file: Path, n_frames: int = 12) -> Path:
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), FPS, SIZE)
    for index in range(n_frames):
        writer.write(drawn(index)[..., ::-1])
    writer.release()
    return file
