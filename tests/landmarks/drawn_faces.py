"""Faces of a few strokes, whose landmarks are where they were drawn; and small networks to learn them."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from checks import still_face
from neuroface.landmarks import weights
from neuroface.landmarks.fan import FAN


def points(n: int, *, side: int, seed: int = 0) -> np.ndarray:
    """(n, 68, 2) px: faces that differ a little in size, place and turn, in a square of `side` px."""
    rng = np.random.default_rng(seed)
    scale = side / 280 * rng.uniform(0.9, 1.1, n)[:, None, None]
    angle = rng.uniform(-0.15, 0.15, n)
    turn = np.moveaxis(np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]), 2, 0)
    return still_face()[:, :2] @ turn * scale + (side - 1) / 2 + rng.uniform(-0.03, 0.03, (n, 1, 2)) * side


def picture(marks: np.ndarray, side: int) -> np.ndarray:
    """(side, side, 3) uint8: a spot of its own colour at every landmark (68, 2) px, smooth enough to have a centre."""
    y, x = np.mgrid[:side, :side]
    colours = np.random.default_rng(5).uniform(80, 230, (len(marks), 3))
    image = np.full((side, side, 3), 20.0)
    for (u, v), colour in zip(marks, colours, strict=True):
        spot = np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * (side / 80) ** 2))
        image += spot[..., None] * (colour - image)
    return cv2.convertScaleAbs(image)


def faces(n: int, *, side: int = 64, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Crops (n, side, side, 3), points (n, 68, 2) px and people (n,), three faces each."""
    marks = points(n, side=side, seed=seed)
    people = np.array([f"P{i // 3:02d}" for i in range(n)])
    return np.stack([picture(one, side) for one in marks]), marks, people


def tiny_weights(folder, *, stacks: int = 2, width: int = 16, size: int = 64, seed: int = 0) -> str:
    """The file of a small network that knows nothing, with batch statistics that are not trivial."""
    torch.manual_seed(seed)
    fan = FAN(stacks, width=width, size=size).train()
    fan(torch.rand(8, 3, size, size))
    file = folder / f"tiny{seed}.safetensors"
    weights.save(fan, file, about={}, fitted_on={"before"})
    return str(file)
