"""A video whose every pixel is known, that counts what is decoded, and a face that is where it is said to be."""

from __future__ import annotations

import numpy as np

from checks import still_face
from neuroface.store import Store
from neuroface.types import Frame, Landmarks, Recording, Repetition
from neuroface.views.seen import Seen

WIDTH, HEIGHT, PX_PER_MM = 320, 240, 0.8
CENTRE = np.array([160.0, 110.0])


class NumberedVideo:
    """Frames (240, 320, 3) uint8 whose red is the frame's number, green x / 2 and blue y."""

    rig = None
    size = (WIDTH, HEIGHT)
    decoded = 0

    def __init__(self, n_frames: int, *, fps: float = 50.0, name: str = "one") -> None:
        self.name, self.timestamps_s = name, np.arange(n_frames) / fps

    def frames(self, start=0, stop=None, step=1):
        for number in range(start, min(stop or len(self.timestamps_s), len(self.timestamps_s)), step):
            type(self).decoded += 1
            y, x = np.mgrid[:HEIGHT, :WIDTH]
            color = np.stack([np.full_like(x, number), x // 2, y], axis=2).astype(np.uint8)
            yield Frame(number, float(self.timestamps_s[number]), color)


def face_px(n_frames: int, *, turn_deg: np.ndarray | float = 0.0, shift_px: np.ndarray | float = 0.0) -> np.ndarray:
    """(T, 68, 2) px: a still face about CENTRE, turned in the image and moved to the right frame by frame."""
    turn, shift = (np.broadcast_to(value, n_frames) for value in (np.deg2rad(turn_deg), shift_px))
    flat = still_face()[:, 0] + 1j * still_face()[:, 1]
    z = PX_PER_MM * flat * np.exp(1j * turn[:, None]) + shift[:, None]
    return np.stack([z.real, z.imag], axis=2) + CENTRE


def seen_of(points, repetitions, *, video=None, fps=50.0, labels=None, space="pixel") -> Seen:
    """A recording of these landmarks; repetitions as (start, stop)."""
    landmarks = Landmarks(points, np.arange(len(points)) / fps, space)
    labels = labels or [None] * len(repetitions)
    found = tuple(Repetition(a, b, i, label) for i, ((a, b), label) in enumerate(zip(repetitions, labels, strict=True)))
    recording = Recording("P1", "HC", "OPEN", landmarks, repetitions=found, video=video)
    return Seen(recording, landmarks, landmarks, found)


def stored_in(view, folder):
    view.store = Store(folder)
    return view
