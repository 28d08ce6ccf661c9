"""Triangles to images: which triangle each pixel shows, and values that are planes over each triangle.

Painter's algorithm with OpenCV's polygon filling: about a millionth of a second per triangle, where a test of depth at
each pixel in numpy would take far longer.
"""

from __future__ import annotations

import cv2
import numpy as np

from neuroface.types import Camera

_FRACTION_BITS = 5  # of a pixel, in coordinates given to OpenCV
_SMALLEST_PX2 = 0.05  # triangles seen edge-on or smaller have no usable planes; their neighbours cover their border
_THINNEST_PX = 0.5  # least height of a triangle whose plane is trusted beyond its border


class View:
    """One mesh seen by one camera.

    pixels: (V, 2) px; z_mm: (V,) along the axis; both of all vertices. shown: (F',) triangles that face the camera, far
    to near. ids: (h, w) int32, position in `shown` + 1 of the triangle at each pixel, 0 for none, over the box of the
    image that starts at `left`, `top` and holds the mesh.
    """

    def __init__(self, points_mm: np.ndarray, triangles: np.ndarray, layer: np.ndarray, camera: Camera) -> None:
        """points_mm: (V, 3) mm in this camera's axes; triangles: (F, 3); layer: (F,), higher ones are painted later."""
        self.camera = camera
        self.z_mm = np.maximum(points_mm[:, 2], 1.0)
        self.pixels = points_mm[:, :2] / self.z_mm[:, None] * [camera.fx, camera.fy] + [camera.cx, camera.cy]
        a, b, c = (self.pixels[triangles[:, k]].T for k in range(3))
        doubled = (b - a)[0] * (c - a)[1] - (b - a)[1] * (c - a)[0]
        low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
        seen = (doubled < -2 * _SMALLEST_PX2) & (high[0] >= -1) & (high[1] >= -1)
        seen &= (low[0] <= camera.width) & (low[1] <= camera.height)
        shown = np.flatnonzero(seen)
        z = self.z_mm
        depth = sum(z[triangles[shown, k]] for k in range(3))
        self.shown = shown[np.lexsort([-depth, layer[shown]])]
        self.triangles = triangles[self.shown]
        self._fill(low[:, shown].min(axis=1, initial=np.inf), high[:, shown].max(axis=1, initial=-np.inf))

    def _fill(self, low: np.ndarray, high: np.ndarray) -> None:
        size = np.array([self.camera.width, self.camera.height])
        first = np.clip(np.floor(np.clip(low, 0, size)) - 1, 0, size - 1).astype(int)
        last = np.clip(np.ceil(np.clip(high, 0, size)) + 2, first + 1, size).astype(int)
        self.left, self.top = first
        self.ids = np.zeros((last - first)[::-1], dtype=np.int32)
        fixed = np.rint((self.pixels - first) * 2**_FRACTION_BITS).astype(np.int32)[self.triangles]
        fill = cv2.fillConvexPoly
        for number, corner in enumerate(fixed, start=1):
            fill(self.ids, corner, number, cv2.LINE_8, _FRACTION_BITS)

    @property
    def box(self) -> tuple[slice, slice]:
        """Rows and columns of the whole image that `ids` covers."""
        height, width = self.ids.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """(h, w) float32 over `ids`: values (V,) at vertices as a plane over each triangle; 0 without one."""
        across, down, at_origin = self._planes(values)
        height, width = self.ids.shape
        out = across[self.ids]
        out *= np.arange(width, dtype=np.float32)
        slope = down[self.ids]
        slope *= np.arange(height, dtype=np.float32)[:, None]
        out += slope
        out += at_origin[self.ids]
        return out

    def _planes(self, values: np.ndarray) -> np.ndarray:
        """(3, F' + 1) float32: slope along columns and rows, and value at the box's first pixel; entry 0: no triangle.

        A pixel that OpenCV paints on a border may lie up to a pixel outside its triangle, where the plane of a sliver
        would run away: slivers are flat.
        """
        corners = [self.triangles[:, k] for k in range(3)]
        (ax, ay), (bx, by), (cx, cy) = (self.pixels[corner].T for corner in corners)
        va, vb, vc = (values[corner] for corner in corners)
        bx, by, cx, cy, vb, vc = bx - ax, by - ay, cx - ax, cy - ay, vb - va, vc - va
        doubled = bx * cy - by * cx
        longest = np.maximum(np.maximum(bx**2 + by**2, cx**2 + cy**2), (cx - bx) ** 2 + (cy - by) ** 2)
        sliver = doubled**2 < _THINNEST_PX**2 * longest
        across = np.where(sliver, 0.0, (vb * cy - vc * by) / doubled)
        down = np.where(sliver, 0.0, (vc * bx - vb * cx) / doubled)
        at_origin = va - across * (ax - self.left) - down * (ay - self.top)
        out = np.zeros((3, len(self.triangles) + 1), dtype=np.float32)
        out[:, 1:] = across, down, np.where(sliver, va + (vb + vc) / 3, at_origin)
        return out

    def per_triangle(self, values: np.ndarray) -> np.ndarray:
        """(h, w): one value per triangle of the whole mesh, (F,), spread over `ids`; 0 without a triangle."""
        return np.concatenate([np.zeros(1, dtype=values.dtype), values[self.shown]])[self.ids]

    def depth_mm(self) -> np.ndarray:
        """(h, w) float32 mm over `ids`: distance along the optical axis, exact on each triangle; 0 without one.

        The inverse of z, not z, is a plane over the image of a flat triangle.
        """
        inverse = self.spread(1.0 / self.z_mm)
        return np.divide(1.0, inverse, out=np.zeros_like(inverse), where=inverse > 0)


def vertex_normals(points_mm: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(V, 3) unit normals at vertices, weighted by the areas of triangles around, and (F, 3) of triangles."""
    a, b, c = (points_mm[triangles[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    corners = triangles.ravel()
    at_vertices = np.column_stack([np.bincount(corners, np.repeat(normal[:, k], 3), len(points_mm)) for k in range(3)])
    return _unit(at_vertices), _unit(normal)


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    return vectors / np.maximum(length, 1e-12)[:, None]
