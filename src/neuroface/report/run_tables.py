"""The tables of one run, as data frames of numbers: what the page shows and the CSV files hold."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from neuroface.evaluate.run_files import read_json
from neuroface.evaluate.scores_top import SHOWN
from neuroface.report import wording
from neuroface.report.effect_size import hedges_g
from neuroface.report.published import Value
from neuroface.report.run import Run, feature_columns, interval_of

MEASURES = {
    "auc": "AUC",
    "auc_within_folds": "AUC, pairs judged by one model",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "quadratic_kappa": "quadratic kappa",
    "grade_error": "mean error, grades",
    "auc_ovr": "AUC, one v rest",
    **{f"top_{n}_accuracy": f"top-{n} accuracy" for n in SHOWN},
}
HANDLED = {
    "frames_filled": "frames filled by interpolation",
    "frames_missing": "frames left missing (gaps too long to fill)",
    "frames_without_face": "frames without face (none found by the landmark detector)",
    "faces_detected_again": "faces detected again (searched anew when lost)",
    "not_held_out": "not held out (recordings of people whom no fold of landmarks.weights held out)",
    "depth_frames_missing": "depth frames missing (no depth image at the time of the frame)",
    "depths_masked": "depths masked (jumps off the face)",
    "depths_filled": "depths filled from their neighbours",
    "depths_missing": "depths left missing",
    "nominal_camera": "camera: maker's nominal values, so millimetres are approximate",
}
AGREEMENT = {
    "mean_iou": "mean overlap (IoU) with true repetitions",
    "f1": "F1 at overlap .5",
    "f1_at_50": "F1 at overlap .5",
    "boundary_error_ms": "boundary error, ms",
    "count_error": "count error, repetitions",
}

QUALITY = {
    "fps": "frames per second",
    "frames_lost_share": "share of frames lost",
    "frames_without_face": "frames without a face",
    "mouth_depth_missing": "share of mouth points without depth",
    "yaw_deg": "head yaw, deg (positive: to the person's left)",
    "pitch_deg": "head pitch, deg",
    "roll_deg": "head roll, deg",
    "looks_away": "share of frames that look away",
    "distance_mm": "distance from the camera, mm",
    "out_of_frame": "share of points out of the picture",
    "blur": "sharpness of the face (variance of Laplacian)",
}


def scores(run: Run, paper: Value | None = None) -> pd.DataFrame:
    """One row per who (this run, single repetitions, shuffled labels, dummy, paper) and measure: value, low, high, p.

    For shuffled labels low and high are mean -+ 1 standard deviation over permutations.
    """
    blocks = {"this run": run.subject_scores}
    if not wording.over_tasks(run.config):  # there a row is a person
        blocks["single repetitions (not independent)"] = run.scores.get("repetition") or {}
    rows = []
    for who, found in blocks.items():
        for key in _known(found, "{}"):
            rows.append(_score(who, key, found[key], interval_of(found, key), found.get(f"{key}_p")))
    found = run.subject_scores if run.headline.key == "auc" else run.decisions
    for key in _known(found, "{}_null_mean"):
        mean, sd = found[f"{key}_null_mean"], found.get(f"{key}_null_sd")
        spread = None if sd is None else (mean - sd, mean + sd)
        rows.append(_score(f"shuffled labels ({found['n_permutations']})", key, mean, spread))
    chance = {**run.decisions, **run.subject_scores}
    for key in _known(chance, "dummy_{}"):
        rows.append(_score("dummy (knows the class sizes only)", key, chance[f"dummy_{key}"]))
    if paper is not None:
        rows.append(_score(paper.label, paper.metric, paper.value))
    return pd.DataFrame(rows)


def _known(found: Mapping[str, Any], pattern: str) -> list[str]:
    return [key for key in MEASURES if found.get(pattern.format(key)) is not None]


def _score(
    who: str, key: str, value: float, ends: tuple[float, float] | None = None, p: float | None = None
) -> dict[str, Any]:
    low, high = ends or (np.nan, np.nan)
    chance = np.nan if p is None else p
    return {"who": who, "measure": MEASURES[key], "value": value, "low": low, "high": high, "p": chance}


def groups(run: Run) -> pd.DataFrame:
    """One row per group of a composite, all of them first: UF1 and UAR with their intervals, samples and people."""
    found = run.scores["repetition"].get("groups") or {}
    rows = []
    for name, scores in found.items():
        row: dict[str, Any] = {"group": name}
        for key in ("uf1", "uar"):
            low, high = scores[f"{key}_ci"]
            row |= {
                key: scores[key],
                f"{key}_low": low,
                f"{key}_high": high,
                f"{key}_dummy": scores.get(f"dummy_{key}"),
            }
        rows.append(row | {"samples": sum(scores["n"].values()), "people": scores["people"]})
    return pd.DataFrame(rows)


def subjects(run: Run) -> pd.DataFrame:
    """One row per person: mean probabilities over n repetitions, threshold, predicted class, correct."""
    table = run.units.copy()
    columns = [f"p_{name}" for name in run.classes]
    if "threshold" in table:
        above = table[f"p_{run.positive}"] >= table["threshold"]
        table["predicted"] = np.where(above, run.positive, run.classes[0])
    else:
        table["predicted"] = np.array(run.classes)[table[columns].to_numpy().argmax(axis=1)]
    table["correct"] = table["predicted"] == table["y"]
    kept = [c for c in ("threshold",) if c in table]
    return table[["subject", "y", "n", *columns, "lowest", "highest", *kept, "predicted", "correct"]]


def people(run: Run) -> pd.DataFrame:
    """One row per group: people, recorded repetitions and each known attribute in words."""
    by = "group" if run.is_within_person else "y"
    members = {str(name): of for name, of in run.predictions.groupby(by, sort=False)}
    recorded = run.predictions if run.features is None or not wording.over_tasks(run.config) else run.features
    repetitions = recorded[by].astype(str).value_counts()
    rows = []
    for name in [name for name in run.classes if name in members] or list(members):
        row: dict[str, Any] = {
            "group": name,
            "people": members[name]["subject"].nunique(),
            "repetitions": int(repetitions[name]),
        }
        for attribute, groups in (run.cohort.get("attributes") or {}).items():
            known = groups.get(name) if isinstance(groups, Mapping) else None
            row[attribute] = attribute_words(known, people=row["people"])
        rows.append(row)
    return pd.DataFrame(rows)


def attribute_words(value: Any, *, people: int = 0) -> str:
    """61.2 ± 8.4 of {"mean", "sd"}; F 4, M 7 of counts; and of how many of the people it is not known."""
    if value is None:
        return wording.NOTHING
    if not isinstance(value, Mapping):
        return str(value)
    if "mean" in value:
        sd = value.get("sd")
        told, known = f"{value['mean']:.1f}" + (f" ± {sd:.1f}" if sd is not None else ""), value.get("n", people)
    else:
        told, known = ", ".join(f"{name} {n}" for name, n in sorted(value.items())), sum(value.values())
    return f"{told} (not known of {people - known})" if known < people else told


def features(run: Run) -> pd.DataFrame:
    """One row per feature (and pair of groups): unit, mean and sd over people per group, Hedges g, low, high.

    A person's value is the mean over that person's repetitions. Where classes lie inside people there is no g between
    people; instead `difference` is the mean over people of (last class - first class), and `people_same_sign` how many
    of `people` differ in that direction. Empty without a feature table.
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
    wide = per_person.pivot_table(index="subject", columns="y", values=column, dropna=False)
    wide = wide.reindex(columns=list(run.classes))
    differences = (wide[run.classes[-1]] - wide[run.classes[0]]).dropna().to_numpy(float)
    mean = differences.mean() if len(differences) else np.nan
    return _described(column, {name: wide[name].to_numpy(float) for name in run.classes}) | {
        "difference": mean,
        "people": len(differences),
        "people_same_sign": int((np.sign(differences) == np.sign(mean)).sum()),
    }


