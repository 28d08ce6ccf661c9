"""Depth seen from the colour camera: a whole frame, or under some points only. Zero is missing, never averaged.

The depth of a point is its distance along the optical axis of the colour camera. A depth camera stands centimetres
beside the colour camera, so the same point lies elsewhere in its image, and how far depends on the depth itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from neuroface.errors import ConfigError, DataError
from neuroface.recording import projection
from neuroface.types import Camera, Rig

# The least pixels that say something about a surface: three fix a plane.
FEWEST_PIXELS = 3
# Of the surfaces in a window the one in front counts, as soon as it fills this share of it: behind a lip, a jaw line
# or a nostril lies always something farther, and an edge has pixels in between that lie on neither.
FRONT_SHARE = 0.25
# Nothing nearer than this is looked for along a ray (the closest range of any RealSense camera, D405, is 70 mm).
NEAREST_MM = 50.0


def depth_unit_mm(rig: Rig) -> float:
    """mm in one unit of the rig's raw depth."""
    return (rig.depth or rig.color).depth_unit_mm


class Alignment:
    """Turns depth frames into depth seen by the colour camera, pixel for pixel, as `rs2::align` does.

    What depends on the cameras alone is computed once.
    """

    def __init__(self, rig: Rig) -> None:
        if rig.depth is None and not rig.aligned:
            raise DataError("depth cannot be aligned: the rig has no depth camera")
        self.rig = rig
        if rig.aligned or rig.depth is None:
            return
        v, u = np.mgrid[0 : rig.depth.height + 1, 0 : rig.depth.width + 1] - 0.5
        x, y = projection.rays(np.stack([u, v], axis=-1), rig.depth)
        # x_color = z * (R ray) + t, for the corner between four pixels
        self._turned = np.stack([x, y, np.ones_like(x)], axis=-1) @ rig.rotation.T

    def __call__(self, depth: np.ndarray) -> np.ndarray:
        """(H, W) raw units, 0 is missing: depth along the colour camera's axis, the nearest surface of each pixel.

        depth: (h, w) raw units as the depth camera saw it. Each of its pixels is a square that covers whatever colour
        pixels it is seen at; without that a camera of finer colour would leave gaps.
        """
        _check_shape(depth, self.rig)
        if self.rig.aligned:
            return np.asarray(depth, dtype=float)
        unit, color = depth_unit_mm(self.rig), self.rig.color
        v, u = np.nonzero(depth)
        z = depth[v, u] * unit
        low, _ = projection.project(self._turned[v, u] * z[:, None] + self.rig.translation_mm, color)
        high, _ = projection.project(self._turned[v + 1, u + 1] * z[:, None] + self.rig.translation_mm, color)
        middle = (self._turned[v, u, 2] + self._turned[v + 1, u + 1, 2]) / 2 * z + self.rig.translation_mm[2]
        seen = np.full(color.height * color.width, np.inf)
        for rows, columns, which in _covered(low, high, color.width, color.height):
            np.minimum.at(seen, rows * color.width + columns, middle[which])
        return np.where(np.isfinite(seen), seen / unit, 0.0).reshape(color.height, color.width)


