"""Pixels and depth to mm: whole arrays against one point at a time, as one ratio measured in one process.

python scripts/bench/deprojection.py [--frames 500] [--repeats 7]
The loop is what a caller of a camera library's point-by-point function writes; both must give equal values.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from neuroface import face
from neuroface.landmarks.lift import deproject
from neuroface.types import Camera

CAMERA = Camera(fx=617.0, fy=617.0, cx=320.0, cy=240.0, width=640, height=480)
AT_LEAST = 40


def one_point(u: float, v: float, depth: float, camera: Camera) -> tuple[float, float, float]:
    """One point in mm, by the same formula in the same order."""
    z = depth * camera.depth_unit_mm
    if not z > 0:
        z = float("nan")
    return (u - camera.cx) * z / camera.fx, (v - camera.cy) * z / camera.fy, z


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=7)
    asked = parser.parse_args()
    random = np.random.default_rng(0)
    pixels = random.uniform(0, 480, (asked.frames, face.N_POINTS, 2))
    depth = random.integers(0, 900, (asked.frames, face.N_POINTS)).astype(float)
    np.testing.assert_array_equal(deproject(pixels, depth, CAMERA), one_by_one(pixels, depth, CAMERA))
    arrays = best_s(lambda: deproject(pixels, depth, CAMERA), 20 * asked.repeats)
    loop = best_s(lambda: one_by_one(pixels, depth, CAMERA), asked.repeats)
    ratio = loop / arrays
    print(f"{asked.frames} frames: arrays {1e3 * arrays:.2f} ms, loop {1e3 * loop:.1f} ms, ratio {ratio:.0f}")
    print(f"at least {AT_LEAST}: {'yes' if ratio >= AT_LEAST else 'NO'}")
    raise SystemExit(0 if ratio >= AT_LEAST else 1)


if __name__ == "__main__":
    main()
