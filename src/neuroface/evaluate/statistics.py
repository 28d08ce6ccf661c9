"""Statistics of scores: AUC and its intervals, proportions, permutation p. Arrays in, floats out."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from neuroface.evaluate.betting import anytime_p, settled
from neuroface.evaluate.separation import separation_limit

CONFIDENCE = 0.95
TINY = 1e-15  # a variance that is zero but for rounding
NOTHING_KNOWN = "none: fewer than two people in a class"


class Interval(NamedTuple):
    """Lower and upper limit, and how they were found."""

    low: float
    high: float
    method: str


def placements(positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """(n_positive, n_negative) of 1, .5 or 0: the positive score is higher, equal or lower."""
    difference = np.asarray(positive, dtype=float)[:, None] - np.asarray(negative, dtype=float)[None, :]
    return (np.sign(difference) + 1) / 2


def auc(scores: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Area under the ROC curve as the Mann-Whitney statistic, ties counting half; NaN where a class is absent.

    scores: (..., n), positive: (..., n) bool, one problem per leading index. Returns (...).
    """
    from scipy.stats import rankdata

    ranks = rankdata(scores, axis=-1)
    positive = np.broadcast_to(np.asarray(positive, dtype=bool), ranks.shape)
    n_positive = positive.sum(axis=-1)
    n_pairs = n_positive * (ranks.shape[-1] - n_positive)
    above = np.where(positive, ranks, 0).sum(axis=-1) - n_positive * (n_positive + 1) / 2
    return np.divide(above, n_pairs, out=np.full(np.shape(above), np.nan), where=n_pairs > 0)[()]


