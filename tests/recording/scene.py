"""A scene whose depth is known in closed form: a sphere (a head) before a wall, seen by a colour and a depth camera."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from neuroface.recording import projection
from neuroface.types import Camera, Frame, Rig

COLOR = Camera(fx=617.0, fy=616.0, cx=321.5, cy=242.0, width=640, height=480, depth_unit_mm=1.0, model="D415")
DEPTH = Camera(fx=605.0, fy=605.0, cx=317.0, cy=238.5, width=640, height=480, depth_unit_mm=1.0, model="D415")
LENS = (-0.055, 0.066, -0.0007, 0.0011, -0.021)


def rotation(degrees: float, axis: int) -> np.ndarray:
    """(3, 3): a turn about one axis."""
    a, b = [i for i in range(3) if i != axis]
    turn = np.eye(3)
    turn[a, a] = turn[b, b] = np.cos(np.radians(degrees))
    turn[a, b] = -np.sin(np.radians(degrees))
    turn[b, a] = -turn[a, b]
    return turn


def rig(*, unit_mm: float = 1.0, lens: bool = True, **changes: object) -> Rig:
    """A D415-like rig: colour 15 mm beside depth, turned by half a degree; both lenses bend where `lens`."""
    color = replace(COLOR, depth_unit_mm=unit_mm)
    depth = replace(DEPTH, depth_unit_mm=unit_mm)
    if lens:
        color = replace(color, distortion="modified_brown_conrady", coefficients=LENS)
        depth = replace(depth, distortion="inverse_brown_conrady", coefficients=tuple(0.5 * c for c in LENS))
    turn = rotation(0.5, 1) @ rotation(-0.3, 0)
    return Rig(color=color, depth=depth, rotation=turn, translation_mm=np.array([15.0, 0.3, -0.4]), **changes)


@dataclass(frozen=True)
class Plane:
    """Points p with normal . p = offset_mm, in colour camera axes."""

    normal: np.ndarray
    offset_mm: float

    def hit(self, origin: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """(...) how many directions away from the origin a ray (..., 3) meets the plane; infinite if it does not."""
        along = direction @ self.normal
        t = (self.offset_mm - origin @ self.normal) / np.where(along == 0, np.nan, along)
        return np.where(t > 0, t, np.inf)


@dataclass(frozen=True)
class Sphere:
    """A ball in colour camera axes, mm."""

    centre: np.ndarray
    radius_mm: float

    def hit(self, origin: np.ndarray, direction: np.ndarray) -> np.ndarray:
        away = origin - self.centre
        a, b = (direction**2).sum(axis=-1), direction @ away
        root = b * b - a * (away @ away - self.radius_mm**2)
        return np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / a, np.inf)


WALL = Plane(np.array([0.0, 0.0, 1.0]), 900.0)
TILTED = Plane(np.array([0.3, -0.2, 0.933]), 420.0)


def head(z_mm: float = 450.0) -> Sphere:
    """A ball as wide as a head whose front is at the given distance."""
    return Sphere(np.array([5.0, -8.0, z_mm + 80.0]), 80.0)


def seen_depth_mm(shapes, camera: Camera, turn: np.ndarray, shift_mm: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """(...) mm along the camera's own axis at pixels (..., 2); x_color = turn x + shift. 0 where nothing is."""
    x, y = projection.rays(pixels, camera)
    ray = np.stack([x, y, np.ones_like(x)], axis=-1) @ turn.T
    z = np.min([shape.hit(shift_mm, ray) for shape in shapes], axis=0)  # rays have z = 1: t is the depth
    return np.where(np.isfinite(z), z, 0.0)


def color_depth_mm(shapes, rig: Rig, pixels: np.ndarray) -> np.ndarray:
    """(...) mm: true depth at colour pixels (..., 2)."""
    return seen_depth_mm(shapes, rig.color, np.eye(3), np.zeros(3), pixels)


def depth_frame_mm(shapes, rig: Rig) -> np.ndarray:
    """(h, w) mm: what an ideal depth camera sees, from the colour camera's place if the rig is aligned."""
    camera = rig.color if rig.aligned else rig.depth
    v, u = np.mgrid[0 : camera.height, 0 : camera.width].astype(float)
    pixels = np.stack([u, v], axis=-1)
    if rig.aligned:
        return color_depth_mm(shapes, rig, pixels)
    return seen_depth_mm(shapes, camera, rig.rotation, rig.translation_mm, pixels)


def d400_noise(depth_mm: np.ndarray, rig: Rig, random: np.random.Generator) -> np.ndarray:
    """(h, w) uint16 raw units as a D415 would report them.

    Range noise of .08 px of disparity at a baseline of 55 mm (Intel, "D400 series: tuning for best performance": RMS
    error = z^2 * subpixel / (f * baseline)), correlated over some pixels as stereo matching does, 2 % holes, whole
    units.
    """
    sigma = depth_mm**2 * 0.08 / (rig.depth.fx * 55.0)
    noise = cv2.GaussianBlur(random.normal(size=depth_mm.shape), (0, 0), 1.0)
    noisy = depth_mm + sigma * noise / noise.std()
    noisy[random.uniform(size=depth_mm.shape) < 0.02] = 0
    return np.rint(noisy / rig.depth.depth_unit_mm).astype(np.uint16)


class SceneVideo:
    """Frames of a scene, drawn when they are asked for; a types.Video."""

    def __init__(self, rig: Rig | None, times_s: np.ndarray, depth_at, color_at=None) -> None:
        self.rig, self.times_s, self.depth_at, self.color_at = rig, times_s, depth_at, color_at
        self.size = (640, 480) if rig is None else (rig.color.width, rig.color.height)

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        width, height = self.size
        for i in range(len(self.times_s))[start:stop:step]:
            color = self.color_at(i) if self.color_at else np.full((height, width, 3), i % 256, np.uint8)
            yield Frame(i, float(self.times_s[i]), color, self.depth_at(i))


def mouth_like_pixels(rig: Rig, z_mm: float = 450.0) -> np.ndarray:
    """(68, 2) px: points spread over the lower face part of `head`, where landmarks of a mouth lie."""
    random = np.random.default_rng(7)
    centre, _ = projection.project(np.array([5.0, 20.0, z_mm + 8.0]), rig.color)
    return centre + random.uniform(-1, 1, (68, 2)) * [35.0, 20.0]
