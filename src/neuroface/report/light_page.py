"""explain.html of a run of networks on pictures or clips: where they look, and both checks beside it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neuroface.evaluate.cells import guarded_table
from neuroface.report import light_figures, page_tables, wording
from neuroface.report.page_files import template, write_figure, write_whole
from neuroface.report.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Column = tuple[np.ndarray, Mapping[str, np.ndarray]]
CHECKS = {"real": "as learnt", "random": "weights drawn anew", "shuffled": "learnt from shuffled labels"}
SHOWN = {"method": "map", "check": "beside", "people": "people", "like": "likeness (rho)", "low": "low", "high": "high",
         "brightest_real": "brightest tenth, as learnt", "brightest": "brightest tenth, check"}  # fmt: skip
ON_PAGE = 6  # samples whose maps the page shows; the others lie beside it
CAPTIONS = {
    "lights": "Mean over the people of each class, each seen by the network that left them out; of clips the mean over "
    "time, too. The person's left is on the right.",
    "checks": "The same maps of everybody: as learnt, of the same networks with all weights drawn anew, and of a "
    "network that learnt from labels that had changed hands between people.",
    "over_time": "When in the clip the light is; mean over people. Dashed: a map that prefers no moment.",
}


def render(
    run: Run,
    table: pd.DataFrame,
    checks: pd.DataFrame,
    sides: pd.DataFrame,
    out: Path,
    *,
    classes: Mapping[str, Column],
    check_maps: Mapping[str, Column],
    time: Mapping[str, Mapping[str, np.ndarray]],
    samples: Sequence[tuple[str, str, np.ndarray, Mapping[str, np.ndarray]]],
    notes: Sequence[str],
    further: Mapping[str, str],
    oriented: bool,
) -> Path:
    """Write explain.html, its figures (PNG, SVG), lights.csv, checks.csv, and lights/<sample>.png; returns the page.

    table, checks, sides: of `explain.lights`. classes, check_maps: title -> mean picture and maps. time: class ->
    method -> (T,), empty for pictures. samples: name, title, picture or clip, maps. further: file name (without .png)
    -> caption of figures that are in `out` already. oriented: who is affected on the left was mirrored in the means.
    """
    (out / "lights").mkdir(parents=True, exist_ok=True)
    figures: dict[str, Figure] = {
        "lights": light_figures.grid(classes),
        "checks": light_figures.grid(check_maps, face=False),
    }
    if time:
        figures["over_time"] = light_figures.over_time(time)
    mirrored = " The affected side is on the left of each picture." if oriented else ""
    pictures = {
        name: _picture(name, write_figure(out, name, figure, vector="svg"), CAPTIONS[name] + mirrored * (not time))
        for name, figure in figures.items()
    }
    shown: list[dict[str, str]] = []
    for name, title, picture, maps in samples:
        file = f"lights/{name.replace('/', '_')}"
        data = write_figure(out, file, light_figures.sample(picture, maps, title=title))
        if len(shown) < ON_PAGE:
            shown.append(_picture(file, data, "Each map on a scale of its own."))
    for name, frame in {"lights": table, "checks": checks}.items():
        write_whole(out / f"{name}.csv", guarded_table(frame).to_csv(index=False, float_format="%.6g").encode())
    named = checks.assign(
        method=checks["method"].map(light_figures.NAMES), check=checks["check"].map(CHECKS)
    )[list(SHOWN)]  # fmt: skip
    content = {
        "title": wording.conditions(run),
        "synthetic": run.is_synthetic,
        "answer": wording.answer(run),
        "notes": notes,
        "not_a_device": wording.NOT_A_DEVICE,
        "pictures": pictures,
        "samples": shown,
        "many": len(samples),
        "checks": page_tables.shown(named.rename(columns=SHOWN)),
        "sides": page_tables.shown(sides),
        "further": [
            _picture(name, (out / f"{name}.png").read_bytes(), caption) for name, caption in further.items()
        ],
    }  # fmt: skip
    page = out / "explain.html"
    write_whole(page, template("lights.html.j2").render(content).encode())
    return page


def _picture(name: str, data: bytes, caption: str) -> dict[str, str]:
    return {"name": name, "data": base64.b64encode(data).decode(), "caption": caption, "alt": caption}
