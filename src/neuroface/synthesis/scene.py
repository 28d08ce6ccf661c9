"""The light that a synthetic person sits in, and what is behind.

`lab`: seen from the front in even light before a plain wall, as in a clinic. `wild`: light, colours and background
vary from recording to recording (and pose and distance: cohorts.synthetic); what a landmark network is pre-trained on.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True, eq=False)
class Scene:
    """Light and background.

    light: (3,) unit vector towards the lamp, camera axes. light_rgb, ambient_rgb: (3,) shares of the paint's colour
    that come from it and from everywhere. background: (H, W, 3) float32 RGB. wall_mm: distance of what is behind.
    """

    light: np.ndarray
    light_rgb: np.ndarray
    ambient_rgb: np.ndarray
    background: np.ndarray
    wall_mm: float


def draw_scene(generator: np.random.Generator, look: str, size: tuple[int, int]) -> Scene:
    """One setting of light and background; size: (width, height) px."""
    if look == "lab":
        light, brightness = np.array([0.25, -0.6, -0.8]), generator.uniform(0.95, 1.05)
        light_rgb, ambient_rgb = np.full(3, 0.62), np.full(3, 0.45)
        background = _wall(generator, size, np.array([150.0, 156.0, 162.0]) * generator.uniform(0.8, 1.2))
        wall_mm = 1100.0
    else:
        across, up = np.radians(generator.uniform(-65, 65)), np.radians(generator.uniform(-10, 60))
        light = np.array([np.sin(across) * np.cos(up), -np.sin(up), -np.cos(across) * np.cos(up)])
        brightness, warmth = generator.uniform(0.7, 1.2), generator.uniform(-0.14, 0.14)
        hard = generator.uniform(0.45, 0.85)
        light_rgb = hard * np.array([1 + warmth, 1.0, 1 - warmth])
        ambient_rgb = (1.05 - hard) * np.array([1 - warmth / 2, 1.0, 1 + warmth / 2])
        background = _room(generator, size)
        wall_mm = float(generator.uniform(800, 1400))
    return Scene(light / np.linalg.norm(light), light_rgb * brightness, ambient_rgb * brightness, background, wall_mm)


def _wall(generator: np.random.Generator, size: tuple[int, int], color: np.ndarray) -> np.ndarray:
    """(H, W, 3): a plain wall, a little brighter on one side."""
    width, height = size
    across = np.linspace(-1, 1, width) * generator.uniform(-0.06, 0.06)
    down = np.linspace(0.04, -0.08, height)
    return ((1 + across[None, :] + down[:, None])[..., None] * color).astype(np.float32)


def _room(generator: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3): blurred shapes of any colour, as a room out of focus."""
    width, height = size
    image = np.empty((height, width, 3), dtype=np.float32)
    image[:] = generator.uniform(40, 200) + 20 * generator.standard_normal(3)
    for _ in range(generator.integers(8, 22)):
        color = tuple((generator.uniform(20, 225) + 35 * generator.standard_normal(3)).tolist())
        x, y = (int(v) for v in generator.uniform(-0.1, 1.0, 2) * size)
        w, h = (int(v) for v in generator.uniform(0.05, 0.5, 2) * size)
        if generator.random() < 0.6:
            cv2.rectangle(image, (x, y), (x + w, y + h), color, -1)
        else:
            cv2.ellipse(image, (x, y), (w // 2, h // 2), float(generator.uniform(0, 180)), 0, 360, color, -1)
    blurred = cv2.GaussianBlur(image, (0, 0), float(generator.uniform(2, 9)))
    texture = generator.standard_normal((height // 4, width // 4)).astype(np.float32)
    texture = cv2.resize(cv2.GaussianBlur(texture, (0, 0), 1.5), size) * generator.uniform(4, 25)
    return np.clip(blurred + texture[..., None], 0, 255)
