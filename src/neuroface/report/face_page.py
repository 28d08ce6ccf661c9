"""face.html: a digital face per group, with a viewer, pictures, clips and mesh files beside it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface.report import face_viewer, wording
from neuroface.report.figures import FULL, INK, MUTED
from neuroface.report.page_files import template, write_figure, write_whole
from neuroface.report.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SKIN = np.array([0.87, 0.80, 0.74])  # plain, of nobody
COLOURS = "viridis"
TALL = 1.24  # height of a picture over its width


@dataclass(frozen=True, eq=False)
class Shown:
    """One group. rest, moved: (V, 3) mm. colourings: name -> (V,) in its unit. people: of how many it is the mean."""

    rest: np.ndarray
    moved: np.ndarray
    colourings: Mapping[str, np.ndarray]
    people: int


def colours_of(values: np.ndarray, largest: float) -> np.ndarray:
    """(V, 3) 0..1: skin where the value is 0, the colour of the scale where it is large."""
    from matplotlib import colormaps

    share = np.clip(np.abs(values) / (largest or 1.0), 0, 1)[:, None]
    return (1 - share) * SKIN + share * colormaps[COLOURS](share[:, 0])[:, :3]


def render(
    run: Run, groups: Mapping[str, Shown], triangles: np.ndarray, units: Mapping[str, str], files: Mapping[str, str],
    lines: Sequence[str], out: Path, *, draw: Callable[[np.ndarray, np.ndarray], np.ndarray], head: str,
) -> Path:  # fmt: skip
    """Write face.html and faces.png/.svg into `out`.

    units: of each colouring. files: those that are there, and what each holds. draw: (vertices, colours) -> a picture.
    head: what is shown, in words.
    """
    largest = {name: scale_of(groups, name) for name in units}
    viewers = {}
    for group, one in groups.items():
        painted = {name: colours_of(one.colourings[name], largest[name]) for name in units}
        viewers[group] = face_viewer.data(one.rest, one.moved, triangles, painted)
    data = write_figure(out, "faces", _side_by_side(groups, units, largest, draw), vector="svg")
    caption = "True size. Colour from skin (none) to yellow (most), one scale over the groups."
    context: dict[str, Any] = {
        "title": wording.conditions(run),
        "synthetic": run.is_synthetic,
        "lines": lines,
        "head": head,
        "faces": viewers,
        "colours": list(units),
        "files": files,
        "pictures": {
            "faces": {"name": "faces", "data": base64.b64encode(data).decode(), "caption": caption, "alt": caption}
        },
        "not_a_device": wording.NOT_A_DEVICE,
    }
    page = out / "face.html"
    write_whole(page, template("face.html.j2").render(context).encode())
    return page


def scale_of(groups: Mapping[str, Shown], name: str) -> float:
    """The largest value of a colouring in any group: all groups share one scale."""
    return max(float(np.abs(one.colourings[name]).max()) for one in groups.values())


def _side_by_side(
    groups: Mapping[str, Shown], units: Mapping[str, str], largest: Mapping[str, float],
    draw: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> Figure:  # fmt: skip
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize
    from matplotlib.figure import Figure

    high = min(4.4, (FULL - 1.2) / len(groups) * TALL + 0.4)  # of a row, inches
    figure = Figure((FULL, high * len(units)), layout="constrained", facecolor="white")
    panels = figure.subplots(len(units), len(groups), squeeze=False)
    ramp = LinearSegmentedColormap.from_list("skin", colours_of(np.linspace(0, 1, 64), 1.0))
    for row, (name, unit) in zip(panels, units.items(), strict=True):
        for axes, (group, one) in zip(row, groups.items(), strict=True):
            axes.imshow(draw(one.moved, colours_of(one.colourings[name], largest[name])))
            axes.set_title(f"{group} ({one.people})", fontsize=10, color=INK)
            axes.axis("off")
        bar = figure.colorbar(ScalarMappable(Normalize(0, largest[name] or 1.0), ramp), ax=list(row), shrink=0.7)
        bar.set_label(f"{name}, {unit}", fontsize=8.5)
        bar.ax.tick_params(colors=MUTED, labelcolor=INK, labelsize=8)
    return figure
