"""One row of features per repetition: the view of forests and other tabular classifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neuroface.errors import DataError
from neuroface.features.extract import check_choices, extract
from neuroface.views.seen import Seen


class Table:
    """Rows (d,) of features, NaN is missing. features, frame, pixel_scale: see `features.extract`."""

    name = "table"

    def __init__(self, features: Mapping[str, Any], *, frame: str = "head", pixel_scale: str | None = None) -> None:
        check_choices(frame=frame, pixel_scale=pixel_scale)
        self.features, self.frame, self.pixel_scale = features, frame, pixel_scale

    def rows(self, seen: Seen) -> tuple[tuple[str, ...], list[np.ndarray | None]]:
        """Names of the features, and (d,) per repetition. Errors: DataError when no feature is finite."""
        names, values = extract(
            seen.landmarks, seen.repetitions, self.features, frame=self.frame, pixel_scale=self.pixel_scale
        )
        finite = np.isfinite(values).any(axis=1)
        if not finite.any():
            raise DataError("gives no finite feature; its landmarks are missing throughout every repetition")
        return names, [row if known else None for row, known in zip(values, finite, strict=True)]

    def gather(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        """(n, d) float."""
        return np.array(rows)
