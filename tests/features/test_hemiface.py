"""Halves of a face that differ by a known amount."""

from __future__ import annotations

import numpy as np
import pytest

from checks import still_face, times
from neuroface import face
from neuroface.features import hemiface
from neuroface.types import Landmarks


def still(points: np.ndarray) -> Landmarks:
    return Landmarks(np.tile(points, (5, 1, 1)), times(5), "head")


def test_a_symmetric_face_scores_a_hundred_and_is_its_own_mirror_image():
    symmetric = still(still_face())
    assert hemiface.symmetry_score(symmetric) == {"hemiface.symmetry_score_percent": pytest.approx(100)}
    assert hemiface.asymmetry_index(symmetric) == {"hemiface.asymmetry_index": pytest.approx(0, abs=1e-12)}
    assert hemiface.distance(symmetric) == {"hemiface.distance": pytest.approx(0, abs=1e-12)}


def test_a_corner_that_hangs_makes_the_index_by_arithmetic():
    points = still_face()
    canthus, corner = points[face.CANTHUS_LEFT_INNER], points[face.MOUTH_CORNER_LEFT]
    way = corner - canthus
    points[face.MOUTH_CORNER_LEFT] = canthus + way * 1.1
    assert hemiface.asymmetry_index(still(points)) == {"hemiface.asymmetry_index": pytest.approx(0.1 / 1.05)}


def test_one_point_moved_lies_twice_as_far_from_its_mirror_image():
    points = still_face()
    points[face.MOUTH_CORNER_LEFT, 1] += 6.0
    found = hemiface.distance(still(points))["hemiface.distance"]
    eyes = 2 * points[face.CANTHUS_LEFT_OUTER, 0]
    # the point is 6 mm from its mirror image and so is the other one; the fit takes off at most a little of it
    assert 0.85 * np.sqrt(2 * 6**2 / 51) / eyes < found <= np.sqrt(2 * 6**2 / 51) / eyes


def test_the_score_is_the_mean_of_four_ratios():
    points = still_face()
    for upper, lower in face.EYELIDS_LEFT:  # an eye half as open
        middle = (points[upper] + points[lower]) / 2
        points[upper], points[lower] = (points[upper] + middle) / 2, (points[lower] + middle) / 2
    assert hemiface.symmetry_score(still(points)) == {
        "hemiface.symmetry_score_percent": pytest.approx(100 * (0.5 + 3) / 4)
    }
