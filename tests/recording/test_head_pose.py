"""Head pose: turns that were put in come out, from mm and from pixels, of the mean head and of another one."""

from __future__ import annotations

import numpy as np
import pytest

from neuroface import face
from neuroface.recording import head_pose, projection
from neuroface.synthesis.face_model import NEUTRAL
from neuroface.types import Camera

CAMERA = Camera(600, 600, 319.5, 239.5, 640, 480)
LENS = Camera(600, 600, 319.5, 239.5, 640, 480, distortion="brown_conrady", coefficients=(0.1, -0.05, 0.001, 0.001, 0))
POSES = [(0, 0, 0), (25, 0, 0), (-25, 0, 0), (0, 20, 0), (0, -20, 0), (0, 0, 30), (30, 10, -15)]


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """(3, 3): to the own left, up, and tilted to the own left, degrees."""
    (sy, cy), (sp, cp), (sr, cr) = ((np.sin(a), np.cos(a)) for a in np.radians([-yaw, -pitch, roll]))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_y @ about_x @ about_z


def mean_face(pose: tuple[float, float, float], at_mm=(15, -20, 450)) -> np.ndarray:
    points = np.full((1, 68, 3), np.nan)
    points[0, head_pose.RIGID_POINTS] = head_pose.RIGID_FACE_MM @ rotation(*pose).T + at_mm
    return points


def angles(pose: head_pose.HeadPose) -> list[float]:
    return [float(pose.yaw[0]), float(pose.pitch[0]), float(pose.roll[0])]


@pytest.mark.parametrize("pose", POSES)
def test_the_mean_face_is_exact(pose):
    points = mean_face(pose)
    assert angles(head_pose.from_mm(points)) == pytest.approx(pose, abs=1e-6)
    for camera in (CAMERA, LENS):
        found = head_pose.from_pixels(projection.project(points, camera)[0], camera)
        assert angles(found) == pytest.approx(pose, abs=1e-3)
        assert found.distance == pytest.approx(np.sqrt(15**2 + 20**2 + 450**2), abs=0.01)


@pytest.mark.parametrize("pose", POSES)
def test_another_face_is_within_two_degrees(pose):
    points = (NEUTRAL @ rotation(*pose).T + [0, 0, 450])[None]
    assert angles(head_pose.from_mm(points)) == pytest.approx(pose, abs=2)
    assert angles(head_pose.from_pixels(projection.project(points, CAMERA)[0], CAMERA)) == pytest.approx(pose, abs=2)


def test_signs_are_the_persons_own():
    def nose_from_canthi(pose):
        points = mean_face(pose)[0]
        return points[face.NOSE_TIP] - (points[face.CANTHUS_RIGHT_INNER] + points[face.CANTHUS_LEFT_INNER]) / 2

    frontal = nose_from_canthi((0, 0, 0))
    assert nose_from_canthi((30, 0, 0))[0] > frontal[0] + 10  # the own left is on the right of an unmirrored image
    assert nose_from_canthi((0, 30, 0))[1] < frontal[1] - 10  # y points down
    left, right = (mean_face((0, 0, 30))[0, p] for p in (face.CANTHUS_LEFT_OUTER, face.CANTHUS_RIGHT_OUTER))
    assert left[1] > right[1]


def test_too_few_points_have_no_pose():
    points = mean_face((10, 0, 0))
    points[0, head_pose.RIGID_POINTS[5:]] = np.nan
    assert np.isnan(angles(head_pose.from_mm(points))).all()
    assert np.isnan(angles(head_pose.from_pixels(points[..., :2], CAMERA))).all()


def test_a_guessed_camera_spoils_distance_more_than_turn():
    pixels, _ = projection.project(mean_face((20, 5, 0)), CAMERA)
    guess = head_pose.guessed_camera((640, 480))
    assert guess.nominal
    assert guess.fx == pytest.approx(320 * np.sqrt(3))  # half of 640 px over tan 30 degrees
    found = head_pose.from_pixels(pixels, guess)
    assert angles(found) == pytest.approx((20, 5, 0), abs=2)
    assert found.distance[0] / 450.7 == pytest.approx(guess.fx / 600, abs=0.02)
