from __future__ import annotations

import gc
import weakref

import numpy as np

from checks import flat, wild_face
from neuroface import face, geometry
from neuroface.features.kinematics import Kinematics, kinematics


def test_signals_are_those_of_geometry():
    for landmarks in (wild_face(0), flat(wild_face(0))):
        mouth, points = Kinematics(landmarks), landmarks.points
        np.testing.assert_allclose(mouth.opening, geometry.distance(points, face.LIP_TOP_OUTER, face.LIP_BOTTOM_OUTER))
        np.testing.assert_allclose(
            mouth.inner_opening, geometry.distance(points, face.LIP_TOP_INNER, face.LIP_BOTTOM_INNER)
        )
        np.testing.assert_allclose(mouth.half_areas, geometry.mouth_half_areas(points))
        np.testing.assert_array_equal(mouth.position(face.NOSE_BASE), points[:, face.NOSE_BASE])


def test_the_same_landmarks_share_their_signals_and_a_slice_has_its_own():
    landmarks = wild_face(0)
    assert kinematics(landmarks) is kinematics(landmarks)
    assert len(kinematics(landmarks[5:15]).width) == 10


def test_signals_die_with_their_landmarks():
    landmarks = wild_face(0)
    signals = weakref.ref(kinematics(landmarks))
    del landmarks
    gc.collect()
    assert signals() is None
