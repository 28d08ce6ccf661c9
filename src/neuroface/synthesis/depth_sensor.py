"""Colour + depth cameras like Intel RealSense: where the two cameras are, and what a depth camera makes of true depth.

Nominal values of the kind such devices report, rounded; the calibration of no single device.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from neuroface.types import Camera, Rig

EDGE_STEP_MM = 12.0  # neighbours that differ by more stand on the two sides of an edge
LOST_AT_EDGE, BETWEEN_AT_EDGE = 0.45, 0.2  # shares of edge pixels without depth, and with depth between the two sides
GRAZING_FROM, GRAZING_TO = 0.35, 0.10  # cosine to the line of sight below which depth begins to fail, and always fails
LOST_IN_HAIR = 0.3  # dark strands send little infra-red light back
LOST_ANYWHERE = 0.0005


@dataclass(frozen=True)
class DepthSensor:
    """A kind of camera. All magnitudes at scale 1; by eye where no source stands.

    baseline_mm: from the depth camera to its second eye (D400) or projector (SR300), to the right in the image; what
    that one does not see has no depth. subpixel_px: standard deviation of disparity. Depth error follows from it as
    z^2 subpixel / (focal length x baseline) (Intel, "Tuning depth cameras for best performance", RMS error of stereo).
    range_mm: nearest and farthest depth.
    """

    rig: Rig
    baseline_mm: float
    subpixel_px: float
    range_mm: tuple[float, float]

    def sigma_mm(self, z_mm: np.ndarray) -> np.ndarray:
        """Standard deviation of depth at depth z."""
        camera = self.rig.depth or self.rig.color
        return np.square(z_mm) * (self.subpixel_px / (camera.fx * self.baseline_mm))

    def measure(
        self, z_mm: np.ndarray, cosine: np.ndarray, hair: np.ndarray, generator: np.random.Generator, *, noise: float
    ) -> np.ndarray:
        """(h, w) uint16 raw units, 0 is missing: what the sensor reports of true depth.

        z_mm: (h, w) float32. cosine: (h, w) between surface normal and line of sight, 1 is face on. hair: (h, w) bool.
        noise: scales noise, edges and holes; 0 leaves true depth, in whole units.
        """
        camera = self.rig.depth or self.rig.color
        z = z_mm
        if noise > 0:
            z = z_mm + noise * self.sigma_mm(z_mm) * _patchy(generator, z_mm.shape)
            lost = self._shadow(z_mm, camera)
            chance = generator.random(z_mm.shape, dtype=np.float32)
            blobs = _patchy(generator, z_mm.shape)
            z = _mix_edges(z, z_mm, chance, lost, noise)
            grazing = (GRAZING_FROM - cosine) / (GRAZING_FROM - GRAZING_TO)
            lost |= blobs * 0.35 + 0.5 < noise * grazing
            lost |= hair & (blobs * 0.35 + 0.5 < noise * LOST_IN_HAIR)
            lost |= chance < noise * LOST_ANYWHERE
            z[lost] = 0
        raw = np.rint(z / camera.depth_unit_mm)
        raw[(z < self.range_mm[0]) | (z > self.range_mm[1])] = 0
        return np.minimum(raw, 65535).astype(np.uint16)

    def _shadow(self, z_mm: np.ndarray, camera: Camera) -> np.ndarray:
        """(h, w) bool: places that the second eye cannot see, since something to their right is nearer."""
        column = np.arange(z_mm.shape[1], dtype=np.float32)
        there = column - camera.fx * self.baseline_mm / np.maximum(z_mm, 1.0)
        leftmost = np.minimum.accumulate(there[:, ::-1], axis=1)[:, ::-1]
        return there > leftmost + 1.5


def _mix_edges(z: np.ndarray, true_mm: np.ndarray, chance: np.ndarray, lost: np.ndarray, noise: float) -> np.ndarray:
    """(h, w): flying pixels between the two sides of an edge; adds to `lost` those at an edge that have no depth."""
    box = np.ones((3, 3), dtype=np.uint8)
    near, far = cv2.erode(true_mm, box), cv2.dilate(true_mm, box)
    at = np.flatnonzero(far - near > EDGE_STEP_MM)
    drawn = chance.ravel()[at]
    lost.ravel()[at[drawn < noise * LOST_AT_EDGE]] = True
    flying = at[drawn > 1 - noise * BETWEEN_AT_EDGE]
    share = (1 - chance.ravel()[flying]) / max(noise * BETWEEN_AT_EDGE, 1e-6)
    z.ravel()[flying] = near.ravel()[flying] + share * (far.ravel()[flying] - near.ravel()[flying])
    return z


def _patchy(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """(h, w) float32: normal noise alike over about two pixels, as matching over a window leaves it."""
    half = generator.standard_normal(((shape[0] + 1) // 2, (shape[1] + 1) // 2), dtype=np.float32)
    doubled = cv2.resize(half, (2 * half.shape[1], 2 * half.shape[0]), interpolation=cv2.INTER_LINEAR)
    # linear doubling weighs two neighbours .75 and .25 on either axis: variance (.75^2 + .25^2)^2
    return doubled[: shape[0], : shape[1]] / np.float32(0.625)


SENSORS = {
    # D435: colour beside the left of two infra-red cameras, 50 mm apart; subpixel .08 px is Intel's for good texture
    "d400": DepthSensor(
        Rig(
            color=Camera(615.0, 615.0, 320.0, 240.0, 640, 480, nominal=True, model="D400 (synthetic)"),
            depth=Camera(385.0, 385.0, 320.0, 240.0, 640, 480, 1.0, nominal=True, model="D400 (synthetic)"),
            translation_mm=np.array([15.0, 0.0, 0.0]),
            serial="synthetic",
        ),
        baseline_mm=50.0,
        subpixel_px=0.08,
        range_mm=(105.0, 10_000.0),
    ),
    # SR300: coded light; the error is set to about half a millimetre at 45 cm, by eye
    "sr300": DepthSensor(
        Rig(
            color=Camera(617.0, 617.0, 320.0, 240.0, 640, 480, 0.125, nominal=True, model="SR300 (synthetic)"),
            depth=Camera(474.0, 474.0, 320.0, 240.0, 640, 480, 0.125, nominal=True, model="SR300 (synthetic)"),
            translation_mm=np.array([25.7, 0.0, 4.0]),
            serial="synthetic",
        ),
        baseline_mm=55.0,
        subpixel_px=0.06,
        range_mm=(200.0, 1_500.0),
    ),
}


def aligned(sensor: DepthSensor) -> DepthSensor:
    """The sensor whose depth frames come already seen from its colour camera, pixel for pixel."""
    color, unit = sensor.rig.color, (sensor.rig.depth or sensor.rig.color).depth_unit_mm
    color = replace(color, depth_unit_mm=unit)
    return replace(sensor, rig=Rig(color=color, depth=color, aligned=True, serial=sensor.rig.serial))


def color_only(camera: Camera) -> DepthSensor:
    """A colour camera by itself: its frames have no depth."""
    return DepthSensor(Rig(color=camera), baseline_mm=0.0, subpixel_px=0.0, range_mm=(0.0, np.inf))