def shares_beaten(scores: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(m, n1) of each positive the share of negatives below it, and (m, n0) of each negative that of positives above.

    scores: (m, n); positive: (n,) bool. They are the row and column means of `placements`, from ranks among all and
    ranks among one's own.
    """
    from scipy.stats import rankdata

    n1, n0 = int(positive.sum()), int((~positive).sum())
    ranks = rankdata(scores, axis=1)
    above = (ranks[:, positive] - rankdata(scores[:, positive], axis=1)) / n0
    below = 1 - (ranks[:, ~positive] - rankdata(scores[:, ~positive], axis=1)) / n1
    return above, below


def delong_variance(scores: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Covariance of the AUCs of m scores of the same people (DeLong, DeLong & Clarke-Pearson, Biometrics 1988; 44:837).

    scores: (m, n) or (n,); positive: (n,) bool. Returns (m, m); NaN when a class has fewer than two people. By ranks,
    in n log n steps (Sun & Xu, IEEE Signal Processing Letters 2014; 21:1389).
    """
    scores, positive = np.atleast_2d(np.asarray(scores, dtype=float)), np.asarray(positive, dtype=bool)
    n1, n0 = int(positive.sum()), int((~positive).sum())
    m = len(scores)
    if min(n1, n0) < 2:
        return np.full((m, m), np.nan)
    by_positive, by_negative = shares_beaten(scores, positive)
    return np.cov(by_positive).reshape(m, m) / n1 + np.cov(by_negative).reshape(m, m) / n0


def auc_interval(scores: np.ndarray, positive: np.ndarray, *, confidence: float = CONFIDENCE) -> Interval:
    """Interval of an AUC: DeLong's variance on the logit scale, corrected near complete separation (logit_interval).

    scores: (n,) one per person; positive: (n,) bool. Scores that are all the same order nobody,
    whoever is drawn: the interval is the point .5. With one person in a class nothing is known: 0 to 1.
    """
    value, positive = float(auc(scores, positive)), np.asarray(positive, dtype=bool)
    sizes = int(positive.sum()), int((~positive).sum())
    if min(sizes) < 2:
        return Interval(0.0, 1.0, NOTHING_KNOWN)
    if np.ptp(scores) == 0:
        return Interval(0.5, 0.5, "all scores are the same")
    limit = separation_limit([sizes], confidence=confidence)
    return logit_interval(value, float(delong_variance(scores, positive)[0, 0]), limit, confidence=confidence)


def logit_interval(value: float, variance: float, limit: float, *, confidence: float = CONFIDENCE) -> Interval:
    """Interval of an AUC, or of a mean of AUCs, with this variance; it is never a point.

    limit: the lower limit at complete separation (separation_limit). A variance of 0 does not mean that nothing varies:
    the interval then reaches as far as at complete separation. Nor may the lower limit of less than complete separation
    be above that of complete separation, so that it never falls as the order becomes perfect; likewise the upper one at
    the other end.
    """
    if variance < TINY:
        low, high = max(0.0, value - 1 + limit), min(1.0, value + (1 - limit))
        return Interval(low, high, "limit at complete separation")
    error = math.sqrt(variance) / (value * (1 - value))
    centre, reach = math.log(value / (1 - value)), two_sided_z(confidence) * error
    low, high = min(_expit(centre - reach), limit), max(_expit(centre + reach), 1 - limit)
    return Interval(low, high, "DeLong, logit scale")


class Difference(NamedTuple):
    """AUC of a minus AUC of b, its limits, and the two-sided p of no difference; NaN where nothing can be known."""

    value: float
    low: float
    high: float
    p: float


def auc_difference(a: np.ndarray, b: np.ndarray, positive: np.ndarray, *, confidence: float = CONFIDENCE) -> Difference:
    """Paired comparison of two scores of the same people, by DeLong's covariance (see delong_variance).

    a, b: (n,) one per person; positive: (n,) bool. Where the variance is zero (both order everybody alike, or
    perfectly) or a class has fewer than two people, the limits and p are NaN: these people cannot tell.
    """
    value = float(auc(a, positive)) - float(auc(b, positive))
    covariance = delong_variance(np.stack([a, b]), positive)
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    if not variance > TINY:
        return Difference(value, math.nan, math.nan, math.nan)
    error = math.sqrt(variance)
    reach = two_sided_z(confidence) * error
    return Difference(value, max(value - reach, -1.0), min(value + reach, 1.0), math.erfc(abs(value) / error / 2**0.5))


def wilson(successes: int, n: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Score interval of a proportion (Wilson, JASA 1927; 22:209); (0, 1) when n is 0."""
    if n == 0:
        return 0.0, 1.0
    z2, p = two_sided_z(confidence) ** 2, successes / n
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    reach = math.sqrt(p * (1 - p) * z2 / n + z2**2 / (4 * n**2)) / (1 + z2 / n)
    return max(0.0, centre - reach), min(1.0, centre + reach)


def mean_of_proportions_interval(
    successes: tuple[int, ...], n: tuple[int, ...], *, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Interval of the mean of independent proportions, such as balanced accuracy, from their Wilson intervals.

    Method of variance estimates recovery: the limits' distances are added in squares (Zou & Donner, Statistics in
    Medicine 2008; 27:1693).
    """
    proportions = [k / of for k, of in zip(successes, n, strict=True)]
    limits = [wilson(k, of, confidence=confidence) for k, of in zip(successes, n, strict=True)]
    centre = sum(proportions) / len(n)
    below = math.hypot(*(p - low for p, (low, _) in zip(proportions, limits, strict=True))) / len(n)
    above = math.hypot(*(high - p for p, (_, high) in zip(proportions, limits, strict=True))) / len(n)
    return max(0.0, centre - below), min(1.0, centre + above)


def permutation_p(observed: float, null: np.ndarray) -> float:
    """(1 + #{null >= observed}) / (1 + B): never 0 (Phipson & Smyth, Stat Appl Genet Mol Biol 2010; 9:39).

    Sums over the same scores in another order may differ in the last digits; such values count as equal.
    """
    null = np.asarray(null, dtype=float)
    return float((1 + np.count_nonzero(null >= observed - 1e-12)) / (1 + null.size))


def null_summary(
    name: str, observed: float, null: np.ndarray | None, *, stops_early: bool = False
) -> dict[str, float | int | None]:
    """Mean, sd and p of a null as entries of scores.json; None where there is no null.

    stops_early: how many there are was decided while they were drawn; then p is valid at any time (betting.anytime_p),
    and `settled` says whether more would hardly change it.
    """
    if null is None:
        return {f"{name}_null_mean": None, f"{name}_null_sd": None, f"{name}_p": None, "n_permutations": 0}
    hits = null >= observed - 1e-12
    return {
        f"{name}_null_mean": float(np.mean(null)),
        f"{name}_null_sd": float(np.std(null, ddof=1)) if len(null) > 1 else None,
        f"{name}_p": anytime_p(hits) if stops_early else permutation_p(observed, null),
        "n_permutations": len(null),
        **({f"{name}_reached": int(hits.sum()), f"{name}_settled": settled(hits)} if stops_early else {}),
    }


def confusion(y: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """(..., k, k) counts, rows the true class, columns the predicted one; y, predicted: (..., n) class codes."""
    hit = (y * n_classes + predicted)[..., None] == np.arange(n_classes**2)
    return hit.sum(axis=-2).reshape(*np.shape(y)[:-1], n_classes, n_classes)


def weighted_confusion(y: np.ndarray, predicted: np.ndarray, n_classes: int, weights: np.ndarray) -> np.ndarray:
    """(B, k, k) confusion of each resample; y, predicted: (n,) class codes, weights: (B, n)."""
    hit = (y * n_classes + predicted)[:, None] == np.arange(n_classes**2)
    return (weights @ hit).reshape(len(weights), n_classes, n_classes)


def accuracy(counts: np.ndarray) -> np.ndarray:
    """(...) share of right decisions in confusion matrices (..., k, k)."""
    return np.trace(counts, axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1))


def recall(counts: np.ndarray) -> np.ndarray:
    """(..., k) share of each true class that was recognised; NaN for a class without members."""
    diagonal, members = np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1)
    return np.divide(diagonal, members, out=np.full(diagonal.shape, np.nan), where=members > 0)


def macro_f1(counts: np.ndarray) -> np.ndarray:
    """(...) mean over classes of F1 = 2 TP / (2 TP + FP + FN), counts pooled over folds; 0 for an empty class."""
    diagonal = np.diagonal(counts, axis1=-2, axis2=-1)
    either = counts.sum(axis=-1) + counts.sum(axis=-2)
    return np.divide(2 * diagonal, either, out=np.zeros(diagonal.shape), where=either > 0).mean(axis=-1)


def percentile_interval(values: np.ndarray, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Percentile limits of bootstrap values, those that are not numbers left out."""
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return float(low), float(high)


def student_reach(values: np.ndarray, *, confidence: float = CONFIDENCE) -> np.ndarray:
    """(...) half of Student's interval of the mean over the first axis of values (n, ...); NaN below two of them."""
    from scipy.stats import t

    n = len(values)
    if n < 2:
        return np.full(np.shape(values)[1:], np.nan)
    return np.asarray(t.ppf((1 + confidence) / 2, n - 1) * values.std(axis=0, ddof=1) / n**0.5)


def two_sided_z(confidence: float = CONFIDENCE) -> float:
    """The normal quantile that such a share of values lies within on both sides; 1.96 of 95 %."""
    from scipy.stats import norm

    return float(norm.ppf((1 + confidence) / 2))


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x))
