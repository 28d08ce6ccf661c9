"""The tables of one run, as data frames of numbers: what the page shows and the CSV files hold."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from neuroface.report import wording
from neuroface.report.effect_size import hedges_g
from neuroface.report.published import Value
from neuroface.report.run import Run

MEASURES = {
    "auc": "AUC",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "auc_ovr": "AUC, one v rest",
}
AGREEMENT = {
    "mean_iou": "mean overlap (IoU) with true repetitions",
    "f1": "F1 at overlap .5",
    "f1_at_50": "F1 at overlap .5",
    "boundary_error_ms": "boundary error, ms",
    "count_error": "count error, repetitions",
}


def scores(run: Run, paper: Value | None = None) -> pd.DataFrame:
    """One row per (who, measure): value, low, high, p. who: this run, single repetitions, shuffled labels, dummy, paper.

    For shuffled labels low and high are mean -+ 1 standard deviation over permutations.
    """
    found = run.subject_scores
    rows = []
    for key in (key for key in MEASURES if found.get(key) is not None):
        low, high = found.get(f"{key}_ci") or (np.nan, np.nan)
        rows.append(_score("this run", key, found[key], low, high, found.get(f"{key}_p")))
    for key in (key for key in MEASURES if run.scores.get("repetition", {}).get(key) is not None):
        repetition = run.scores["repetition"]
        low, high = repetition.get(f"{key}_ci") or (np.nan, np.nan)
        rows.append(_score("single repetitions (not independent)", key, repetition[key], low, high))
    for key in (key for key in MEASURES if found.get(f"{key}_null_mean") is not None):
        mean, sd = found[f"{key}_null_mean"], found.get(f"{key}_null_sd", np.nan)
        rows.append(_score(f"shuffled labels ({found['n_permutations']})", key, mean, mean - sd, mean + sd))
    for key in (key for key in MEASURES if found.get(f"dummy_{key}") is not None):
        rows.append(_score("dummy (knows only how common the classes are)", key, found[f"dummy_{key}"]))
    if paper is not None:
        rows.append(_score(paper.label, paper.metric, paper.value))
    return pd.DataFrame(rows)


def _score(
    who: str, key: str, value: float, low: float = np.nan, high: float = np.nan, p: float | None = None
) -> dict[str, Any]:
    return {"who": who, "measure": MEASURES[key], "value": value, "low": low, "high": high, "p": np.nan if p is None else p}


def subjects(run: Run) -> pd.DataFrame:
    """One row per subject and task: mean probabilities over n repetitions, threshold, predicted class, correct."""
    table = run.units.copy()
    columns = [f"p_{name}" for name in run.classes]
    if "threshold" in table:
        above = table[f"p_{run.positive}"] >= table["threshold"]
        table["predicted"] = np.where(above, run.positive, run.classes[0])
    else:
        table["predicted"] = np.array(run.classes)[table[columns].to_numpy().argmax(axis=1)]
    table["correct"] = table["predicted"] == table["y"]
    kept = [c for c in ("threshold",) if c in table]
    return table[["subject", "task", "y", "n", *columns, "lowest", "highest", *kept, "predicted", "correct"]]


def people(run: Run) -> pd.DataFrame:
    """One row per group: people, recorded repetitions and each known attribute in words."""
    by = "group" if run.is_within_person else "y"
    counted = run.predictions.groupby(by, sort=False).agg(people=("subject", "nunique"), repetitions=("sample", "size"))
    names = [name for name in run.classes if name in counted.index] or list(counted.index)
    rows = []
    for name in names:
        row = {"group": name, "people": int(counted.at[name, "people"]), "repetitions": int(counted.at[name, "repetitions"])}
        for attribute, groups in (run.cohort.get("attributes") or {}).items():
            row[attribute] = _attribute(groups.get(name) if isinstance(groups, Mapping) else None)
        rows.append(row)
    return pd.DataFrame(rows)


def _attribute(value: Any) -> str:
    """61.2 ± 8.4 of {"mean", "sd"}; F 4, M 7 of counts."""
    if value is None:
        return wording.NOTHING
    if not isinstance(value, Mapping):
        return str(value)
    if "mean" in value:
        sd = value.get("sd")
        return f"{value['mean']:.1f}" + (f" ± {sd:.1f}" if sd is not None else "")
    return ", ".join(f"{name} {n}" for name, n in value.items())


def features(run: Run) -> pd.DataFrame:
    """One row per feature (and pair of groups): unit, mean and sd over people per group, Hedges g, low, high.

    A person's value is the mean over that person's repetitions. Where classes lie inside people there is no g between
    people; instead `difference` is the mean over people of (last class - first class), and `people_same_sign` how many
    of them differ in that direction. Empty without a feature table.
    """
    if run.features is None:
        return pd.DataFrame()
    columns = feature_columns(run.features)
    per_person = run.features.groupby(["subject", "y"], sort=False)[columns].mean().reset_index()
    if run.is_within_person:
        return pd.DataFrame([_within(run, per_person, column) for column in columns])
    rows = []
    for column in columns:
        values = {name: per_person.loc[per_person["y"] == name, column].to_numpy(float) for name in run.classes}
        for first, second in combinations(run.classes, 2):
            size = hedges_g(values[first], values[second])
            rows.append(_described(column, values) | {"pair": f"{second} − {first}", **size._asdict()})
    return pd.DataFrame(rows)


def feature_columns(table: pd.DataFrame) -> list[str]:
    """The numeric columns after `y`: a feature table starts with who and what, then the class, then the features."""
    after = table.columns[list(table.columns).index("y") + 1 :]
    return [str(c) for c in after if pd.api.types.is_numeric_dtype(table[c])]


def _described(column: str, values: Mapping[str, np.ndarray]) -> dict[str, Any]:
    name, unit = wording.feature_and_unit(column)
    row: dict[str, Any] = {"column": column, "feature": name, "unit": unit}
    for group, value in values.items():
        seen = value[np.isfinite(value)]
        row[f"mean_{group}"] = seen.mean() if len(seen) else np.nan
        row[f"sd_{group}"] = seen.std(ddof=1) if len(seen) > 1 else np.nan
        row[f"n_{group}"] = len(seen)
    return row


def _within(run: Run, per_person: pd.DataFrame, column: str) -> dict[str, Any]:
    wide = per_person.pivot_table(index="subject", columns="y", values=column, dropna=False).reindex(columns=list(run.classes))
    differences = (wide[run.classes[-1]] - wide[run.classes[0]]).dropna().to_numpy(float)
    mean = differences.mean() if len(differences) else np.nan
    return _described(column, {name: wide[name].to_numpy(float) for name in run.classes}) | {
        "difference": mean,
        "people_same_sign": int((np.sign(differences) == np.sign(mean)).sum()),
    }


def recall(run: Run) -> pd.DataFrame:
    """One row per class: how many of its people were recognised, of how many, and the share."""
    confusion = run.subject_scores["confusion"]
    given = run.subject_scores.get("recall") or {}
    rows = []
    for i, name in enumerate(run.classes):
        total = sum(confusion[i])
        value = given.get(name) if isinstance(given, Mapping) else None
        share = confusion[i][i] / total if total else np.nan
        rows.append({"class": name, "recognised": confusion[i][i], "of": total, "recall": share if value is None else value})
    return pd.DataFrame(rows)


def per_person(run: Run) -> pd.DataFrame:
    """One row per person left out: AUC over that person's own samples, and how many they are."""
    samples = run.predictions.groupby("subject").size()
    return pd.DataFrame(
        [
            {"left out": name, "AUC": value, "samples": int(samples.get(str(name), 0))}
            for name, value in run.subject_scores["per_subject"].items()
        ]
    )


