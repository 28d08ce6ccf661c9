"""Normal equations in the shape of an arrow: parameters of each frame, and a few that all frames share.

Each frame's own are solved for in a batch and taken out of the shared ones (Schur complement; Triggs et al., "Bundle
adjustment", 2000).
"""

from __future__ import annotations

import numpy as np

TINY = 1e-9  # so that what nothing tells of has an answer


def solve(
    own: np.ndarray, shared: np.ndarray, residual: np.ndarray, *, known: np.ndarray, now: np.ndarray,
    known_shared: np.ndarray, now_shared: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Changes (T, k) and (s,) of one step.

    own: (T, k, r), shared: (T, s, r) derivatives; residual: (T, r). known: (k,), known_shared: (s,) inverse variances
    before anything is seen, about 0; now: (T, k), now_shared: (s,) the present values.
    """
    inner = own @ np.swapaxes(own, 1, 2) + np.diag(known + TINY)
    right = np.einsum("tkn,tn->tk", own, residual) - known * now
    if not shared.shape[1]:
        return np.linalg.solve(inner, right[..., None])[..., 0], np.zeros(0)
    cross = own @ np.swapaxes(shared, 1, 2)  # (T, own, shared)
    through = np.linalg.solve(inner, np.concatenate([cross, right[..., None]], axis=2))
    corner = np.einsum("tin,tjn->ij", shared, shared) + np.diag(known_shared)
    corner -= np.einsum("tki,tkj->ij", cross, through[..., :-1])
    target = np.einsum("tin,tn->i", shared, residual) - known_shared * now_shared
    target -= np.einsum("tki,tk->i", cross, through[..., -1])
    common = np.linalg.solve(corner, target)
    return through[..., -1] - through[..., :-1] @ common, common