def recall(run: Run) -> pd.DataFrame:
    """One row per class: how many of its people (or samples, where classes lie inside people) were recognised, and how
    many of those who were given the class are of it (precision).

    Of two classes the first row is the specificity, the second the sensitivity.
    """
    found = run.decisions
    names = dict(zip(run.classes, ("specificity", "sensitivity"), strict=True)) if run.is_binary else {}
    rows = []
    for i, name in enumerate(run.classes):
        hits, total = found["confusion"][i][i], sum(found["confusion"][i])
        ends = interval_of(found, names[name]) if names else (found.get("recall_ci") or {}).get(name)
        low, high = ends or (np.nan, np.nan)
        share = hits / total if total else np.nan
        row = {"class": name, "recognised": hits, "of": total, "recall": share, "low": low, "high": high}
        rows.append(row | _precision(found, i, name))
    return pd.DataFrame(rows)


def _precision(found: Mapping[str, Any], at: int, name: str) -> dict[str, Any]:
    """How many of those who were given a class are of it; with its interval where people are independent."""
    hits, decided = found["confusion"][at][at], sum(row[at] for row in found["confusion"])
    low, high = (found.get("precision_ci") or {}).get(name) or (np.nan, np.nan)
    share = hits / decided if decided else np.nan
    return {"decided": decided, "precision": share, "precision_low": low, "precision_high": high}


