"""Scores of ordered classes, grades say: how far off a decision is counts, too. Confusion matrices in, numbers out."""

from __future__ import annotations

import numpy as np


def weighted_f1(counts: np.ndarray) -> np.ndarray:
    """(...) mean over classes of F1 = 2 TP / (2 TP + FP + FN), each class by its members; counts (..., k, k)."""
    diagonal, members = np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1)
    either = members + counts.sum(axis=-2)
    f1 = np.divide(2 * diagonal, either, out=np.zeros(diagonal.shape), where=either > 0)
    return (f1 * members).sum(axis=-1) / members.sum(axis=-1)


def grade_error(counts: np.ndarray) -> np.ndarray:
    """(...) mean distance in grades of the decision from the true grade; counts (..., k, k), rows the true grade."""
    k = counts.shape[-1]
    distance = np.abs(np.arange(k)[:, None] - np.arange(k))
    return (counts * distance).sum(axis=(-2, -1)) / counts.sum(axis=(-2, -1))


def quadratic_kappa(counts: np.ndarray) -> np.ndarray:
    """(...) agreement beyond chance, disagreements weighted by their squared distance in grades; counts (..., k, k).

    1 - sum w O / sum w E, E from the margins (Cohen, Psychological Bulletin 1968; 70:213). NaN where truth and
    decisions are all of one and the same grade.
    """
    k = counts.shape[-1]
    weight = (np.arange(k)[:, None] - np.arange(k)) ** 2
    total = counts.sum(axis=(-2, -1))
    expected = counts.sum(axis=-1)[..., :, None] * counts.sum(axis=-2)[..., None, :] / total[..., None, None]
    disagreement, by_chance = (counts * weight).sum(axis=(-2, -1)), (expected * weight).sum(axis=(-2, -1))
    ratio = np.divide(disagreement, by_chance, out=np.full(np.shape(total), np.nan), where=by_chance > 0)
    return (1 - ratio)[()]
