from __future__ import annotations

import hashlib

from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from neuroface.evaluate.seeds import derive_seed, seeded


def test_a_seed_is_the_first_four_bytes_of_the_hash():
    assert derive_seed(7, "S01") == int(hashlib.sha256(b"7\x1fS01").hexdigest()[:8], 16)
    assert derive_seed("a", "bc") != derive_seed("ab", "c")


def test_every_random_state_is_set_on_a_copy():
    pipeline = Pipeline([("pca", PCA()), ("forest", RandomForestClassifier())])
    copy = seeded(pipeline, 3)
    assert copy.get_params()["pca__random_state"] == derive_seed(3, "pca__random_state")
    assert copy.get_params()["forest__random_state"] == derive_seed(3, "forest__random_state")
    assert pipeline.get_params()["forest__random_state"] is None
