"""Pairs of people of two classes who are alike in covariates; who has no partner is left out of the question.

Whom a question is about is chosen by class and covariates of everybody before anything is learnt. No feature is looked
at, so nothing of what is judged can leak into the choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.covariates import chance_of_class, matrix, refuse_labels, refuse_many, refuse_unknown
from neuroface.types import Samples

CALIPER = 0.2  # standard deviations of the logit of the propensity (Austin, Pharmaceutical Statistics 2011; 10:150)
FEWEST = 4  # pairs; with fewer no question is left


def matched(
    samples: Samples, people: Mapping[str, Mapping[str, Any]], names: Sequence[str], classes: Sequence[str]
) -> tuple[Samples, list[dict[str, str]]]:
    """The samples of matched people, and who was left out and why.

    As many pairs as the caliper allows, of these the nearest in the logit of the propensity (ridge logistic regression
    of the class on the covariates). people: subject -> facts. classes: two.
    Errors: ConfigError for other than two classes, or covariates that are not known, too many, or the class; DataError
    for somebody of two classes and for fewer than FEWEST pairs.
    """
    subject, y = np.asarray(samples.subject).astype(str), np.asarray(samples.y).astype(str)
    everybody, first = np.unique(subject, return_index=True)
    label = y[first]
    if len(classes) != 2 or len(set(zip(subject.tolist(), y.tolist(), strict=True))) != len(everybody):
        raise ConfigError("protocol.match pairs people of two classes, and everybody must be of one of them.")
    facts = [people.get(name, {}) for name in everybody]
    refuse_unknown(facts, names, key="protocol.match")
    refuse_labels(facts, names, label)
    refuse_many(facts, names)
    C, _ = matrix(facts, names)
    kept = pairs(C, label == classes[1])
    who = {str(everybody[i]) for pair in kept for i in pair}
    if len(kept) < FEWEST:
        raise DataError(
            f"protocol.match: {len(kept)} pairs of {classes[0]} and {classes[1]} are alike in {', '.join(names)}; at "
            f"least {FEWEST} are needed. The groups hardly overlap: name fewer covariates, or protocol.residualise."
        )
    why = f"nobody of the other class is left who is alike in {', '.join(names)} (protocol.match)"
    left_out = [{"what": str(name), "why": why} for name in everybody if str(name) not in who]
    return samples[np.isin(subject, sorted(who))], left_out


def pairs(C: np.ndarray, positive: np.ndarray) -> list[tuple[int, int]]:
    """Positions (of the first class, of the second) of people who are alike. C: (n, k) covariates; positive: (n,)."""
    from scipy.optimize import linear_sum_assignment

    a, b = np.flatnonzero(~positive), np.flatnonzero(positive)
    if not C.shape[1]:  # all alike
        return list(zip(a.tolist(), b.tolist(), strict=False))
    chance = chance_of_class(C, positive)
    logit = np.log(chance / (1 - chance))
    spread = np.sqrt((logit[a].var(ddof=1) + logit[b].var(ddof=1)) / 2) if min(len(a), len(b)) > 1 else 0.0
    distance = np.abs(logit[a][:, None] - logit[b])
    near = distance <= max(CALIPER * spread, 1e-9)
    # One pair more is worth any distance, so that as many pairs are made as there can be.
    cost = np.where(near, distance, (1 + distance[near].sum() if near.any() else 1.0))
    return [(int(a[i]), int(b[j])) for i, j in zip(*linear_sum_assignment(cost), strict=True) if near[i, j]]
