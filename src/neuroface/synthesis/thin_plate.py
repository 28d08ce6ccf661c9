"""Thin-plate splines in the plane as plain matrices: values at sites -> values anywhere, exact at the sites."""

from __future__ import annotations

import numpy as np


def weights(sites: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(m, n): values at the points `at` are weights @ values at the sites; a row sums to 1.

    sites: (n, 2), all different; at: (m, 2), same unit. The surface of least bending through the sites, with an affine
    part that carries it beyond them. Duchon 1977; Bookstein, IEEE TPAMI 11 (1989) 567.
    """
    n = len(sites)
    system = np.zeros((n + 3, n + 3))
    system[:n, :n] = _bending(sites, sites)
    system[:n, n:] = _affine(sites)
    system[n:, :n] = system[:n, n:].T
    right = np.hstack([_bending(at, sites), _affine(at)])
    return np.linalg.solve(system, right.T).T[:, :n]


def _bending(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(len(a), len(b)): r^2 log r of the distances r."""
    squared = ((a[:, None] - b[None]) ** 2).sum(axis=2)
    return squared * np.log(np.maximum(squared, 1e-12)) / 2


def _affine(points: np.ndarray) -> np.ndarray:
    # scaled so that the columns weigh like the bending part of a face in mm
    return np.hstack([np.ones((len(points), 1)), points / 100.0])