def _covered(
    low: np.ndarray, high: np.ndarray, width: int, height: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(rows, columns, which): image pixels whose centres lie in the boxes low .. high (n, 2) px, shift by shift."""
    first, last = np.ceil(np.minimum(low, high)), np.ceil(np.maximum(low, high))
    first, last = np.nan_to_num(first, nan=-1.0).astype(int), np.nan_to_num(last, nan=-1.0).astype(int)
    span = last - first
    for down in range(int(span[:, 1].max(initial=0))):
        for right in range(int(span[:, 0].max(initial=0))):
            columns, rows = first[:, 0] + right, first[:, 1] + down
            inside = (right < span[:, 0]) & (down < span[:, 1])
            inside &= (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
            yield rows[inside], columns[inside], np.flatnonzero(inside)


class PointDepth:
    """Depth under given points of the colour image, from the valid pixels of a window around each.

    window_px: width of the window in colour pixels, odd. max_step_mm: pixels that differ by more from the surface in
    front are left out (edges, the pixels between two surfaces). For a rig that is not aligned only the pixels that a
    point can lie at are looked at: the depth image along the point's ray, from the nearest to the farthest depth in
    the frame.
    """

    def __init__(self, rig: Rig, *, window_px: int = 5, max_step_mm: float = 10.0) -> None:
        if window_px < 1 or window_px % 2 == 0:
            raise ConfigError(f"window_px must be odd and positive; got {window_px}.")
        if rig.depth is None and not rig.aligned:
            raise DataError("there is no depth camera to look up depth in")
        self.rig, self.window_px, self.max_step_mm = rig, window_px, max_step_mm
        self.unit_mm = depth_unit_mm(rig)

    def __call__(self, depth: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """(n,) mm, NaN is missing: depth along the colour camera's axis at pixels (n, 2); depth: (h, w) raw units."""
        _check_shape(depth, self.rig)
        found = np.full(len(pixels), np.nan)
        known = np.flatnonzero(np.isfinite(pixels).all(axis=1))
        if len(known):
            look = self._aligned if self.rig.aligned else self._beside
            found[known] = look(depth, pixels[known])
        return found

    def _aligned(self, depth: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        at = _window(np.rint(pixels).astype(int), self.window_px)
        return surface_at(at - pixels[:, None], self._values_mm(depth, at), self.max_step_mm)

    def _beside(self, depth: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        start = self._along_rays(depth, pixels)
        seen = np.flatnonzero(start[:, 0] >= 0)
        found = np.full(len(pixels), np.nan)
        if not len(seen):
            return found
        camera = self._depth_camera
        scale = max(camera.fx / self.rig.color.fx, camera.fy / self.rig.color.fy)
        width = 2 * math.ceil(scale * (self.window_px + 1) / 2) + 1
        at = _window(start[seen], width)
        points = self._in_color(depth, at)
        where, _ = projection.project(points, self.rig.color)
        offsets = where - pixels[seen, None]
        z = np.where((np.abs(offsets) <= self.window_px / 2).all(axis=-1), points[..., 2], np.nan)
        found[seen] = surface_at(offsets, z, self.max_step_mm)
        return found

    def _along_rays(self, depth: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """(n, 2) px of the depth image: the nearest pixel that the colour camera sees at each point, -1 if none."""
        valid = depth[depth > 0]
        if not valid.size:
            return np.full((len(pixels), 2), -1)
        near, far = (max(float(z) * self.unit_mm, NEAREST_MM) for z in (valid.min(), valid.max()))
        baseline = float(np.linalg.norm(self.rig.translation_mm))
        camera = self._depth_camera
        # equal steps in 1/z are equal steps in the depth image, of about one pixel
        steps = 2 + math.ceil(max(camera.fx, camera.fy) * baseline * (1 / near - 1 / far))
        # the colour camera's z of the same points is up to a baseline nearer or farther
        z = 1 / np.linspace(1 / max(near - baseline, NEAREST_MM), 1 / (far + baseline), steps)
        x, y = projection.rays(pixels, self.rig.color)
        ray = np.stack([x, y, np.ones_like(x)], axis=-1)
        at, _ = projection.project(projection.color_to_depth(ray[:, None] * z[:, None], self.rig), camera)
        at = np.rint(np.nan_to_num(at, nan=-1.0)).astype(int)
        points = self._in_color(depth, at)
        where, _ = projection.project(points, self.rig.color)
        off = np.abs(where - pixels[:, None]).max(axis=-1)
        hit = np.where(off <= self.window_px / 2, points[..., 2], np.inf)
        best = hit.argmin(axis=1)
        row = np.arange(len(pixels))
        return np.where(np.isfinite(hit[row, best])[:, None], at[row, best], -1)

    @property
    def _depth_camera(self) -> Camera:
        assert self.rig.depth is not None  # the constructor refuses a rig that is neither aligned nor has one
        return self.rig.depth

    def _values_mm(self, depth: np.ndarray, at: np.ndarray) -> np.ndarray:
        """(...) mm of the depth image at whole pixels (..., 2); NaN outside the image and where depth is missing."""
        height, width = depth.shape
        inside = (at >= 0).all(axis=-1) & (at[..., 0] < width) & (at[..., 1] < height)
        raw = depth[np.where(inside, at[..., 1], 0), np.where(inside, at[..., 0], 0)]
        return np.where(inside & (raw > 0), raw * self.unit_mm, np.nan)

    def _in_color(self, depth: np.ndarray, at: np.ndarray) -> np.ndarray:
        """(..., 3) mm, colour camera frame: what the depth image shows at whole pixels (..., 2)."""
        raw = self._values_mm(depth, at) / self.unit_mm
        return projection.depth_to_color(projection.deproject(at, raw, self._depth_camera), self.rig)


def surface_at(offsets: np.ndarray, z_mm: np.ndarray, max_step_mm: float) -> np.ndarray:
    """(n,) mm: depth of the front surface at the middle of each window; NaN with fewer than three pixels on it.

    offsets: (n, k, 2) px of each pixel from the point; z_mm: (n, k), NaN is missing. The median over the pixels on
    the front surface, each carried to the point along the surface's slope: on a plane the result is exact wherever
    the point lies between pixels (1/z is linear in the image of a plane), and a few wrong pixels do not move it.
    """
    ordered = np.sort(z_mm, axis=1)  # NaN sorts to the end
    count = np.isfinite(z_mm).sum(axis=1)
    front = ordered[np.arange(len(z_mm)), (FRONT_SHARE * np.maximum(count - 1, 0)).astype(int)]
    on = np.abs(z_mm - front[:, None]) <= max_step_mm  # NaN compares as False
    inverse = np.where(on, 1 / z_mm, 0.0)
    slope = _slope(offsets, inverse, on)
    carried = np.where(on, inverse - np.einsum("nkd,nd->nk", np.where(on[..., None], offsets, 0.0), slope), np.nan)
    return 1 / _median(carried, on.sum(axis=1))


def _slope(offsets: np.ndarray, values: np.ndarray, on: np.ndarray) -> np.ndarray:
    """(n, 2): least-squares gradient of values (n, k) over offsets (n, k, 2) where `on`; 0 if those span no plane."""
    weight = on.astype(float)
    total = np.maximum(weight.sum(axis=1), 1)[:, None]
    centred = np.where(on[..., None], offsets, 0.0)
    centred = (centred - centred.sum(axis=1, keepdims=True) / total[..., None]) * weight[..., None]
    level = (values - values.sum(axis=1, keepdims=True) / total) * weight
    (xx, xy), (_, yy) = np.einsum("nki,nkj->ijn", centred, centred)
    xv, yv = np.einsum("nki,nk->in", centred, level)
    determinant = xx * yy - xy * xy
    spans = determinant > 1e-3 * total[:, 0] ** 2  # px^4: spread over less than a fifth of a pixel in some direction
    safe = np.where(spans, determinant, 1.0)
    slope = np.stack([(yy * xv - xy * yv) / safe, (xx * yv - xy * xv) / safe], axis=-1)
    return np.where(spans[:, None], slope, 0.0)


def _median(values: np.ndarray, count: np.ndarray) -> np.ndarray:
    """(n,): median of the `count` finite values in each row of (n, k); NaN for fewer than FEWEST_PIXELS."""
    ordered, row = np.sort(values, axis=1), np.arange(len(values))
    low = ordered[row, np.maximum(count - 1, 0) // 2]
    high = ordered[row, np.minimum(count // 2, values.shape[1] - 1)]
    return np.where(count >= min(FEWEST_PIXELS, values.shape[1]), (low + high) / 2, np.nan)


def _window(centres: np.ndarray, width: int) -> np.ndarray:
    """(n, width * width, 2): whole pixels of the square window around each centre (n, 2)."""
    half = np.arange(width) - width // 2
    v, u = np.meshgrid(half, half, indexing="ij")
    return centres[:, None] + np.stack([u.ravel(), v.ravel()], axis=-1)


def _check_shape(depth: np.ndarray, rig: Rig) -> None:
    camera = rig.color if rig.aligned else rig.depth
    if camera is not None and depth.shape != (camera.height, camera.width):
        kind = "aligned depth" if rig.aligned else "depth"
        raise DataError(
            f"{kind} frames are {depth.shape[1]}x{depth.shape[0]} px, the intrinsics are for "
            f"{camera.width}x{camera.height}; give the intrinsics of the stream that was recorded"
        )
