"""Whom a network's training is watched on: people held out inside the training fold."""

from __future__ import annotations

import numpy as np


def held_out_people(y: np.ndarray, groups: np.ndarray, *, share: float, seed: int) -> np.ndarray:
    """(n,) bool: rows of the people to hold out, about `share` of each class's people and at least one.

    Nobody is held out (all False) where a class has a single person. People with rows of several classes are dealt
    with the first of them, and nobody is held out if a class were then missing on either side. The choice depends on
    names and seed, never on the order of rows.
    """
    classes = np.unique(y)
    class_of = {person: min(y[groups == person]) for person in np.unique(groups)}
    rng = np.random.default_rng(seed)
    chosen: list[str] = []
    for label in classes:
        people = sorted(person for person, first in class_of.items() if first == label)
        count = max(1, round(share * len(people)))
        if len(people) > count:
            chosen += [people[i] for i in rng.permutation(len(people))[:count]]
    held = np.isin(groups, chosen)
    complete = all(set(y[side]) == set(classes) for side in (held, ~held))
    return held if complete else np.zeros(len(y), dtype=bool)
