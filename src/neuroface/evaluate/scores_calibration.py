"""Whether probabilities mean what they say to the people judged: reliability, ECE with its bias, Brier in its parts.

One unit per person (per sample, where classes lie inside people), pooled over folds. Expected calibration error (Naeini
et al., AAAI 2015) in bins of equal numbers; it is above 0 for calibrated probabilities, too, by chance: how far is told
by outcomes drawn from the very probabilities (Broecker & Smith, Weather and Forecasting 2007; 22:651). The Brier score
is miscalibration less discrimination plus uncertainty, exactly and without bins, by isotonic regression (Dimitriadis,
Gneiting & Jordan, PNAS 2021; 118:e2016191118).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neuroface.evaluate.statistics import wilson
from neuroface.evaluate.units import Units

PER_BIN, MOST_BINS = 8, 10  # people in a bin at least, and bins at most
MOST_DRAWS = 500
LEVELS = (2.5, 97.5)
FEWEST = 10  # people, below which nothing is said
BALANCED = "training weighs classes alike where protocol.balance is true: probabilities are then of classes as frequent"
NOTE = f"intervals are over people, conditional on the fitted folds; {BALANCED} as each other, not as in these people"


def calibration_scores(
    units: Units, classes: Sequence[str], *, n_draws: int, rng: np.random.Generator
) -> dict[str, Any] | None:
    """The "calibration" part of scores.json; None of fewer than FEWEST units.

    of: what is looked at: the probability of the positive class of two, else that of the most probable class, which is
    right or wrong. bins: each the mean probability, the share that came true with Wilson's interval, and how many. ece:
    mean distance of the two; ece_if_calibrated: its mean, and ece_if_calibrated_range its 95 % range, for outcomes that
    follow these probabilities; ece_p: how often it is then as large. brier: mean squared distance of probability and
    outcome, summed over classes where there are more than two; brier_ci: Bayesian bootstrap of people; brier_dummy: of
    the class shares. miscalibration, discrimination, uncertainty: brier = miscalibration - discrimination +
    uncertainty; miscalibration_if_calibrated: its mean for outcomes that follow the probabilities.
    """
    n, k = units.p.shape
    if n < FEWEST:
        return None
    draws = max(1, min(n_draws, MOST_DRAWS))
    p, came_true = _looked_at(units)
    bins = _bins(p)
    ece = float(_ece(p, came_true[None], bins)[0])
    by_chance = _ece(p, rng.random((draws, n)) < p, bins)
    outcomes = np.eye(k)[units.y]
    columns = slice(1, 2) if k == 2 else slice(None)
    said, true = units.p[:, columns], outcomes[:, columns]
    parts = _decomposed(said, true)
    per_unit = ((said - true) ** 2).sum(axis=1)
    return {
        "of": f"probability of {classes[-1]}" if k == 2 else "probability of the most probable class",
        "units": n,
        "bins": [_bin(p[rows], came_true[rows]) for rows in bins],
        "ece": ece,
        "ece_if_calibrated": float(by_chance.mean()),
        "ece_if_calibrated_range": np.percentile(by_chance, LEVELS).tolist(),
        "ece_p": float((1 + (by_chance >= ece - 1e-12).sum()) / (1 + draws)),
        "brier": float(per_unit.mean()),
        "brier_ci": _interval(per_unit, units.subject, draws, rng),
        "brier_dummy": parts[2],
        "miscalibration": parts[0],
        "miscalibration_if_calibrated": _by_chance(units.p, columns, draws, rng),
        "discrimination": parts[1],
        "uncertainty": parts[2],
        "note": NOTE,
    }


def _looked_at(units: Units) -> tuple[np.ndarray, np.ndarray]:
    """(n,) probabilities and whether what they are of came true."""
    if units.p.shape[1] == 2:
        return units.p[:, 1], units.y == 1
    top = units.p.argmax(axis=1)
    return units.p.max(axis=1), top == units.y


def _bins(p: np.ndarray) -> list[np.ndarray]:
    """Positions of the units of each bin, of equal numbers, by rising probability; equal ones stay together."""
    count = int(np.clip(len(p) // PER_BIN, 1, MOST_BINS))
    edges = np.quantile(p, np.linspace(0, 1, count + 1)[1:-1])
    at = np.searchsorted(edges, p, side="left")
    return [np.flatnonzero(at == b) for b in np.unique(at)]


def _bin(p: np.ndarray, came_true: np.ndarray) -> dict[str, Any]:
    hits, n = int(came_true.sum()), len(p)
    return {"said": float(p.mean()), "came_true": hits / n, "came_true_ci": list(wilson(hits, n)), "n": n}


def _ece(p: np.ndarray, came_true: np.ndarray, bins: Sequence[np.ndarray]) -> np.ndarray:
    """(B,) for outcomes (B, n): the distance of what was said and what came true in each bin, weighed by its size."""
    gaps = [len(rows) * np.abs(p[rows].mean() - came_true[:, rows].mean(axis=1)) for rows in bins]
    return np.sum(gaps, axis=0) / len(p)


def _decomposed(said: np.ndarray, true: np.ndarray) -> tuple[float, float, float]:
    """Miscalibration, discrimination and uncertainty, summed over columns (n, c)."""
    from scipy.optimize import isotonic_regression

    total = np.zeros(3)
    for p, y in zip(said.T, true.T, strict=True):
        of = np.unique(p, return_inverse=True)[1]
        weights = np.bincount(of).astype(float)
        mended = isotonic_regression(np.bincount(of, y) / weights, weights=weights).x[of]
        brier, best, known = ((p - y) ** 2).mean(), ((mended - y) ** 2).mean(), ((y.mean() - y) ** 2).mean()
        total += brier - best, known - best, known
    miscalibration, discrimination, uncertainty = total.tolist()
    return miscalibration, discrimination, uncertainty


def _by_chance(p: np.ndarray, columns: slice, draws: int, rng: np.random.Generator) -> float:
    """Mean miscalibration of outcomes that follow probabilities (n, k): isotonic regression finds some by chance."""
    k = p.shape[1]
    below = np.cumsum(p, axis=1)[:, :-1]
    found = []
    for _ in range(min(draws, 100)):
        y = (rng.random((len(p), 1)) > below).sum(axis=1)
        found.append(_decomposed(p[:, columns], np.eye(k)[y][:, columns])[0])
    return float(np.mean(found))


def _interval(per_unit: np.ndarray, subject: np.ndarray, draws: int, rng: np.random.Generator) -> list[float]:
    """Bayesian bootstrap of people (Rubin, Annals of Statistics 1981; 9:130): their weights are drawn."""
    of = np.unique(subject, return_inverse=True)[1].ravel()
    weights = rng.exponential(size=(draws, of.max() + 1))[:, of]
    return np.percentile((weights @ per_unit) / weights.sum(axis=1), LEVELS).tolist()
