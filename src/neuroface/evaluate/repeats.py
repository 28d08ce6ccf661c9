"""The same question again under other seeds: whether a result is one of many or the best of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface.evaluate import statistics
from neuroface.evaluate.audit import finding
from neuroface.evaluate.audit_checks import NUMBER, REPEAT, verdict_of
from neuroface.evaluate.fold import fit, predict
from neuroface.evaluate.permutations import gatherer
from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.workers import one_thread

if TYPE_CHECKING:
    from neuroface.evaluate.plan import Plan

REPEATS = 19  # a result above all of so many has a probability of 1 in 20
TRIED = 20  # seeds of which the planted mistake keeps the best


def with_best_seed(plan: Plan) -> Plan:
    """The plan under that of TRIED seeds which gives the best score: a mistake as a choice."""
    seeds = [derive_seed(plan.task.seed, "tried", i) for i in range(TRIED)]
    scores = [score(plan, seed) for seed in seeds]
    return replace(plan, task=replace(plan.task, seed=seeds[int(np.argmax(scores))]))


def score(plan: Plan, seed: int) -> float:
    """Mean over classes of the AUC of each against the others, of people, with every fold fitted under another seed."""
    task = plan.task
    found = []
    with one_thread():
        for fold in plan.folds:
            model = fit(task, fold.train, derive_seed(seed, fold.name), test=fold.test)
            found.append(predict(model, task.X[fold.test], task.classes))
    return score_of(gatherer(task, plan.splitter, plan.folds)(found), task.y, task.subject, task.classes)


def score_of(p: np.ndarray, y: np.ndarray, subject: np.ndarray, classes: tuple[str, ...]) -> float:
    """p: (n, k) probabilities; one mean per person and class shown. The AUC of two classes, else the mean of each."""
    units = [f"{a}\x1f{b}" for a, b in zip(subject, y, strict=True)]
    _, first, of = np.unique(units, return_index=True, return_inverse=True)
    means = np.stack([np.bincount(of, column) / np.bincount(of) for column in p.T], axis=1)
    labels = np.asarray(y)[first]
    wanted = range(len(classes)) if len(classes) > 2 else [1]
    return float(np.mean([statistics.auc(means[:, k], labels == classes[k]) for k in wanted]))


def repeated(audit: dict[str, Any], plan: Plan, observed: float) -> dict[str, Any]:
    """The audit with the question whether the run's score lies above all of REPEATS repeats of it.

    observed: `score_of` the run's predictions. By chance an honest result does so once in 20.
    """
    scores = np.array([score(plan, derive_seed(plan.task.seed, "repeat", i)) for i in range(REPEATS)])
    above = observed > scores.max() + 1e-12
    texts = [
        f"an AUC of {observed:.3f}, while {REPEATS} repeats with other seeds give {scores.min():.3f} to "
        f"{scores.max():.3f} (mean {scores.mean():.3f})"
    ]
    found = texts if above else []
    others = [entry for entry in audit["findings"] if entry["check"] != REPEAT]
    kept = [entry["check"] for entry in others]
    verdict = audit["verdict"] if audit["verdict"] == "leaky" else verdict_of([*kept, *([REPEAT] if found else [])])
    return {
        **audit,
        "verdict": verdict,
        "checks": {**audit["checks"], REPEAT: "found" if found else "passed"},
        "numbers": {**audit.get("numbers", {}), REPEAT: NUMBER[REPEAT]},
        "findings": [*others, *([finding(REPEAT, found)] if found else [])],
        "repeats": {"observed": observed, "scores": [round(float(value), 6) for value in scores]},
    }
