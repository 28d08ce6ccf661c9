"""Which figures a run has, drawn from its predictions, each with what it says for those who cannot see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from neuroface.report import figures, flow_figure, reliability, roc, run_tables, wording
from neuroface.report.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


FLOW = "Who came in, who was left out and why, who was judged."


class Picture(NamedTuple):
    """A figure, its caption (how to read it) and its alternative text (what it shows)."""

    figure: Figure
    caption: str
    alt: str


def of(run: Run) -> dict[str, Picture]:
    """File name without suffix -> picture, in the order of the page; which ones depends on the question asked."""
    found: dict[str, Picture] = {}
    if run.is_within_person:
        found["per_person"] = _per_person(run)
        if run.is_binary:
            found["roc"] = _roc_per_person(run)
    elif run.is_binary:
        found["subject_scores"] = _subject_scores(run, run_tables.subjects(run))
        found["roc"] = _roc(run)
    else:
        found["subject_probabilities"] = _subject_probabilities(run, run_tables.subjects(run))
        found["roc"] = _roc_per_class(run)
    if run.decisions.get("confusion"):
        found["confusion"] = _confusion(run)
    if len(run.null_values):
        found["null"] = _null(run)
    if reliability.found(run):
        found["reliability"] = _reliability(run)
    table = run_tables.features(run)
    if "g" in table and table["g"].notna().any():
        found["effect_sizes"] = _effect_sizes(table)
    found["flow"] = _flow(run)
    return found


def _flow(run: Run) -> Picture:
    by = "group" if run.is_within_person else "y"
    figure = flow_figure.flow(run.predictions, run.cohort, by=by, classes=run.classes)
    people, out = run.predictions["subject"].nunique(), len(run.cohort.get("left_out") or ())
    return Picture(figure, FLOW, f"{people} people judged; {out} recordings or people left out.")


def _roc(run: Run) -> Picture:
    score, positive = run.units[f"p_{run.positive}"].to_numpy(), (run.units["y"] == run.positive).to_numpy()
    null = None
    if run.permutations:
        null = roc.band(
            [
                roc.on_grid((frame["y"] == run.positive).to_numpy(), frame[f"p_{run.positive}"].to_numpy())
                for frame in run.permutations
            ]
        )
    curve, auc = roc.curve(positive, score), roc.auc(positive, score)
    figure = figures.roc(curve, auc=auc, band=roc.bootstrap_band(positive, score), null=null)
    caption = "ROC over people. Blue: 95 % pointwise band of a bootstrap over people within each class."
    caption += " Grey: what the same pipeline gives on shuffled labels." if null else ""
    return Picture(figure, caption, f"ROC curve over people with an area of {auc:.2f}.")


def _roc_per_class(run: Run) -> Picture:
    named = {}
    for name in run.classes:
        positive, score = (run.units["y"] == name).to_numpy(), run.units[f"p_{name}"].to_numpy()
        named[name] = (*roc.curve(positive, score), roc.auc(positive, score))
    areas = ", ".join(f"{name} {auc:.2f}" for name, (_, _, auc) in named.items())
    return Picture(
        figures.roc_of_several(named), "ROC over people, each class against the others.", f"ROC curves; areas: {areas}."
    )


def _roc_per_person(run: Run) -> Picture:
    named = {}
    for name, rows in run.predictions.groupby("subject", sort=False):
        positive, score = (rows["y"] == run.positive).to_numpy(), rows[f"p_{run.positive}"].to_numpy()
        if positive.any() and not positive.all():
            named[str(name)] = (*roc.curve(positive, score), roc.auc(positive, score))
    areas = [auc for _, _, auc in named.values()]
    alt = f"{len(named)} ROC curves, one per person, with areas from {min(areas):.2f} to {max(areas):.2f}."
    return Picture(figures.roc_of_several(named), "ROC over the samples of each person left out.", alt)


def _subject_scores(run: Run, subjects: pd.DataFrame) -> Picture:
    wrong = list(subjects.loc[~subjects["correct"], "subject"])
    score_is = run.subject_scores.get("score_is")
    figure = figures.subject_scores(subjects, classes=run.classes, positive=run.positive, score_is=score_is)
    if score_is:
        caption = (
            f"One row per person: {score_is}, each time by a model that saw neither. Grey: where the thresholds of the "
            "folds lie on this scale. Circled: mean probability on the wrong side of them."
        )
        return Picture(
            figure, caption, f"Ranks of {len(subjects)} people; misclassified: {', '.join(wrong) or 'nobody'}."
        )
    caption = (
        "One row per person: mean over repetitions (marker) and their range (line). Grey: the thresholds of the folds, "
        "each chosen on its training people only. Circled: on the wrong side of their own fold's threshold."
    )
    return Picture(figure, caption, f"Scores of {len(subjects)} people; misclassified: {', '.join(wrong) or 'nobody'}.")


def _subject_probabilities(run: Run, subjects: pd.DataFrame) -> Picture:
    wrong = list(subjects.loc[~subjects["correct"], "subject"])
    figure = figures.subject_probabilities(subjects, classes=run.classes)
    caption = "One bar per person, grouped by true class: mean probability of each class over repetitions."
    alt = f"Probabilities of {len(subjects)} people; misclassified: {', '.join(wrong) or 'nobody'}."
    return Picture(figure, caption, alt)


def _confusion(run: Run) -> Picture:
    matrix = run.decisions["confusion"]
    right, total = int(np.trace(matrix)), int(np.sum(matrix))
    unit = "samples" if run.is_within_person else "people"
    figure = figures.confusion(matrix, classes=run.classes)
    return Picture(figure, f"Confusion matrix over {unit}.", f"{right} of {total} {unit} classified correctly.")


def _reliability(run: Run) -> Picture:
    told = reliability.found(run)
    caption = (
        f"Reliability: the {told['of']} against how often it came true, in bins of equal numbers; larger points are of "
        "more, lines are Wilson's intervals. Below the diagonal more was said than came true."
    )
    return Picture(reliability.figure(run), caption, f"Reliability curve; {reliability.in_words(run)}")


def _null(run: Run) -> Picture:
    found = run.headline
    figure = figures.null_histogram(
        run.null_values, observed=found.value, name=found.name, p="" if found.p is None else wording.p_value(found.p)
    )
    caption = f"{found.name[0].upper() + found.name[1:]} when labels are shuffled and everything is fitted again."
    null = run.null_values
    alt = f"Histogram of {len(null)} permutations with mean {null.mean():.2f}; this run {found.value:.2f}."
    return Picture(figure, caption, alt)


def _effect_sizes(table: pd.DataFrame) -> Picture:
    largest = table.iloc[int(table["g"].abs().to_numpy().argmax())]
    number = table["feature"].nunique()
    alt = f"Hedges g of {number} features; the largest is {largest['feature']} with {largest['g']:.2f}."
    caption = "Effect size of each feature over people, the largest first. Intervals are not adjusted for their number."
    return Picture(figures.effect_sizes(table), caption, alt)


def _per_person(run: Run) -> Picture:
    values = {str(name): float(value) for name, value in run.subject_scores["per_subject"].items()}
    measure = run_tables.MEASURES[run.headline.key]
    alt = f"{measure} per person left out: " + ", ".join(f"{name} {value:.2f}" for name, value in values.items()) + "."
    caption = f"Each person was left out in turn; the {measure} is over that person's own samples."
    return Picture(figures.per_person(values, name=measure), caption, alt)
