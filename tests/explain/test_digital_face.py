from __future__ import annotations

import numpy as np
import pytest

from neuroface import face
from neuroface.explain import digital_face as faces
from neuroface.explain.digital_face import MOMENTS, Movement
from neuroface.synthesis.face_model import MUSCLES, NEUTRAL, pose_face
from neuroface.synthesis.head_shape import head_shape
from neuroface.types import Landmarks, Repetition

SMILE = MUSCLES.index("smile")


def smile(right: float, left: float) -> Movement:
    """Up and down again within a repetition."""
    up = np.sin(np.linspace(0, np.pi, MOMENTS))
    pulls = np.zeros((2, MOMENTS, len(MUSCLES)))
    pulls[0, :, SMILE], pulls[1, :, SMILE] = right * up, left * up
    return Movement(np.zeros(MOMENTS), *pulls)


def test_the_mean_of_a_mirrored_pair_is_symmetric():
    one = smile(8, 2)
    both = faces.mean_movement([one, one.mirrored()])
    points = both.points()
    top = faces.peak(points)
    assert top == MOMENTS // 2
    assert faces.asymmetry(points[top]).max() < 1e-9
    assert faces.asymmetry(one.points()[top])[face.MOUTH_CORNER_RIGHT] > 4


def test_exaggerated_movement_is_larger():
    at = MOMENTS // 2
    true, twice = smile(5, 5).points()[at], smile(5, 5).points(exaggerated=2)[at]
    np.testing.assert_allclose(twice - NEUTRAL, 2 * (true - NEUTRAL), atol=1e-9)


def test_repetitions_are_fitted_and_laid_over_each_other():
    up = np.concatenate([np.sin(np.linspace(0, np.pi, 30)), np.sin(np.linspace(0, np.pi, 50))])
    pulls = np.zeros((80, len(MUSCLES)))
    pulls[:, SMILE] = 6 * up
    points = pose_face(NEUTRAL, np.zeros(80), pulls, pulls * 0.5) + np.array([0, 0, 400])
    landmarks = Landmarks(points, np.arange(80) / 50, "camera")
    _, movement, frames = faces.fit_repetitions(landmarks, (Repetition(0, 30, 0), Repetition(30, 80, 1)))
    assert len(frames) == 2 * MOMENTS
    went = np.linalg.norm(movement.points()[MOMENTS // 2] - movement.points()[0], axis=1)
    assert went[face.MOUTH_CORNER_RIGHT] == pytest.approx(6, abs=0.5)
    assert went[face.MOUTH_CORNER_LEFT] == pytest.approx(3, abs=0.5)


def test_of_single_pictures_movement_is_what_they_show():
    """Not the nothing that happens within one frame."""
    pulls = np.zeros((3, len(MUSCLES)))
    pulls[:, SMILE] = 6.0
    points = pose_face(NEUTRAL, np.zeros(3), pulls, pulls) + np.array([0, 0, 400])
    landmarks = Landmarks(points, np.arange(3) / 2, "camera")
    _, movement, _ = faces.fit_repetitions(landmarks, [Repetition(k, k + 1, k) for k in range(3)])
    went = np.linalg.norm(movement.points() - NEUTRAL, axis=2)
    assert went[[0, -1]].max() < 1e-6
    assert faces.peak(movement.points()) == MOMENTS // 2
    assert went[MOMENTS // 2, face.MOUTH_CORNER_LEFT] == pytest.approx(6, abs=0.7)


def test_values_lie_where_their_landmarks_are():
    values = np.zeros(68)
    values[face.MOUTH_CORNER_LEFT] = 2.0
    over = faces.spread(values)
    assert over[face.MOUTH_CORNER_LEFT] == pytest.approx(2.0)
    assert over[face.MOUTH_CORNER_RIGHT] < 1e-6
    assert over.shape == (len(head_shape().layout),)


def test_a_picture_shows_the_persons_left_on_the_right_and_turns():
    vertices = faces.skin(NEUTRAL[None])[0]
    colors = np.tile([0.9, 0.8, 0.7], (len(vertices), 1))
    colors[vertices[:, 0] > 5] = [1.0, 0.0, 0.0]  # the person's left
    shown = faces.picture(vertices, colors).astype(int)
    red = (shown[..., 0] - shown[..., 1]) > 60
    columns = np.flatnonzero(red.any(axis=0))
    assert columns.min() > 0.48 * shown.shape[1]
    turned = faces.picture(vertices, colors, yaw_deg=40).astype(int)
    assert ((turned[..., 0] - turned[..., 1]) > 60).sum() != red.sum()
    assert (shown[0, 0] == 255).all()
