"""A face of 68 coloured dots, and a network that knows landmark l by colour l: truth is known to a fraction of a px."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from neuroface.types import Frame, Landmarks, Recording

SIZE = (640, 480)
FPS = 25.0
N = 68
RADIUS_PX = 6
FACE_PX = 90.0  # from the middle of the face to its rim

_levels = np.stack(np.meshgrid(*[np.arange(55, 256, 50)] * 3), axis=-1).reshape(-1, 3)
COLORS = _levels[np.linspace(0, len(_levels) - 1, N).round().astype(int)]  # at least 50 apart on some channel
_turn = np.arange(N) * np.pi * (3 - np.sqrt(5))  # a sunflower: nowhere crowded
SHAPE = FACE_PX * np.sqrt((np.arange(N) + 0.5) / N)[:, None] * np.stack([np.cos(_turn), np.sin(_turn)], axis=1)


class ColourFan(nn.Module):
    """In place of a FAN: the heat-map of landmark l is how much of each 4x4 px has its colour."""

    stacks, landmarks, size = 1, N, 256

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("colors", torch.tensor(COLORS / 255, dtype=torch.float32))

    def trunk(self, x: Tensor) -> Tensor:
        return x

    def last(self, features: Tensor) -> Tensor:
        inner = nn.functional.conv2d(features, self.colors[:, :, None, None])
        lengths = features.square().sum(dim=1, keepdim=True) + self.colors.square().sum(dim=1)[:, None, None]
        alike = inner.mul_(2).sub_(lengths).div_(0.1**2).add_(1).clamp_(0, 1)
        return nn.functional.avg_pool2d(alike, 4)


def points(centre: np.ndarray) -> np.ndarray:
    """(68, 2) px."""
    return SHAPE + centre


def drawn(*centres: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8: a face about each centre on black; dots are drawn to 1/16 px."""
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    for centre in centres:
        for (x, y), color in zip(points(centre), COLORS, strict=True):
            at = (round(16 * x), round(16 * y))
            cv2.circle(image, at, 16 * RADIUS_PX, color.tolist(), cv2.FILLED, cv2.LINE_AA, 4)
    return image


class DotVideo:
    """A types.Video; centres: where the face is in each frame, (2,) px, or None. Counts the frames that it made."""

    rig = None
    size = SIZE

    def __init__(self, centres: list[np.ndarray | None]) -> None:
        self.centres, self.made = centres, 0

    def __len__(self) -> int:
        return len(self.centres)

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        for index in range(len(self))[start:stop:step]:
            centre = self.centres[index]
            self.made += 1
            yield Frame(index, index / FPS, drawn(*([] if centre is None else [centre])))


class BoxAround:
    """A detector: the box around what is not black, as (N, 4) px. Counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, frame: Frame) -> np.ndarray:
        self.calls += 1
        rows, columns = np.nonzero(frame.color.any(axis=2))
        if not len(rows):
            return np.empty((0, 4))
        return np.array([[columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]], dtype=float)


def walk(n_frames: int, *, step: tuple[float, float] = (4.0, 1.5)) -> list[np.ndarray | None]:
    """Where a face is that moves evenly."""
    return [np.array([200.0, 200.0]) + np.array(step) * index for index in range(n_frames)]


def recording(centres: list[np.ndarray | None], subject: str = "P1", **more: object) -> Recording:
    """A recording of the dots that came without landmarks."""
    nothing = np.full((len(centres), N, 2), np.nan)
    landmarks = Landmarks(nothing, np.arange(len(centres)) / FPS, "pixel")
    video = more.pop("video", None) or DotVideo(centres)
    return Recording(subject=subject, group="HC", task="OPEN", landmarks=landmarks, video=video, **more)
