"""Scores for three classes or more: accuracy, macro F1, one-against-rest AUC, each with an interval and a null."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface.evaluate import statistics
from neuroface.evaluate.clustered import people_weights
from neuroface.evaluate.design import Kind
from neuroface.evaluate.scores_decisions import decision_scores, with_intervals
from neuroface.evaluate.scores_dummy import dummy_scores
from neuroface.evaluate.scores_grades import grade_error, quadratic_kappa, weighted_f1
from neuroface.evaluate.scores_groups import by_group
from neuroface.evaluate.units import NullUnits, Units, repetition_null, repetition_units, subject_null, subject_units

if TYPE_CHECKING:
    import pandas as pd

DRAWN_PEOPLE = "class-stratified bootstrap of people, percentile; conditional on the fitted folds"
DRAWN_REPETITIONS = "bootstrap of repetitions within person and class, percentile; conditional on the fitted folds"


def multiclass_scores(
    predictions: pd.DataFrame,
    null: pd.DataFrame | None,
    classes: Sequence[str],
    *,
    design: Kind,
    ordered: bool,
    n_bootstrap: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """The "subject" and "repetition" parts of scores.json.

    Classes of people: "subject" scores one mean probability per person, with the null; in a mixed question one per
    person and class. Classes within people: each
    repetition is decided on; "repetition" carries the scores, those of each group and the null, "subject" each person's
    own accuracy. ordered: the classes are degrees of one thing; then also how far off the decisions are.
    """
    repetitions = repetition_units(predictions, classes)
    if design == "within":
        strata = np.array([f"{s}\x1f{y}" for s, y in zip(repetitions.subject, repetitions.y, strict=True)])
        weights = statistics.resampling_weights(strata, n_bootstrap=n_bootstrap, rng=rng)
        permuted = None if null is None else repetition_null(null, classes)
        groups = by_group(repetitions, predictions, classes, n_bootstrap=n_bootstrap, rng=rng)
        return {
            "subject": _own_accuracy(repetitions, weights),
            "repetition": _block(repetitions, weights, classes, permuted, ordered=ordered)
            | {"note": DRAWN_REPETITIONS}
            | ({"groups": groups} if groups else {}),
        }
    people = subject_units(predictions, classes)
    weights = people_weights(people, n_bootstrap=n_bootstrap, rng=rng)
    row_of = {subject: i for i, subject in enumerate(people.subject)}
    of_repetition = weights[:, [row_of[s] for s in repetitions.subject]]
    permuted = None if null is None else subject_null(null, classes)
    subject = _block(people, weights, classes, permuted, ordered=ordered)
    groups = by_group(repetitions, predictions, classes, n_bootstrap=n_bootstrap, rng=rng) if people.clustered else {}
    return {
        "subject": subject | _independent_intervals(people, classes) | {"note": DRAWN_PEOPLE},
        "repetition": _block(repetitions, of_repetition, classes, None, ordered=ordered)
        | {"note": DRAWN_PEOPLE}
        | ({"groups": groups} if groups else {}),
    }


def _block(
    units: Units, weights: np.ndarray, classes: Sequence[str], null: NullUnits | None, *, ordered: bool
) -> dict[str, Any]:
    """Scores of the units with bootstrap intervals; weights: (B, n) how often each unit was drawn."""
    k = len(classes)
    counts = statistics.confusion(units.y, units.decisions, k)
    drawn = statistics.weighted_confusion(units.y, units.decisions, k, weights)
    drawn_auc = [statistics.weighted_auc(units.p[:, c], units.y == c, weights) for c in range(k)]
    values = {
        **decision_scores(counts, drawn),
        "balanced_accuracy": (float(np.nanmean(statistics.recall(counts))), statistics.recall(drawn).mean(axis=-1)),
        "weighted_f1": (float(weighted_f1(counts)), weighted_f1(drawn)),
        "auc_ovr": (float(_auc_ovr(units.p, units.y)), np.mean(drawn_auc, axis=0)),
    }
    if ordered:
        values["quadratic_kappa"] = (float(quadratic_kappa(counts)), quadratic_kappa(drawn))
        values["grade_error"] = (float(grade_error(counts)), grade_error(drawn))
    block = with_intervals(values)
    block["confusion"] = counts.tolist()
    block["recall"] = {name: float(r) for name, r in zip(classes, statistics.recall(counts), strict=True)}
    block["n"] = {name: int((units.y == c).sum()) for c, name in enumerate(classes)}
    block |= dummy_scores(units.y, k, ordered=ordered)
    if null is not None:
        decided = statistics.confusion(null.y, null.p.argmax(axis=-1), k)
        block |= statistics.null_summary("accuracy", block["accuracy"], statistics.accuracy(decided))
        block |= statistics.null_summary("macro_f1", block["macro_f1"], statistics.macro_f1(decided))
        block |= statistics.null_summary("auc_ovr", block["auc_ovr"], _auc_ovr(null.p, null.y))
        if ordered:
            block |= statistics.null_summary("quadratic_kappa", block["quadratic_kappa"], quadratic_kappa(decided))
    return block


def _independent_intervals(people: Units, classes: Sequence[str]) -> dict[str, Any]:
    """Wilson and MOVER intervals, which hold for people but not for their clustered repetitions.

    In a mixed question only those of single classes do, in which each person counts once.
    """
    counts = statistics.confusion(people.y, people.decisions, len(classes))
    hits, members = np.diagonal(counts).tolist(), counts.sum(axis=1).tolist()
    recall = {name: list(statistics.wilson(hit, of)) for name, hit, of in zip(classes, hits, members, strict=True)}
    if people.clustered:
        return {"recall_ci": recall}
    return {
        "accuracy_ci": list(statistics.wilson(sum(hits), sum(members))),
        "balanced_accuracy_ci": list(statistics.mean_of_proportions_interval(tuple(hits), tuple(members))),
        "recall_ci": recall,
    }


def _own_accuracy(units: Units, weights: np.ndarray) -> dict[str, Any]:
    """Mean over people of the share of their own repetitions that were recognised."""
    right = (units.decisions == units.y).astype(float)
    people = list(dict.fromkeys(units.subject.tolist()))
    mine = [units.subject == person for person in people]
    resampled = np.mean([(weights[:, m] @ right[m]) / m.sum() for m in mine], axis=0)
    per_subject = {person: float(right[m].mean()) for person, m in zip(people, mine, strict=True)}
    return {
        "accuracy": float(np.mean(list(per_subject.values()))),
        "accuracy_ci_bootstrap": list(statistics.percentile_interval(resampled)),
        "per_subject": per_subject,
        "n": {"subjects": len(people)},
        "note": DRAWN_REPETITIONS,
    }


def _auc_ovr(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(...) mean over classes of the AUC of that class against the rest; p: (..., n, k), y: (..., n)."""
    return np.mean([statistics.auc(p[..., c], y == c) for c in range(p.shape[-1])], axis=0)
