"""What somebody scores who knows the class sizes only, and always names the largest class."""

from __future__ import annotations

import numpy as np

from neuroface.evaluate import statistics
from neuroface.evaluate.scores_grades import grade_error, quadratic_kappa, weighted_f1


def class_shares(y: np.ndarray, n_classes: int) -> np.ndarray:
    """(k,) share of each class among what is judged; y: (n,) class codes."""
    return np.bincount(y, minlength=n_classes) / len(y)


def dummy_counts(y: np.ndarray, n_classes: int, *, largest: np.ndarray | None = None) -> np.ndarray:
    """(k, k) confusion of always naming the largest class; equally large ones are named equally often.

    y: (n,) class codes. largest: (k,) bool, the largest classes where they are those of more than y.
    """
    members = np.bincount(y, minlength=n_classes)
    named = members == members.max() if largest is None else largest
    return np.outer(members, named / named.sum())


def dummy_scores(y: np.ndarray, n_classes: int, *, ordered: bool = False) -> dict[str, float]:
    """dummy_<score> of every score of scores.json that is defined here. y: (n,) class codes of what is judged.

    Everybody gets the same probabilities, so nobody is ordered: every AUC is .5.
    """
    counts = dummy_counts(y, n_classes)
    recall = statistics.recall(counts)
    found = {
        "accuracy": statistics.accuracy(counts),
        "balanced_accuracy": np.nanmean(recall),
        "macro_f1": statistics.macro_f1(counts),
        "weighted_f1": weighted_f1(counts),
    }
    if n_classes == 2:
        found |= {"auc": 0.5, "specificity": recall[0], "sensitivity": recall[1]}
    else:
        found |= {"auc_ovr": 0.5}
    if ordered:
        found |= {"quadratic_kappa": quadratic_kappa(counts), "grade_error": grade_error(counts)}
    return {f"dummy_{name}": float(value) for name, value in found.items()}
