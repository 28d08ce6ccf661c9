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


def panel(picture: np.ndarray, maps: Maps, masks: np.ndarray | None, *, title: str, scale: float) -> Figure:
    """One sample in 2 x 4 tiles: face, regions, regions on the face, mean region map; asymmetry and where it is.

    picture: (S, S, 3) uint8. maps: of this picture alone. masks: (5, S, S) bool landmark regions, or None. scale: value
    of the asymmetry map drawn brightest, the same for all panels of a run.
    """
    figure = _figure(4 * TILE, 2 * TILE + 0.5)
    figure.suptitle(title, fontsize=10, color=INK)
    tiles = figure.subplots(2, 4)
    tiles[0, 0].imshow(picture)
    tiles[0, 0].set_title("face", fontsize=8.5)
    size = picture.shape[0]
    _mask(tiles[0, 1], maps.roi_mask, size)
    _overlay(tiles[0, 2], picture, maps.roi_mask, "regions on the face", top=1.0)
    _mean_region(tiles[0, 3], maps.roi, size)
    _overlay(tiles[1, 0], picture, maps.asymmetry, "asymmetry on the face", top=scale)
    _asymmetry(tiles[1, 1], maps.asymmetry, scale)
    _difference(tiles[1, 2], maps.asymmetry, scale)
    for tile in tiles.flat:
        tile.set_axis_off()
    _region_bars(tiles[1, 3], maps, masks)
    return figure


def class_faces(faces: Mapping[str, tuple[np.ndarray, np.ndarray, int]], *, oriented: bool) -> Figure:
    """The mean picture of each class with its mean asymmetry map laid over it.

    faces: class -> mean picture (S, S, 3) 0..255, mean map (S, S), number of people. oriented: those whose left side is
    affected were mirrored before.
    """
    figure = _figure(TILE * len(faces), TILE + 0.6)
    side = "; affected side on the left of each picture" if oriented else ""
    figure.suptitle(f"mean asymmetry map on the mean face{side}", fontsize=9, color=INK)
    tiles = figure.subplots(1, len(faces), squeeze=False)[0]
    top = max(float(light.max()) for _, light, _ in faces.values())
    for tile, (name, (picture, light, people)) in zip(tiles, faces.items(), strict=True):
        _overlay(tile, picture.round().astype(np.uint8), light, f"{name} ({people} people)", top=top)
        tile.set_axis_off()
    return figure


def analysis(people: pd.DataFrame, classes: Mapping[str, pd.DataFrame], sides: pd.DataFrame) -> Figure:
    """Asymmetry by class, each with people and the interval of their mean; and how often maps light up the right side.

    people: rows y and a column per measure, one row per person. classes: measure -> its `asymmetry.by_class`. sides:
    `asymmetry.sides`, perhaps empty.
    """
    plots = len(classes) + bool(len(sides))
    figure = _figure(3.4 * plots, 3.2)
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
    labels = [f"{row.region} ({row.hits}/{row.people})" for row in sides.itertuples()]
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


def _mask(tile: Axes, mask: np.ndarray | None, size: int) -> None:
    if mask is None:
        _absent(tile, "regions")
        return
    tile.imshow(_enlarged(mask, size), cmap="inferno", vmin=0, vmax=1)
    tile.set_title("regions, what counts as face", fontsize=8.5)


def _mean_region(tile: Axes, roi: np.ndarray | None, size: int) -> None:
    if roi is None:
        _absent(tile, "region maps")
        return
    mean = roi.mean(axis=0)
    tile.imshow(_enlarged(mean, size), cmap="viridis", vmin=0)
    tile.set_title(f"mean of 5 region maps, up to {mean.max():.2f}", fontsize=8.5)


def _asymmetry(tile: Axes, light: np.ndarray | None, scale: float) -> None:
    if light is None:
        _absent(tile, "asymmetry")
        return
    tile.imshow(light, cmap="inferno", vmin=0, vmax=scale or 1)
    tile.set_title(f"asymmetry, bright is {scale:.2g}", fontsize=8.5)


def _difference(tile: Axes, light: np.ndarray | None, scale: float) -> None:
    """The map minus its mirror image: which side is the brighter one, place by place."""
    if light is None:
        _absent(tile, "brighter side")
        return
    tile.imshow(light - light[:, ::-1], cmap="RdBu_r", vmin=-(scale or 1) / 2, vmax=(scale or 1) / 2)
    tile.set_title("brighter (red) than the other side", fontsize=8.5)


def _region_bars(axes: Axes, maps: Maps, masks: np.ndarray | None) -> None:
    """Mean asymmetry in each region on both sides, and the weight the network gives it; or the unnamed maps' means."""
    at = np.arange(len(REGIONS))
    if maps.asymmetry is not None and masks is not None:
        left, right = region_light(maps.asymmetry[None], masks[None])
        axes.barh(at - 0.18, right[0], height=0.34, color=RIGHT, label="person's right")
        axes.barh(at + 0.18, left[0], height=0.34, color=LEFT, label="person's left")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False, fontsize=7)
        axes.set_title("asymmetry by region", fontsize=8.5)
        names = list(REGIONS)
    elif maps.roi is not None:
        axes.barh(at, maps.roi.mean(axis=(1, 2)), height=0.6, color=RIGHT)
        axes.set_title("mean of each region map", fontsize=8.5)
        names = list(REGIONS) if maps.roi_weight is not None else [f"unnamed {k + 1}" for k in at]
    else:
        _absent(axes, "regions")
        return
    if maps.roi_weight is not None:
        names = [f"{name}\nweight {weight:.2f}" for name, weight in zip(names, maps.roi_weight, strict=True)]
    axes.set_axis_on()
    axes.set_yticks(at, names, fontsize=7)
    axes.invert_yaxis()
    _plain(axes)


def _absent(tile: Axes, what: str) -> None:
    tile.text(0.5, 0.5, f"{what}: not told\nby this network", ha="center", va="center", fontsize=8, color=MUTED)
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
