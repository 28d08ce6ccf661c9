"""What is asked of a fitted network, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier

from neuroface.classifiers.face_htnet import htnet
from neuroface.classifiers.palsy_attention import REGIONS
from neuroface.errors import ConfigError
from neuroface.explain import asymmetry, maps

from .faces import SIZE, fitted, pictures, with_masks

SIDES = ["", "left", "right", "left", "right", ""]
GRADES = ["1", "6", "6", "6", "6", "1"]
CHEEK = {"left": np.s_[14:22, 17:24], "right": np.s_[14:22, 4:11]}  # where faces.pictures darkens


def told(model, X: np.ndarray, *, tiles: int = 0) -> maps.Maps:
    return maps.maps_of(model, X, ["1", "6"], tiles=tiles)


class Darkness(ClassifierMixin, BaseEstimator):
    """Grade 6 by the share of dark pixels: 1 where a whole cheek, 56 of 784 pixels, is dark."""

    def __init__(self) -> None:
        self.classes_ = np.array(["1", "6"])

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        p = (X[..., 0] < 50).mean(axis=(1, 2)) * 784 / 56
        return np.stack([1 - p, p], axis=1)


def test_exchange_says_where_the_class_comes_from():
    """A grader by dark pixels: each tile gives as many steps of class as the share of the dark cheek in it, so the map
    adds up to one step over the tiles, lies on the affected side only, and mirrors with the picture."""
    shown = pictures(SIDES)
    light = maps.exchanged(Darkness(), shown, ["1", "6"], tiles=4)  # tiles of 7 x 7 px
    assert light[0].max() == 0
    for i, side in enumerate(SIDES):
        if side:
            assert light[i].sum() / 49 == pytest.approx(1)
            assert light[i][CHEEK[side]].min() > 0
            assert asymmetry.lean(light[i : i + 1])[0] == (1 if side == "left" else -1)
    assert maps.exchanged(Darkness(), shown[:, :, ::-1], ["1", "6"], tiles=4) == pytest.approx(light[:, :, ::-1])


def test_exchange_follows_the_given_order_of_classes():
    """With the classes the other way round, what heals a face raises its class: the other side lights up."""
    light = maps.exchanged(Darkness(), pictures(SIDES), ["6", "1"], tiles=4)
    assert asymmetry.lean(light).tolist() == [0, -1, 1, -1, 1, 0]


def test_tiles_lie_opposite_each_other_and_change_nothing_they_should_not():
    """In a picture of odd width the middle column has no opposite and stays dark."""
    shown = np.full((1, 9, 9, 3), 200, np.uint8)
    shown[0, :, 0] = 10
    light = maps.exchanged(Darkness(), shown, ["1", "6"], tiles=2)
    assert (light[0, :, :4] > 0).sum() == 2 * 4 * 4
    assert light[0, :, 4:].max() == 0


def test_any_network_on_pictures_can_be_asked():
    """Without maps of its own, too; the fitted classifier stays as it was."""
    shown = pictures(SIDES)
    model = fitted(shown, GRADES)
    before = model.predict_proba(shown)
    found = told(model, shown, tiles=4)
    assert (found.asymmetry, found.roi) == (None, None)
    assert found.exchange.shape == (6, SIZE, SIZE)
    assert found.exchange[0].max() == pytest.approx(0, abs=1e-6)  # a symmetric face has nothing to exchange
    assert np.array_equal(model.predict_proba(shown), before)


def test_maps_lie_over_the_picture_and_mirror_with_it():
    """Of a mirrored face the map is the mirrored map; of a symmetric one it is dark. In batches of 4 as in one."""
    shown = pictures(SIDES)
    model = fitted(shown, GRADES, micro_attention="mirror")
    light = told(model, shown).asymmetry
    assert light.shape == (6, SIZE, SIZE)
    assert light[0].max() == 0
    assert light[1].max() > 0
    assert told(model, shown[:, :, ::-1].copy()).asymmetry == pytest.approx(light[:, :, ::-1], abs=1e-6)
    assert told(model, shown[1:2]).asymmetry[0] == pytest.approx(light[1], abs=1e-6)


def test_regions_come_with_their_weights():
    X = with_masks(pictures(SIDES))
    found = told(fitted(X, GRADES, roi="mirror"), X)
    assert found.asymmetry is None
    assert found.exchange is None
    assert found.roi_weight.shape == (6, len(REGIONS))
    assert np.array_equal(found.roi[2], found[2].roi)
    shown, masks = maps.pictures_and_masks(X)
    assert np.array_equal(shown, pictures(SIDES))
    assert masks.shape == (6, len(REGIONS), SIZE, SIZE)


def test_a_network_is_given_no_masks_it_was_not_fitted_with():
    shown = pictures(SIDES)
    model = fitted(shown, GRADES, micro_attention="mirror")
    assert np.array_equal(maps.inputs_for(model, with_masks(shown)), shown)


@pytest.mark.parametrize(
    ("classifier", "view", "named"),
    [
        (RandomForestClassifier(), "table", "RandomForestClassifier on table"),
        (htnet(), "flow", "TorchClassifier on flow"),
    ],
)
def test_what_has_no_face_to_draw_on_is_refused(classifier, view, named):
    with pytest.raises(ConfigError) as raised:
        maps.check_classifier(classifier, view, where="runs/x")
    assert str(raised.value) == (
        f"runs/x: {named} is nothing to draw maps of. neuroface explain draws networks on pictures and clips of faces, "
        "such as classifier=htnet_palsy or c3d; map=keypoints asks networks on series; of other runs see neuroface "
        "report."
    )
