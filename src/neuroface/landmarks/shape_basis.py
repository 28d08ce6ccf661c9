"""A point distribution model: the mean face, and the few ways in which faces differ from it.

A shape is turned, scaled and moved freely; what is left beside the mean is a sum of axes. Cootes et al., "Active shape
models - their training and application", CVIU 61 (1995) 38. Points are complex numbers x + iy here, so that a
similarity is one multiplication and one addition.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from neuroface.errors import ConfigError, DataError

ROUNDS = 5  # of aligning all shapes to their mean and taking the mean again; it settles in two or three


@dataclass(frozen=True, eq=False)
class ShapeBasis:
    """mean: (L,) complex, centred, of length 1. axes: (K, 2 L), orthonormal, real parts before imaginary ones.

    Axes stand at right angles to what a similarity does to the mean. fitted_on: subjects whose faces these are.
    """

    mean: np.ndarray
    axes: np.ndarray
    fitted_on: frozenset[str] = frozenset()

    def smooth(self, points: np.ndarray) -> np.ndarray:
        """(N, L, 2): each shape (N, L, 2) as the nearest one that the basis can tell; same unit and frame.

        Missing points stay missing, and the others decide alone; a lone point stays where it is.
        """
        return np.stack([self._smooth_one(shape) for shape in points]) if len(points) else np.array(points)

    def _smooth_one(self, shape: np.ndarray) -> np.ndarray:
        z = shape[:, 0] + 1j * shape[:, 1]
        seen = np.isfinite(z)
        if seen.sum() < 2:
            return shape
        turn, shift = _similarity(self.mean[seen], z[seen])
        deviation = (z - shift) / turn - self.mean
        both = np.concatenate([seen, seen])
        amounts = np.linalg.lstsq(self.axes[:, both].T, _flat(deviation)[both], rcond=None)[0]
        told = turn * (self.mean + _complex(amounts @ self.axes)) + shift
        return np.where(seen[:, None], np.stack([told.real, told.imag], axis=-1), np.nan)


def fit(
    points: np.ndarray,
    *,
    components: int | None = None,
    variance: float = 0.95,
    fitted_on: Collection[str] = (),
) -> ShapeBasis:
    """The basis of shapes (N, L, 2) px or mm, those of the training people only; incomplete shapes are left out.

    components: how many axes, or None for as many as explain `variance` (0..1) of what a similarity leaves.
    Errors: ConfigError for a variance or number of components that cannot be; DataError for too few whole shapes.
    """
    if not 0 < variance <= 1 or (components is not None and components < 1):
        raise ConfigError(f"components={components}, variance={variance}: at least 1, or a share in 0..1, is wanted.")
    whole = points[np.isfinite(points).all(axis=(1, 2))]
    needed = max(3, (components or 0) + 1)
    if len(whole) < needed:
        raise DataError(
            f"{len(whole)} of {len(points)} shapes have all their points; a shape basis needs at least {needed}."
        )
    shapes = whole[..., 0] + 1j * whole[..., 1]  # (N, L)
    mean = _mean_shape(shapes)
    deviations = np.stack([_flat(_deviation(mean, z)) for z in shapes])  # (N, 2 L)
    _, size, axes = np.linalg.svd(deviations, full_matrices=False)
    told = np.cumsum(size**2) / np.sum(size**2)
    count = int(np.searchsorted(told, variance - 1e-12)) + 1 if components is None else components
    return ShapeBasis(mean, axes[:count], frozenset(fitted_on))


def _mean_shape(shapes: np.ndarray) -> np.ndarray:
    """(L,) complex: generalised Procrustes mean of shapes (N, L), centred, of length 1."""
    mean = _normalised(shapes[0])
    for _ in range(ROUNDS):
        mean = _normalised(np.mean([mean + _deviation(mean, z) for z in shapes], axis=0))
    return mean


def _deviation(mean: np.ndarray, z: np.ndarray) -> np.ndarray:
    """(L,) complex: what is left of a shape beside the mean, in the frame and size of the mean."""
    turn, shift = _similarity(mean, z)
    return (z - shift) / turn - mean


def _similarity(source: np.ndarray, target: np.ndarray) -> tuple[complex, complex]:
    """Two complex numbers: target = turn source + shift with least squares (Umeyama, PAMI 13 (1991), in the plane)."""
    from_0, to_0 = source - source.mean(), target - target.mean()
    turn = np.vdot(from_0, to_0) / np.vdot(from_0, from_0)
    return turn, target.mean() - turn * source.mean()


def _normalised(z: np.ndarray) -> np.ndarray:
    centred = z - z.mean()
    return centred / np.linalg.norm(centred)


def _flat(z: np.ndarray) -> np.ndarray:
    return np.concatenate([z.real, z.imag])


def _complex(flat: np.ndarray) -> np.ndarray:
    return flat[: len(flat) // 2] + 1j * flat[len(flat) // 2 :]
