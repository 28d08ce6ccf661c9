from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.covariates import chance_of_class
from neuroface.evaluate.matching import CALIPER, matched, pairs

from .people import cohort


def ages(samples, of_class):
    """Facts of everybody: HC are 50, 51, ...; the others begin at of_class."""
    people = dict.fromkeys(samples.subject.tolist())
    count = {"HC": 50.0, "ALS": float(of_class)}
    facts = {}
    for name in people:
        group = name.rstrip("0123456789")
        facts[name] = {"age": count[group], "sex": "F"}
        count[group] += 1
    return facts


def test_those_without_a_partner_are_left_out_and_named():
    samples = cohort({"HC": 12, "ALS": 12})
    people = ages(samples, 56)  # 56 to 61 are in both
    found, left_out = matched(samples, people, ["age"], ("HC", "ALS"))
    kept = set(found.subject)
    assert len({name for name in kept if name.startswith("HC")}) == len({n for n in kept if n.startswith("ALS")}) >= 4
    assert {entry["what"] for entry in left_out} == set(samples.subject) - kept
    assert "alike in age" in left_out[0]["why"]

    def difference(names):
        age = {group: np.mean([people[n]["age"] for n in names if n.startswith(group)]) for group in ("HC", "ALS")}
        return abs(age["ALS"] - age["HC"])

    assert difference(kept) < 1
    assert difference(set(samples.subject)) == 6


@pytest.mark.parametrize("seed", range(5))
def test_as_many_pairs_as_there_can_be(seed):
    rng = np.random.default_rng(seed)
    positive = np.repeat([False, True], 15)
    C = rng.normal(size=(30, 1)) + 1.5 * positive[:, None]
    chance = chance_of_class(C, positive)
    logit = np.log(chance / (1 - chance))
    spread = np.sqrt((logit[positive].var(ddof=1) + logit[~positive].var(ddof=1)) / 2)
    near = np.abs(logit[~positive][:, None] - logit[positive]) <= CALIPER * spread
    found = pairs(C, positive)
    assert len(found) == (maximum_bipartite_matching(csr_matrix(near)) >= 0).sum()
    assert len({i for pair in found for i in pair}) == 2 * len(found)
    assert all(near[a, b - 15] for a, b in found)


def test_no_feature_is_looked_at():
    samples = cohort({"HC": 12, "ALS": 12})
    people = ages(samples, 56)
    other = cohort({"HC": 12, "ALS": 12}, shift=9, seed=5)
    first, second = (set(matched(s, people, ["age"], ("HC", "ALS"))[0].subject) for s in (samples, other))
    assert first == second


def test_groups_that_do_not_overlap():
    samples = cohort({"HC": 8, "ALS": 8})
    with pytest.raises(DataError, match=r"protocol.match: 0 pairs of HC and ALS are alike in age; at least 4"):
        matched(samples, ages(samples, 90), ["age"], ("HC", "ALS"))


def test_only_two_classes_can_be_paired():
    samples = cohort({"HC": 4, "ALS": 4, "PS": 4})
    with pytest.raises(ConfigError, match="pairs people of two classes"):
        matched(samples, {}, ["age"], ("HC", "ALS", "PS"))
