"""Run folders as the engine leaves them, small and with known contents."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

FEATURES = {
    "rom.mouth_opening_mm": (30, 6, -5),
    "rom.mouth_width_mm": (8, 2, -1),
    "rom.mouth_area_mm2": (900, 210, -160),
    "velocity.opening_peak_mm_per_s": (160, 40, -42),
    "velocity.closing_peak_mm_per_s": (175, 45, -30),
    "symmetry.area_ratio": (0.92, 0.03, -0.02),
    "symmetry.mouth_tilt_deg": (2.1, 0.8, 0.3),
    "roundness.eccentricity_mean": (0.81, 0.05, 0.05),
}  # unit in the name: (mean, sd over people, shift of the last group)
REPETITIONS = 5

MakeRun = Callable[..., Path]


def auc(positive: np.ndarray, score: np.ndarray) -> float:
    """Chance that a positive scores above a negative; by counting."""
    pairs = [(a > b) + (a == b) / 2 for a in score[positive] for b in score[~positive]]
    return float(np.mean(pairs))


def _predictions(people: dict[str, int], task: str, skill: float, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    classes = list(people)
    for k, (group, n) in enumerate(people.items()):
        for i in range(n):
            subject = f"{group[0]}{i + 1:03d}"
            person = rng.normal(0, 0.8, len(classes))
            person[k] += skill
            for repetition in range(REPETITIONS):
                p = np.exp(person + rng.normal(0, 0.35, len(classes)))
                p /= p.sum()
                row: dict[str, Any] = {
                    "sample": f"{subject}/{task}/{repetition:02d}", "subject": subject, "group": group, "task": task,
                    "repetition": repetition, "fold": subject, "y": group,
                }  # fmt: skip
                row |= {f"p_{name}": value for name, value in zip(classes, p, strict=True)}
                row |= {"threshold": 0.48 + 0.002 * i} if len(classes) == 2 else {}
                row |= {f"dummy_p_{name}": 1 / len(classes) for name in classes}
                rows.append(row)
    return pd.DataFrame(rows)


def _binary_scores(predictions: pd.DataFrame, classes: list[str], permutations: int) -> dict[str, Any]:
    means = predictions.groupby("subject").agg(y=("y", "first"), p=(f"p_{classes[1]}", "mean"), t=("threshold", "mean"))
    positive, above = (means["y"] == classes[1]).to_numpy(), (means["p"] >= means["t"]).to_numpy()
    confusion = [[int((~positive & ~above).sum()), int((~positive & above).sum())],
                 [int((positive & ~above).sum()), int((positive & above).sum())]]  # fmt: skip
    sensitivity, specificity = confusion[1][1] / sum(confusion[1]), confusion[0][0] / sum(confusion[0])
    subject = {
        "auc": auc(positive, means["p"].to_numpy()), "auc_ci": [0.70, 0.98], "auc_ci_method": "DeLong, logit",
        "auc_ci_bootstrap": [0.75, 1.0], "sensitivity": sensitivity, "sensitivity_ci": [0.52, 0.95],
        "specificity": specificity, "specificity_ci": [0.62, 0.98],
        "balanced_accuracy": (sensitivity + specificity) / 2, "balanced_accuracy_ci": [0.66, 0.95],
        "threshold": {"median": 0.49, "range": [0.48, 0.5], "chosen": "inside each training fold"},
        "confusion": confusion, "n": dict(means["y"].value_counts()[classes].astype(int).items()), "dummy_auc": 0.5,
    }  # fmt: skip
    if permutations:
        subject |= {
            "auc_null_mean": 0.43,
            "auc_null_sd": 0.17,
            "auc_p": 1 / (permutations + 1),
            "n_permutations": permutations,
        }
    return {
        "classes": classes, "positive": classes[1], "subject": subject,
        "repetition": {"auc": 0.84, "auc_ci_bootstrap": [0.66, 0.96]},
    }  # fmt: skip


def _multiclass_scores(predictions: pd.DataFrame, classes: list[str], permutations: int) -> dict[str, Any]:
    means = predictions.groupby("subject")[[f"p_{c}" for c in classes]].mean()
    truth = predictions.groupby("subject")["y"].first()
    predicted = np.array(classes)[means.to_numpy().argmax(axis=1)]
    confusion = [[int(((truth == a) & (predicted == b)).sum()) for b in classes] for a in classes]
    right = [confusion[i][i] / sum(confusion[i]) for i in range(len(classes))]
    subject: dict[str, Any] = {
        "accuracy": float((truth == predicted).mean()), "accuracy_ci": [0.55, 0.86],
        "balanced_accuracy": float(np.mean(right)), "macro_f1": 0.71, "macro_f1_ci_bootstrap": [0.53, 0.85],
        "auc_ovr": 0.85, "auc_ovr_ci": [0.74, 0.93], "confusion": confusion,
        "recall": dict(zip(classes, right, strict=True)), "dummy_accuracy": 14 / 36,
    }  # fmt: skip
    if permutations:
        subject["n_permutations"] = permutations
        for key, mean in (("accuracy", 0.32), ("macro_f1", 0.29), ("auc_ovr", 0.46)):
            subject |= {f"{key}_null_mean": mean, f"{key}_null_sd": 0.08, f"{key}_p": 1 / (permutations + 1)}
    return {"classes": classes, "subject": subject, "repetition": {"accuracy": 0.66}}


def _within_person(seed: int) -> tuple[pd.DataFrame, dict[str, Any]]:
    rng = np.random.default_rng(seed)
    rows, areas = [], {}
    for subject, skill in {"A": 1.3, "B": 0.7}.items():
        y = np.tile(["other", "expression"], 15)
        p = 1 / (1 + np.exp(-rng.normal(np.where(y == "expression", skill, -skill), 1.2)))
        areas[subject] = auc(y == "expression", p)
        for i, (label, value) in enumerate(zip(y, p, strict=True)):
            rows.append(
                {"sample": f"{subject}/negative/{i:02d}", "subject": subject, "group": "signer", "task": "negative",
                 "repetition": i, "expression": "negative", "fold": subject, "y": label, "p_other": 1 - value,
                 "p_expression": value, "threshold": 0.5, "dummy_p_other": 0.5, "dummy_p_expression": 0.5}
            )  # fmt: skip
    mean = float(np.mean(list(areas.values())))
    subject_scores = {
        "auc": mean, "per_subject": areas, "auc_ci": [0.75, 0.97], "auc_null_mean": 0.5, "auc_null_sd": 0.08,
        "auc_p": 0.01, "n_permutations": 99, "dummy_auc": 0.5, "n": {"signer": 2},
    }  # fmt: skip
    scores = {"classes": ["other", "expression"], "positive": "expression", "subject": subject_scores, "repetition": {}}
    return pd.DataFrame(rows), scores


def _null(folder: Path, predictions: pd.DataFrame, classes: list[str], permutations: int, *, within: bool) -> None:
    """Noise predictions under shuffled classes, as separate files."""
    rng = np.random.default_rng(7)
    keys = ["sample", "subject", "task"] if within else ["subject", "task"]
    units = predictions.groupby(keys, sort=False)["y"].first().reset_index()
    for b in range(permutations):
        table = units.assign(permutation=b, y=rng.permutation(units["y"]))
        if within:
            table["y"] = units.groupby("subject")["y"].transform(lambda y: rng.permutation(y))
        p = rng.dirichlet(np.full(len(classes), 3.0), len(table))
        for k, name in enumerate(classes):
            table[f"p_{name}"] = p[:, k]
        (folder / "null").mkdir(exist_ok=True)
        table[["permutation", *keys, "y", *(f"p_{c}" for c in classes)]].to_csv(
            folder / "null" / f"{b}.csv", index=False
        )


def _samples(predictions: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    table = predictions[["sample", "subject", "group", "task", "repetition", "y"]].copy()
    person = {name: rng.normal(size=len(FEATURES)) for name in dict.fromkeys(table["subject"])}
    for j, (name, (mean, sd, shift)) in enumerate(FEATURES.items()):
        share = table["y"].map({c: k / (len(classes) - 1) for k, c in enumerate(classes)})
        between = np.array([person[s][j] for s in table["subject"]])
        table[name] = mean + shift * share + sd * between + rng.normal(0, sd / 4, len(table))
    table.loc[0, "rom.mouth_opening_mm"] = np.nan
    return table


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """make_run("binary" | "three_way" | "within", name=, permutations=, ...) -> a finished run folder."""

    def make(
        kind: str = "binary",
        *,
        name: str = "run",
        permutations: int = 99,
        people: dict[str, int] | None = None,
        synthetic: bool = True,
        task: str = "OPEN",
        skill: float = 0.9,
        protocol: str = "als_vs_hc",
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        if kind == "within":
            predictions, scores = _within_person(seed=1)
        else:
            people = people or ({"HC": 11, "ALS": 11} if kind == "binary" else {"HC": 11, "ALS": 11, "PS": 14})
            predictions = _predictions(people, task, skill, seed=1)
            summarise = _binary_scores if kind == "binary" else _multiclass_scores
            scores = summarise(predictions, list(people), permutations)
        classes = scores["classes"]
        predictions.to_csv(folder / "predictions.csv", index=False)
        _null(folder, predictions, classes, permutations, within=kind == "within")
        _samples(predictions, classes).to_csv(folder / "samples.csv", index=False)
        groups = {g: int(of["subject"].nunique()) for g, of in predictions.groupby("group", sort=False)}
        cohort = {
            "description": "A clinic of faces that never were.", "people": groups, "recordings": sum(groups.values()),
            "repetitions": len(predictions), "frames": 10000, "frames_filled": 140, "people_filled": 2,
            "synthetic": synthetic,
            "left_out": [], "notes": {"timestamps_merged": 3}, "nominal_camera": False,
            "attributes": {"age": {g: {"mean": 61.2, "sd": 8.4, "n": 11} for g in groups},
                           "sex": {g: {"F": 4, "M": 7} for g in groups}},
            "repetition_agreement": None,
        }  # fmt: skip
        checks = {"no subject on both sides of a fold": "passed", "no sample twice": "passed"}
        everyone = sorted(set(predictions["subject"]))
        facts = {
            "status": "done", "digest": "3f" * 32, "versions": {"python": "3.11.9", "numpy": "2.4.6"},
            "git_commit": "abc1234",
            "seeds": {"run": 0}, "device": "cpu", "wall_s": 41.3, "n_folds": len(everyone), "n_done": len(everyone),
            "choices": {"cohort": "synthetic", "classifier": "forest", "features": ["als11_v1"], "split": "loso",
                        "protocol": protocol, "execution": "default"},
        }  # fmt: skip
        config = {"cohort": {"effect": 1.0}, "protocol": {"task": None if kind == "within" else task}, "seed": 0}
        splits = {s: {"test": [s], "train": [t for t in everyone if t != s]} for s in everyone}
        for file, content in {
            "scores.json": scores, "cohort.json": cohort, "run.json": facts, "splits.json": splits,
            "audit.json": {"verdict": "clean", "checks": checks, "findings": [], "notes": [], "not_checked": "kinship"},
        }.items():  # fmt: skip
            (folder / file).write_text(json.dumps(content), encoding="utf-8")
        (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        return folder

    return make
