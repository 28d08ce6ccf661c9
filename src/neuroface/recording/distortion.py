"""Lens distortion as RealSense cameras describe it: where a lens moves a ray, and back. Vectorised, exact to rounding.

Coordinates are those of a camera with focal length 1 (x = X / Z, y = Y / Z). One polynomial serves all models (Brown,
"Decentering distortion of lenses", Photogrammetric Engineering 32, 1966): a radial factor of k1 k2 k3 and a tangential
part of p1 p2. What differs is what goes in and what comes out:

* brown_conrady: ideal -> seen; OpenCV's model with five coefficients.
* modified_brown_conrady: ideal -> seen, the tangential part taken at the point after its radial shift.
* inverse_brown_conrady: seen -> ideal. This is what the SDK documents and what SR300 calibrations hold. Cameras of the
  D400 family carry the same label on coefficients of the modified model; `camera_file.distortion_of` tells them apart.

Source of the three: Intel RealSense SDK 2.0, rs2_distortion and rsutil.h.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neuroface.types import Camera

Pair = tuple[np.ndarray, np.ndarray]

# Newton's method converges in three or four steps for lenses one can buy; a point that needs more lies beyond the fold
# of the polynomial and has no inverse.
MOST_STEPS = 12
TOLERANCE = 1e-12
NOT_FOUND = 1e-8


def distort(x: np.ndarray, y: np.ndarray, camera: Camera) -> Pair:
    """Two (...), focal length 1: where the lens puts the ideal points x, y (...). NaN in, NaN out."""
    if not has_distortion(camera):
        return x, y
    if camera.distortion == "inverse_brown_conrady":
        return _inverse(BROWN, x, y, camera.coefficients)
    return _forward_model(camera).values(x, y, camera.coefficients)


def undistort(x: np.ndarray, y: np.ndarray, camera: Camera) -> Pair:
    """Two (...), focal length 1: the ideal points that the lens shows at x, y (...); the inverse of `distort`.

    A point that no ideal point is shown at (far outside the image of a strong lens) gives NaN.
    """
    if not has_distortion(camera):
        return x, y
    if camera.distortion == "inverse_brown_conrady":
        return _brown(x, y, camera.coefficients)
    return _inverse(_forward_model(camera), x, y, camera.coefficients)


def has_distortion(camera: Camera) -> bool:
    """Whether the lens moves anything: a model that is not "none", with a coefficient that is not 0."""
    return camera.distortion != "none" and any(camera.coefficients)


@dataclass(frozen=True)
class Polynomial:
    """A lens model's polynomial and its derivatives (du/dx, du/dy, dv/dx, dv/dy), both of x, y and k1 k2 p1 p2 k3."""

    values: Callable[[np.ndarray, np.ndarray, tuple[float, ...]], Pair]
    slopes: Callable[[np.ndarray, np.ndarray, tuple[float, ...]], tuple[np.ndarray, ...]]


def _radial(x: np.ndarray, y: np.ndarray, coefficients: tuple[float, ...]) -> Pair:
    """Squared radius and radial factor."""
    k1, k2, _, _, k3 = coefficients
    r2 = x * x + y * y
    return r2, 1 + r2 * (k1 + r2 * (k2 + r2 * k3))


def _half_radial_slopes(x: np.ndarray, y: np.ndarray, r2: np.ndarray, coefficients: tuple[float, ...]) -> Pair:
    """Half of the derivatives of the radial factor by x and by y."""
    k1, k2, _, _, k3 = coefficients
    slope = k1 + r2 * (2 * k2 + r2 * (3 * k3))  # by r2
    return x * slope, y * slope


def _tangential(a: np.ndarray, b: np.ndarray, r2: np.ndarray, coefficients: tuple[float, ...]) -> Pair:
    """Shift by the decentring of a lens whose radial part puts a point at a, b."""
    _, _, p1, p2, _ = coefficients
    ab = a * b
    return 2 * p1 * ab + p2 * (r2 + 2 * a * a), 2 * p2 * ab + p1 * (r2 + 2 * b * b)


