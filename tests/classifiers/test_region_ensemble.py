from __future__ import annotations

import numpy as np
import pytest
import torch

from neuroface.classifiers.load_network import load
from neuroface.classifiers.region_ensemble import RegionEnsemble, region_ensemble
from neuroface.contracts import check_classifier
from neuroface.errors import ConfigError, DataError
from neuroface.types import Parts
from neuroface.views.regions import Regions

PEOPLE, EACH, SIZE = 12, 4, 16
KEYS = {"width": 2, "dropout": 0.0, "max_epochs": 12, "batch_size": 16, "learning_rate": 1e-2, "device": "cpu"}


def regions(seed=0):
    """Pictures of eyes and mouth of 12 people; the class is how bright the upper half of the mouth is."""
    rng = np.random.default_rng(seed)
    groups = np.repeat([f"p{i:02d}" for i in range(PEOPLE)], EACH)
    y = np.repeat(np.array(["a", "b"])[np.arange(PEOPLE) % 2], EACH)
    eyes, mouth = rng.integers(90, 160, (2, len(y), SIZE, SIZE, 3))
    mouth[:, : SIZE // 2] += (40 * (y == "b"))[:, None, None, None]
    return Parts({"mouth": mouth.astype(np.uint8), "eyes": eyes.astype(np.uint8)}), y, groups


X, Y, GROUPS = regions()


def without(X, region, rows):
    arrays = {name: array.copy() for name, array in X.arrays.items()}
    arrays[region][rows] = 0
    return Parts(arrays)


@pytest.fixture(scope="module")
def model():
    return region_ensemble(**KEYS, epoch_selection="last").fit(X, Y, GROUPS)


def test_it_says_the_mean_of_its_regions(model):
    parts = model.predict_parts(X)
    assert list(parts) == ["eyes", "mouth"] == list(model.parts_of(X))
    mean = sum(parts.values()) / 2
    assert model.predict_proba(X) == pytest.approx(mean, abs=1e-12)


def test_the_region_that_knows_is_the_one_that_is_right(model):
    right = {name: (p.argmax(axis=1) == (Y == "b")).mean() for name, p in model.predict_parts(X).items()}
    assert right["mouth"] > 0.9


def test_a_missing_region_changes_nothing_but_the_mean(model):
    rows = np.arange(5)
    parts, gone = model.predict_parts(X), model.predict_parts(without(X, "eyes", rows))
    assert np.isnan(gone["eyes"][rows]).all()
    assert gone["eyes"][5:] == pytest.approx(parts["eyes"][5:])
    assert gone["mouth"] == pytest.approx(parts["mouth"], abs=1e-6)
    p = model.predict_proba(without(X, "eyes", rows))
    assert p[rows] == pytest.approx(parts["mouth"][rows], abs=1e-6)


def test_nothing_is_learnt_from_pictures_that_are_missing():
    """Half of the mouths are missing: they teach that network nothing, nor shift how pictures are scaled."""
    rows = np.flatnonzero(GROUPS < "p06")
    model = region_ensemble(**KEYS, epoch_selection="last").fit(without(X, "mouth", rows), Y, GROUPS)
    seen = X.arrays["mouth"][GROUPS >= "p06"].reshape(-1, 3).astype(float)
    assert model.inputs_.parts["mouth"].centre == pytest.approx(seen.mean(axis=0))
    assert model.inputs_.parts["mouth"].scale == pytest.approx(seen.std(axis=0))
    assert model.network_.known.all()


def test_a_region_that_nobody_showed_in_training_is_not_used():
    model = region_ensemble(**KEYS, epoch_selection="last").fit(without(X, "eyes", slice(None)), Y, GROUPS)
    assert model.network_.known.tolist() == [False, True]
    assert np.isnan(model.predict_parts(X)["eyes"]).all()
    assert model.predict_proba(X) == pytest.approx(model.predict_parts(X)["mouth"])
    only_eyes = without(X, "mouth", slice(None))
    assert model.predict_proba(only_eyes) == pytest.approx(0.5)


def test_skill_of_people_held_out_weighs_the_regions():
    model = region_ensemble(**KEYS, average="skill", inner_share=0.4).fit(X, Y, GROUPS)
    w = model.network_.log_weight.exp()
    assert w.sum() == pytest.approx(1, abs=1e-6)
    assert w[1] > w[0]  # eyes, mouth
    parts = model.predict_parts(X)
    mean = float(w[0]) * parts["eyes"] + float(w[1]) * parts["mouth"]
    assert model.predict_proba(X) == pytest.approx(mean, abs=1e-6)
    assert model.held_out_[1] == pytest.approx(model.predict_proba(X)[model.held_out_[0]], abs=1e-6)


def test_it_is_read_again_with_its_regions_where_they_were(model, tmp_path):
    ending, content = model.saved()
    file = tmp_path / f"m.{ending}"
    file.write_bytes(content)
    again = load(file, device="cpu")
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
    assert np.array_equal(again.predict_parts(X)["mouth"], model.predict_parts(X)["mouth"])


def test_a_frozen_backbone_stays_as_it_is(tmp_path):
    start = region_ensemble(**KEYS, epoch_selection="last").fit(X, Y, GROUPS)
    file = tmp_path / "start.safetensors"
    file.write_bytes(start.saved()[1])
    model = region_ensemble(**KEYS, epoch_selection="last", frozen=True, start_from=file).fit(X, Y[::-1].copy(), GROUPS)
    before, after = start.network_.state_dict(), model.network_.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before if name.startswith("backbones."))
    assert not torch.equal(before["heads.mouth.weight"], after["heads.mouth.weight"])


def test_rare_classes_weigh_as_much_as_frequent_ones():
    """13 to 1: by weights that people and classes get in every fold, the rare class is not forgotten."""
    rare = np.flatnonzero((Y == "a") | (GROUPS == "p01"))
    weights = np.where(Y[rare] == "b", 6.0, 1.0)
    model = region_ensemble(**KEYS, epoch_selection="last")
    model.fit(X[rare], Y[rare], GROUPS[rare], sample_weight=weights)
    assert (model.predict(X[rare])[Y[rare] == "b"] == "b").mean() > 0.7


def test_it_keeps_the_contract_at_a_small_size():
    view = Regions(size=16, regions=["eyes", "mouth"])
    assert check_classifier(region_ensemble(**{**KEYS, "max_epochs": 20}), view) == []


@pytest.mark.parametrize(
    ("keys", "error", "message"),
    [
        ({"average": "best"}, ConfigError, "classifier.average is 'best'."),
        ({"average": "skill", "epoch_selection": "last"}, ConfigError, "average=skill learns from people held out"),
        ({"frozen": True}, ConfigError, "classifier.frozen=true keeps weights as they are; name them"),
        ({"side_weight": 1.0}, ConfigError, "classifier.side_weight is 1.0; with this loss it must be 0"),
        ({"backbone": "vgg16"}, DataError, "vgg16 needs pictures of 32 px, these are 16; set view.size"),
    ],
)
def test_what_cannot_be_is_refused(keys, error, message):
    with pytest.raises(error, match=message):
        region_ensemble(**{**KEYS, **keys}).fit(X, Y, GROUPS)


def test_a_view_without_parts_is_refused():
    with pytest.raises(DataError, match="region_ensemble looks at regions"):
        RegionEnsemble((SIZE, SIZE, 3), 2)
