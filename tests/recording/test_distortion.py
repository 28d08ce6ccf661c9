"""Lens models against the SDK's point-by-point formulas, OpenCV and their own inverse."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from neuroface.recording import distortion
from neuroface.types import Camera

# About as strong as a D455 colour lens and an SR300 depth lens, with more tangential part than either.
COEFFICIENTS = (-0.056, 0.067, -0.0007, 0.0011, -0.021)
MODELS = ("brown_conrady", "modified_brown_conrady", "inverse_brown_conrady")


def camera(model: str, coefficients: tuple[float, ...] = COEFFICIENTS) -> Camera:
    return Camera(
        fx=612.0, fy=610.0, cx=322.5, cy=238.2, width=640, height=480, distortion=model, coefficients=coefficients
    )


@pytest.fixture
def points() -> tuple[np.ndarray, np.ndarray]:
    """Ideal points over a field of view wider than that of any RealSense colour camera."""
    random = np.random.default_rng(0)
    return random.uniform(-0.7, 0.7, 400), random.uniform(-0.5, 0.5, 400)


def one_point(x: float, y: float, model: str) -> tuple[float, float]:
    """The SDK's formula for one point: a factor of the radius, then the decentring terms."""
    k1, k2, p1, p2, k3 = COEFFICIENTS
    r_squared = math.hypot(x, y) ** 2
    factor = 1 + k1 * r_squared + k2 * r_squared**2 + k3 * r_squared**3
    tx, ty = (x * factor, y * factor) if model == "modified_brown_conrady" else (x, y)
    return (
        x * factor + 2 * p1 * tx * ty + p2 * (r_squared + 2 * tx**2),
        y * factor + 2 * p2 * tx * ty + p1 * (r_squared + 2 * ty**2),
    )


@pytest.mark.parametrize("model", ["brown_conrady", "modified_brown_conrady"])
def test_forward_models_equal_the_formula_point_by_point(points, model):
    x, y = points
    expected = np.array([one_point(*point, model) for point in zip(x, y, strict=True)]).T
    np.testing.assert_allclose(distortion.distort(x, y, camera(model)), expected, atol=1e-15)


def test_the_inverse_model_undoes_the_lens_with_the_polynomial_itself(points):
    x, y = points
    expected = np.array([one_point(*point, "inverse_brown_conrady") for point in zip(x, y, strict=True)]).T
    np.testing.assert_allclose(distortion.undistort(x, y, camera("inverse_brown_conrady")), expected, atol=1e-15)


def sdk_iteration(x: float, y: float, model: str, steps: int) -> tuple[float, float]:
    """The SDK's fixed-point inverse of one point: subtract the decentring, divide by the radial factor, repeat."""
    k1, k2, p1, p2, k3 = COEFFICIENTS
    x0, y0 = x, y
    for _ in range(steps):
        r2 = x * x + y * y
        factor = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        tx, ty = (x * factor, y * factor) if model == "modified_brown_conrady" else (x, y)
        dx = 2 * p1 * tx * ty + p2 * (r2 + 2 * tx * tx)
        dy = 2 * p2 * tx * ty + p1 * (r2 + 2 * ty * ty)
        x, y = (x0 - dx) / factor, (y0 - dy) / factor
    return x, y


@pytest.mark.parametrize("model", ["brown_conrady", "modified_brown_conrady"])
def test_undoing_the_lens_equals_the_iteration_of_the_sdk_once_that_has_converged(points, model):
    x, y = points
    expected = np.array([sdk_iteration(*point, model, steps=60) for point in zip(x, y, strict=True)]).T
    np.testing.assert_allclose(distortion.undistort(x, y, camera(model)), expected, atol=1e-9)


def test_brown_conrady_is_the_model_of_opencv(points):
    x, y = points
    lens = camera("brown_conrady")
    matrix = np.array([[lens.fx, 0, lens.cx], [0, lens.fy, lens.cy], [0, 0, 1]])
    seen, _ = cv2.projectPoints(np.c_[x, y, np.ones_like(x)], np.zeros(3), np.zeros(3), matrix, np.array(COEFFICIENTS))
    u, v = distortion.distort(x, y, lens)
    np.testing.assert_allclose(np.c_[lens.fx * u + lens.cx, lens.fy * v + lens.cy], seen[:, 0], atol=1e-9)
    exact = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-14)
    ideal = cv2.undistortPointsIter(seen, matrix, np.array(COEFFICIENTS), None, None, exact)[:, 0]
    np.testing.assert_allclose(np.c_[distortion.undistort(u, v, lens)], ideal, atol=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_there_and_back_is_where_one_started(points, model):
    lens = camera(model)
    np.testing.assert_allclose(distortion.undistort(*distortion.distort(*points, lens), lens), points, atol=1e-11)
    np.testing.assert_allclose(distortion.distort(*distortion.undistort(*points, lens), lens), points, atol=1e-11)


def test_the_modified_model_differs_from_the_plain_one_only_by_its_tangential_part(points):
    radial = (*COEFFICIENTS[:2], 0.0, 0.0, COEFFICIENTS[4])
    plain = distortion.distort(*points, camera("brown_conrady", radial))
    np.testing.assert_array_equal(plain, distortion.distort(*points, camera("modified_brown_conrady", radial)))
    with_tangential = [distortion.distort(*points, camera(m)) for m in ("brown_conrady", "modified_brown_conrady")]
    assert np.abs(np.subtract(*with_tangential)).max() > 1e-6


@pytest.mark.parametrize("model", ["none", *MODELS])
def test_a_lens_without_coefficients_moves_nothing(points, model):
    lens = camera(model, (0.0,) * 5)
    assert not distortion.has_distortion(lens)
    assert distortion.distort(*points, lens) == points
    assert distortion.undistort(*points, lens) == points


def test_missing_points_stay_missing_and_do_not_spread(points):
    x, y = points
    x = np.where(np.arange(len(x)) == 3, np.nan, x)
    for model in MODELS:
        for move in (distortion.distort, distortion.undistort):
            missing = np.isnan(move(x, y, camera(model)))
            assert missing[:, 3].all(), model
            assert missing.sum() == 2, model


def test_a_point_beyond_the_fold_of_the_lens_is_missing():
    # x (1 - x^2) is at most 2 / (3 sqrt 3) = .385: nothing is seen at .5
    lens = camera("brown_conrady", (-1.0, 0.0, 0.0, 0.0, 0.0))
    x, y = distortion.undistort(np.array([0.3, 0.5]), np.zeros(2), lens)
    assert x[0] * (1 - x[0] ** 2) == pytest.approx(0.3)
    assert np.isnan([x[1], y[1]]).all()