def _brown(x: np.ndarray, y: np.ndarray, coefficients: tuple[float, ...]) -> Pair:
    r2, f = _radial(x, y, coefficients)
    across, down = _tangential(x, y, r2, coefficients)
    return x * f + across, y * f + down


def _brown_slopes(x: np.ndarray, y: np.ndarray, coefficients: tuple[float, ...]) -> tuple[np.ndarray, ...]:
    _, _, p1, p2, _ = coefficients
    r2, f = _radial(x, y, coefficients)
    fx, fy = _half_radial_slopes(x, y, r2, coefficients)
    mixed = 2 * x * fy + 2 * (p1 * x + p2 * y)
    return f + 2 * x * fx + 2 * p1 * y + 6 * p2 * x, mixed, mixed, f + 2 * y * fy + 2 * p2 * x + 6 * p1 * y


def _modified(x: np.ndarray, y: np.ndarray, coefficients: tuple[float, ...]) -> Pair:
    """As `_brown`, with the tangential part at (x f, y f); its r2 stays that of (x, y)."""
    r2, f = _radial(x, y, coefficients)
    a, b = x * f, y * f
    across, down = _tangential(a, b, r2, coefficients)
    return a + across, b + down


def _modified_slopes(x: np.ndarray, y: np.ndarray, coefficients: tuple[float, ...]) -> tuple[np.ndarray, ...]:
    _, _, p1, p2, _ = coefficients
    r2, f = _radial(x, y, coefficients)
    fx, fy = _half_radial_slopes(x, y, r2, coefficients)
    a, b = x * f, y * f
    ax, ay, bx, by = f + 2 * x * fx, 2 * x * fy, 2 * y * fx, f + 2 * y * fy
    to_a, to_b = 1 + 2 * p1 * b + 4 * p2 * a, 1 + 2 * p2 * a + 4 * p1 * b
    return (
        to_a * ax + 2 * p1 * a * bx + 2 * p2 * x,
        to_a * ay + 2 * p1 * a * by + 2 * p2 * y,
        to_b * bx + 2 * p2 * b * ax + 2 * p1 * x,
        to_b * by + 2 * p2 * b * ay + 2 * p1 * y,
    )


BROWN, MODIFIED = Polynomial(_brown, _brown_slopes), Polynomial(_modified, _modified_slopes)


def _forward_model(camera: Camera) -> Polynomial:
    """The polynomial of a model that goes from ideal to seen."""
    return MODIFIED if camera.distortion == "modified_brown_conrady" else BROWN


def _inverse(model: Polynomial, u: np.ndarray, v: np.ndarray, coefficients: tuple[float, ...]) -> Pair:
    """Points x, y that the polynomial carries to u, v, by Newton's method from u, v; NaN where it does not arrive."""
    u, v = np.asarray(u, dtype=float), np.asarray(v, dtype=float)
    x, y = u, v
    with np.errstate(all="ignore"):
        for _ in range(MOST_STEPS):
            at_u, at_v = model.values(x, y, coefficients)
            off_u, off_v = at_u - u, at_v - v
            if not (np.maximum(np.abs(off_u), np.abs(off_v)) > TOLERANCE).any():  # NaN compares as False
                return x, y
            ux, uy, vx, vy = model.slopes(x, y, coefficients)
            determinant = ux * vy - uy * vx
            x = x - (vy * off_u - uy * off_v) / determinant
            y = y - (ux * off_v - vx * off_u) / determinant
        at_u, at_v = model.values(x, y, coefficients)
        lost = ~(np.maximum(np.abs(at_u - u), np.abs(at_v - v)) < NOT_FOUND)
    return np.where(lost, np.nan, x), np.where(lost, np.nan, y)
