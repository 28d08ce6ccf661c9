"""An eye that closes with the smile, and one that does not."""

from __future__ import annotations

import numpy as np
import pytest

from checks import still_face, times
from neuroface import face
from neuroface.features.synkinesis import eye_closure_difference, eye_closure_in_smile
from neuroface.types import Landmarks


def smile(*, closes_left: float, closes_right: float) -> Landmarks:
    """A smile held for half the time, in which the lids close by a share of their opening."""
    drawn = np.r_[np.zeros(20), np.linspace(0, 1, 10), np.ones(30)]
    points = np.tile(still_face(), (len(drawn), 1, 1))
    points[:, face.MOUTH_CORNER_LEFT, 0] += 8 * drawn
    points[:, face.MOUTH_CORNER_RIGHT, 0] -= 8 * drawn
    for lids, share in ((face.EYELIDS_LEFT, closes_left), (face.EYELIDS_RIGHT, closes_right)):
        for upper, lower in lids:
            middle = (points[:, upper] + points[:, lower]) / 2
            for lid in (upper, lower):
                points[:, lid] += (drawn * share)[:, None] * (middle - points[:, lid])
    return Landmarks(points, times(len(points)), "head")


def test_the_eye_that_closes_more_is_told_and_how_unlike_the_two_are():
    one_sided = smile(closes_left=0.6, closes_right=0.1)
    assert eye_closure_in_smile(one_sided) == {"synkinesis.eye_closure_in_smile": pytest.approx(0.6)}
    assert eye_closure_difference(one_sided) == {"synkinesis.eye_closure_difference": pytest.approx(0.5)}
    both = smile(closes_left=0.3, closes_right=0.3)
    assert eye_closure_difference(both) == {"synkinesis.eye_closure_difference": pytest.approx(0, abs=1e-12)}


def test_without_a_smile_there_is_nothing_to_move_along():
    still = smile(closes_left=0.0, closes_right=0.0)
    still = Landmarks(np.tile(still.points[:1], (20, 1, 1)), times(20), "head")
    assert np.isnan(eye_closure_in_smile(still)["synkinesis.eye_closure_in_smile"])
