"""Scores for three classes or more: accuracy, macro F1, one-against-rest AUC, each with an interval and a null."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface.evaluate import statistics
from neuroface.evaluate.auc_intervals import ovr_interval
from neuroface.evaluate.design import Kind
from neuroface.evaluate.one_more import draw_confusions
from neuroface.evaluate.scores_decisions import DECISION_SCORES, balanced_accuracy, with_intervals
from neuroface.evaluate.scores_dummy import dummy_scores
from neuroface.evaluate.scores_grades import grade_error, quadratic_kappa, weighted_f1
from neuroface.evaluate.scores_groups import by_group
from neuroface.evaluate.scores_top import top_scores
from neuroface.evaluate.units import NullUnits, Units, repetition_null, repetition_units, subject_null, subject_units

if TYPE_CHECKING:
    import pandas as pd

DRAWN_PEOPLE = "Bayesian bootstrap of people and one person more; conditional on the fitted folds"
DRAWN_REPETITIONS = "Bayesian bootstrap of repetitions and one more; conditional on the people and the fitted folds"


def multiclass_scores(
    predictions: pd.DataFrame,
    null: pd.DataFrame | None,
    classes: Sequence[str],
    *,
    design: Kind,
    ordered: bool,
    n_bootstrap: int,
    rng: np.random.Generator,
    stops_early: bool = False,
) -> dict[str, Any]:
    """The "subject" and "repetition" parts of scores.json.

    Classes of people: "subject" scores one mean probability per person, with the null; in a mixed question one per
    person and class. Classes within people: each
    repetition is decided on; "repetition" carries the scores, those of each group and the null, "subject" each person's
    own accuracy. ordered: the classes are degrees of one thing; then also how far off the decisions are.
    """
    repetitions = repetition_units(predictions, classes)
    keys: dict[str, Any] = {"ordered": ordered, "n_draws": n_bootstrap, "rng": rng, "stops_early": stops_early}
    if design == "within":
        each = np.arange(len(repetitions))
        permuted = None if null is None else repetition_null(null, classes)
        groups = by_group(repetitions, predictions, classes, n_bootstrap=n_bootstrap, rng=rng)
        return {
            "subject": _own_accuracy(repetitions),
            "repetition": _block(repetitions, each, classes, permuted, **keys)
            | {"note": DRAWN_REPETITIONS}
            | ({"groups": groups} if groups else {}),
        }
    people = subject_units(predictions, classes)
    permuted = None if null is None else subject_null(null, classes)
    subject = _block(people, people.subject, classes, permuted, **keys)
    groups = by_group(repetitions, predictions, classes, n_bootstrap=n_bootstrap, rng=rng) if people.clustered else {}
    return {
        "subject": subject | _independent_intervals(people, classes) | {"note": DRAWN_PEOPLE},
        "repetition": _block(repetitions, repetitions.subject, classes, None, **keys)
        | {"note": DRAWN_PEOPLE}
        | ({"groups": groups} if groups else {}),
    }


def _block(
    units: Units,
    drawn_as_one: np.ndarray,
    classes: Sequence[str],
    null: NullUnits | None,
    *,
    ordered: bool,
    n_draws: int,
    rng: np.random.Generator,
    stops_early: bool,
) -> dict[str, Any]:
    """Scores of the units with intervals; drawn_as_one: (n,) whose decisions depend on each other."""
    k = len(classes)
    counts = statistics.confusion(units.y, units.decisions, k)
    drawn = draw_confusions(units.y, units.decisions, k, unit=drawn_as_one, n_draws=n_draws, rng=rng)
    scores = {**DECISION_SCORES, "balanced_accuracy": balanced_accuracy, "weighted_f1": weighted_f1}
    if ordered:
        scores |= {"quadratic_kappa": quadratic_kappa, "grade_error": grade_error}
    block = with_intervals(scores, counts, drawn)
    block["auc_ovr"] = float(_auc_ovr(units.p, units.y))
    interval = ovr_interval(units.p, units.y, drawn_as_one)
    block["auc_ovr_ci"], block["auc_ovr_ci_method"] = [interval.low, interval.high], interval.method
    block["confusion"] = counts.tolist()
    block["recall"] = {name: float(r) for name, r in zip(classes, statistics.recall(counts), strict=True)}
    given = zip(classes, np.diagonal(counts).tolist(), counts.sum(axis=0).tolist(), strict=True)
    block["precision"] = {name: hits / of if of else None for name, hits, of in given}
    block["n"] = {name: int((units.y == c).sum()) for c, name in enumerate(classes)}
    block |= dummy_scores(units.y, k, ordered=ordered)
    if null is not None:
        decided = statistics.confusion(null.y, null.p.argmax(axis=-1), k)
        nulls = {
            "accuracy": statistics.accuracy(decided),
            "macro_f1": statistics.macro_f1(decided),
            "auc_ovr": _auc_ovr(null.p, null.y),
            **({"quadratic_kappa": quadratic_kappa(decided)} if ordered else {}),
        }
        for name, values in nulls.items():
            block |= statistics.null_summary(name, block[name], values, stops_early=stops_early)
    return block


def _independent_intervals(people: Units, classes: Sequence[str]) -> dict[str, Any]:
    """Wilson and MOVER intervals and top-N accuracy, which hold for people but not for their clustered repetitions.

    In a mixed question only those of single classes do, in which each person counts once.
    """
    counts = statistics.confusion(people.y, people.decisions, len(classes))
    hits, members = np.diagonal(counts).tolist(), counts.sum(axis=1).tolist()
    recall = {name: list(statistics.wilson(hit, of)) for name, hit, of in zip(classes, hits, members, strict=True)}
    if people.clustered:
        return {"recall_ci": recall}
    decided = zip(classes, hits, counts.sum(axis=0).tolist(), strict=True)
    recall_and_precision = {
        "recall_ci": recall,
        "precision_ci": {name: list(statistics.wilson(hit, of)) if of else None for name, hit, of in decided},
    }
    return top_scores(people.p, people.y) | {
        "accuracy_ci": list(statistics.wilson(sum(hits), sum(members))),
        "balanced_accuracy_ci": list(statistics.mean_of_proportions_interval(tuple(hits), tuple(members))),
        **recall_and_precision,
    }


def _own_accuracy(units: Units) -> dict[str, Any]:
    """Mean over people of the share of their own repetitions that were recognised."""
    right = units.decisions == units.y
    people = list(dict.fromkeys(units.subject.tolist()))
    mine = [units.subject == person for person in people]
    hits, repetitions = [int(right[m].sum()) for m in mine], [int(m.sum()) for m in mine]
    per_subject = {person: float(right[m].mean()) for person, m in zip(people, mine, strict=True)}
    return {
        "accuracy": float(np.mean(list(per_subject.values()))),
        "accuracy_ci": list(statistics.mean_of_proportions_interval(tuple(hits), tuple(repetitions))),
        "per_subject": per_subject,
        "n": {"subjects": len(people)},
        "note": "Wilson's intervals of each person's repetitions; conditional on the people and the fitted folds",
    }


def _auc_ovr(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(...) mean over classes of the AUC of that class against the rest; p: (..., n, k), y: (..., n)."""
    return np.mean([statistics.auc(p[..., c], y == c) for c in range(p.shape[-1])], axis=0)
