"""Where gradients lie on pictures and clips, over people, beside what the same looks like where nothing was learnt.

Each map is divided by its mean: 1 everywhere is a map that prefers no place. A person is the mean of their samples.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from neuroface.evaluate.statistics import student_reach
from neuroface.explain import asymmetry, gradients

METHODS = ("gradient", "cam")  # integrated gradients, Grad-CAM
REAL, RANDOM, SHUFFLED = "real", "random", "shuffled"
BRIGHTEST = 0.1  # of a map's places: how much of the light lies on them
GREY = 160  # instead of a face
SMOOTH = 1 / 30  # of the picture: what the eye makes of single pixels that glitter


@dataclass(frozen=True, eq=False)
class Lights:
    """Of n samples. pictures: (n, [T,] S, S, 3) uint8. maps: REAL, RANDOM, SHUFFLED -> method -> (n, [T,] S, S)."""

    pictures: np.ndarray
    maps: Mapping[str, Mapping[str, np.ndarray]]


def of_samples(models: Mapping[str, Any], X: np.ndarray, target: np.ndarray) -> Lights:
    """models: REAL and others -> a fitted TorchClassifier of the same classes. target: (n,) names of classes."""
    maps: dict[str, dict[str, np.ndarray]] = {}
    for kind, model in models.items():
        known = [str(name) for name in model.classes_]
        own = np.array([known.index(str(name)) for name in target])
        found = {"gradient": np.abs(gradients.of_pictures(model, X, own)), "cam": gradients.cams(model, X, own)}
        maps[kind] = {name: even(_smooth(light, name)) for name, light in found.items() if light is not None}
    return Lights(gradients.pictures_given(models[REAL], X), maps)


def even(light: np.ndarray) -> np.ndarray:
    """(n, ...) each divided by its mean; a dark one, as Grad-CAM's may be, is 0 everywhere."""
    mean = light.reshape(len(light), -1).mean(axis=1).reshape(-1, *[1] * (light.ndim - 1))
    return np.divide(light, mean, out=np.zeros_like(light), where=mean > 0)


def likeness(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(n,) Spearman's rho over the places of maps (n, ...); NaN where one is the same everywhere."""
    from scipy.stats import rankdata

    ranks = [rankdata(light.reshape(len(light), -1), axis=1) for light in (one, other)]
    a, b = (values - values.mean(axis=1, keepdims=True) for values in ranks)
    size = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.divide((a * b).sum(axis=1), size, out=np.full(len(a), np.nan), where=size > 0)


def brightest(light: np.ndarray) -> float:
    """Share of the light on the brightest tenth of its places: .1 is even, 1 all of it; NaN of a dark one."""
    values = np.sort(light, axis=None)
    total = float(values.sum())
    return float(values[-round(BRIGHTEST * values.size) :].sum()) / total if total > 0 else float("nan")


def _smooth(light: np.ndarray, method: str) -> np.ndarray:
    """Integrated gradients are read over a few pixels; Grad-CAM is smooth already. Moments stay apart."""
    from scipy.ndimage import gaussian_filter

    if method == "cam":
        return light
    sigma = SMOOTH * light.shape[-1]
    return gaussian_filter(light, (*[0] * (light.ndim - 2), sigma, sigma))


@dataclass
class Mean:
    """Over the people of one class. picture: (S, S, 3), maps: kind -> method -> (S, S), mean over time; time: method ->
    (T,) mean over places, of clips. people: of the maps of each kind."""

    picture: np.ndarray
    maps: dict[str, dict[str, np.ndarray]]
    time: dict[str, np.ndarray]
    people: dict[str, int]


@dataclass
class _Person:
    samples: dict[str, int] = field(default_factory=dict)
    sums: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)

    def add(self, kind: str, method: str, values: np.ndarray) -> None:
        key = (kind, method)
        self.sums[key] = self.sums[key] + values if key in self.sums else values.astype(np.float32)

    def mean(self, kind: str, method: str) -> np.ndarray:
        return self.sums[kind, method] / self.samples[kind]


