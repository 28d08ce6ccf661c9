from __future__ import annotations

import numpy as np

from checks import still_face
from neuroface import face


def test_a_mirror_of_a_mirror_is_the_landmark_itself():
    np.testing.assert_array_equal(face.MIRROR[face.MIRROR], np.arange(face.N_POINTS))


def test_a_symmetric_face_is_its_own_mirror_image():
    points = still_face()
    np.testing.assert_allclose(points[face.MIRROR] * [-1, 1, 1], points, atol=1e-12)


def test_landmarks_on_the_mid_line_are_their_own_mirror():
    # jaw 8, nose bridge 27-30, nose base 33, lips 51 57 62 66: the iBUG 68-point figure
    np.testing.assert_array_equal(np.flatnonzero(np.arange(68) == face.MIRROR), [8, 27, 28, 29, 30, 33, 51, 57, 62, 66])


def test_right_is_the_persons_own_and_has_the_smaller_x_in_an_unmirrored_image():
    x = still_face()[:, 0]
    assert x[face.MOUTH_CORNER_RIGHT] < x[face.MOUTH_CORNER_LEFT]
    assert x[face.CANTHUS_RIGHT_OUTER] < x[face.CANTHUS_RIGHT_INNER] < x[face.CANTHUS_LEFT_INNER]
    assert x[face.BROW_RIGHT].max() < x[face.BROW_LEFT].min()
    assert x[face.JAW_RIGHT_END] < x[face.CHIN] < x[face.JAW_LEFT_END]


def test_named_pairs_are_mirror_pairs():
    for right, left in (
        (face.JAW_RIGHT_END, face.JAW_LEFT_END),
        (face.CANTHUS_RIGHT_OUTER, face.CANTHUS_LEFT_OUTER),
        (face.CANTHUS_RIGHT_INNER, face.CANTHUS_LEFT_INNER),
        (face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT),
    ):
        assert face.MIRROR[right] == left
    assert set(face.MIRROR[face.MOUTH_RIGHT_HALF]) == set(face.MOUTH_LEFT_HALF)
    assert set(face.MIRROR[face.EYE_RIGHT]) == set(face.EYE_LEFT)
    assert {tuple(face.MIRROR[list(pair)]) for pair in face.EYELIDS_RIGHT} == set(face.EYELIDS_LEFT)
    assert set(face.MIRROR[face.RIGID]) == set(face.RIGID)


def test_regions_share_no_landmark_and_cover_the_face():
    together = np.concatenate(list(face.REGIONS.values()))
    np.testing.assert_array_equal(np.sort(together), np.arange(face.N_POINTS))
    np.testing.assert_array_equal(np.setdiff1d(np.arange(68), face.JAW), face.WITHOUT_JAW)


def test_mouth_halves_share_the_middle_of_the_lips_and_nothing_else():
    shared = set(face.MOUTH_RIGHT_HALF) & set(face.MOUTH_LEFT_HALF)
    assert shared == {face.LIP_TOP_OUTER, face.LIP_BOTTOM_OUTER}
    assert set(face.MOUTH_RIGHT_HALF) | set(face.MOUTH_LEFT_HALF) == set(face.MOUTH_OUTER)