def left_out(run: Run) -> pd.DataFrame:
    """One row per recording or person left out, and why."""
    return pd.DataFrame([{"what": i["what"], "why": i["why"]} for i in run.cohort.get("left_out") or ()])


def handled(run: Run) -> pd.DataFrame:
    """What was filled, merged or guessed: per kind of note, in how many recordings and how much in all."""
    totals: dict[str, list[Any]] = {}
    for notes in wording.notes_by_recording(run).values():
        for name, value in notes.items():
            if value not in (0, None, False, ""):
                totals.setdefault(name, []).append(value)
    rows = []
    for name, values in sorted(totals.items()):
        numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        said = f"{sum(values):g}" if numeric else ", ".join(sorted({"yes" if v is True else str(v) for v in values}))
        rows.append({"note": name.replace("_", " "), "recordings": len(values), "total": said})
    return pd.DataFrame(rows)


def agreement(run: Run) -> pd.DataFrame:
    """How well found repetitions agree with the true ones, where that is known."""
    found = run.cohort.get("repetition_agreement") or {}
    flat = {name: value for name, value in found.items() if isinstance(value, int | float)}
    return pd.DataFrame(
        [{"measure": AGREEMENT.get(name, name.replace("_", " ")), "value": value} for name, value in flat.items()]
    )


def audit(run: Run) -> pd.DataFrame:
    """One row per leakage check: name, verdict, detail."""
    checks = run.audit.get("checks") or ()
    return pd.DataFrame([{key: str(c.get(key, "")) for key in ("name", "verdict", "detail")} for c in checks])
