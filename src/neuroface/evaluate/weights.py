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


def weights_of_codes(
    class_code: np.ndarray, person: np.ndarray, *, balance: bool = True, times: np.ndarray | None = None
) -> np.ndarray:
    """As sample_weights, of classes and people that are small whole numbers: a permutation null asks very often.

    class_code: (n,), or (B, n) for the weights (B, n) of B permutations; person: (n,).
    times: (n,) how many rows of the table each one stands for; by default itself.
    """
    codes = np.atleast_2d(class_code)
    times = np.ones(codes.shape[1]) if times is None else times
    n_classes, n_people, at = codes.max() + 1, person.max() + 1, np.arange(len(codes))[:, None]
    cell = (at * n_people + person) * n_classes + codes
    stands_for = np.broadcast_to(times, codes.shape)
    rows = np.bincount(cell.ravel(), stands_for.ravel(), minlength=len(codes) * n_people * n_classes)
    rows = rows.reshape(len(codes), n_people, n_classes)
    # Sums go over people in their order, so that weights are the same to the bit however many rows stand for a person.
    share = (rows > 0) / np.maximum((rows > 0).sum(axis=2, keepdims=True), 1)
    if balance:
        of_class = share.sum(axis=1, keepdims=True)
        share = share / np.where(of_class > 0, of_class, 1)
    total = share.sum(axis=1).sum(axis=1)[:, None, None]
    weights = share * (times.sum() / total) / np.maximum(rows, 1)
    return weights.ravel()[cell].reshape(class_code.shape)
