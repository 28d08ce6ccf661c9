"""Scores of decisions, for two classes or more, with intervals. Confusion matrices in, numbers out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuroface.evaluate import statistics
from neuroface.evaluate.one_more import Drawn, Score, limits


def balanced_accuracy(counts: np.ndarray) -> np.ndarray:
    """(...) mean share of each true class that was recognised, of the classes that have members; counts (..., k, k)."""
    return np.nanmean(statistics.recall(counts), axis=-1)


DECISION_SCORES: Mapping[str, Score] = {"accuracy": statistics.accuracy, "macro_f1": statistics.macro_f1}


def with_intervals(scores: Mapping[str, Score], counts: np.ndarray, drawn: Drawn) -> dict[str, Any]:
    """{name: value, name_ci_bootstrap: [low, high]} as in scores.json; counts: (k, k), rows the true class."""
    block: dict[str, Any] = {}
    for name, score in scores.items():
        block[name] = float(score(counts))
        block[f"{name}_ci_bootstrap"] = limits(score, counts, drawn)
    return block
