from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from checks import lips, moved, still_face, wild_face
from neuroface import face, geometry


def face_with(points: dict[int, list[float]], dims: int = 3) -> np.ndarray:
    """(1, 68, D): zeros but for the given landmarks."""
    out = np.zeros((1, face.N_POINTS, dims))
    for landmark, position in points.items():
        out[0, landmark] = position
    return out


def with_outline(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(1, 68, D) points whose first landmarks are the corners, and that outline."""
    return face_with(dict(enumerate(corners)), corners.shape[1]), np.arange(len(corners))


@pytest.mark.parametrize(("b", "expected"), [([3, 4, 0], 5), ([2, 3, 6], 7), ([0, 0, 0], 0)])
def test_distance(b, expected):
    assert geometry.distance(face_with({0: [0, 0, 0], 1: b}), 0, 1) == pytest.approx(np.array([expected]))


def test_distance_in_the_image_plane():
    assert geometry.distance(face_with({0: [1, 1], 1: [4, 5]}, dims=2), 0, 1) == pytest.approx(np.array([5]))


def test_distance_to_a_missing_point_is_missing():
    assert np.isnan(geometry.distance(face_with({0: [0, 0, 0], 1: [np.nan, 1, 1]}), 0, 1)).all()


def test_area_of_a_rectangle_in_any_direction():
    corners = np.array([[0.0, 0, 0], [3, 0, 0], [3, 4, 0], [0, 4, 0]])
    turned = corners @ Rotation.random(random_state=1).as_matrix().T + [5, 6, 7]
    for rectangle in (corners, turned, corners[::-1], corners[:, :2]):
        assert geometry.area(*with_outline(rectangle)) == pytest.approx(np.array([12]))


def test_area_of_a_roof_is_that_of_its_two_slopes():
    roof = np.array([[-3.0, 0, 0], [-3, 10, 0], [0, 10, 4], [3, 10, 0], [3, 0, 0], [0, 0, 4]])  # slopes of 5 x 10
    # the fan's centre hangs below the ridge, so its surface is a little smaller than the roof and larger than the floor
    assert 60 < geometry.area(*with_outline(roof))[0] < 100


def test_area_of_a_polygon_is_the_shoelace_area():
    rng = np.random.default_rng(0)
    angle = np.sort(rng.uniform(0, 2 * np.pi, 12))
    corners = np.stack([30 * np.cos(angle), 10 * np.sin(angle)], axis=1)
    x, y = corners.T
    shoelace = abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    assert geometry.area(*with_outline(corners)) == pytest.approx(np.array([shoelace]))


def test_mouth_halves_of_an_ellipse_are_equal_and_make_up_the_outline():
    points = np.zeros((1, 68, 3))
    points[0, face.MOUTH_OUTER] = lips(width=50, height=20)
    right, left = geometry.mouth_half_areas(points)
    assert right == pytest.approx(left)
    assert right + left == pytest.approx(np.array([0.75 * 50 * 20]))  # twelve points on an ellipse
    assert right + left == pytest.approx(geometry.area(points, face.MOUTH_OUTER))


def test_mouth_halves_are_the_persons_own():
    points = np.zeros((1, 68, 3))
    points[0, face.MOUTH_OUTER] = lips(width=50, height=20)
    points[..., 0] *= np.where(points[..., 0] > 0, 2, 1)  # the left half, at positive x, twice as wide
    right, left = geometry.mouth_half_areas(points)
    assert left == pytest.approx(2 * right)


def test_a_missing_point_on_one_side_leaves_the_other_half():
    points = np.tile(still_face(), (2, 1, 1))
    points[0, face.MOUTH_CORNER_LEFT] = np.nan
    right, left = geometry.mouth_half_areas(points)
    assert np.isfinite(right).all()
    np.testing.assert_array_equal(np.isnan(left), [True, False])


@pytest.mark.parametrize("degrees", [0, 1e-6, 30, 89, 90])
def test_angle_between_lines_has_no_direction(degrees):
    t = np.radians(degrees)
    u, v = np.array([[2.0, 0, 0]]), np.array([[np.cos(t), 0, np.sin(t)]])
    for line in (v, -v):
        assert geometry.angle(u, line) == pytest.approx(np.array([degrees]), rel=1e-6, abs=1e-12)


def test_angle_with_a_line_without_length_is_missing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(geometry.angle(np.array([[2.0, 0, 0]]), np.zeros((1, 3)))).all()


def test_rigid_fit_finds_the_motion_that_was_made():
    rng = np.random.default_rng(0)
    target = rng.normal(0, 30, (8, 3))
    rotation = Rotation.random(20, random_state=0)
    shift = rng.normal(0, 100, (20, 3))
    source = np.stack([(target - t) @ r.as_matrix() for r, t in zip(rotation, shift, strict=True)])  # R^T (x - t)
    found_rotation, found_shift = geometry.rigid_fit(source, target)
    np.testing.assert_allclose(found_rotation, rotation.as_matrix(), atol=1e-10)
    np.testing.assert_allclose(found_shift, shift, atol=1e-9)


def test_rigid_fit_of_noisy_points_is_that_of_scipy():
    rng = np.random.default_rng(1)
    target, source = rng.normal(0, 30, (8, 3)), rng.normal(0, 30, (8, 3))
    rotation, _ = geometry.rigid_fit(source[None], target)
    expected, _ = Rotation.align_vectors(target - target.mean(axis=0), source - source.mean(axis=0))
    np.testing.assert_allclose(rotation[0], expected.as_matrix(), atol=1e-6)


def test_rigid_fit_never_mirrors():
    target = np.random.default_rng(2).normal(0, 30, (8, 3))
    rotation, _ = geometry.rigid_fit((target * [-1, 1, 1])[None], target)
    assert np.linalg.det(rotation[0]) == pytest.approx(1)


@pytest.mark.parametrize(("n_seen", "found"), [(2, False), (3, True)])
def test_rigid_fit_needs_three_points_in_space(n_seen, found):
    target = np.random.default_rng(3).normal(0, 30, (8, 3))
    source = target[None].copy()
    source[0, n_seen:] = np.nan
    rotation, shift = geometry.rigid_fit(source, target)
    assert np.isfinite(rotation).all() == np.isfinite(shift).all() == found
    if found:
        np.testing.assert_allclose(rotation[0], np.eye(3), atol=1e-9)


def test_head_frame_stills_a_head_and_keeps_the_face_moving():
    landmarks = wild_face(0)
    landmarks.points[:, face.RIGID] = still_face()[face.RIGID]
    rotation = Rotation.from_euler("xyz", np.linspace(-0.2, 0.2, 40)[:, None] * [1, 2, 3]).as_matrix()
    turning = moved(landmarks, rotation, np.linspace(0, 80, 40)[:, None, None])
    stilled = geometry.head_frame(turning.points)
    np.testing.assert_allclose(np.ptp(stilled[:, face.RIGID], axis=0), 0, atol=1e-9)
    back, shift = geometry.rigid_fit(stilled[:1, face.RIGID], landmarks.points[0, face.RIGID])
    np.testing.assert_allclose(stilled @ back[0].T + shift[0], landmarks.points, atol=1e-8)


def test_head_frame_changes_no_distance():
    points = wild_face(3).points
    before = geometry.distance(points, face.MOUTH_CORNER_RIGHT, face.CHIN)
    np.testing.assert_allclose(
        geometry.distance(geometry.head_frame(points), face.MOUTH_CORNER_RIGHT, face.CHIN), before
    )


def test_head_frame_leaves_a_frame_missing_in_which_too_little_is_seen():
    points = wild_face(0).points
    points[5, face.RIGID[2:]] = np.nan
    points[7, face.RIGID[3:]] = np.nan
    stilled = geometry.head_frame(points)
    assert np.isnan(stilled[5]).all()
    assert np.isfinite(stilled[7, face.MOUTH]).all()
    assert np.isfinite(np.delete(stilled, [5, 7], axis=0)).all()


def test_head_frame_of_nothing_is_nothing_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(geometry.head_frame(np.full((4, 68, 3), np.nan))).all()
