"""Top-N accuracy: whether a person's class is among the N most probable, its interval, and what guessing reaches."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroface.evaluate import statistics

SHOWN = range(2, 11)  # a list of candidates that somebody would read


def top_scores(p: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """{"top_2_accuracy": share, "top_2_accuracy_ci": Wilson's, "dummy_top_2_accuracy": ...}, N below k, to 10.

    p: (n, k) probabilities of independent people, y: (n,) class codes. Of equal probabilities the first class comes
    first, as in the decision (top-1 is the accuracy). The dummy names the N largest classes for everybody.
    """
    n, k = p.shape
    order = np.argsort(-p, axis=1, kind="stable")
    rank = (order == y[:, None]).argmax(axis=1)
    largest_first = np.sort(np.bincount(y, minlength=k))[::-1]
    found: dict[str, Any] = {}
    for top in (top for top in SHOWN if top < k):
        hits, name = int((rank < top).sum()), f"top_{top}_accuracy"
        found[name], found[f"{name}_ci"] = hits / n, list(statistics.wilson(hits, n))
        found[f"dummy_{name}"] = float(largest_first[:top].sum() / n)
    return found
