"""What is asked of a fitted network, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from explain.faces import SIZE, fitted, pictures, with_masks
from neuroface.classifiers.face_htnet import htnet
from neuroface.classifiers.palsy_attention import REGIONS
from neuroface.errors import ConfigError
from neuroface.explain import maps

SIDES = ["", "left", "right", "left", "right", ""]
GRADES = ["1", "6", "6", "6", "6", "1"]


def test_maps_lie_over_the_picture_and_mirror_with_it():
    """Of a mirrored face the map is the mirrored map; of a symmetric one it is dark. In batches of 4 as in one."""
    shown = pictures(SIDES)
    model = fitted(shown, GRADES, micro_attention="mirror")
    light = maps.maps_of(model, shown).asymmetry
    assert light.shape == (6, SIZE, SIZE)
    assert light[0].max() == 0
    assert light[1].max() > 0
    assert maps.maps_of(model, shown[:, :, ::-1].copy()).asymmetry == pytest.approx(light[:, :, ::-1], abs=1e-6)
    assert maps.maps_of(model, shown[1:2]).asymmetry[0] == pytest.approx(light[1], abs=1e-6)


def test_regions_come_with_their_weights():
    X = with_masks(pictures(SIDES))
    told = maps.maps_of(fitted(X, GRADES, roi="mirror"), X)
    assert told.asymmetry is None
    assert told.roi_weight.shape == (6, len(REGIONS))
    assert told.roi[2] == pytest.approx(told[2].roi)
    shown, masks = maps.pictures_and_masks(X)
    assert np.array_equal(shown, pictures(SIDES))
    assert masks.shape == (6, len(REGIONS), SIZE, SIZE)


def test_a_network_is_given_no_masks_it_was_not_fitted_with():
    shown = pictures(SIDES)
    model = fitted(shown, GRADES, micro_attention="mirror")
    assert np.array_equal(maps.inputs_for(model, with_masks(shown)), shown)


@pytest.mark.parametrize(
    ("classifier", "message"),
    [
        (
            RandomForestClassifier(),
            "runs/x: RandomForestClassifier keeps no maps to draw. neuroface explain draws networks with "
            "forward_with_maps: HTNet with classifier.micro_attention=mirror or classifier.roi=mirror (or "
            "as_published). For other runs see neuroface report.",
        ),
        (
            htnet(),
            "runs/x: this HTNet has neither asymmetry maps nor regions to draw. Train one with "
            "classifier.micro_attention=mirror, classifier.roi=mirror, or both.",
        ),
    ],
)
def test_what_has_no_maps_is_refused(classifier, message):
    with pytest.raises(ConfigError) as raised:
        maps.check_classifier(classifier, where="runs/x")
    assert str(raised.value) == message
