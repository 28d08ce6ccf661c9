"""scores.json: every number recomputed from predictions, never averaged over folds.

The unit is the person: one score each (and for each class, where some show several), the mean over repetitions (per
task, then over tasks). Research software, not a medical device: these numbers describe a data set, not a patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface.errors import DataError
from neuroface.evaluate import statistics
from neuroface.evaluate.auc_intervals import mean_interval
from neuroface.evaluate.clustered import clustered_auc_interval
from neuroface.evaluate.design import design_of
from neuroface.evaluate.one_more import Drawn, draw_confusions, limits
from neuroface.evaluate.permutations import arrangements
from neuroface.evaluate.scores_calibration import calibration_scores
from neuroface.evaluate.scores_decisions import DECISION_SCORES, balanced_accuracy, with_intervals
from neuroface.evaluate.scores_dummy import dummy_scores
from neuroface.evaluate.scores_multiclass import multiclass_scores
from neuroface.evaluate.scores_parts import part_scores
from neuroface.evaluate.scores_side import side_scores
from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.tournament import auc_within_folds, is_tournament, judged
from neuroface.evaluate.units import (
    Units,
    repetition_null,
    repetition_units,
    subject_null,
    subject_units,
)

if TYPE_CHECKING:
    import pandas as pd

RANKS = "share of the other people ranked below"
CHOSEN = "inside each training fold"
CLUSTERED = "repetitions are clustered in people; the interval is over people"
DRAWN_PEOPLE = "Bayesian bootstrap of people and one person more; conditional on the fitted folds"
WITHIN = "Bayesian bootstrap of repetitions and one more; conditional on the people and the fitted folds"


def summarise(
    predictions: pd.DataFrame,
    null: pd.DataFrame | None,
    *,
    classes: Sequence[str],
    seed: int = 0,
    n_bootstrap: int = 2000,
    ordered: bool = False,
    stops_early: bool = False,
) -> dict[str, Any]:
    """All scores of a run as plain values.

    predictions: as in predictions.csv. null: the permutations' predictions, or None. classes: in the order of the
    protocol; of two, the last is positive. ordered: they are degrees of one thing. stops_early: how many
    permutations there are was decided while they were drawn (see betting). "design" in the result says whether
    classes lie between people, within them or both (see `design`); "target", whether the class belongs to the person
    ("group") or to the repetition ("label").
    """
    streams = (np.random.default_rng(derive_seed(seed, name)) for name in ("bootstrap", "parts", "calibration"))
    rng, part_rng, calibration_rng = streams
    of_folds = predictions
    if absent := {"subject", "y"} - set(predictions.columns):
        raise DataError(f"Predictions lack the columns {', '.join(sorted(absent))}.")
    predictions = judged(of_folds, classes)
    y, subject = predictions["y"].to_numpy(str), predictions["subject"].to_numpy(str)
    design = design_of(y, subject)
    head: dict[str, Any] = {
        "classes": list(classes),
        "target": "group" if design.kind == "between" else "label",
        "design": design.facts,
        "arrangements": arrangements(y, subject),
    }
    if ordered:
        head["ordered"] = True
    if (side := side_scores(predictions)) is not None:
        head["side"] = side
    if design.kind != "within" and (parts := part_scores(predictions, classes, part_rng)) is not None:
        head["parts"] = parts
    units = (repetition_units if design.kind == "within" else subject_units)(predictions, classes)
    if not (len(classes) == 2 and _are_ranks(of_folds)):
        calibration = calibration_scores(units, classes, n_draws=n_bootstrap, rng=calibration_rng)
        head |= {"calibration": calibration} if calibration else {}
    if len(classes) > 2:
        keys: dict[str, Any] = {"design": design.kind, "ordered": ordered, "n_bootstrap": n_bootstrap, "rng": rng}
        keys["stops_early"] = stops_early
        return head | multiclass_scores(predictions, null, classes, **keys)
    head["positive"] = classes[-1]
    if design.kind == "within":
        return head | _within_people(predictions, null, classes, n_bootstrap, rng, stops_early=stops_early)
    repetitions = repetition_units(of_folds, classes)
    found = head | _between_people(
        predictions, null, classes, n_bootstrap, rng, repetitions=repetitions, stops_early=stops_early
    )
    if (
        design.kind == "between"
        and "fold" in of_folds
        and (of_pairs := auc_within_folds(of_folds, classes[1])) is not None
    ):
        found["subject"] |= {"auc_within_folds": of_pairs[0], "pairs_within_folds": of_pairs[1]}
        if _are_ranks(of_folds):
            found["subject"]["score_is"] = RANKS
    return found


def _are_ranks(of_folds: pd.DataFrame) -> bool:
    """Whether every two people were judged together, so that scores are ranks and no probabilities."""
    return "fold" in of_folds and is_tournament(of_folds["fold"].to_numpy(str), of_folds["subject"].to_numpy(str))


def is_settled(scores: dict[str, Any]) -> bool:
    """Whether more permutations would hardly change the p of the headline: the AUC, or the accuracy of more classes."""
    if len(scores["classes"]) == 2:
        return bool(scores["subject"]["auc_settled"])
    return bool(scores["repetition" if scores["design"]["kind"] == "within" else "subject"]["accuracy_settled"])


def _between_people(
    predictions: pd.DataFrame,
    null: pd.DataFrame | None,
    classes: Sequence[str],
    n_bootstrap: int,
    rng: np.random.Generator,
    *,
    repetitions: Units,
    stops_early: bool,
) -> dict[str, Any]:
    """Also of a mixed question: then a person counts once in each class shown, and is drawn as a whole."""
    people = subject_units(predictions, classes)
    drawn = draw_confusions(people.y, people.decisions, 2, unit=people.subject, n_draws=n_bootstrap, rng=rng)
    null_auc = None
    if null is not None:
        permuted = subject_null(null, classes)
        null_auc = statistics.auc(permuted.p[:, :, 1], permuted.y == 1)
    subject = {
        **_auc(people, null_auc, stops_early=stops_early),
        **_decisions(people, drawn),
        "n": _counts(people, classes),
        **dummy_scores(people.y, 2),
    }
    if len(set(predictions["task"])) > 1:
        subject["tasks"] = {
            str(task): _task_auc(subject_units(rows, classes), classes) for task, rows in predictions.groupby("task")
        }
    interval = clustered_auc_interval(repetitions.p[:, 1], repetitions.y == 1, repetitions.subject)
    repetition = {
        "auc": float(statistics.auc(repetitions.p[:, 1], repetitions.y == 1)),
        "auc_ci": [interval.low, interval.high],
        "n": _counts(repetitions, classes),
        "note": CLUSTERED,
    }
    return {"subject": subject, "repetition": repetition}


def _auc(people: Units, null_auc: np.ndarray | None, *, stops_early: bool) -> dict[str, Any]:
    scores, positive = people.p[:, 1], people.y == 1
    value = float(statistics.auc(scores, positive))
    interval = (
        clustered_auc_interval(scores, positive, people.subject)
        if people.clustered
        else statistics.auc_interval(scores, positive)
    )
    return {
        "auc": value,
        "auc_ci": [interval.low, interval.high],
        "auc_ci_method": interval.method,
        **statistics.null_summary("auc", value, null_auc, stops_early=stops_early),
    }


def _task_auc(people: Units, classes: Sequence[str]) -> dict[str, Any]:
    interval = statistics.auc_interval(people.p[:, 1], people.y == 1)
    return {
        "auc": float(statistics.auc(people.p[:, 1], people.y == 1)),
        "auc_ci": [interval.low, interval.high],
        "n": _counts(people, classes),
    }


def _decisions(people: Units, drawn: Drawn) -> dict[str, Any]:
    counts = statistics.confusion(people.y, people.decisions, 2)
    (rejected, false_alarms), (misses, hits) = counts.tolist()
    n_negative, n_positive = rejected + false_alarms, hits + misses
    return {
        "sensitivity": hits / n_positive,
        "sensitivity_ci": list(statistics.wilson(hits, n_positive)),
        "specificity": rejected / n_negative,
        "specificity_ci": list(statistics.wilson(rejected, n_negative)),
        "balanced_accuracy": (hits / n_positive + rejected / n_negative) / 2,
        **with_intervals(DECISION_SCORES, counts, drawn),
        "ci_bootstrap_method": DRAWN_PEOPLE,
        **_rate_intervals((rejected, hits), (n_negative, n_positive), counts, drawn, clustered=people.clustered),
        "threshold": _threshold(people),
        "confusion": counts.tolist(),
    }


def _rate_intervals(
    right: tuple[int, int], of: tuple[int, int], counts: np.ndarray, drawn: Drawn, *, clustered: bool
) -> dict[str, list[float]]:
    """Intervals of scores that add up both classes: in a mixed question these share people, who are then resampled."""
    if clustered:
        return {"balanced_accuracy_ci": limits(balanced_accuracy, counts, drawn)}
    return {
        "balanced_accuracy_ci": list(statistics.mean_of_proportions_interval(right, of)),
        "accuracy_ci": list(statistics.wilson(sum(right), sum(of))),
    }


def _within_people(
    predictions: pd.DataFrame,
    null: pd.DataFrame | None,
    classes: Sequence[str],
    n_bootstrap: int,
    rng: np.random.Generator,
    *,
    stops_early: bool,
) -> dict[str, Any]:
    units = repetition_units(predictions, classes)
    drawn = draw_confusions(units.y, units.decisions, 2, unit=np.arange(len(units)), n_draws=n_bootstrap, rng=rng)
    per_subject = {s: float(a) for s, a in _aucs_of_people(units.subject, units.p[:, 1], units.y == 1).items()}
    defined = [s for s, value in per_subject.items() if not np.isnan(value)]
    own = [(units.p[mine, 1], units.y[mine] == 1) for mine in (units.subject == s for s in defined)]
    interval = mean_interval(own)
    null_auc = None
    if null is not None:
        permuted = repetition_null(null, classes)
        by_person = _aucs_of_people(permuted.subject, permuted.p[:, :, 1], permuted.y == 1)
        null_auc = np.mean([by_person[s] for s in defined], axis=0)
    value = float(np.mean([per_subject[s] for s in defined]))
    subject = {
        "auc": value,
        "auc_is": "mean of each person's own AUC",
        "per_subject": {s: per_subject[s] for s in defined},
        "auc_ci": [interval.low, interval.high],
        "auc_ci_method": f"{interval.method}; conditional on the people and the fitted folds",
        **statistics.null_summary("auc", value, null_auc, stops_early=stops_early),
        "n": {"subjects": len(defined)},
        "without_auc": sorted(set(per_subject) - set(defined)),
        "dummy_auc": 0.5,  # the same for all of a person's repetitions
    }
    return {"subject": subject, "repetition": _pooled(units, drawn, classes)}


def _aucs_of_people(subject: np.ndarray, scores: np.ndarray, positive: np.ndarray) -> dict[str, np.ndarray]:
    """AUC among each person's own repetitions; scores, positive: (..., n). NaN for a person with one class."""
    return {
        str(s): statistics.auc(scores[..., subject == s], positive[..., subject == s])
        for s in dict.fromkeys(subject.tolist())
    }


