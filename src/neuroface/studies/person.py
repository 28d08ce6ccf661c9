"""What a finished run and its healthy people say about one person: measures, what drove the score, change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neuroface.errors import DataError

if TYPE_CHECKING:
    from neuroface.evaluate.repeatability import Repeatability
    from neuroface.report.run import Run
    from neuroface.studies.predict import Asked

MOST_OTHERS = 60  # rows of healthy people that a person is compared with, evenly spread: more change nothing visible
LOW, HIGH = 0.05, 0.95  # ends of the healthy range
FEWEST = 5  # people of a run who came twice, before their visits say what varies from one to the next


def reference_class(run: Run) -> str | None:
    """The class of healthy people; None where no class is called one."""
    from neuroface.evaluate.protocol import CONTROLS

    return next((name for name in run.classes if name.lower() in CONTROLS), None)


def measures(asked: Asked, subject: str) -> pd.DataFrame:
    """One row per feature: measure, unit, value (mean over repetitions), repetitions, mean, sd, low, high and people of
    the healthy ones (one mean per person; 5 and 95 % quantiles), and z, in their standard deviations.

    Of a run without healthy people or features, only what is known.
    """
    from neuroface.report.wording import feature_and_unit

    run, samples = asked.run, asked.samples
    rows = np.asarray(samples.X, dtype=float)[np.asarray(samples.subject) == subject]
    healthy = reference_class(run)
    names = list(samples.feature_names)
    found = []
    means = None
    if healthy is not None and run.features is not None:
        means = run.features[run.features["y"] == healthy].groupby("subject")[names].mean()
    for name, column in zip(names, rows.T, strict=True):
        known = column[np.isfinite(column)]
        value = float(known.mean()) if len(known) else float("nan")
        row: dict[str, Any] = dict(zip(("measure", "unit"), feature_and_unit(name), strict=True))
        row |= {"feature": name, "value": value, "repetitions": len(known)}
        if means is not None:
            others = means[name].dropna().to_numpy(float)
            sd = float(others.std(ddof=1)) if len(others) > 1 else float("nan")
            row |= {
                "mean": float(others.mean()), "sd": sd, "low": float(np.quantile(others, LOW)),
                "high": float(np.quantile(others, HIGH)), "people": len(others),
                "z": (value - others.mean()) / sd if sd > 0 else float("nan"),
            }  # fmt: skip
        found.append(row)
    return pd.DataFrame(found)


def drivers(asked: Asked, subject: str, models: Sequence[Any]) -> pd.DataFrame:
    """feature, effect: how far the probability of the last class would fall if that feature were a healthy person's.

    The mean over the run's models, the person's repetitions and up to MOST_OTHERS rows of healthy people; the other
    features stay. Empty for a run without healthy people.
    """
    from neuroface.evaluate.fold import predict

    run, samples = asked.run, asked.samples
    healthy = reference_class(run)
    names = list(samples.feature_names)
    if healthy is None or run.features is None:
        return pd.DataFrame({"feature": [], "effect": []})
    X = np.asarray(samples.X, dtype=float)[np.asarray(samples.subject) == subject]
    others = run.features.loc[run.features["y"] == healthy, names].to_numpy(float)
    others = others[np.linspace(0, len(others) - 1, min(len(others), MOST_OTHERS)).round().astype(int)]
    r, d, b = len(X), len(names), len(others)
    changed = np.tile(X[None, :, None], (d, 1, b, 1))  # (d, r, b, d)
    for j in range(d):
        changed[j, :, :, j] = others[None, :, j]
    asked_rows = np.concatenate([X, changed.reshape(-1, d)])
    effect = np.zeros(d)
    for model in models:
        said = predict(model, asked_rows, run.classes)[:, -1]
        effect += said[:r].mean() - said[r:].reshape(d, r * b).mean(axis=1)
    table = pd.DataFrame({"feature": names, "effect": effect / len(models)})
    return table.sort_values("effect", key=np.abs, ascending=False, ignore_index=True)


def change(asked: Asked, visits: tuple[str, str]) -> pd.DataFrame:
    """Two visits of one person: measure, unit, first, second, change, detectable, beyond, icc, sem, people, by.

    visits: what the recordings' subjects are called in `asked`. detectable: minimal detectable change by what varies
    within the run's people of all classes: `by` "visits" where FEWEST of them came to two sessions, else
    "repetitions". beyond: whether the change is larger. Errors: DataError for a run without features.
    """
    from neuroface.report.wording import feature_and_unit

    run, samples = asked.run, asked.samples
    if run.features is None or samples.view != "table":
        raise DataError(f"{run.folder} is not about features; two visits are compared by features.")
    X, who = np.asarray(samples.X, dtype=float), np.asarray(samples.subject)
    rows = []
    for j, name in enumerate(samples.feature_names):
        known = [column[np.isfinite(column)] for column in (X[who == visit, j] for visit in visits)]
        if min(map(len, known)) == 0:
            continue
        moved = float(known[1].mean() - known[0].mean())
        scatter, least, by = _scatter(run.features, name, len(known[0]), len(known[1]))
        measure, unit = feature_and_unit(name)
        means, of_people = (known[0].mean(), known[1].mean()), (scatter.icc, scatter.sem, scatter.people)
        rows.append((measure, unit, *means, moved, least, abs(moved) > least, *of_people, by))
    columns = ["measure", "unit", "first", "second", "change", "detectable", "beyond", "icc", "sem", "people", "by"]
    return pd.DataFrame(rows, columns=columns)


def _scatter(features: pd.DataFrame, name: str, first: int, second: int) -> tuple[Repeatability, float, str]:
    """What varies within people, the change between means of so many repetitions that it explains, and by what."""
    from neuroface.evaluate.repeatability import detectable_change, of_repetitions, of_visits

    if "session" in features:
        means = features.groupby(["subject", "session", "task"])[name].mean().groupby(level=[0, 1]).mean().dropna()
        twice = [values.to_numpy()[:2] for _, values in means.groupby(level=0) if len(values) > 1]
        if len(twice) >= FEWEST:
            found = of_visits(np.stack(twice))
            return found, found.mdc, "visits"
    found = of_repetitions(features[name].to_numpy(float), features["subject"].to_numpy())
    return found, detectable_change(found.sem, first, second), "repetitions"
