"""Are two methods, judged on the same people, different? Two permutation tests, and what each of them holds.

Both methods were fitted, fold by fold, on people who share training sets, so that a method's scores do not vary
independently between people. DeLong's paired test takes them as given, and so does swapping scores between the methods:
with two classifiers on independent features under leave-one-subject-out both find a difference too often
(docs/statistics.md has the numbers). Only a null in which both methods are fitted again knows what fitting adds.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np

from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.statistics import auc, auc_difference, permutation_p

EXACT = 12  # people: with up to that many, all 2^n ways to swap are looked at
DRAWS = 9999  # ways to swap that are drawn otherwise
FEWEST = 19  # permutations of which p can be .05


class Paired(NamedTuple):
    """AUC of a minus AUC of b, DeLong's limits, and two-sided p values of no difference; NaN where there is none.

    p: p_refit where it is known, else p_swap.
    """

    value: float
    low: float
    high: float
    p: float
    p_refit: float
    p_swap: float
    p_delong: float


def compare(
    a: np.ndarray, b: np.ndarray, positive: np.ndarray, *, person: np.ndarray, null: np.ndarray | None = None
) -> Paired:
    """Two methods' scores of the same people.

    a, b: (n,) one score per person, or per person and class shown. positive: (n,) bool. person: (n,). null: (B,) AUC of
    a minus AUC of b where classes were permuted and both methods fitted again with the same permuted classes.
    """
    found = auc_difference(a, b, positive)
    swap = swap_p(a, b, positive, person=person)
    refit = math.nan
    if null is not None and len(null) >= FEWEST:
        refit = permutation_p(abs(found.value), np.abs(null))
    leading = swap if math.isnan(refit) else refit
    return Paired(found.value, found.low, found.high, leading, refit, swap, found.p)


def swap_p(a: np.ndarray, b: np.ndarray, positive: np.ndarray, *, person: np.ndarray) -> float:
    """Two-sided p of a permutation test that swaps the two methods' scores within people.

    Scores of two methods have no scale in common, so that ranks among all people are swapped (Bandos, Rockette & Gur,
    Statistics in Medicine 2005; 24:2873). Exact up to EXACT people; otherwise of DRAWS random ways, the observed one
    counted among them. It holds for scores that were fixed before these people were seen.
    """
    from scipy.stats import rankdata

    ranks = np.stack([rankdata(np.round(scores, 12)) for scores in (a, b)])
    observed = abs(float(auc(a, positive) - auc(b, positive)))
    _, code = np.unique(person, return_inverse=True)
    n = int(code.max()) + 1
    if n <= EXACT:
        swapped = np.array(list(itertools.product((False, True), repeat=n)))[:, code]
    else:
        rng = np.random.default_rng(derive_seed("swap", n))
        swapped = (rng.random((DRAWS, n)) < 0.5)[:, code]
    differences = auc(np.where(swapped, ranks[1], ranks[0]), positive) - auc(
        np.where(swapped, ranks[0], ranks[1]), positive
    )
    if n <= EXACT:
        return float(np.mean(np.abs(differences) >= observed - 1e-12))
    return permutation_p(observed, np.abs(differences))
