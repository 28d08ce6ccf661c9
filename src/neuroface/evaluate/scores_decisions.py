"""Accuracy and macro F1, for two classes or more, and bootstrap intervals. Confusion matrices in, numbers out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuroface.evaluate import statistics

Resampled = tuple[float, np.ndarray]  # a score, and its value in each resample (B,)


def decision_scores(counts: np.ndarray, drawn: np.ndarray) -> dict[str, Resampled]:
    """counts: (k, k), rows the true class; drawn: (B, k, k), the same of each resample."""
    return {
        "accuracy": (float(statistics.accuracy(counts)), statistics.accuracy(drawn)),
        "macro_f1": (float(statistics.macro_f1(counts)), statistics.macro_f1(drawn)),
    }


def with_intervals(scores: Mapping[str, Resampled]) -> dict[str, Any]:
    """{name: value, name_ci_bootstrap: [low, high]} as in scores.json."""
    block: dict[str, Any] = {}
    for name, (value, resampled) in scores.items():
        block[name] = value
        block[f"{name}_ci_bootstrap"] = list(statistics.percentile_interval(resampled))
    return block