class LightAlbum:
    """Fold after fold. classes: in their order. chosen: samples whose maps are kept to be drawn. faces: whether the
    people themselves may be drawn; else there is grey under the maps."""

    def __init__(self, classes: Sequence[str], chosen: Collection[str], *, faces: bool = True) -> None:
        self._shows_faces = faces
        self._classes, self._chosen = classes, frozenset(chosen)
        self._tables: list[pd.DataFrame] = []
        self._people: dict[tuple[str, str], _Person] = {}
        self.drawn: list[tuple[dict[str, str], np.ndarray, dict[str, np.ndarray]]] = []

    def add(self, rows: pd.DataFrame, lights: Lights) -> None:
        """rows: n samples with sample, subject, y, predicted, side ("left", "right" or ""); who is affected on the left
        is mirrored in the means, so that sides do not cancel."""
        rows = rows.reset_index(drop=True)
        if not self._shows_faces:
            lights = replace(lights, pictures=np.full_like(lights.pictures, GREY))
        table: dict[str, np.ndarray] = {}
        for kind, of_kind in lights.maps.items():
            for method, light in of_kind.items():
                name = method if kind == REAL else f"{method} {kind}"
                table[f"{name}_lean_face"] = asymmetry.lean(_over_time(light))
                table[f"{name}_brightest"] = np.array([brightest(one) for one in light])
                if kind != REAL:
                    table[f"{name}_like"] = likeness(lights.maps[REAL][method], light)
        self._tables.append(rows.join(pd.DataFrame(table)))
        for i, row in enumerate(rows[["sample", "subject", "y", "predicted", "side"]].astype(str).to_dict("records")):
            self._add_sample({str(key): value for key, value in row.items()}, lights, i)

    def _add_sample(self, row: dict[str, str], lights: Lights, i: int) -> None:
        across = slice(None, None, -1) if row["side"] == "left" else slice(None)
        person = self._people.setdefault((row["subject"], row["y"]), _Person())
        for kind, of_kind in lights.maps.items():
            person.samples[kind] = person.samples.get(kind, 0) + 1
            for method, light in of_kind.items():
                person.add(kind, method, _over_time(light[i : i + 1])[0][:, across])
                if light.ndim == 4:
                    person.add(kind, f"{method} time", light[i].mean(axis=(1, 2)))
        picture = lights.pictures[i].astype(np.float32)
        person.add(REAL, "picture", (picture.mean(axis=0) if picture.ndim == 4 else picture)[:, across])
        if row["sample"] in self._chosen:
            self.drawn.append((row, lights.pictures[i], {m: light[i] for m, light in lights.maps[REAL].items()}))

    @property
    def table(self) -> pd.DataFrame:
        """One row per sample: what it is, and of each map where it leans, how much lies on its brightest tenth, and how
        like the checks' map is to the real one."""
        return pd.concat(self._tables, ignore_index=True)

    def means(self) -> dict[str, Mean]:
        """Class -> the mean of its people."""
        of = {name: [one for (_, y), one in self._people.items() if y == name] for name in self._classes}
        return {name: self._mean(people) for name, people in of.items() if people}

    def everybody(self) -> Mean:
        """The mean of the people of all classes."""
        return self._mean(list(self._people.values()))

    def _mean(self, people: Sequence[_Person]) -> Mean:
        def over(kind: str, method: str) -> np.ndarray:
            return np.mean([one.mean(kind, method) for one in people if (kind, method) in one.sums], axis=0)

        keys = {key for one in people for key in one.sums}
        kinds = [kind for kind in (REAL, RANDOM, SHUFFLED) if any(key[0] == kind for key in keys)]
        return Mean(
            over(REAL, "picture"),
            {kind: {m: over(kind, m) for m in METHODS if (kind, m) in keys} for kind in kinds},
            {m: over(REAL, f"{m} time") for m in METHODS if (REAL, f"{m} time") in keys},
            {kind: sum(kind in one.samples for one in people) for kind in kinds},
        )

    def checks(self) -> pd.DataFrame:
        """method, check, people, like (mean over people, with Student's low and high), brightest, brightest_real."""
        table, rows = self.table, []
        for method in METHODS:
            for kind in (RANDOM, SHUFFLED):
                if f"{method} {kind}_like" not in table:
                    continue
                of = table[table[f"{method} {kind}_brightest"].notna() | table[f"{method} {kind}_like"].notna()]
                means = of.groupby("subject")[
                    [f"{method} {kind}_like", f"{method} {kind}_brightest", f"{method}_brightest"]
                ].mean()
                like = means.iloc[:, 0].dropna().to_numpy()
                reach = float(student_reach(like)) if len(like) > 1 else float("nan")
                middle = float(like.mean()) if len(like) else float("nan")
                rows.append(
                    (method, kind, len(means), middle, middle - reach, middle + reach, *means.iloc[:, 1:].mean())
                )
        columns = ["method", "check", "people", "like", "low", "high", "brightest", "brightest_real"]
        return pd.DataFrame(rows, columns=columns)

    def sides(self) -> pd.DataFrame:
        """How often maps light up the affected side, see `asymmetry.sides`."""
        return asymmetry.sides(self.table)


def _over_time(light: np.ndarray) -> np.ndarray:
    """(n, S, S) of maps (n, [T,] S, S)."""
    return light.mean(axis=1) if light.ndim == 4 else light
