"""Everything that fitted networks told about a run's samples, fold after fold, as one table, one text and figures."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neuroface.explain import asymmetry, panels
from neuroface.explain.maps import Maps

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GREY = 160  # instead of a face
BRIGHTEST = 0.999  # quantile of the drawn maps that is drawn brightest: one pixel must not darken all panels


@dataclass
class _MeanFace:
    """Sums of pictures (S, S, 3) and of maps (S, S), by name, of one class."""

    picture: np.ndarray
    lights: dict[str, np.ndarray]
    samples: int = 0
    people: set[str] = field(default_factory=set)


class Album:
    """classes: in their order. chosen: samples to draw a panel of; only their maps are kept. faces: whether the people
    themselves may be drawn; else there is grey under the maps."""

    def __init__(self, classes: Sequence[str], chosen: Collection[str], *, faces: bool = True) -> None:
        self._shows_faces = faces
        self._classes, self._chosen = classes, frozenset(chosen)
        self._tables: list[pd.DataFrame] = []
        self._drawn: list[tuple[dict[str, str], np.ndarray, Maps, np.ndarray | None]] = []
        self._faces: dict[str, _MeanFace] = {}

    def add(self, rows: pd.DataFrame, told: Maps, pictures: np.ndarray, masks: np.ndarray | None) -> None:
        """rows: n samples with sample, subject, y, predicted and side ("left", "right" or ""). pictures (n, S, S, 3)
        uint8, masks (n, 5, S, S) bool or None."""
        rows = rows.reset_index(drop=True)
        self._tables.append(rows.join(asymmetry.measures(told.over_face, pictures, masks)))
        pictures = pictures if self._shows_faces else np.full_like(pictures, GREY)
        for i in range(len(rows)):
            row = {name: str(rows[name][i]) for name in ("sample", "subject", "y", "predicted", "side")}
            self._add_face(row["y"], row["subject"], row["side"], pictures[i], told[i].over_face)
            if row["sample"] in self._chosen:
                self._drawn.append((row, pictures[i], told[i], None if masks is None else masks[i]))

    @property
    def table(self) -> pd.DataFrame:
        """One row per sample: what it is, and `asymmetry.measures`."""
        return pd.concat(self._tables, ignore_index=True)

    def report(self, *, where: str) -> str:
        """The text of asymmetry_report.txt."""
        return asymmetry.report(self._by_class(), asymmetry.sides(self.table), where=where)

    def figures(self) -> Iterator[tuple[str, Figure]]:
        """File names without ending, and what is in them."""
        table, by_class = self.table, self._by_class()
        sides = asymmetry.sides(table)
        people = table.groupby("subject").agg({"y": "first", **dict.fromkeys(by_class, "mean")})
        yield "asymmetry_analysis", panels.analysis(people, by_class, sides)
        means = {
            name: (one.picture / one.samples, {m: v / one.samples for m, v in one.lights.items()}, len(one.people))
            for name in self._classes
            if (one := self._faces.get(name)) is not None
        }
        yield "class_faces", panels.class_faces(means, oriented=len(sides) > 0)
        scales = self._scales()
        for row, picture, told, masks in self._drawn:
            title = f"{row['sample']} · true {row['y']} · predicted {row['predicted']}"
            title += f" · {row['side']} side affected" if row["side"] else ""
            name = f"panels/{row['sample'].replace('/', '_')}"
            yield name, panels.panel(picture, told, masks, title=title, scales=scales)

    def _by_class(self) -> dict[str, pd.DataFrame]:
        table = self.table
        classes = [name for name in self._classes if (table["y"] == name).any()]
        return {name: asymmetry.by_class(table, name, classes) for name in asymmetry.MEASURES if name in table}

    def _scales(self) -> dict[str, float]:
        """Of each map over the face, the value that is drawn brightest in all panels."""
        lights: dict[str, list[np.ndarray]] = {}
        for _, _, told, _ in self._drawn:
            for name, light in told.over_face.items():
                lights.setdefault(name, []).append(light)
        return {name: float(np.quantile(found, BRIGHTEST)) for name, found in lights.items()}

    def _add_face(self, name: str, subject: str, side: str, picture: np.ndarray, lights: dict[str, np.ndarray]) -> None:
        """Into the mean face of a class; who is affected on the left is mirrored, so that sides do not cancel."""
        across = slice(None, None, -1) if side == "left" else slice(None)
        empty = _MeanFace(np.zeros(picture.shape), {m: np.zeros(light.shape) for m, light in lights.items()})
        mean = self._faces.setdefault(name, empty)
        mean.picture += picture[:, across]
        for m, light in lights.items():
            mean.lights[m] += light[:, across]
        mean.samples += 1
        mean.people.add(subject)
