"""A permutation test that may stop when it is decided: a p that is valid whenever one looks.

Under the null the observed score has any rank among itself and the permutations with the same probability, so that the
next one reaches it with probability (1 + hits) / (2 + drawn). Whoever bets on fewer hits and multiplies the stake by
1 / u has evidence against the null at level u (Fischer & Ramdas, Sequential Monte-Carlo testing by betting, arXiv
2401.07365). The bet here is spread evenly over all p below BOLDNESS * u; after `drawn` permutations with `hits` the
stake has become

    P(Beta(hits + 1, drawn - hits + 1) < BOLDNESS * u) / (BOLDNESS * u)

which is 1 / u where BOLDNESS * u is the BOLDNESS-quantile of that Beta. By Ville's inequality it ever gets there with
probability u at most, so that the smallest such u so far is a p value at any time, however the stop was chosen.
"""

from __future__ import annotations

import functools

import numpy as np

MOST = 999
LEVEL = 0.05
# Between 0 and 1: how much of the level an endless run would use for sure. A bolder bet needs more permutations without
# a hit; scripts/stopping.py has what this one holds: false alarms at .05 in .04 to .05 of nulls.
BOLDNESS = 0.8
FEWEST = 99  # permutations before a small p may end it, so that it can be .02
FEWEST_HITS = (
    10  # hits before a large p may end it: its first digit is known (Besag & Clifford, Biometrika 1991; 78:301)
)
UNLIKELY = 0.01  # chance that p is below the level, at which that is given up
LOOKS = (*range(19, 100, 10), *range(149, MOST, 50), MOST)  # after how many permutations it may end


def anytime_p(hits: np.ndarray) -> float:
    """p of permutations in the order in which they were drawn; hits: (n,) bool, which reached the observed score."""
    if not len(hits):
        return 1.0
    drawn, reached = np.arange(1, len(hits) + 1), np.cumsum(hits)
    return float(min(1.0, _quantiles(tuple(reached.tolist()), tuple(drawn.tolist())).min() / BOLDNESS))


def settled(hits: np.ndarray) -> bool:
    """Whether more permutations would hardly change the verdict at LEVEL nor the first digit of p."""
    from scipy.stats import beta

    drawn, reached = len(hits), int(np.count_nonzero(hits))
    if anytime_p(hits) <= LEVEL:
        return drawn >= FEWEST
    return reached >= FEWEST_HITS and bool(beta.cdf(LEVEL, reached + 1, drawn - reached + 1) <= UNLIKELY)


@functools.lru_cache(maxsize=64)
def _quantiles(reached: tuple[int, ...], drawn: tuple[int, ...]) -> np.ndarray:
    from scipy.stats import beta

    hits, n = np.array(reached), np.array(drawn)
    return np.asarray(beta.ppf(BOLDNESS, hits + 1, n - hits + 1))
