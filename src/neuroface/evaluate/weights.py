"""How much each sample counts in training: people weigh the same however many repetitions they did."""

from __future__ import annotations

import numpy as np


def sample_weights(y: np.ndarray, subject: np.ndarray, *, balance: bool = True) -> np.ndarray:
    """(n,) weights with mean 1.

    Each subject's rows share one unit, divided over the subject's classes and then over its rows of a class; with
    `balance` the classes are then scaled to equal totals. Mean 1 keeps a regularised model's penalty comparable with
    an unweighted fit.
    """
    class_code = np.unique(np.asarray(y).astype(str), return_inverse=True)[1]
    person = np.unique(np.asarray(subject).astype(str), return_inverse=True)[1]
    return weights_of_codes(class_code, person, balance=balance)


def weights_of_codes(class_code: np.ndarray, person: np.ndarray, *, balance: bool = True) -> np.ndarray:
    """As sample_weights, of classes and people that are small whole numbers: a permutation null asks very often.

    class_code: (n,), or (B, n) for the weights (B, n) of B permutations; person: (n,).
    """
    codes = np.atleast_2d(class_code)
    n_classes, n_people, at = codes.max() + 1, person.max() + 1, np.arange(len(codes))[:, None]
    cell = (at * n_people + person) * n_classes + codes
    rows = np.bincount(cell.ravel(), minlength=len(codes) * n_people * n_classes)
    classes_of_person = (rows.reshape(len(codes), n_people, n_classes) > 0).sum(axis=2)
    weights = 1 / (rows[cell] * classes_of_person[:, person])
    if balance:
        of_class = at * n_classes + codes
        weights = weights / np.bincount(of_class.ravel(), weights=weights.ravel())[of_class]
    weights = weights * (codes.shape[1] / weights.sum(axis=1, keepdims=True))
    return weights.reshape(class_code.shape)
