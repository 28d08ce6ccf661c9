"""A page about one person (HTML, and one A4 as PDF) by the models of a run that has not seen them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neuroface.evaluate.cells import guarded_table
from neuroface.report import page_tables, person_figures, wording
from neuroface.report.page_files import DPI, template, write_whole
from neuroface.report.person_figures import Trace
from neuroface.report.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = {"measure": "measure", "unit": "unit", "value": "this person", "repetitions": "repetitions",
         "low": "healthy 5 %",
         "high": "95 %", "people": "N", "z": "z"}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Person:
    """What is told of one person.

    measures, drivers: see studies.person. p: (models, classes), means over the person's repetitions. warnings, quality:
    sentences. traces: one per repetition, in `unit`. overlay: file name of a clip beside the page, or "".
    """

    subject: str
    task: str
    measures: pd.DataFrame
    drivers: pd.DataFrame
    p: np.ndarray
    threshold: float | None
    decided: str
    warnings: Sequence[str]
    quality: Sequence[str]
    traces: Sequence[Trace] = ()
    unit: str = "mm"
    overlay: str = ""
    change: pd.DataFrame = field(default_factory=pd.DataFrame)


def render(run: Run, person: Person, out: Path) -> Path:
    """Write <subject>.html, <subject>.pdf (one A4) and <subject>.csv (its measures) into `out`; returns the page."""
    out.mkdir(parents=True, exist_ok=True)
    name = person.subject.replace("/", "_")
    lines = sentences(run, person)
    driven = person.drivers.assign(measure=[_named(person.measures, feature) for feature in person.drivers["feature"]])
    sheet = person_figures.sheet(
        f"{person.subject} · {person.task}", [*lines, *person.warnings, *person.quality], person.measures, driven,
        person.p[:, -1], person.traces, positive=run.positive, threshold=person.threshold, unit=person.unit,
        footer=f"Research use only. {wording.NOT_A_DEVICE}", change=person.change,
    )  # fmt: skip
    content = BytesIO()
    sheet.savefig(content, format="pdf", metadata={"CreationDate": None, "Title": person.subject})
    write_whole(out / f"{name}.pdf", content.getvalue())
    if len(person.measures):
        write_whole(
            out / f"{name}.csv", guarded_table(person.measures).to_csv(index=False, float_format="%.6g").encode()
        )
    context = {
        "title": f"{person.subject} · {person.task}",
        "run": wording.conditions(run),
        "lines": lines,
        "warnings": person.warnings,
        "quality": person.quality,
        "pictures": {key: _picture(figure, key) for key, figure in _figures(run, person, driven).items()},
        "measures": page_tables.shown(
            person.measures[[c for c in NAMES if c in person.measures]].rename(columns=NAMES), significant=True
        ),
        "change": page_tables.shown(person.change.drop(columns=["by"], errors="ignore"), significant=True),
        "by_visits": bool(len(person.change)) and bool((person.change["by"] == "visits").any()),
        "overlay": person.overlay,
        "pdf": f"{name}.pdf",
        "not_a_device": wording.NOT_A_DEVICE,
    }
    page = out / f"{name}.html"
    write_whole(page, template("person.html.j2").render(context).encode())
    return page


def sentences(run: Run, person: Person) -> list[str]:
    """The score in plain words."""
    mean, sd = person.p[:, -1].mean(), person.p[:, -1].std()
    told = [
        f"{len(person.p)} models, each fitted without one part of the {len(set(run.predictions['subject']))} people of "
        f"the run, give {run.positive} a probability of {mean:.2f} (from {person.p[:, -1].min():.2f} to "
        f"{person.p[:, -1].max():.2f}, standard deviation {sd:.2f})."
    ]
    if person.threshold is not None:
        side = "above" if person.decided == run.positive else "below"
        told.append(f"That is {side} the run's threshold of {person.threshold:.2f}: more like {person.decided}.")
    if len(person.measures) and "z" in person.measures:
        far = person.measures[person.measures["z"].abs() > 2]
        people = int(person.measures["people"].max())
        names = ", ".join(f"{row['measure']} (z {row['z']:+.1f})" for row in far.to_dict("records"))
        told.append(
            f"Beside {people} healthy people of the run, "
            + (
                f"{names} lie more than 2 standard deviations away."
                if names
                else "no measure lies more than 2 standard deviations away."
            )
        )
    if len(person.change):
        told.append(changed(person.change))
    told.append(f"The run told its own people apart like this: {wording.answer(run)}")
    return told


def changed(change: pd.DataFrame) -> str:
    """What two visits differ by, in one sentence."""
    beyond = change[change["beyond"]]
    names = ", ".join(beyond["measure"])
    by = "visits" if (change["by"] == "visits").any() else "repetitions"
    return (
        f"From the first visit to the second {len(beyond)} of {len(change)} measures changed by more than {by} of "
        + (f"the run's people scatter: {names}." if names else "the run's people scatter.")
    )


def _figures(run: Run, person: Person, driven: pd.DataFrame) -> dict[str, Figure]:
    alone, rows = person_figures.alone, 0.9 + 0.24 * max(1, len(person.measures))
    found = {
        "models": alone(
            person_figures.models, person.p[:, -1], positive=run.positive, threshold=person.threshold, height=1.1
        )
    }
    if len(person.change):
        found["changes"] = alone(person_figures.changes, person.change, height=0.9 + 0.24 * len(person.change))
    if "z" in person.measures:
        found["measures"] = alone(person_figures.measures, person.measures, height=rows)
    if len(driven):
        found["drivers"] = alone(person_figures.drivers, driven, positive=run.positive, height=rows + 0.2)
    if person.traces:
        found["opening"] = alone(person_figures.opening, person.traces, unit=person.unit, height=2.2)
        found["sides"] = alone(person_figures.sides, person.traces, unit=person.unit, height=2.4)
    return found


CAPTIONS = {
    "models": "Each dot is the model of one fold; how far they lie apart is how much hangs on who was learnt from.",
    "measures": "In standard deviations of the run's healthy people (a mean per person); the band is their 5 to 95 %. "
    "An arrow lies beyond the axis.",
    "changes": "Filled: more than the scatter within people alone gives in 95 % of cases.",
    "drivers": "By how much the probability would fall if one measure were a healthy person's and all others stayed. "
    "Bars do not add up where measures go together.",
    "opening": "Mouth opening; repetitions over each other, the last one darkest.",
    "sides": "How far each corner of the mouth is from where it was at the onset; left and right are the person's own.",
}


def _picture(figure: Figure, name: str) -> dict[str, str]:
    content = BytesIO()
    figure.savefig(content, format="png", dpi=DPI, metadata={"Software": None})
    return {"data": base64.b64encode(content.getvalue()).decode(), "caption": CAPTIONS[name], "alt": CAPTIONS[name]}


def _named(measures: pd.DataFrame, feature: str) -> str:
    return str(measures.set_index("feature")["measure"][feature])
