"""Pictures of what a network looked at: one panel per sample, the mean face of each class, and asymmetry over people.

No files here: data in, matplotlib Figure out. Faces are seen from the front: the person's right is on the left. Colours
are Okabe & Ito's, safe for colour-blind readers ("Color Universal Design", 2008).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neuroface.classifiers.palsy_attention import REGIONS
from neuroface.explain.asymmetry import MEASURES, region_light
from neuroface.explain.maps import Maps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RIGHT, LEFT = "#0072B2", "#D55E00"
INK, MUTED = "#1a1a1a", "#6b6b6b"
FACE_SHARE = 0.6  # of the face in an overlay, the rest is the map: as in the public palsy adaptation's panels
TILE = 2.4  # inches
TITLES = {"exchange": "exchange: source of the class", "asymmetry": "asymmetry inside the network"}


def panel(
    picture: np.ndarray, maps: Maps, masks: np.ndarray | None, *, title: str, scales: Mapping[str, float]
) -> Figure:
    """One sample in 2 x 4 tiles: face, regions, regions on the face, mean region map; where the grade comes from, which
    side that is, the network's own asymmetry map, and the first by region.

    picture: (S, S, 3) uint8. maps: of this picture alone. masks: (5, S, S) bool landmark regions, or None. scales:
    value of each map over the face that is drawn brightest, the same for all panels of a run.
    """
    figure = _figure(4 * TILE, 2 * TILE + 0.5)
    figure.suptitle(title, fontsize=10, color=INK)
    tiles = figure.subplots(2, 4)
    tiles[0, 0].imshow(picture)
    tiles[0, 0].set_title("face", fontsize=8.5)
    _flat(tiles[0, 1], maps.roi_mask, picture.shape[0], "regions", cmap="inferno")
    _overlay(tiles[0, 2], picture, maps.roi_mask, "regions on the face", top=1.0)
    mean = None if maps.roi is None else maps.roi.mean(axis=0)
    _flat(tiles[0, 3], mean, picture.shape[0], "mean of 5 region maps", cmap="viridis")
    _overlay(tiles[1, 0], picture, maps.exchange, TITLES["exchange"], top=scales.get("exchange", 1.0))
    _difference(tiles[1, 1], maps.exchange, scales.get("exchange", 1.0))
    _overlay(tiles[1, 2], picture, maps.asymmetry, TITLES["asymmetry"], top=scales.get("asymmetry", 1.0))
    for tile in tiles.flat:
        tile.set_axis_off()
    _region_bars(tiles[1, 3], maps, masks)
    return figure


def class_faces(faces: Mapping[str, tuple[np.ndarray, Mapping[str, np.ndarray], int]], *, oriented: bool) -> Figure:
    """The mean picture of each class, and below it the same under each mean map.

    faces: class -> mean picture (S, S, 3) 0..255, mean maps (S, S) by name, number of people. oriented: those whose
    left side is affected were mirrored before.
    """
    names = list(next(iter(faces.values()))[1])
    figure = _figure(TILE * len(faces), TILE * (1 + len(names)) + 0.3)
    if oriented:
        figure.suptitle("the affected side is on the left of each picture", fontsize=8.5, color=INK)
    tiles = figure.subplots(1 + len(names), len(faces), squeeze=False)
    tops = {name: max(float(lights[name].max()) for _, lights, _ in faces.values()) for name in names}
    for column, (label, (picture, lights, people)) in enumerate(faces.items()):
        tiles[0, column].imshow(picture.round().astype(np.uint8))
        tiles[0, column].set_title(f"class {label}: mean of {people} people", fontsize=8.5)
        for row, name in enumerate(names, 1):
            _overlay(tiles[row, column], picture, lights[name], TITLES[name], top=tops[name])
    for tile in tiles.flat:
        tile.set_axis_off()
    return figure


def analysis(people: pd.DataFrame, classes: Mapping[str, pd.DataFrame], sides: pd.DataFrame) -> Figure:
    """Asymmetry by class, each with people and the interval of their mean; and how often maps light up the right side.

    people: rows y and a column per measure, one row per person. classes: measure -> its `asymmetry.by_class`. sides:
    `asymmetry.sides`, perhaps empty.
    """
    plots = len(classes) + bool(len(sides))
    figure = _figure(3.6 * plots, max(3.2, 0.8 + 0.24 * len(sides)))
    axes = figure.subplots(1, plots, squeeze=False)[0]
    for one, (measure, table) in zip(axes, classes.items(), strict=False):
        _by_class(one, people, measure, table)
    if len(sides):
        _sides(axes[-1], sides)
    return figure


def _by_class(axes: Axes, people: pd.DataFrame, measure: str, table: pd.DataFrame) -> None:
    names = list(table["class"])
    for place, name in enumerate(names):
        values = people.loc[people["y"] == name, measure].to_numpy()
        beside = np.linspace(-0.22, 0.22, len(values)) if len(values) > 1 else np.zeros(1)
        axes.scatter(place + beside, np.sort(values), s=9, color=MUTED, alpha=0.6, lw=0)
    at, middle = np.arange(len(names)), table["mean_of_people"].to_numpy()
    reach = np.stack([middle - table["low"], table["high"] - middle])
    axes.errorbar(at, middle, np.nan_to_num(reach), fmt="D", color=RIGHT, ms=5, capsize=3, lw=1.4)
    axes.set_xticks(at, names)
    axes.set_title(MEASURES[measure].replace(": ", "\n"), fontsize=8.5)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("class; people, their mean, 95 %", fontsize=8.5)
    _plain(axes)


def _sides(axes: Axes, sides: pd.DataFrame) -> None:
    at = np.arange(len(sides))
    reach = np.stack([sides["share"] - sides["low"], sides["high"] - sides["share"]])
    axes.errorbar(sides["share"], at, xerr=reach, fmt="o", color=LEFT, ms=5, capsize=3, lw=1.4)
    axes.axvline(0.5, color=MUTED, lw=1, ls=(0, (4, 2)))
    labels = [f"{row.map}, {row.region} ({row.hits}/{row.people})" for row in sides.itertuples()]
    axes.set_yticks(at, labels)
    axes.set(xlim=(-0.02, 1.02), ylim=(len(sides) - 0.5, -0.5))
    axes.set_title("the affected side is the brighter one", fontsize=8.5)
    axes.set_xlabel("share of people, 95 %; dashed: chance", fontsize=8.5)
    _plain(axes)


def _overlay(tile: Axes, picture: np.ndarray, light: np.ndarray | None, title: str, *, top: float) -> None:
    """The face under a map of any size; black where the map is 0."""
    from matplotlib import colormaps

    if light is None:
        _absent(tile, title)
        return
    hot = colormaps["inferno"](np.clip(_enlarged(light, picture.shape[0]) / (top or 1), 0, 1))[..., :3]
    tile.imshow(FACE_SHARE * picture / 255 + (1 - FACE_SHARE) * hot)
    tile.set_title(title, fontsize=8.5)


def _flat(tile: Axes, values: np.ndarray | None, size: int, title: str, *, cmap: str) -> None:
    """A map of tokens by itself."""
    if values is None:
        _absent(tile, title)
        return
    tile.imshow(_enlarged(values, size), cmap=cmap, vmin=0)
    tile.set_title(f"{title}, up to {values.max():.2f}", fontsize=8.5)


def _difference(tile: Axes, light: np.ndarray | None, scale: float) -> None:
    """The map minus its mirror image: which side is the brighter one, place by place."""
    if light is None:
        _absent(tile, "brighter side")
        return
    tile.imshow(light - light[:, ::-1], cmap="RdBu_r", vmin=-(scale or 1), vmax=scale or 1)
    tile.set_title("more (red) than the other side", fontsize=8.5)


def _region_bars(axes: Axes, maps: Maps, masks: np.ndarray | None) -> None:
    """Mean light in each region on both sides, and the weight the network gives it; or the means of unnamed maps."""
    at, lights = np.arange(len(REGIONS)), maps.over_face
    names = list(REGIONS)
    if lights and masks is not None:
        shown = next(iter(lights))
        left, right = region_light(lights[shown][None], masks[None])
        axes.barh(at - 0.18, right[0], height=0.34, color=RIGHT, label="person's right")
        axes.barh(at + 0.18, left[0], height=0.34, color=LEFT, label="person's left")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False, fontsize=7)
        axes.set_title(f"{shown} map by region", fontsize=8.5)
    elif maps.roi is not None:
        axes.barh(at, maps.roi.mean(axis=(1, 2)), height=0.6, color=RIGHT)
        axes.set_title("mean of each region map", fontsize=8.5)
        names = names if maps.roi_weight is not None else [f"unnamed {k + 1}" for k in at]
    else:
        _absent(axes, "by region")
        return
    if maps.roi_weight is not None:
        names = [f"{name}\nweight {weight:.2f}" for name, weight in zip(names, maps.roi_weight, strict=True)]
    axes.set_axis_on()
    axes.set_yticks(at, names)
    axes.invert_yaxis()
    _plain(axes)


def _absent(tile: Axes, what: str) -> None:
    tile.text(0.5, 0.5, f"{what}:\nnot known", ha="center", va="center", fontsize=8, color=MUTED)
    tile.set(xlim=(0, 1), ylim=(0, 1))


def _enlarged(light: np.ndarray, size: int) -> np.ndarray:
    """(S, S) of a map (h, w): each token as the square of the picture that it stands for."""
    at = [np.arange(size) * n // size for n in light.shape]
    return light[np.ix_(*at)]


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=7.5)


def _figure(width: float, height: float) -> Figure:
    """An empty figure, inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", facecolor="white")
