"""Notes of the audit on vectors that several networks made."""

from __future__ import annotations

import numpy as np

from neuroface.evaluate.audit import audit
from neuroface.evaluate.splits import Loso, make_folds
from neuroface.types import Samples

WHO, Y = np.array([f"p{i}" for i in range(6)]), np.array(list("abbaab"))


def notes(fitted_on, names):
    X = np.random.default_rng(0).standard_normal((6, 2))
    meta = {"sample": WHO, "group": Y, "task": np.full(6, "still"), "repetition": np.zeros(6, int)}
    samples = Samples(X=X, y=Y, subject=WHO, meta=meta, view="table", feature_names=names, fitted_on=fitted_on)
    return audit(samples, make_folds(Loso(), X, Y, WHO))["notes"]


def test_vectors_of_several_networks_are_told_to_have_no_axis_in_common():
    several = tuple(frozenset({"x"} if i < 3 else {"z"}) for i in range(6))
    vectors = ("embedding.v000", "embedding.v001")
    told = (
        "embedding.v000 and 1 more columns are vectors of 2 networks, which have no axis in common: nothing can be "
        "learnt from them together; name one file by features.embedding.vector.weights"
    )
    assert told in notes(several, vectors)
    assert told not in notes((frozenset({"x"}),) * 6, vectors)
    assert not any("networks" in note for note in notes(several, ("rom.a_mm", "rom.b_mm")))
