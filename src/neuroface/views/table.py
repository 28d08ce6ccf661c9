"""One row of features per repetition: the view of forests and other tabular classifiers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from neuroface.errors import DataError
from neuroface.features.extract import check_choices, extract
from neuroface.store import Store
from neuroface.views.seen import Seen


class Table:
    """Rows (d,) of features, NaN is missing. features, frame, pixel_scale: see `features.extract`.

    Features that read pictures and not landmarks (`views.embedding.Embedding`) come after the others. store: where
    they keep what they decode.
    """

    name = "table"

    def __init__(self, features: Mapping[str, Any], *, frame: str = "head", pixel_scale: str | None = None) -> None:
        check_choices(frame=frame, pixel_scale=pixel_scale)
        self.features, self.frame, self.pixel_scale = features, frame, pixel_scale
        self.of_landmarks, self.of_pictures = _without_pictures(features), list(_of_pictures(features))
        self.store = Store()

    def rows(self, seen: Seen) -> tuple[tuple[str, ...], list[np.ndarray | None]]:
        """Names of the features, and (d,) per repetition. Errors: DataError when no feature is finite."""
        if not self.of_pictures:
            return self._of_landmarks(seen)
        names: list[str] = []
        columns: list[Sequence[np.ndarray | None]] = []
        for rows in (self._of_landmarks, *(one.rows for one in self._with_store())):
            if rows == self._of_landmarks and not self.of_landmarks:
                continue
            found, values = rows(seen)
            names += found
            columns.append(values)
        together = zip(*columns, strict=True)
        return tuple(names), [
            None if any(one is None for one in row) else np.concatenate([np.asarray(one, dtype=float) for one in row])
            for row in together
        ]

    def fitted_on(self, subject: str) -> frozenset[str]:
        """People that what makes somebody's row was fitted on."""
        return frozenset().union(*(one.fitted_on(subject) for one in self.of_pictures))

    def gather(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        """(n, d) float."""
        return np.array(rows)

    def _with_store(self) -> Iterator[Any]:
        for one in self.of_pictures:
            one.store = self.store
            yield one

    def _of_landmarks(self, seen: Seen) -> tuple[tuple[str, ...], list[np.ndarray | None]]:
        names, values = extract(
            seen.landmarks, seen.repetitions, self.of_landmarks, frame=self.frame, pixel_scale=self.pixel_scale
        )
        finite = np.isfinite(values).any(axis=1)
        if not finite.any():
            raise DataError("gives no finite feature; its landmarks are missing throughout every repetition")
        return names, [row if known else None for row, known in zip(values, finite, strict=True)]


def _reads_pictures(value: Any) -> bool:
    return bool(getattr(value, "reads_pictures", False))


def _of_pictures(features: Mapping[str, Any]) -> Iterator[Any]:
    """The features that read pictures, in the order of their names."""
    for key in sorted(features):
        if isinstance(features[key], Mapping):
            yield from _of_pictures(features[key])
        elif _reads_pictures(features[key]):
            yield features[key]


def _without_pictures(features: Mapping[str, Any]) -> dict[str, Any]:
    """The nested features without those that read pictures."""
    kept = {
        key: _without_pictures(value) if isinstance(value, Mapping) else value
        for key, value in features.items()
        if not _reads_pictures(value)
    }
    return {key: value for key, value in kept.items() if not (isinstance(value, dict) and not value)}