def _pooled(units: Units, drawn: Drawn, classes: Sequence[str]) -> dict[str, Any]:
    """Repetitions of all people together; intervals are over repetitions of these people."""
    positive = units.y == 1
    counts = statistics.confusion(units.y, units.decisions, 2)
    (rejected, false_alarms), (misses, hits) = counts.tolist()
    specificity, sensitivity = statistics.recall(counts)
    interval = statistics.auc_interval(units.p[:, 1], positive)
    return {
        "auc": float(statistics.auc(units.p[:, 1], positive)),
        "auc_ci": [interval.low, interval.high],
        "sensitivity": float(sensitivity),
        "sensitivity_ci": list(statistics.wilson(hits, hits + misses)),
        "specificity": float(specificity),
        "specificity_ci": list(statistics.wilson(rejected, rejected + false_alarms)),
        "balanced_accuracy": float((sensitivity + specificity) / 2),
        "balanced_accuracy_ci": limits(balanced_accuracy, counts, drawn),
        **with_intervals(DECISION_SCORES, counts, drawn),
        "threshold": _threshold(units),
        "confusion": counts.tolist(),
        "n": _counts(units, classes),
        **dummy_scores(units.y, 2),
        "note": WITHIN,
    }


def _threshold(units: Units) -> dict[str, Any]:
    return {
        "median": float(np.median(units.threshold)),
        "range": [float(units.threshold.min()), float(units.threshold.max())],
        "chosen": CHOSEN,
    }


def _counts(units: Units, classes: Sequence[str]) -> dict[str, int]:
    return {name: int((units.y == code).sum()) for code, name in enumerate(classes)}
