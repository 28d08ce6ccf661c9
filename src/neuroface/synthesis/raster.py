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

    pixels: (V, 2) px; z_mm: (V,) along the axis; both of all vertices. ids: (h, w) int32, triangle of each pixel + 1, 0 for
    none, of the box `left`, `top` .. that holds the mesh. shown: (F', ) triangles that face the camera, in id order.
    """

    def __init__(self, points_mm: np.ndarray, triangles: np.ndarray, layer: np.ndarray, camera: Camera) -> None:
        """points_mm: (V, 3) mm in this camera's axes; triangles: (F, 3); layer: (F,), higher ones are painted later."""
        self.camera = camera
        self.z_mm = np.maximum(points_mm[:, 2], 1.0)
        self.pixels = points_mm[:, :2] / self.z_mm[:, None] * [camera.fx, camera.fy] + [camera.cx, camera.cy]
        corners = self.pixels[triangles]
        ab, ac = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        doubled = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
        low, high = corners.min(axis=1), corners.max(axis=1)
        seen = (doubled < -2 * _SMALLEST_PX2) & (high >= -1).all(axis=1)
        seen &= (low[:, 0] <= camera.width) & (low[:, 1] <= camera.height)
        shown = np.flatnonzero(seen)
        far_to_near = np.lexsort([-self.z_mm[triangles[shown]].sum(axis=1), layer[shown]])
        self.shown = shown[far_to_near]
        self.triangles = triangles[self.shown]
        self._fill(corners[self.shown], low[self.shown], high[self.shown])

    def _fill(self, corners: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        size = np.array([self.camera.width, self.camera.height])
        first = np.clip(np.floor(low.min(axis=0, initial=size[0])) - 1, 0, size - 1).astype(int)
        last = np.clip(np.ceil(high.max(axis=0, initial=0)) + 2, first + 1, size).astype(int)
        self.left, self.top = first
        self.ids = np.zeros((last - first)[::-1], dtype=np.int32)
        fixed = np.rint((corners - first) * 2**_FRACTION_BITS).astype(np.int32)
        fill = cv2.fillConvexPoly
        for number, corner in enumerate(fixed, start=1):
            fill(self.ids, corner, number, cv2.LINE_8, _FRACTION_BITS)

    @property
    def box(self) -> tuple[slice, slice]:
        """Rows and columns of the whole image that `ids` covers."""
        height, width = self.ids.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """(h, w) float32 over `ids`: values, (V,) at the vertices, as a plane over each triangle; 0 without a triangle."""
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

        A pixel that OpenCV paints on a border may lie up to a pixel outside its triangle, where the plane of a sliver would
        run away: slivers are flat.
        """
        a, b, c = (self.pixels[self.triangles[:, k]] for k in range(3))
        corner_values = values[self.triangles]
        ab, ac = b - a, c - a
        vb, vc = corner_values[:, 1] - corner_values[:, 0], corner_values[:, 2] - corner_values[:, 0]
        doubled = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
        longest = np.maximum(np.maximum((ab**2).sum(axis=1), (ac**2).sum(axis=1)), ((c - b) ** 2).sum(axis=1))
        sliver = doubled**2 < _THINNEST_PX**2 * longest
        across = np.where(sliver, 0.0, (vb * ac[:, 1] - vc * ab[:, 1]) / doubled)
        down = np.where(sliver, 0.0, (vc * ab[:, 0] - vb * ac[:, 0]) / doubled)
        at_origin = corner_values[:, 0] - across * (a[:, 0] - self.left) - down * (a[:, 1] - self.top)
        out = np.zeros((3, len(self.triangles) + 1), dtype=np.float32)
        out[:, 1:] = across, down, np.where(sliver, corner_values.mean(axis=1), at_origin)
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
    """(V, 3) unit normals at vertices, by the area of the triangles around each, and (F, 3) unit normals of triangles."""
    a, b, c = (points_mm[triangles[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    corners = triangles.ravel()
    at_vertices = np.column_stack(
        [np.bincount(corners, np.repeat(normal[:, k], 3), len(points_mm)) for k in range(3)]
    )
    return _unit(at_vertices), _unit(normal)


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    return vectors / np.maximum(length, 1e-12)[:, None]
