"""External validation: a finished run's models applied to another cohort, and reported with the same honesty."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neuroface.errors import ConfigError
from neuroface.studies.finished import threshold_of

if TYPE_CHECKING:
    from neuroface.studies.predict import Asked

OWN = ("out", "other_people", "bootstrap")  # words of eval that are none of predict


def is_meant(overrides: list[str]) -> bool:
    """Whether the words of `eval` name another cohort."""
    return any(word.lstrip("+").partition("=")[0].partition(".")[0] == "cohort" for word in overrides)


def validate(overrides: list[str]) -> tuple[str, Path]:
    """Apply the models of run= to the people of cohort=; returns what it says in words, and the page.

    Writes predictions.csv, scores.json, shift.csv and external.html into `out` (default <run>/external/<cohort>).
    Errors: as of `predict.ask`; DataError where a class of the run is missing; ConfigError for several runs.
    """
    from neuroface.configuration.compose import compose
    from neuroface.evaluate import scores
    from neuroface.report.external_page import render
    from neuroface.studies.predict import ask, warnings_of

    own, rest = _parted(overrides)
    settings, _ = compose("eval", own)
    asked = ask(rest, other_people=bool(settings.other_people), judged=True)
    name = next((w.partition("=")[2] for w in rest if w.startswith("cohort=")), "cohort")
    out = Path(str(settings.out)) if settings.out else asked.run.folder / "external" / name
    if out.exists() and not out.is_dir():
        raise ConfigError(f"out={out} is a file; it must be a folder.")
    table = _predictions(asked)
    found = scores.summarise(table, None, classes=asked.run.classes, n_bootstrap=int(settings.bootstrap))
    fit = _calibration(table, asked)
    if fit is not None:
        found["calibration"] = fit._asdict()
    shift = _shift(asked)
    out.mkdir(parents=True, exist_ok=True)
    (out / "scores.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    table.to_csv(out / "predictions.csv", index=False)
    if len(shift):
        shift.to_csv(out / "shift.csv", index=False, float_format="%.6g")
    return render(asked.run, table, found, shift, warnings_of(asked), out, cohort=name)


def _parted(overrides: list[str]) -> tuple[list[str], list[str]]:
    own = [word for word in overrides if word.partition("=")[0] in OWN]
    rest = [word for word in overrides if word not in own]
    runs = [word for word in rest if word.startswith("run=")]
    if len(runs) != 1 or "[" in runs[0]:
        raise ConfigError("an external validation is of one run: neuroface eval run=runs/NAME cohort=...")
    return own, rest


def _predictions(asked: Asked) -> pd.DataFrame:
    run, samples = asked.run, asked.samples
    meta = {name: samples.meta[name] for name in ("sample", "group", "task", "repetition")}
    table = pd.DataFrame({**meta, "subject": samples.subject, "fold": "external", "y": samples.y})
    for k, name in enumerate(run.classes):
        table[f"p_{name}"] = asked.p[:, :, k].mean(axis=0)
    if asked.tasks:  # a row of each person, whose score is over tasks
        table = table.drop_duplicates("subject", ignore_index=True)
        table = table.assign(sample=table["subject"], task="+".join(asked.tasks), repetition=0)
    if run.is_binary:
        threshold = threshold_of(run.folder)
        table["threshold"] = 0.5 if threshold is None else threshold
    return table


def _calibration(table: pd.DataFrame, asked: Asked) -> Any:
    """Over people, of two classes between people; None for other questions."""
    from neuroface.evaluate.calibration import calibration
    from neuroface.evaluate.units import subject_units

    if not asked.run.is_binary or asked.run.is_within_person:
        return None
    people = subject_units(table, asked.run.classes)
    return calibration(people.p[:, 1], people.y == 1)


def _shift(asked: Asked) -> pd.DataFrame:
    """Each feature and class: mean over people here and there, Hedges g of here less there, share outside the range."""
    from neuroface.report.effect_size import hedges_g

    run, samples = asked.run, asked.samples
    if samples.view != "table" or run.features is None:
        return pd.DataFrame()
    names = list(samples.feature_names)
    here = pd.DataFrame(np.asarray(samples.X, dtype=float), columns=names).assign(subject=samples.subject, y=samples.y)
    rows = []
    for name in names:
        low, high = run.features[name].min(), run.features[name].max()
        for y in run.classes:
            ours, theirs = (
                t[t["y"] == y].groupby("subject")[name].mean().to_numpy(float) for t in (run.features, here)
            )
            values = here.loc[here["y"] == y, name]
            outside = float(((values < low) | (values > high)).mean())
            rows.append((name, y, ours.mean(), theirs.mean(), *hedges_g(ours, theirs), outside))
    return pd.DataFrame(rows, columns=["feature", "class", "run", "here", "g", "low", "high", "outside"])
