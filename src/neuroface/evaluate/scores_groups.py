"""Scores over all samples and for each group by itself, databases of a composite say, from the same folds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface.evaluate import statistics
from neuroface.evaluate.one_more import draw_confusions, limits
from neuroface.evaluate.scores_decisions import balanced_accuracy
from neuroface.evaluate.scores_dummy import dummy_counts
from neuroface.evaluate.units import Units

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"
DRAWN = "Bayesian bootstrap of people and one person more; conditional on the fitted folds"


def by_group(
    units: Units, predictions: pd.DataFrame, classes: Sequence[str], *, n_bootstrap: int, rng: np.random.Generator
) -> dict[str, dict[str, Any]]:
    """{"all" or a group: {"uf1", "uar", their intervals, the dummy's, "n"}}, of classes within people; {} where there
    is one group.

    uf1: mean over classes of F1; uar: mean recall; from the counts of all folds together (MEGC 2019: See et al., FG
    2019). A class without a sample counts 0 in uf1 and not at all in uar. units: one per sample.
    """
    first = predictions.drop_duplicates("sample").set_index("sample")["group"]
    group = first.loc[list(dict.fromkeys(predictions["sample"]))].to_numpy(str)
    names = list(dict.fromkeys(group.tolist()))
    if len(names) < 2:
        return {}
    rows = {name: np.ones(len(group), bool) if name == ALL else group == name for name in (ALL, *names)}
    members = np.bincount(units.y, minlength=len(classes))
    return {
        name: _scores(units, mine, classes, n_bootstrap, rng) | _dummy(units, mine, members == members.max())
        for name, mine in rows.items()
    }


def _dummy(units: Units, rows: np.ndarray, largest: np.ndarray) -> dict[str, float]:
    """The same scores of always naming the class that is the largest over all groups."""
    counts = dummy_counts(units.y[rows], len(largest), largest=largest)
    return {"dummy_uf1": float(statistics.macro_f1(counts)), "dummy_uar": float(balanced_accuracy(counts))}


def _scores(
    units: Units, rows: np.ndarray, classes: Sequence[str], n_bootstrap: int, rng: np.random.Generator
) -> dict[str, Any]:
    y, decided = units.y[rows], units.decisions[rows]
    counts = statistics.confusion(y, decided, len(classes))
    drawn = draw_confusions(y, decided, len(classes), unit=units.subject[rows], n_draws=n_bootstrap, rng=rng)
    return {
        "uf1": float(statistics.macro_f1(counts)),
        "uf1_ci": limits(statistics.macro_f1, counts, drawn),
        "uar": float(balanced_accuracy(counts)),
        "uar_ci": limits(balanced_accuracy, counts, drawn),
        "ci_method": DRAWN,
        "n": {name: int((y == code).sum()) for code, name in enumerate(classes)},
        "people": len(set(units.subject[rows].tolist())),
    }
