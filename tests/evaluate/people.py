"""Small cohorts with known answers, and a fast classifier, for the tests of this folder."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from neuroface.evaluate.protocol import Protocol
from neuroface.types import Samples

ALS_HC = Protocol(classes=("HC", "ALS"), permutations=0)


def cohort(
    people: dict[str, int],
    *,
    repetitions: int = 3,
    features: int = 4,
    shift: float = 1.5,
    seed: int = 0,
    icc: float = 0.7,
) -> Samples:
    """Gaussian features; class k lies k * shift away; repetitions of a person correlate with `icc`."""
    rng = np.random.default_rng(seed)
    subject = np.array([f"{g}{i:02d}" for g, n in people.items() for i in range(n) for _ in range(repetitions)])
    group = np.array([g for g, n in people.items() for _ in range(n * repetitions)])
    persons = np.repeat(rng.normal(size=(sum(people.values()), features)), repetitions, axis=0)
    X = np.sqrt(icc) * persons + np.sqrt(1 - icc) * rng.normal(size=(len(subject), features))
    X += shift * np.array([list(people).index(g) for g in group])[:, None]
    return table(X, group, subject)


def table(X: np.ndarray, y: np.ndarray, subject: np.ndarray, **more: object) -> Samples:
    """Samples numbered within people, all of task OPEN."""
    repetition = np.array([int((subject[:i] == s).sum()) for i, s in enumerate(subject)])
    meta = {
        "sample": np.array([f"{s}/OPEN/{r}" for s, r in zip(subject, repetition, strict=True)]),
        "group": y,
        "task": np.full(len(y), "OPEN"),
        "repetition": repetition,
    }
    names = tuple(f"rom.feature_{i}_mm" for i in range(X.shape[1]))
    return Samples(X=X, y=y, subject=subject, meta=meta, feature_names=names, **more)


def two_classes_each(n_people: int = 4, per_class: int = 6, *, shift: float = 1.5, seed: int = 0) -> Samples:
    """People who each show both classes "other" and "expression"; their own offset is large."""
    rng = np.random.default_rng(seed)
    subject = np.repeat([f"P{i}" for i in range(n_people)], 2 * per_class)
    y = np.tile(np.repeat(["other", "expression"], per_class), n_people)
    X = rng.normal(size=(len(y), 3)) + shift * (y == "expression")[:, None]
    return table(X, y, subject)


def logistic(C: float = 1.0):
    return make_pipeline(StandardScaler(), LogisticRegression(C=C))
