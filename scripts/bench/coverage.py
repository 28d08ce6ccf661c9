"""What five intervals of an AUC hold, by cohorts with a known AUC; and what DeLong's variance costs.

    python scripts/bench/coverage.py [--sets 2000] [--jobs 2] [--markdown FILE]

24 settings: true AUC .5, .6, .75, .85, .92, .97; 11 v 11, 11 v 14, 30 v 30 and 50 v 50 people. Half of the cohorts have
normal scores, half skewed ones (their exponential). Skewing keeps the order, which is all that these intervals look at,
so that the second half also differs in its spread: its positives vary twice as much.
"""

from __future__ import annotations

if __name__ == "coverage":  # numba, started by a script of this folder, looks for the package of that name
    raise ImportError("this is a script, not the package coverage")

import argparse
import time
from itertools import product
from pathlib import Path

import joblib
import numpy as np
from scipy.stats import norm

from neuroface.evaluate.auc_alternatives import bootstrap_intervals, modified_wald, permutation_interval
from neuroface.evaluate.statistics import auc, auc_interval, delong_variance, placements

TRUTHS = (0.5, 0.6, 0.75, 0.85, 0.92, 0.97)
SIZES = ((11, 11), (11, 14), (30, 30), (50, 50))
METHODS = ("DeLong, logit (default)", "modified Wald", "bootstrap, percentile", "bootstrap, BCa", "permutation")
DRAWS = 200  # of each bootstrap and permutation test


def setting(truth: float, n1: int, n0: int, sets: int) -> np.ndarray:
    """(5, 2): shares of cohorts whose truth lies below and above the interval, per method."""
    rng = np.random.default_rng([int(1000 * truth), n1, n0])
    positive = np.repeat([True, False], [n1, n0])
    missed = np.zeros((len(METHODS), 2))
    for i in range(sets):
        spread = 1.0 if i % 2 else 2.0
        mean = norm.ppf(truth) * np.hypot(1, spread)
        scores = rng.normal(size=n1 + n0) * np.where(positive, spread, 1.0) + mean * positive
        scores = scores if i % 2 else np.exp(scores)
        ends = [auc_interval(scores, positive)[:2], modified_wald(float(auc(scores, positive)), n1 + n0)]
        ends += [*bootstrap_intervals(scores, positive, rng, draws=DRAWS)]
        ends += [permutation_interval(scores, positive, rng, draws=DRAWS)]
        limits = np.array(ends)
        missed += np.stack([truth < limits[:, 0] - 1e-9, truth > limits[:, 1] + 1e-9], axis=1)
    return missed / sets


def by_pairs(scores: np.ndarray, positive: np.ndarray) -> float:
    """DeLong's variance the usual way, by all pairs."""
    psi = placements(scores[positive], scores[~positive])
    n1, n0 = psi.shape
    return float(psi.mean(axis=1).var(ddof=1) / n1 + psi.mean(axis=0).var(ddof=1) / n0)


def speed() -> str:
    """Processor time of DeLong's variance: 100,000 scores, and a tenth of them against all pairs."""
    rng = np.random.default_rng(0)
    scores, positive = rng.normal(size=100_000), np.arange(100_000) % 2 == 0
    delong_variance(scores[:100], positive[:100])  # imports
    start = time.process_time()
    delong_variance(scores, positive)
    whole = time.process_time() - start
    few, theirs = scores[:10_000], positive[:10_000]
    start = time.process_time()
    ours = float(delong_variance(few, theirs)[0, 0])
    ranks = time.process_time() - start
    start = time.process_time()
    pairs = by_pairs(few, theirs)
    slow = time.process_time() - start
    assert np.isclose(ours, pairs)
    few_scores = f"10,000 scores: {ranks:.4f} s, by pairs {slow:.2f} s, {slow / ranks:.0f} x"
    return f"DeLong, 100,000 scores: {whole:.3f} s; {few_scores}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--markdown", type=Path)
    chosen = parser.parse_args()
    print(speed(), flush=True)
    start, cells = time.perf_counter(), list(product(SIZES, TRUTHS))
    found = joblib.Parallel(chosen.jobs)(joblib.delayed(setting)(t, *size, chosen.sets) for size, t in cells)
    lines = ["| | true AUC | " + " | ".join(METHODS) + " |", "|---|---|" + "---|" * len(METHODS)]
    for ((n1, n0), truth), missed in zip(cells, found, strict=True):
        texts = [f"{1 - m.sum():.3f} ({m[0]:.3f}, {m[1]:.3f})" for m in missed]
        lines.append(f"| {n1} v {n0} | {truth} | " + " | ".join(texts) + " |")
    table = "\n".join(lines)
    print(table, f"{time.perf_counter() - start:.0f} s with {chosen.jobs} jobs, {chosen.sets} cohorts each", sep="\n")
    if chosen.markdown:
        chosen.markdown.write_text(table + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
