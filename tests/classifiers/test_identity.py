"""A backbone that learns who is who on made-up people, and the file of its weights."""

from __future__ import annotations

import numpy as np
import pytest

from neuroface.classifiers import local_weights
from neuroface.classifiers.backbones import Backbone
from neuroface.classifiers.embedding import of_weights
from neuroface.classifiers.identity import IdentityPretraining
from neuroface.classifiers.region_ensemble import region_ensemble
from neuroface.classifiers.scn import scn
from neuroface.errors import DataError

SIZE, KEYS = 16, {"width": 4, "scale": 16.0, "size": 16, "batch_size": 16, "learning_rate": 5e-3}


def people(n, pictures=6, seed=0):
    """Pictures (n * pictures, 16, 16, 3): everybody's own coarse pattern, under light that changes more."""
    rng = np.random.default_rng(seed)
    own = np.kron(rng.uniform(-20, 20, (n, 4, 4, 3)), np.ones((4, 4, 1)))
    light = rng.uniform(60, 190, (n, pictures, 1, 1, 1)) + rng.normal(0, 6, (n, pictures, SIZE, SIZE, 3))
    X = np.clip(own[:, None] + light, 0, 255).astype(np.uint8).reshape(-1, SIZE, SIZE, 3)
    return X, np.repeat([f"P{i:02d}" for i in range(n)], pictures)


@pytest.fixture(scope="module")
def fitted():
    return IdentityPretraining(epochs=12, unseen=0.3, **KEYS).fit(*people(30))


def test_people_it_never_saw_are_told_apart_better_than_before(fitted):
    assert not set(fitted.unseen_) & set(fitted.people_)
    assert len(fitted.unseen_) == 9
    assert fitted.verification_["auc_ci"][0] > fitted.before_["auc_ci"][1]
    assert fitted.verification_["auc"] > 0.9


def test_the_file_gives_the_same_vectors_and_says_whom_it_has_seen(fitted, tmp_path):
    file = tmp_path / "weights.safetensors"
    file.write_bytes(fitted.saved())
    X, _ = people(3, seed=5)
    embedder = of_weights(file, backbone="small", size=SIZE, device="cpu")
    np.testing.assert_allclose(embedder.vectors(X), fitted.vectors(X), rtol=1e-3, atol=1e-3)
    assert embedder.people == local_weights.people_of(file) == set(fitted.people_)
    Backbone((SIZE, SIZE, 3), kind="small", width=4, weights=file)
    with pytest.raises(DataError, match="holds weights of another network"):
        Backbone((SIZE, SIZE, 3), kind="small", width=8, weights=file)


def test_who_was_seen_travels_with_whatever_starts_from_the_weights(fitted, tmp_path):
    file = tmp_path / "weights.safetensors"
    file.write_bytes(fitted.saved())
    for make in (scn, region_ensemble):
        assert make(weights=file, width=4).fitted_on == set(fitted.people_)
    X, y = people(4, seed=3)
    model = scn(weights=file, width=4, epochs=1, epoch_selection="last", device="cpu").fit(X, y, groups=y)
    assert set(model.people_) == {*fitted.people_, *y}  # and with what starts from this one
    kept = tmp_path / "model.safetensors"
    kept.write_bytes(model.saved()[1])
    assert scn(start_from=kept, width=4).fitted_on == {*fitted.people_, *y}
    again = IdentityPretraining(weights=file, epochs=1, **KEYS).fit(*people(8, seed=4))
    assert set(fitted.people_) <= set(again.model.fitted_on)


@pytest.mark.parametrize(
    ("X_y", "told"),
    [
        (people(1, 8), "1 of 1 people have two pictures or more; pretrain=identity needs 5 at least"),
        (people(9, 1), "0 of 9 people have two pictures or more"),
    ],
    ids=["one identity", "one picture each"],
)
def test_who_cannot_be_told_apart_is_told(X_y, told):
    with pytest.raises(DataError, match=told):
        IdentityPretraining(epochs=1, **KEYS).fit(*X_y)
