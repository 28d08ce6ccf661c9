"""Several views of the same repetitions at once, for classifiers that join them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neuroface.types import Parts
from neuroface.views.seen import Seen, View


class Fusion:
    """Each sample as every one of `parts` sees it, by their names; one that any of them cannot see is left out."""

    def __init__(self, parts: Mapping[str, View]) -> None:
        self.parts = dict(parts)
        self.name = "+".join(view.name for view in self.parts.values())

    def rows(self, seen: Seen) -> tuple[tuple[str, ...], list[tuple[Any, ...] | None]]:
        """Names of all parts' columns, and one tuple of rows per repetition."""
        found = [view.rows(seen) for view in self.parts.values()]
        names = tuple(name for columns, _ in found for name in columns)
        together = zip(*(rows for _, rows in found), strict=True)
        return names, [None if any(row is None for row in rows) else rows for rows in together]

    def fitted_on(self, subject: str) -> frozenset[str]:
        """People that what makes somebody's row was fitted on."""
        made = [view.fitted_on(subject) for view in self.parts.values() if hasattr(view, "fitted_on")]
        return frozenset().union(*made)

    def gather(self, rows: Sequence[tuple[Any, ...]]) -> Parts:
        """Parts of one X per view."""
        columns = zip(*rows, strict=True)
        pairs = zip(self.parts.items(), columns, strict=True)
        return Parts({name: view.gather(column) for (name, view), column in pairs})
