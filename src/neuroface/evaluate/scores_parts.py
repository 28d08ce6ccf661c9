"""Scores of each part by itself, and which part tells which class from the others.

A part is a region of the face, say, with a network of its own; people in whom it is missing are not among its people.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface.evaluate import statistics
from neuroface.evaluate.auc_intervals import ovr_interval
from neuroface.evaluate.predictions import part_column, parts_of
from neuroface.evaluate.units import Units, subject_units

if TYPE_CHECKING:
    import pandas as pd

WHOLE = "whole"  # the part that holds all others, which stands beside them but takes no part in the comparison
DRAWS = 1000
EACH = "each person is the mean of the pictures in which the part is seen; decided at the most probable class"
DRAWN = "share of draws of people, within classes, in which the part has the highest one-against-rest AUC"


def part_scores(predictions: pd.DataFrame, classes: Sequence[str], rng: np.random.Generator) -> dict[str, Any] | None:
    """{"each": {part: scores}, "best": {class: which part tells it}}; None where predictions tell nothing of parts.

    "each": n people, accuracy and balanced accuracy with Wilson's and MOVER intervals, and AUC (of more than two
    classes the mean of one against the rest). "best": of each class (of two, the last) the part with the highest AUC
    against the rest, over people in whom every part is seen, and how often it stays the highest when people are drawn
    again. Parts with fewer than two people of a class have no scores.
    """
    names = parts_of(predictions.columns)
    if not names:
        return None
    units = {name: _units(predictions, name, classes) for name in names}
    each = {name: _scores(found, classes) for name, found in units.items() if found is not None}
    return {"each": each, "best": _best(units, classes, rng), "note": EACH, "share_is": DRAWN}


def _units(predictions: pd.DataFrame, part: str, classes: Sequence[str]) -> Units | None:
    """People by one part alone; None where it is too seldom seen."""
    own = [part_column(part, c) for c in classes]
    rows = predictions.loc[predictions[own].notna().all(axis=1), ["subject", "task", "y", *own]]
    if rows.empty:
        return None
    units = subject_units(rows.rename(columns={name: f"p_{c}" for name, c in zip(own, classes, strict=True)}), classes)
    return units if min(np.bincount(units.y, minlength=len(classes))) >= 2 else None


def _scores(units: Units, classes: Sequence[str]) -> dict[str, Any]:
    k, p = len(classes), units.p
    counts = statistics.confusion(units.y, p.argmax(axis=1), k)
    hits, members = np.diagonal(counts).tolist(), counts.sum(axis=1).tolist()
    if k == 2:
        auc, interval = statistics.auc(p[:, 1], units.y == 1), statistics.auc_interval(p[:, 1], units.y == 1)
    else:
        auc = np.mean([statistics.auc(p[:, c], units.y == c) for c in range(k)])
        interval = ovr_interval(p, units.y, units.subject)
    return {
        "people": len(units),
        "accuracy": sum(hits) / sum(members),
        "accuracy_ci": list(statistics.wilson(sum(hits), sum(members))),
        "balanced_accuracy": float(np.mean([hit / of for hit, of in zip(hits, members, strict=True)])),
        "balanced_accuracy_ci": list(statistics.mean_of_proportions_interval(tuple(hits), tuple(members))),
        "auc": float(auc),
        "auc_ci": [interval.low, interval.high],
    }


def _best(units: dict[str, Units | None], classes: Sequence[str], rng: np.random.Generator) -> dict[str, Any]:
    """{class: {"part", "auc": {part: ...}, "share", "people"}}."""
    compared = {name: found for name, found in units.items() if found is not None and name != WHOLE}
    if len(compared) < 2:
        return {}
    common = set.intersection(*({*zip(u.subject.tolist(), u.y.tolist(), strict=True)} for u in compared.values()))
    aligned = {name: _of(found, common) for name, found in compared.items()}
    y = next(iter(aligned.values())).y
    if min(np.bincount(y, minlength=len(classes))) < 2:
        return {}
    found = {}
    for c, label in enumerate(classes):
        if len(classes) == 2 and c == 0:
            continue
        pairs = np.stack([statistics.placements(u.p[y == c, c], u.p[y != c, c]) for u in aligned.values()])
        auc, share = pairs.mean(axis=(1, 2)), _highest(pairs, rng)
        best = int(auc.argmax())
        found[label] = {
            "part": list(aligned)[best],
            "auc": {name: float(value) for name, value in zip(aligned, auc, strict=True)},
            "share": float(share[best]),
            "people": len(y),
        }
    return found


def _of(units: Units, people: set[tuple[str, int]]) -> Units:
    """The units of these people, in one order."""
    order = sorted(range(len(units)), key=lambda i: (str(units.subject[i]), int(units.y[i])))
    kept = [i for i in order if (str(units.subject[i]), int(units.y[i])) in people]
    return Units(units.subject[kept], units.y[kept], units.p[kept], units.threshold[kept])


def _highest(pairs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(R,) how often each part has the highest AUC when people are drawn again; ties are shared.

    pairs: (R, P, N) of 1, .5, 0: whether a part puts the person of the class above the other.
    """
    _, n_class, n_rest = pairs.shape
    own = rng.multinomial(n_class, np.full(n_class, 1 / n_class), size=DRAWS)
    rest = rng.multinomial(n_rest, np.full(n_rest, 1 / n_rest), size=DRAWS)
    auc = np.einsum("dp,rpn,dn->dr", own, pairs, rest, optimize=True) / (n_class * n_rest)
    highest = auc >= auc.max(axis=1, keepdims=True) - 1e-9
    return np.asarray((highest / highest.sum(axis=1, keepdims=True)).mean(axis=0))
