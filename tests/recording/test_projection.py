"""The camera against arithmetic, a loop over points, the SDK's formula and its own inverse."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from neuroface.recording import projection
from neuroface.types import Camera, Rig

CAMERA = Camera(fx=500, fy=400, cx=320, cy=240, width=640, height=480, depth_unit_mm=0.125)
LENS = (-0.055, 0.066, -0.0007, 0.0011, -0.021)
MODELS = ("brown_conrady", "modified_brown_conrady", "inverse_brown_conrady")


def test_a_point_at_one_metre():
    # 8000 units of 0.125 mm are 1000 mm; 100 px right of the centre at fx 500 are 200 mm; 100 px down at fy 400 are 250
    point = projection.deproject(np.array([420.0, 340.0]), np.array(8000.0), CAMERA)
    assert point == pytest.approx([200, 250, 1000])


def test_equals_a_loop_over_points_exactly():
    random = np.random.default_rng(1)
    pixels, depth = random.uniform(0, 640, (20, 68, 2)), random.integers(1, 9000, (20, 68)).astype(float)
    looped = np.empty((20, 68, 3))
    for frame, point in np.ndindex(20, 68):
        (u, v), z = pixels[frame, point], depth[frame, point] * 0.125
        looped[frame, point] = (u - 320) * z / 500, (v - 240) * z / 400, z
    np.testing.assert_array_equal(projection.deproject(pixels, depth, CAMERA), looped)


def test_integer_depth_is_not_changed_and_gives_the_same_points():
    depth = np.array([8000, 4000], dtype=np.uint16)
    pixels = np.array([[420.0, 340.0], [0.0, 0.0]])
    np.testing.assert_array_equal(
        projection.deproject(pixels, depth, CAMERA), projection.deproject(pixels, depth.astype(float), CAMERA)
    )
    assert depth.tolist() == [8000, 4000]


@pytest.mark.parametrize("model", ["none", *MODELS])
@pytest.mark.parametrize("missing", [0.0, -1.0, np.nan])
def test_missing_depth_is_missing_everywhere(missing, model):
    camera = replace(CAMERA, distortion=model, coefficients=LENS)
    assert np.isnan(projection.deproject(np.array([420.0, 340.0]), np.array(missing), camera)).all()


@pytest.mark.parametrize("model", ["none", *MODELS])
def test_project_is_the_inverse_to_a_millionth(model):
    camera = replace(CAMERA, distortion=model, coefficients=LENS)
    random = np.random.default_rng(2)
    pixels, depth = random.uniform(0, 480, (5, 68, 2)), random.uniform(1000, 9000, (5, 68))
    points = projection.deproject(pixels, depth, camera)
    again, depth_again = projection.project(points, camera)
    np.testing.assert_allclose(again, pixels, atol=1e-6)
    np.testing.assert_allclose(depth_again, depth, atol=1e-6)
    np.testing.assert_allclose(projection.deproject(again, depth_again, camera), points, atol=1e-6)


def test_a_lens_moves_points_by_what_opencv_says():
    camera = replace(CAMERA, distortion="brown_conrady", coefficients=LENS)
    random = np.random.default_rng(3)
    points = random.uniform([-200, -150, 300], [200, 150, 600], (68, 3))
    matrix = np.array([[500.0, 0, 320], [0, 400, 240], [0, 0, 1]])
    expected, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), matrix, np.array(LENS))
    np.testing.assert_allclose(projection.project(points, camera)[0], expected[:, 0], atol=1e-9)
    straight, _ = projection.project(points, CAMERA)
    assert np.abs(straight - expected[:, 0]).max() > 1


def test_a_point_behind_the_camera_is_not_seen():
    pixels, depth = projection.project(np.array([[0.0, 0.0, -10.0]]), CAMERA)
    assert np.isnan(pixels).all()
    assert np.isnan(depth).all()


def test_from_the_depth_camera_to_the_colour_camera_and_back():
    # a quarter turn about z carries x to y; then 15 mm along x
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    rig = Rig(color=CAMERA, depth=CAMERA, rotation=turn, translation_mm=np.array([15.0, 0, 0]))
    point = np.array([10.0, 20, 500])
    assert projection.depth_to_color(point, rig) == pytest.approx([-20 + 15, 10, 500])
    assert projection.color_to_depth(projection.depth_to_color(point, rig), rig) == pytest.approx(point)
