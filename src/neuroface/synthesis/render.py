"""Colour and depth frames of a moving synthetic face, made when they are asked for.

Plain numpy and OpenCV. A frame depends on its number alone, not on what was asked before, and none is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from neuroface.recording import projection
from neuroface.synthesis import figure as figures
from neuroface.synthesis import raster, texture
from neuroface.synthesis.appearance import Appearance
from neuroface.synthesis.depth_sensor import DepthSensor
from neuroface.synthesis.scene import Scene
from neuroface.types import Frame, Rig

COLOR_NOISE = 2.2  # standard deviation of a colour value, 0..255, at scale 1; by eye
GRAIN_SPARE_PX = 256  # each frame shows another part of one field of noise: drawing a new one takes as long as the face
LENS_BLUR_PX = 0.75
SKIN_SHINE, SHINE_POWER = 0.16, 18.0
_HAIR, _SKIN = figures.LAYERS.index("hair"), figures.LAYERS.index("skin")


@dataclass(frozen=True, eq=False)
class Act:
    """What a face does before the camera, frame by frame.

    landmarks: (T, 68, 3) mm, face axes. rotation: (T, 3, 3), translation: (T, 3) mm: x_camera = R x + t, of the colour
    camera. neck: (3,) mm, face axes, where the head turns on the torso. times_s: (T,). neutral: (68, 3) mm.
    """

    landmarks: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    neck: np.ndarray
    times_s: np.ndarray
    neutral: np.ndarray


class RenderedVideo:
    """A types.Video of one act. noise: scales noise and holes of both cameras; 0 for none. seed: of that noise."""

    def __init__(
        self, act: Act, looks: Appearance, scene: Scene, sensor: DepthSensor, *, noise: float = 1.0, seed: int = 0
    ) -> None:
        self.act, self.looks, self.scene, self.sensor = act, looks, scene, sensor
        self.noise, self.seed = noise, seed

    def __len__(self) -> int:
        return len(self.act.times_s)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) px of the colour frames."""
        return self.rig.color.width, self.rig.color.height

    @property
    def rig(self) -> Rig:
        return self.sensor.rig

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        """Frames start, start + step, ... before stop, by 0-based number; `stop` beyond the end is the end."""
        if start < 0 or step < 1 or (stop is not None and stop < 0):
            raise ValueError(f"frames({start}, {stop}, {step}): start and stop from 0, step from 1.")
        yield from self.chosen(range(start, len(self) if stop is None else min(stop, len(self)), step))

    def chosen(self, numbers: Sequence[int]) -> Iterator[Frame]:
        """The frames of these 0-based numbers, in the order given, at the price of these alone."""
        if not numbers:
            return
        studio = _Studio(self)
        for number in numbers:
            yield studio.frame(number)


class _Studio:
    """All that stays the same from frame to frame: mesh, paint, background."""

    def __init__(self, video: RenderedVideo) -> None:
        self.video, self.act, self.scene = video, video.act, video.scene
        self.figure = figures.build(video.act.neutral, long_hair=video.looks.long_hair)
        self.paint = texture.paint(video.looks)
        self.uv = self.figure.uv.T.copy()
        width, height = video.size
        spare = (height + GRAIN_SPARE_PX, width + GRAIN_SPARE_PX, 3)
        grain = np.random.default_rng([video.seed, 1]).standard_normal(spare, dtype=np.float32)
        self.grain = grain * np.float32(COLOR_NOISE * video.noise)
        on_skin = np.zeros(len(self.figure.base), dtype=bool)
        on_skin[self.figure.triangles[self.figure.layer == _SKIN]] = True
        self.shine = SKIN_SHINE * on_skin
        self.light_rgb, self.ambient_rgb = self.scene.light_rgb.tolist(), self.scene.ambient_rgb.tolist()

    def frame(self, number: int) -> Frame:
        act, rig = self.act, self.video.rig
        points = self.figure.pose(act.landmarks[number], act.rotation[number], act.translation[number], act.neck)
        at_vertices, at_triangles = raster.vertex_normals(points, self.figure.triangles)
        view = raster.View(points, self.figure.triangles, self.figure.layer, rig.color)
        generator = np.random.default_rng([self.video.seed, 2, number])
        color = self._color(view, self._light(points, at_vertices), generator)
        if rig.depth is None:
            return Frame(number, float(act.times_s[number]), color)
        if not rig.aligned:
            points = projection.color_to_depth(points, rig)
            view = raster.View(points, self.figure.triangles, self.figure.layer, rig.depth)
            at_triangles = at_triangles @ rig.rotation
        depth = self._depth(view, points, at_triangles, generator)
        return Frame(number, float(act.times_s[number]), color, depth)

    def _light(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """(V,): share of the lamp's light that each vertex sends to the camera.

        Lambert, wrapped a little around the edge of the light, and a dull shine of skin by Blinn's half-way vector.
        """
        towards_camera = -points / np.linalg.norm(points, axis=1)[:, None]
        half_way = towards_camera + self.scene.light
        half_way /= np.linalg.norm(half_way, axis=1)[:, None]
        facing = np.einsum("vd,vd->v", normals, half_way)
        shine = self.shine * np.maximum(facing, 0) ** SHINE_POWER
        return np.maximum((normals @ self.scene.light + 0.2) / 1.2, 0) + shine

    def _color(self, view: raster.View, light: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""
        image = self.scene.background.copy()
        u, v = (view.spread(uv) for uv in self.uv)
        painted = cv2.remap(self.paint, u, v, cv2.INTER_LINEAR)
        lamp = view.spread(light)
        lit = cv2.merge([lamp * rgb + ambient for rgb, ambient in zip(self.light_rgb, self.ambient_rgb, strict=True)])
        cv2.copyTo(cv2.multiply(painted, lit, dtype=cv2.CV_32F), (view.ids > 0).astype(np.uint8), image[view.box])
        image = cv2.GaussianBlur(image, (3, 3), LENS_BLUR_PX)
        if self.video.noise > 0:
            height, width = image.shape[:2]
            y, x = generator.integers(0, GRAIN_SPARE_PX, 2)
            return cv2.add(image, self.grain[y : y + height, x : x + width], dtype=cv2.CV_8U)
        return cv2.convertScaleAbs(image)

    def _depth(
        self, view: raster.View, points: np.ndarray, normals: np.ndarray, generator: np.random.Generator
    ) -> np.ndarray:
        """(h, w) uint16 raw units."""
        camera = view.camera
        z = np.full((camera.height, camera.width), self.scene.wall_mm, dtype=np.float32)
        cosine = np.ones_like(z)
        hair = np.zeros(z.shape, dtype=bool)
        shown = view.ids > 0
        np.copyto(z[view.box], view.depth_mm(), where=shown)
        if self.video.noise > 0:
            middle = points[self.figure.triangles[:, 0]]
            towards = np.einsum("fd,fd->f", normals, -middle) / np.linalg.norm(middle, axis=1)
            np.copyto(cosine[view.box], view.per_triangle(towards.astype(np.float32)), where=shown)
            hair[view.box] = view.per_triangle(self.figure.layer == _HAIR)
        return self.video.sensor.measure(z, cosine, hair, generator, noise=self.video.noise)
