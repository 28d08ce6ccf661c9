"""Columns x_0, y_0, ... or x0, y0, ...: one row per face and frame."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neuroface.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_COLUMN = re.compile(r"([xyz])_?(\d+)")


def is_wanted(name: str, axes: str) -> bool:
    found = _COLUMN.fullmatch(name)
    return found is not None and found[1] in axes


def points_of(frame: pd.DataFrame, axes: str, path: Path) -> tuple[list[str], np.ndarray]:
    """(K,) numbers of the points as text, from 0 without a gap, and (n, K, D). DataError for a missing column."""
    columns = {(found[1], int(found[2])): name for name in frame.columns if (found := _COLUMN.fullmatch(str(name)))}
    count = 1 + max((number for _, number in columns), default=-1)
    missing = [f"{axis}_{k}" for axis in axes for k in range(count) if (axis, k) not in columns]
    if missing or not count:
        raise DataError(f"{path} has no column {missing[0] if missing else axes[0] + '_0'}; each point needs {axes}")
    arrays = [frame[[columns[axis, k] for k in range(count)]].to_numpy(dtype=float) for axis in axes]
    return [str(k) for k in range(count)], np.stack(arrays, axis=-1)
