"""Where a network looks, as light over faces: by class, beside both checks, over time, and sample by sample.

Light is in times of what an even map has everywhere; one scale for all maps of a method in a figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from neuroface.report.figures import FULL, INK, MARKERS, MUTED, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

RAMP = "inferno"  # rises in lightness all the way: safe for colour-blind readers, and in grey
NAMES = {"gradient": "integrated gradients", "cam": "Grad-CAM"}
UNIT = "light, even map = 1"
COVERS = 0.8  # how much of the face the brightest light hides
TOP = 0.995  # quantile of the light that is drawn brightest: a pixel must not darken all others
MOMENTS = 8  # of a clip that are drawn, evenly spaced


def grid(
    columns: Mapping[str, tuple[np.ndarray, Mapping[str, np.ndarray]]], *, face: bool = True, title: str = ""
) -> Figure:
    """A column per name: its picture (S, S, 3) 0..255, where `face`, and each of its maps (S, S) over it.

    Wide tables of clips have a column per moment. A map that a column lacks stays empty.
    """
    from matplotlib.figure import Figure

    methods = [m for m in NAMES if any(m in maps for _, maps in columns.values())]
    rows, n = len(methods) + face, max(2, len(columns))
    tile = min(2.2, (FULL - 1.0) / n)
    figure = Figure((tile * n + 1.0, tile * rows + 0.45 + 0.3 * bool(title)), layout="constrained", facecolor="white")
    if title:
        figure.suptitle(title, fontsize=9, color=INK)
    tiles = figure.subplots(rows, n, squeeze=False)
    for axes in tiles.flat:
        axes.axis("off")
    for k, (name, (picture, _)) in enumerate(columns.items()):
        if face:
            tiles[0, k].imshow(np.clip(np.round(picture), 0, 255).astype(np.uint8))
        tiles[0, k].set_title(name, fontsize=8 if n < 6 else 7, color=INK)
    for row, method in zip(tiles[face:], methods, strict=True):
        lit = [maps[method] for _, maps in columns.values() if method in maps]
        top = float(np.quantile(np.stack(lit), TOP)) or 1.0
        image = None
        for axes, (picture, maps) in zip(row, columns.values(), strict=False):
            if method in maps:
                image = _light(axes, picture, maps[method], top)
        row[0].axis("on")  # a label of the axis is given room, any other text is not
        row[0].set(xticks=[], yticks=[])
        row[0].spines[:].set_visible(False)
        row[0].set_ylabel(NAMES[method].replace(" ", "\n"), fontsize=8, color=INK)
        _bar(figure, image, row)
    return figure


def over_time(classes: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """Class -> method -> (T,) light of each moment; a panel per method."""
    from matplotlib.figure import Figure

    methods = [m for m in NAMES if any(m in told for told in classes.values())]
    figure = Figure((FULL, 2.7), layout="constrained", facecolor="white")
    panels = np.ravel(figure.subplots(1, len(methods)))
    for axes, method in zip(panels, methods, strict=True):
        axes.axhline(1.0, color=MUTED, lw=0.9, ls=(0, (4, 2)))
        for k, (name, told) in enumerate(classes.items()):
            if method in told:
                at = np.linspace(0, 100, len(told[method]))
                colour, marker = PALETTE[k % len(PALETTE)], MARKERS[k % len(MARKERS)]
                axes.plot(at, told[method], color=colour, marker=marker, ms=4, lw=1.5, label=name)
        axes.set_title(NAMES[method], fontsize=9.5, color=INK)
        axes.set_xlabel("moment, % of the clip", fontsize=8.5)
        axes.set_ylim(bottom=0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=8)
    panels[0].set_ylabel("light, even clip = 1", fontsize=8.5)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=6, frameon=False,
                  fontsize=8.5)  # fmt: skip
    return figure


def sample(picture: np.ndarray, maps: Mapping[str, np.ndarray], *, title: str) -> Figure:
    """One sample: of a picture (S, S, 3) its maps beside it, of a clip (T, S, S, 3) MOMENTS of both."""
    if picture.ndim == 4:
        moments: Sequence[int] = np.unique(np.linspace(0, len(picture) - 1, MOMENTS).round().astype(int)).tolist()
        columns = {f"frame {t + 1}": (picture[t], {m: light[t] for m, light in maps.items()}) for t in moments}
        return grid(columns, title=title)
    return _beside(picture, maps, title)


def _beside(picture: np.ndarray, maps: Mapping[str, np.ndarray], title: str) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure((2.4 * (1 + len(maps)) + 0.6 * len(maps), 2.9), layout="constrained", facecolor="white")
    figure.suptitle(title, fontsize=9, color=INK)
    tiles = np.ravel(figure.subplots(1, 1 + len(maps)))
    tiles[0].imshow(picture)
    tiles[0].set_title("picture", fontsize=8.5, color=INK)
    for axes, (method, light) in zip(tiles[1:], maps.items(), strict=True):
        top = float(np.quantile(light, TOP)) or 1.0
        _bar(figure, _light(axes, picture, light, top), [axes])
        axes.set_title(NAMES[method], fontsize=8.5, color=INK)
    for axes in tiles:
        axes.axis("off")
    return figure


def _light(axes: Axes, picture: np.ndarray, light: np.ndarray, top: float) -> AxesImage:
    """Light over the face in grey: what is dark is left as it is."""
    grey = np.asarray(picture, dtype=float).mean(axis=-1)
    axes.imshow(grey, cmap="gray", vmin=0, vmax=255)
    return axes.imshow(light, cmap=RAMP, vmin=0, vmax=top, alpha=COVERS * np.clip(light / top, 0, 1))


def _bar(figure: Figure, image: AxesImage | None, row: Sequence[Axes]) -> None:
    from matplotlib.cm import ScalarMappable

    if image is None:
        return
    bar = figure.colorbar(ScalarMappable(image.norm, image.cmap), ax=list(row), shrink=0.85, pad=0.02)
    bar.set_label(UNIT, fontsize=7.5)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=MUTED, labelcolor=INK, labelsize=7.5)
