"""keypoints.html: significance of the 68 points on the face, ranked, by region; and the files beside it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neuroface.evaluate.cells import guarded_table
from neuroface.report import keypoint_figures, page_tables, wording
from neuroface.report.page_files import forget_figures, template, write_figure, write_whole
from neuroface.report.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = {"rank": "rank", "name": "point", "side": "side", "significance": "significance", "low": "low", "high": "high",
         "difference": "groups differ by", "p": "p", "p_fdr": "p, FDR", "shuffled_mean": "labels shuffled",
         "p_any": "p, any point"}  # fmt: skip


def render(
    run: Run,
    points: pd.DataFrame,
    regions: pd.DataFrame,
    people: pd.DataFrame,
    samples: Mapping[str, np.ndarray],
    out: Path,
    *,
    method: str,
    unit: str,
    notes: Sequence[str] = (),
    pictures: Mapping[str, np.ndarray],
) -> Path:
    """Write keypoints.html, its figures (PNG, SVG), keypoints.csv, regions.csv, people.csv, summary.txt, and one
    <sample>_landmarks.txt per sample, 68 lines "x, y, g"; returns the page.

    points, regions: as `explain.keypoints` gives them. people: tidy. samples: name -> (68, 3). pictures: class -> mean
    face, whose pixels x and y are. notes: sentences under the method.
    """
    (out / "samples").mkdir(parents=True, exist_ok=True)
    drawn = {}
    forget_figures(out)
    for name, (figure, caption, alt) in _figures(points, people, pictures, unit=unit, positive=run.positive).items():
        data = base64.b64encode(write_figure(out, name, figure, vector="svg")).decode()
        drawn[name] = {"name": name, "data": data, "caption": caption, "alt": alt}
    for name, frame in {"keypoints": points, "regions": regions, "people": people}.items():
        write_whole(out / f"{name}.csv", guarded_table(frame).to_csv(index=False, float_format="%.6g").encode())
    for name, values in samples.items():
        text = "".join(f"{x:.2f}, {y:.2f}, {g:.6g}\n" for x, y, g in values)
        write_whole(out / "samples" / f"{name.replace('/', '_')}_landmarks.txt", text.encode())
    mean = np.mean([values[:, 2] for values in samples.values()], axis=0)
    summary = "".join(f"Line {i} Average: {value:.6g}\n" for i, value in enumerate(mean, 1))
    write_whole(out / "summary.txt", summary.encode())
    ranked = points.sort_values("rank", kind="stable").head(20)
    context = {
        "title": wording.conditions(run),
        "synthetic": run.is_synthetic,
        "method": method,
        "notes": list(notes),
        "not_a_device": wording.NOT_A_DEVICE,
        "pictures": drawn,
        "rows": page_tables.shown(ranked[[c for c in SHOWN if c in ranked]].rename(columns=SHOWN), significant=True),
        "regions": page_tables.shown(regions, significant=True),
    }
    page = out / "keypoints.html"
    write_whole(page, template("keypoints.html.j2").render(context).encode())
    return page


def _figures(
    points: pd.DataFrame, people: pd.DataFrame, pictures: Mapping[str, np.ndarray], *, unit: str, positive: str
) -> dict[str, tuple[Figure, str, str]]:
    places, values = points[["x", "y"]].to_numpy(float), points["significance"].to_numpy(float)
    first = points.nsmallest(1, "rank").iloc[0]["name"]
    found = {
        "significance": (
            keypoint_figures.faces({"significance": values}, places, unit=unit),
            "Mean size over people; at a point the light is its value. The person's left is on the right.",
            f"Light on the mean face; the brightest point is {first}.",
        ),
        "ranking": (
            keypoint_figures.ranking(points, unit=unit),
            "The twenty most significant points.",
            f"Points in order of significance, {first} first.",
        ),
        "layer": (keypoint_figures.layer(places, values), "", "The light alone."),
    }
    wide = people.pivot_table(index="y", columns="point", values="g", dropna=False)
    counts = people.groupby("y")["subject"].nunique()
    groups = {f"{y} ({counts[y]})": wide.loc[y].to_numpy(float) for y in wide.index}
    found["groups"] = (
        keypoint_figures.faces(groups, places, unit=f"{unit}, with its sign"),
        f"Mean over the people of each class; above 0 the point speaks for {positive}, below against.",
        f"Light of {len(groups)} classes side by side.",
    )
    if pictures:
        mean = np.mean([np.asarray(one, dtype=float) for one in pictures.values()], axis=0).round().astype(np.uint8)
        found["over_faces"] = (
            keypoint_figures.faces({"over the mean face": values}, places, unit=unit, over=mean),
            "The same light over the mean picture of everybody.",
            "Light over the mean picture.",
        )
    return found
