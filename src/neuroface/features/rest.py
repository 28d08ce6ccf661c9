"""What a signal is at rest: the beginning of a repetition, before its movement."""

from __future__ import annotations

import numpy as np

# A repetition begins at the onset of its movement or shortly before it; its first tenth is hardly moved.
BEGINNING = 0.1


def at_rest(values: np.ndarray) -> np.ndarray:
    """(...): mean over the first tenth of the seen frames, at least one, of values (T, ...); NaN where none is.

    A mean and not a median, which for positions would depend on how the axes lie.
    """
    seen = values[np.isfinite(values.reshape(len(values), -1)).all(axis=1)]
    if not len(seen):
        return np.full(values.shape[1:], np.nan)
    beginning = seen[: max(1, round(BEGINNING * len(seen)))]
    return beginning[0] + np.mean(beginning - beginning[0], axis=0)  # exactly that of a face that is still
