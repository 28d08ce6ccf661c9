"""The pinhole camera against arithmetic, a loop and its own inverse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuroface.errors import DataError
from neuroface.landmarks import lift
from neuroface.types import Camera, Landmarks

CAMERA = Camera(fx=500, fy=400, cx=320, cy=240, width=640, height=480, depth_unit_mm=0.125)


def pixel_landmarks(depth: np.ndarray | None = None, frames: int = 3) -> Landmarks:
    random = np.random.default_rng(0)
    return Landmarks(
        points=random.uniform(0, 480, (frames, 68, 2)),
        timestamps_s=np.arange(frames) / 50,
        space="pixel",
        score=random.uniform(size=(frames, 68)),
        depth=depth,
        fitted_on=frozenset({"S1"}),
    )


def test_a_point_at_one_metre():
    # 8000 units of 0.125 mm are 1000 mm; 100 px right of the centre at fx 500 are 200 mm; 100 px down at fy 400 are 250
    point = lift.deproject(np.array([420.0, 340.0]), np.array(8000.0), CAMERA)
    assert point == pytest.approx([200, 250, 1000])


def test_equals_a_loop_over_points_exactly():
    random = np.random.default_rng(1)
    pixels, depth = random.uniform(0, 640, (20, 68, 2)), random.integers(1, 9000, (20, 68)).astype(float)
    looped = np.empty((20, 68, 3))
    for frame, point in np.ndindex(20, 68):
        (u, v), z = pixels[frame, point], depth[frame, point] * 0.125
        looped[frame, point] = (u - 320) * z / 500, (v - 240) * z / 400, z
    np.testing.assert_array_equal(lift.deproject(pixels, depth, CAMERA), looped)


def test_integer_depth_is_not_changed_and_gives_the_same_points():
    depth = np.array([8000, 4000], dtype=np.uint16)
    pixels = np.array([[420.0, 340.0], [0.0, 0.0]])
    np.testing.assert_array_equal(
        lift.deproject(pixels, depth, CAMERA), lift.deproject(pixels, depth.astype(float), CAMERA)
    )
    assert depth.tolist() == [8000, 4000]


@pytest.mark.parametrize("missing", [0.0, -1.0, np.nan])
def test_missing_depth_is_missing_everywhere(missing):
    assert np.isnan(lift.deproject(np.array([420.0, 340.0]), np.array(missing), CAMERA)).all()


def test_project_is_the_inverse():
    random = np.random.default_rng(2)
    pixels, depth = random.uniform(0, 640, (5, 68, 2)), random.uniform(1000, 9000, (5, 68))
    again, depth_again = lift.project(lift.deproject(pixels, depth, CAMERA), CAMERA)
    np.testing.assert_allclose(again, pixels, atol=1e-9)
    np.testing.assert_allclose(depth_again, depth)


def test_a_point_behind_the_camera_is_not_seen():
    pixels, depth = lift.project(np.array([[0.0, 0.0, -10.0]]), CAMERA)
    assert np.isnan(pixels).all()
    assert np.isnan(depth).all()


def test_depth_lifts_and_keeps_everything_else():
    depth = np.full((3, 68), 8000.0)
    depth[1, 30] = 0
    landmarks = pixel_landmarks(depth)
    lifted = lift.depth(landmarks, CAMERA)
    assert (lifted.space, lifted.unit, lifted.depth, lifted.fitted_on) == ("camera", "mm", None, {"S1"})
    assert lifted.points[..., 2][depth > 0] == pytest.approx(1000)
    assert np.isnan(lifted.points[1, 30]).all()
    assert np.isnan(lifted.points).sum() == 3
    assert lifted.score is landmarks.score


def test_landmarks_in_mm_pass_unchanged():
    landmarks = Landmarks(np.zeros((2, 68, 3)), np.array([0.0, 0.1]), "camera")
    assert lift.depth(landmarks, None) is landmarks


def test_none_changes_nothing():
    landmarks = pixel_landmarks()
    assert lift.none(landmarks, CAMERA) is landmarks


def test_without_depth():
    with pytest.raises(DataError, match="pixel landmarks have no depth; set lift=none for features in pixels"):
        lift.depth(pixel_landmarks(), CAMERA)


def test_without_camera():
    with pytest.raises(DataError, match="pixel landmarks have depth but no camera intrinsics; give them, or set"):
        lift.depth(pixel_landmarks(np.ones((3, 68))), None)


def test_a_lens_that_distorts_is_refused_and_one_that_could_but_does_not_is_not():
    straight = replace(CAMERA, distortion="brown_conrady", coefficients=(0.0,) * 5)
    bent = replace(straight, coefficients=(0.1, 0.0, 0.0, 0.0, 0.0))
    landmarks = pixel_landmarks(np.full((3, 68), 8000.0))
    np.testing.assert_array_equal(lift.depth(landmarks, straight).points, lift.depth(landmarks, CAMERA).points)
    with pytest.raises(DataError, match="the camera has brown_conrady lens distortion; undistort the pixels before"):
        lift.depth(landmarks, bent)
