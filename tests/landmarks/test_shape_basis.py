"""The shape basis: what it tells, and that turning, scaling and moving a face changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from checks import still_face
from neuroface.errors import ConfigError, DataError
from neuroface.landmarks import shape_basis


def similar(points: np.ndarray, *, degrees: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    c, s = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    return points @ np.array([[c, -s], [s, c]]).T + shift


def faces(count: int, *, seed: int = 0, ways: int = 3) -> np.ndarray:
    """(count, 68, 2): a face changed in so many ways by random amounts, and placed anywhere at any size."""
    rng, directions = np.random.default_rng(seed), np.random.default_rng(99)
    change = directions.normal(0, 2, (ways, 68, 2))
    shapes = still_face()[:, :2] + np.einsum("nk,kpd->npd", rng.normal(size=(count, ways)), change)
    return np.stack(
        [
            similar(one, degrees=rng.uniform(-40, 40), scale=rng.uniform(0.5, 2), shift=rng.uniform(0, 99, 2))
            for one in shapes
        ]
    )


def left_over(basis: shape_basis.ShapeBasis, points: np.ndarray) -> float:
    return float(np.sqrt(np.mean((basis.smooth(points) - points) ** 2)))


def test_a_basis_with_all_axes_tells_its_own_faces():
    points = faces(12)
    np.testing.assert_allclose(shape_basis.fit(points, components=11).smooth(points), points, atol=1e-8)


def test_more_axes_leave_less():
    points = faces(60, ways=6)
    errors = [left_over(shape_basis.fit(points, components=count), points) for count in (1, 2, 4, 6)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.1 * errors[0]


def test_noise_of_an_annotator_is_smoothed_away():
    """Three ways of changing: of 136 coordinates 3 + 4 are free, so about 7/136 of the variance of the noise stays."""
    basis, truth = shape_basis.fit(faces(200), components=3), faces(100, seed=1)
    noisy = truth + np.random.default_rng(2).normal(0, 1.0, truth.shape)
    kept = np.mean((basis.smooth(noisy) - basis.smooth(truth)) ** 2)
    assert kept == pytest.approx(7 / 136, rel=0.2)


def test_smoothing_twice_is_smoothing_once():
    basis = shape_basis.fit(faces(40, ways=6), components=2)
    once = basis.smooth(faces(5, seed=3, ways=6))
    np.testing.assert_allclose(basis.smooth(once), once, atol=1e-9)


def test_a_turned_face_is_smoothed_alike():
    basis, points = shape_basis.fit(faces(40, ways=6), components=2), faces(5, seed=3, ways=6)
    place = {"degrees": 33.0, "scale": 1.7, "shift": (-20.0, 5.0)}
    np.testing.assert_allclose(
        basis.smooth(similar(points, **place)), similar(basis.smooth(points), **place), atol=1e-9
    )


def test_axes_are_orthonormal_and_apart_from_what_a_similarity_does():
    basis = shape_basis.fit(faces(40, ways=6), components=4)
    np.testing.assert_allclose(basis.axes @ basis.axes.T, np.eye(4), atol=1e-10)
    one, still = np.ones(68), np.zeros(68)
    real, imaginary = basis.mean.real, basis.mean.imag
    for direction in (np.r_[one, still], np.r_[still, one], np.r_[real, imaginary], np.r_[-imaginary, real]):
        np.testing.assert_allclose(basis.axes @ direction, 0, atol=1e-8)


def test_variance_chooses_the_number_of_axes():
    points = faces(80, ways=4)
    assert len(shape_basis.fit(points, variance=1.0 - 1e-3).axes) < 12
    few, many = (len(shape_basis.fit(points, variance=share).axes) for share in (0.3, 0.95))
    assert 1 <= few < many <= 6


def test_missing_points_stay_missing_and_mislead_nobody():
    basis, points = shape_basis.fit(faces(60), components=3), faces(4, seed=5)
    holes = points.copy()
    holes[:, ::7] = np.nan
    found = basis.smooth(holes)
    assert np.isnan(found[:, ::7]).all()
    seen = np.isfinite(holes)
    np.testing.assert_allclose(found[seen], basis.smooth(points)[seen], atol=1.0)
    lone = np.full((1, 68, 2), np.nan)
    lone[0, 5] = 3, 4
    np.testing.assert_array_equal(basis.smooth(lone), lone)


def test_incomplete_shapes_are_left_out_of_the_fit():
    points = faces(20)
    with_holes = np.concatenate([points, np.where(np.arange(68)[:, None] == 3, np.nan, faces(5, seed=8))])
    np.testing.assert_array_equal(shape_basis.fit(with_holes).axes, shape_basis.fit(points).axes)


def test_the_basis_knows_whose_faces_it_saw():
    assert shape_basis.fit(faces(9), fitted_on=["A1", "A2", "A1"]).fitted_on == {"A1", "A2"}


def test_too_few_shapes():
    points = faces(5)
    points[1, 4] = np.nan
    with pytest.raises(DataError) as caught:
        shape_basis.fit(points, components=4)
    assert str(caught.value) == "4 of 5 shapes have all their points; a shape basis needs at least 5."


@pytest.mark.parametrize("wrong", [{"variance": 0.0}, {"variance": 1.5}, {"components": 0}])
def test_what_cannot_be_asked_for(wrong):
    with pytest.raises(ConfigError, match=r"at least 1, or a share in 0\.\.1, is wanted"):
        shape_basis.fit(faces(9), **wrong)
