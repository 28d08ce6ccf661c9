"""How often a permutation null that stops when it is decided finds what is not there, and how much it draws. Seeded.

    python scripts/stopping.py [--nulls 2000]

A null: the observed score and 999 permutations are alike, so each permutation reaches it with a chance that is itself
uniform over such data sets. A clear effect: hardly any permutation reaches it.
"""

from __future__ import annotations

import argparse

import numpy as np

from neuroface.evaluate.betting import LEVEL, LOOKS, MOST, anytime_p, settled


def stopped(chance: float, rng: np.random.Generator) -> tuple[int, float, bool]:
    """How many permutations were drawn, their p, and whether all 999 would have found something at the level."""
    hits = rng.random(MOST) < chance
    drawn = next((n for n in LOOKS if settled(hits[:n])), MOST)
    return drawn, anytime_p(hits[:drawn]), bool((1 + hits.sum()) / (1 + MOST) <= LEVEL)


def told(what: str, chances: np.ndarray, rng: np.random.Generator) -> None:
    drawn, p, found = (np.array(column) for column in zip(*(stopped(chance, rng) for chance in chances), strict=True))
    levels = "  ".join(f"p <= {level:g}: {np.mean(p <= level):.4f}" for level in (0.05, 0.1, 0.2, 0.5))
    print(f"{what:34} {drawn.mean():6.1f} permutations on average (median {np.median(drawn):.0f})   {levels}")
    print(f"{'':34} the same verdict as all {MOST} in {np.mean((p <= LEVEL) == found):.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nulls", type=int, default=2000, help="simulated nulls")
    n, rng = parser.parse_args().nulls, np.random.default_rng(0)
    told(f"{n} nulls", rng.random(n), rng)
    told("a clear effect, true p .0005", np.full(n // 4, 0.0005), rng)
    told("an effect, true p .01", np.full(n // 4, 0.01), rng)


if __name__ == "__main__":
    main()
