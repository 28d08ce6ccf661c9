"""Whether two pictures are of one person: how well vectors tell, of people whom a network has not learnt from."""

from __future__ import annotations

from typing import Any

import numpy as np

DRAWS = 1000


def verification(vectors: np.ndarray, subject: np.ndarray, *, seed: int = 0) -> dict[str, Any]:
    """AUC of the cosine between vectors (n, d) over all pairs of pictures: same person against two people.

    subject: (n,). auc_ci: 2.5 to 97.5 % over draws of people, whose pairs go with them. same, different: how many.
    """
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    people, who = np.unique(subject, return_inverse=True)
    a, b = np.triu_indices(len(who), k=1)
    cosine, same = (unit @ unit.T)[a, b], who[a] == who[b]
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(people), np.full(len(people), 1 / len(people)), size=DRAWS)
    weights = (np.where(same, drawn_by[who[a]], drawn_by[who[a]] * drawn_by[who[b]]) for drawn_by in drawn)
    found = np.array([weighted_auc(cosine, same, weight) for weight in weights])
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return {
        "auc": weighted_auc(cosine, same, np.ones(len(cosine))),
        "auc_ci": [float(low), float(high)],
        "people": len(people),
        "pictures": len(who),
        "same": int(same.sum()),
        "different": int((~same).sum()),
    }


def weighted_auc(score: np.ndarray, positive: np.ndarray, weight: np.ndarray) -> float:
    """Share of (positive, negative) pairs, by weight, in which the positive scores higher; a tie is half of one.

    All (n,). NaN where either side has no weight.
    """
    values, place = np.unique(score, return_inverse=True)
    up = np.bincount(place, weight * positive, minlength=len(values))
    down = np.bincount(place, weight * ~positive, minlength=len(values))
    total = up.sum() * down.sum()
    return float((up * (down.cumsum() - down / 2)).sum() / total) if total else float("nan")
