"""From pixels and depth to mm: the pinhole camera, forwards and backwards. A choice of `lift` is one function here.

Axes of the result are the camera's: x to the right in the image, y down, z away from the camera. Lens distortion is not
modelled: pixels of a camera that has it must be undistorted first, or they are refused.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuroface.errors import DataError
from neuroface.types import Camera, Landmarks


def deproject(pixels: np.ndarray, depth: np.ndarray, camera: Camera) -> np.ndarray:
    """(..., 3) mm, camera frame: the points that a pinhole camera sees at the given pixels.

    pixels: (..., 2) px; depth: (...) raw units, distance along the optical axis, of which one is camera.depth_unit_mm;
    0, negative and NaN are missing and give NaN. X = (u - cx) Z / fx, Y = (v - cy) Z / fy (librealsense,
    rs2_deproject_pixel_to_point without distortion; Hartley & Zisserman, Multiple View Geometry, 2004, section 6.1).
    """
    points = np.empty((*np.shape(depth), 3))
    z = points[..., 2]
    np.multiply(depth, camera.depth_unit_mm, out=z)
    z[~(z > 0)] = np.nan
    for axis, (centre, focal) in enumerate(((camera.cx, camera.fx), (camera.cy, camera.fy))):
        ray = points[..., axis]
        np.subtract(pixels[..., axis], centre, out=ray)
        ray *= z
        ray /= focal
    return points


def project(points_mm: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """(..., 2) px and (...) raw depth units: where a pinhole camera sees the points; the inverse of `deproject`.

    points_mm: (..., 3) mm, camera frame; a point that is missing or not in front of the camera gives NaN.
    """
    z = np.where(points_mm[..., 2] > 0, points_mm[..., 2], np.nan)
    u = camera.cx + camera.fx * points_mm[..., 0] / z
    v = camera.cy + camera.fy * points_mm[..., 1] / z
    return np.stack([u, v], axis=-1), z / camera.depth_unit_mm


def depth(landmarks: Landmarks, camera: Camera | None) -> Landmarks:
    """Pixel landmarks with depth under each point -> (T, 68, 3) mm, camera frame; landmarks in mm pass unchanged.

    Errors: DataError when pixel landmarks have no depth, or there is no camera without distortion to lift them with.
    """
    if landmarks.space != "pixel":
        return landmarks
    if landmarks.depth is None:
        raise DataError("pixel landmarks have no depth; set lift=none for features in pixels")
    if camera is None:
        raise DataError("pixel landmarks have depth but no camera intrinsics; give them, or set lift=none")
    if any(camera.coefficients):
        raise DataError(f"the camera has {camera.distortion} lens distortion; undistort the pixels before lift=depth")
    points = deproject(landmarks.points, landmarks.depth, camera)
    return replace(landmarks, points=points, space="camera", depth=None)


def none(landmarks: Landmarks, camera: Camera | None) -> Landmarks:
    """Landmarks as they are: pixels stay pixels, mm stay mm."""
    return landmarks