def per_person(run: Run) -> pd.DataFrame:
    """One row per person left out: AUC (or accuracy) over that person's own samples, and how many they are."""
    samples = run.predictions.groupby("subject").size()
    return pd.DataFrame(
        [
            {"left out": name, MEASURES[run.headline.key]: value, "samples": int(samples.get(str(name), 0))}
            for name, value in run.subject_scores["per_subject"].items()
        ]
    )


def left_out(run: Run) -> pd.DataFrame:
    """One row per recording or person left out, and why."""
    return pd.DataFrame([{"what": i["what"], "why": i["why"]} for i in run.cohort.get("left_out") or ()])


def handled(run: Run) -> pd.DataFrame:
    """What was filled, merged or guessed, and how much of it: the cohort's counts, then its readers' notes."""
    counts = handled_counts(run.cohort, run.choices)
    if run.features is not None:
        missing = int(run.features[feature_columns(run.features)].isna().to_numpy().sum())
        counts |= {"feature values missing, imputed inside each fold": missing} if missing else {}
    notes = {name.replace("_", " "): value for name, value in (run.cohort.get("notes") or {}).items() if value}
    return pd.DataFrame([{"what": name, "how much": _amount(value)} for name, value in (counts | notes).items()])


def handled_counts(cohort: Mapping[str, Any], choices: Mapping[str, Any]) -> dict[str, Any]:
    """HANDLED in words -> how much. landmarks=none fills no gaps, so that its frames without a landmark are none."""
    gaps = choices.get("landmarks") != "none"
    return {HANDLED[name]: cohort[name] for name in HANDLED if cohort.get(name) and (gaps or name != "frames_missing")}


def _amount(value: Any) -> str:
    return "yes" if value is True else f"{value:g}" if isinstance(value, float) else str(value)


def chosen(run: Run) -> pd.DataFrame:
    """One row per fold of a run that chose settings in its folds: what was chosen, and its loss on held-out people."""
    rows = []
    for file in sorted((run.folder / "search").glob("*.json")):
        choice = read_json(file)
        losses = [point["loss"] for point in choice["tried"] if point["loss"] is not None]
        rows.append(
            {"fold": file.stem, **choice["chosen"], "tried": len(choice["tried"]), "loss": min(losses, default=np.nan)}
        )
    return pd.DataFrame(rows)


def agreement(run: Run) -> pd.DataFrame:
    """How well found repetitions agree with the true ones, where that is known."""
    found = run.cohort.get("repetition_agreement") or {}
    flat = {name: value for name, value in found.items() if isinstance(value, int | float)}
    return pd.DataFrame(
        [{"measure": AGREEMENT.get(name, name.replace("_", " ")), "value": value} for name, value in flat.items()]
    )


def quality(run: Run) -> pd.DataFrame:
    """One row per measure of the recordings: median and range in each group; what nobody has is left out."""
    if run.quality is None:
        return pd.DataFrame()
    rows = []
    for name, words in QUALITY.items():
        values = run.quality[name] if name in run.quality else pd.Series(dtype=float)
        if values.notna().any():
            by_group = values.groupby(run.quality["group"], sort=False)
            spread = {g: f"{v.median():.3g} ({v.min():.3g} to {v.max():.3g})" for g, v in by_group}
            rows.append({"measure": words, **spread})
    return pd.DataFrame(rows)


def audit(run: Run) -> pd.DataFrame:
    """One row per leakage check: its number in docs/audit.md where it has one, its outcome and what was found."""
    findings: dict[str, list[str]] = {}
    for finding in run.audit.get("findings") or ():
        findings.setdefault(finding["check"], []).extend(map(str, finding["found"]))
    checks, numbers = run.audit.get("checks") or {}, run.audit.get("numbers") or {}
    rows = [
        {"check": name, "outcome": said, "found": "; ".join(findings.get(name, ()))} for name, said in checks.items()
    ]
    if not numbers:
        return pd.DataFrame(rows)
    right = run.audit.get("accepted") or {}
    for row in rows:
        if why := right.get(numbers.get(str(row["check"]), "")):
            row["found"] = f"{row['found']}; accepted: {why}"
    return pd.DataFrame([{"number": numbers.get(str(row["check"]), ""), **row} for row in rows])
