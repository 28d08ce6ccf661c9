"""What each part of a face says by itself: its scores, and which part tells which class."""

from __future__ import annotations

import pandas as pd

from neuroface.evaluate.run_files import read_json
from neuroface.evaluate.scores_parts import WHOLE
from neuroface.report import wording
from neuroface.report.run import Run

SCORES = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "auc": "AUC"}
SURE = 0.95  # share of draws from which a part counts as found


def parts(run: Run) -> pd.DataFrame:
    """One row per part, the best first and the ensemble above them: people, and each score with its interval.

    Of tasks, also how much each counts in a person's score: mean, lowest and highest over the folds.
    """
    weights = task_weights(run)
    found = (run.scores.get("parts") or {}).get("each") or {}
    rows = []
    for name, scores in sorted(found.items(), key=lambda item: -item[1]["balanced_accuracy"]):
        row = {"part": name, "people": scores["people"]}
        for key in SCORES:
            low, high = scores[f"{key}_ci"]
            row |= {key: scores[key], f"{key}_low": low, f"{key}_high": high}
        if name in weights:
            of = weights[name]
            row |= {"weight": of.mean(), "weight_low": of.min(), "weight_high": of.max()}
        rows.append(row)
    return pd.DataFrame(rows)


def task_weights(run: Run) -> pd.DataFrame:
    """One row per fold, one column per task: its weight there; empty where tasks have no models of their own."""
    files = sorted((run.folder / "task_weights").glob("*.json"))
    return pd.DataFrame([read_json(file) for file in files], index=[file.stem for file in files], dtype=float)


def noun(run: Run) -> str:
    """What the parts of this run are."""
    return "task" if wording.over_tasks(run.config) else "region"


def tells(run: Run) -> pd.DataFrame:
    """One row per class: the part that tells it best from the rest, its AUC, the next best, how often it stays the
    best when people are drawn again, and the part in which it was planted where that is known."""
    best = (run.scores.get("parts") or {}).get("best") or {}
    planted = run.cohort.get("planted") or {}
    rows = []
    for label, found in best.items():
        order = sorted(found["auc"].items(), key=lambda item: -item[1])
        (name, auc), (second, second_auc) = order[:2]
        row = {"class": label, "part": name, "auc": auc, "next": second, "next_auc": second_auc}
        rows.append(row | {"share": found["share"]} | ({"planted": planted.get(label, "")} if planted else {}))
    return pd.DataFrame(rows)


def shown_parts(run: Run) -> pd.DataFrame:
    """The table of parts in words."""
    table = parts(run)
    if table.empty:
        return table
    auc = "AUC" if run.is_binary else "AUC, one v rest"
    shown = pd.DataFrame({noun(run): table["part"], "people": table["people"].map(str)})
    for key, words in {**SCORES, "auc": auc}.items():
        ends = table[[f"{key}_low", f"{key}_high"]].to_numpy(float)
        shown[words] = [f"{v:.2f} {wording.interval(e.tolist())}" for v, e in zip(table[key], ends, strict=True)]
    if "weight" in table:
        ends = table[["weight_low", "weight_high"]].to_numpy(float)
        shown["weight (over folds)"] = [
            f"{w:.2f} ({low:.2f} to {high:.2f})" for w, (low, high) in zip(table["weight"], ends, strict=True)
        ]
    return shown


def shown_tells(run: Run) -> pd.DataFrame:
    """Which part tells which class, in words."""
    table = tells(run)
    if table.empty:
        return table
    shown = pd.DataFrame(
        {
            "class": table["class"],
            f"best {noun(run)}": table["part"],
            "AUC against the rest": table["auc"].map(wording.number),
            "next best": [f"{n} {a:.2f}" for n, a in zip(table["next"], table["next_auc"], strict=True)],
            "best in so many draws of people": [f"{100 * share:.0f} %" for share in table["share"]],
        }
    )
    if "planted" in table:
        shown["planted in"] = [name or "no region" for name in table["planted"]]
    return shown


def in_words(run: Run) -> str:
    """The best part and, where regions were planted, how many of them were found; "" of runs without parts.

    Of tasks also which one counted most.
    """
    table, best = parts(run), tells(run)
    if table.empty:
        return ""
    single = table[table["part"] != WHOLE]
    first = single.iloc[0] if len(single) else table.iloc[0]
    text = f"best {noun(run)} by itself: {first['part']}, balanced accuracy {first['balanced_accuracy']:.2f} "
    text += wording.interval((first["balanced_accuracy_low"], first["balanced_accuracy_high"]))
    if "planted" in best and (known := best[best["planted"] != ""]) is not None and len(known):
        right = known["part"] == known["planted"]
        sure = right & (known["share"] >= SURE)
        text += f"; planted regions found: {right.sum()} of {len(known)}, {sure.sum()} of them in {SURE:.0%} of draws"
    if "weight" in table:
        most = table.nlargest(1, "weight").iloc[0]
        text += f"; most weight: {most['part']} {most['weight']:.2f}, equal would be {1 / len(table):.2f}"
    return text.replace("95%", "95 %")
