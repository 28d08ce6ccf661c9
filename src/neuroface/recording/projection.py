"""From pixels and depth to mm and back: the pinhole camera with its lens, and the step from one camera to another.

Axes are the camera's: x to the right in the image, y down, z away from the camera. Pixel (0, 0) is the centre of the
first pixel.
"""

from __future__ import annotations

import numpy as np

from neuroface.recording import distortion
from neuroface.types import Camera, Rig


def deproject(pixels: np.ndarray, depth: np.ndarray, camera: Camera) -> np.ndarray:
    """(..., 3) mm, camera frame: the points that a camera sees at the given pixels.

    pixels: (..., 2) px; depth: (...) raw units, distance along the optical axis, of which one is camera.depth_unit_mm;
    0, negative and NaN are missing and give NaN. X = (u - cx) Z / fx, Y = (v - cy) Z / fy once the lens is undone
    (librealsense, rs2_deproject_pixel_to_point; Hartley & Zisserman, Multiple View Geometry, 2004, section 6.1).
    """
    points = np.empty((*np.shape(depth), 3))
    z = points[..., 2]
    np.multiply(depth, camera.depth_unit_mm, out=z)
    z[~(z > 0)] = np.nan
    if distortion.has_distortion(camera):
        x, y = rays(pixels, camera)
        np.multiply(x, z, out=points[..., 0])
        np.multiply(y, z, out=points[..., 1])
        return points
    for axis, (centre, focal) in enumerate(((camera.cx, camera.fx), (camera.cy, camera.fy))):
        ray = points[..., axis]
        np.subtract(pixels[..., axis], centre, out=ray)
        ray *= z
        ray /= focal
    return points


def project(points_mm: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """(..., 2) px and (...) raw depth units: where a camera sees the points; the inverse of `deproject`.

    points_mm: (..., 3) mm, camera frame; a point that is missing or not in front of the camera gives NaN.
    """
    z = np.where(points_mm[..., 2] > 0, points_mm[..., 2], np.nan)
    x, y = distortion.distort(points_mm[..., 0] / z, points_mm[..., 1] / z, camera)
    return np.stack([camera.cx + camera.fx * x, camera.cy + camera.fy * y], axis=-1), z / camera.depth_unit_mm


def rays(pixels: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Two (...): X / Z and Y / Z of everything that a camera sees at the pixels (..., 2)."""
    x = (pixels[..., 0] - camera.cx) / camera.fx
    y = (pixels[..., 1] - camera.cy) / camera.fy
    return distortion.undistort(x, y, camera)


def depth_to_color(points_mm: np.ndarray, rig: Rig) -> np.ndarray:
    """(..., 3) mm, colour camera frame, from (..., 3) mm in the depth camera's."""
    return points_mm @ rig.rotation.T + rig.translation_mm


def color_to_depth(points_mm: np.ndarray, rig: Rig) -> np.ndarray:
    """(..., 3) mm, depth camera frame, from (..., 3) mm in the colour camera's."""
    return (points_mm - rig.translation_mm) @ rig.rotation
