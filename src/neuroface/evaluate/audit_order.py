"""Columns that only count rows, people or visits, and rows that stand sorted by class: order is no feature."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from neuroface.evaluate import statistics
from neuroface.types import Samples

FEWEST = 8  # a feature follows the order of fewer rows by chance too often: 2 / 8! for 8
TELLS = 0.9  # AUC from which a counter tells the class


def counting_features(samples: Samples) -> dict[str, str]:
    """Column -> how it counts: evenly spaced values that never repeat, or values that rise with the rows.

    A column with one value per person is looked at person by person.
    """
    subject = np.asarray(samples.subject).astype(str)
    people, first = np.unique(subject, return_index=True)
    found = {}
    for name, column in zip(samples.feature_names, np.asarray(samples.X, dtype=float).T, strict=True):
        of_person = len(people) < len(subject) and all(np.ptp(column[subject == s]) == 0 for s in people)
        values = column[np.sort(first)] if of_person else column
        if len(values) < FEWEST or not np.isfinite(values).all() or len(np.unique(values)) < len(values):
            continue
        steps, spaces = np.diff(values), np.diff(np.sort(values))
        what = "people" if of_person else "rows"
        if np.allclose(spaces, spaces[0], rtol=1e-6, atol=0):
            found[name] = f"counts the {what}"
        elif (steps > 0).all() or (steps < 0).all():
            found[name] = f"follows the order of the {what}"
    return found


def telling_order(samples: Samples) -> list[str]:
    """Columns that count and by that tell a class from the others: the class and the AUC."""
    y = np.asarray(samples.y).astype(str)
    X = dict(zip(samples.feature_names, np.asarray(samples.X, dtype=float).T, strict=True))
    found = []
    for name, how in counting_features(samples).items():
        areas = {c: float(statistics.auc(X[name], y == c)) for c in sorted(set(y))}
        label = max(areas, key=lambda c: abs(areas[c] - 0.5))
        area = max(areas[label], 1 - areas[label])
        if area >= TELLS:
            found.append(f"{name}: {how}, and tells {label} with an AUC of {area:.2f}")
    return found


def sorted_by_class(samples: Samples) -> list[str]:
    """A note where people of each class stand together: then whatever follows the rows tells the class."""
    class_of: dict[str, str] = {}
    for subject, label in zip(map(str, samples.subject), map(str, samples.y), strict=True):
        class_of.setdefault(subject, label)
    labels = list(class_of.values())
    changes = sum(a != b for a, b in pairwise(labels))
    if len(labels) < FEWEST or changes != len(set(labels)) - 1:
        return []
    return ["The rows stand sorted by class: whatever follows their order (a row number, a date of visit) tells it"]
