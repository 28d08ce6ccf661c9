"""How much each sample counts in training: people weigh the same however many repetitions they did."""

from __future__ import annotations

import numpy as np


def sample_weights(y: np.ndarray, subject: np.ndarray, *, balance: bool = True) -> np.ndarray:
    """(n,) weights with mean 1.

    Each subject's rows share one unit, divided over the subject's classes and then over its rows of a class; with
    `balance` the classes are then scaled to equal totals. Mean 1 keeps a regularised model's penalty comparable with
    an unweighted fit.
    """
    y, subject = np.asarray(y).astype(str), np.asarray(subject).astype(str)
    classes, class_code = np.unique(y, return_inverse=True)
    _, person = np.unique(subject, return_inverse=True)
    rows = np.zeros((person.max() + 1, len(classes)))
    np.add.at(rows, (person, class_code), 1)
    classes_of_person = (rows > 0).sum(axis=1)
    weights = 1 / (rows[person, class_code] * classes_of_person[person])
    if balance:
        weights = weights / np.bincount(class_code, weights=weights)[class_code]
    return weights * (len(weights) / weights.sum())
