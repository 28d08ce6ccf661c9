"""Pixels and depth to mm: whole arrays against one point at a time, as ratios measured in one process.

python scripts/bench/deprojection.py [--frames 500] [--repeats 5]
The loop is what a caller of a camera library's point-by-point function writes, its lens undone by ten steps of the same
iteration as in the RealSense SDK; both must give equal values.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from neuroface import face
from neuroface.recording.projection import deproject
from neuroface.types import Camera

STRAIGHT = Camera(fx=617.0, fy=617.0, cx=320.0, cy=240.0, width=640, height=480)
LENS = (-0.056, 0.067, -0.0007, 0.0011, -0.021)
CAMERAS = {
    "no lens": STRAIGHT,
    "brown_conrady": replace(STRAIGHT, distortion="brown_conrady", coefficients=LENS),
    "modified_brown_conrady": replace(STRAIGHT, distortion="modified_brown_conrady", coefficients=LENS),
    "inverse_brown_conrady": replace(STRAIGHT, distortion="inverse_brown_conrady", coefficients=LENS),
}
AT_LEAST = 40
SDK_STEPS = 10


def one_point(u: float, v: float, depth: float, camera: Camera) -> tuple[float, float, float]:
    """One point in mm, by the SDK's formula."""
    z = depth * camera.depth_unit_mm
    if not z > 0:
        z = float("nan")
    if camera.distortion == "none":
        return (u - camera.cx) * z / camera.fx, (v - camera.cy) * z / camera.fy, z
    x, y = one_ray((u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy, camera)
    return x * z, y * z, z


def one_ray(x: float, y: float, camera: Camera) -> tuple[float, float]:
    """X / Z and Y / Z of what a lens shows at x, y."""
    k1, k2, p1, p2, k3 = camera.coefficients
    if camera.distortion == "inverse_brown_conrady":
        r2 = x * x + y * y
        factor = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        return (
            x * factor + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
            y * factor + 2 * p2 * x * y + p1 * (r2 + 2 * y * y),
        )
    x0, y0 = x, y
    for _ in range(SDK_STEPS):
        r2 = x * x + y * y
        factor = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        a, b = (x * factor, y * factor) if camera.distortion == "modified_brown_conrady" else (x, y)
        across = 2 * p1 * a * b + p2 * (r2 + 2 * a * a)
        down = 2 * p2 * a * b + p1 * (r2 + 2 * b * b)
        x, y = (x0 - across) / factor, (y0 - down) / factor
    return x, y


def one_by_one(pixels: np.ndarray, depth: np.ndarray, camera: Camera) -> np.ndarray:
    out = np.empty((*depth.shape, 3))
    for frame in range(depth.shape[0]):
        for point in range(depth.shape[1]):
            u, v = pixels[frame, point]
            out[frame, point] = one_point(u, v, depth[frame, point], camera)
    return out


def best_s(run: Callable[[], np.ndarray], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def measure(name: str, camera: Camera, pixels: np.ndarray, depth: np.ndarray, repeats: int) -> float:
    """Print and return how many times faster the arrays are."""
    np.testing.assert_allclose(deproject(pixels, depth, camera), one_by_one(pixels, depth, camera), atol=1e-6)
    arrays = best_s(lambda: deproject(pixels, depth, camera), 10 * repeats)
    loop = best_s(lambda: one_by_one(pixels, depth, camera), repeats)
    print(f"{name:24s} arrays {1e3 * arrays:6.2f} ms, loop {1e3 * loop:7.1f} ms, ratio {loop / arrays:.0f}")
    return loop / arrays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    random = np.random.default_rng(0)
    pixels = random.uniform(0, 480, (asked.frames, face.N_POINTS, 2))
    depth = random.integers(0, 900, (asked.frames, face.N_POINTS)).astype(float)
    ratios = [measure(name, camera, pixels, depth, asked.repeats) for name, camera in CAMERAS.items()]
    good = min(ratios) >= AT_LEAST
    print(f"{asked.frames} frames; each at least {AT_LEAST}: {'yes' if good else 'NO'}")
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
