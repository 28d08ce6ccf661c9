from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from neuroface import face
from neuroface.errors import DataError
from neuroface.explain import face_fit
from neuroface.explain.face_fit import fit_face
from neuroface.synthesis.face_model import IDENTITY_MODES, MUSCLES, identity_face, pose_face

TRAITS = np.array([1.0, -1.0, 0.5, 0.0, -0.5, 1.0, 0.0, 0.5])
SMILE, FRAMES = MUSCLES.index("smile"), 12


@pytest.fixture(scope="module")
def acted() -> dict[str, np.ndarray]:
    """A person who opens the mouth and smiles more on the right, on a turning head."""
    t = np.linspace(0, 1, FRAMES)
    right, left = np.zeros((FRAMES, len(MUSCLES))), np.zeros((FRAMES, len(MUSCLES)))
    right[:, SMILE], left[:, SMILE] = 8 * t, 4 * t
    neutral = identity_face(dict(zip(IDENTITY_MODES, TRAITS, strict=True)))
    own = pose_face(neutral, 12 * t, right, left)
    turns = Rotation.from_euler("yx", np.column_stack([20 * t, -5 * t]), degrees=True).as_matrix()
    points = np.einsum("tij,tpj->tpi", turns, own) + np.array([10, -20, 450])
    return {"points": points, "own": own, "neutral": neutral, "right": right[:, SMILE], "left": left[:, SMILE]}


def test_identity_expression_and_pose_come_apart(acted):
    fit = fit_face(acted["points"])
    assert np.nanmax(fit.error_mm) < 0.15
    assert np.abs(fit.neutral - acted["neutral"]).max() < 1.0
    assert np.abs(fit.expression - acted["own"]).max() < 1.0
    assert fit.right_mm[-1, SMILE] - fit.left_mm[-1, SMILE] == pytest.approx(4, abs=0.5)
    assert fit.jaw_deg[-1] - fit.jaw_deg[0] == pytest.approx(12, abs=0.6)
    np.testing.assert_allclose(
        np.swapaxes(fit.rotation, 1, 2) @ fit.rotation, np.tile(np.eye(3), (FRAMES, 1, 1)), atol=1e-9
    )


def test_it_is_the_fit_that_scipy_finds(acted):
    points = acted["points"] + np.random.default_rng(0).normal(0, 0.5, acted["points"].shape)
    fit = fit_face(points, identity=TRAITS, steps=30)

    def residuals(x: np.ndarray) -> np.ndarray:
        own = pose_face(acted["neutral"], x[:1], x[None, 1:9], x[None, 9:17])[0]
        apart = points[-1] - Rotation.from_rotvec(x[17:20]).apply(own) - x[20:]
        return np.r_[apart.ravel() / face_fit.NOISE_MM, x[0] / face_fit.JAW_DEG, x[1:17] / face_fit.MUSCLE_MM]

    start = np.r_[np.zeros(17), Rotation.from_matrix(fit.rotation[0]).as_rotvec(), fit.translation[0]]
    theirs = least_squares(residuals, start).x
    ours = np.r_[fit.jaw_deg[-1], fit.right_mm[-1], fit.left_mm[-1]]
    np.testing.assert_allclose(ours, theirs[:17], atol=1e-3)


def test_landmarks_that_are_none_do_not_pull_the_face(acted):
    """As where a jaw's edge is lifted by the depth of a neck, or of the wall; and a lid that jumps in one frame."""
    points, jaw = acted["points"].copy(), [0, 1, 2, 14, 15, 16]
    points[:, jaw, 2] += np.array([40, 60, 50, 700, 55, 45])
    points[4, 37] += [0, 0, 120]
    right = np.ones(points.shape[:2], dtype=bool)
    right[:, jaw], right[4, 37] = False, False
    fit = fit_face(points)
    apart = np.linalg.norm(fit.observed - acted["points"], axis=2)
    assert apart[right].max() < 1.0
    assert fit.error_mm.max() < 0.3
    assert fit.astray == pytest.approx(np.where(np.arange(FRAMES) == 4, 7, 6) / 68)
    assert fit_face(acted["points"]).astray.max() == 0


def test_missing_points_and_frames(acted):
    points = acted["points"].copy()
    points[:, face.BROW_LEFT] = np.nan
    points[3] = np.nan
    fit = fit_face(points)
    assert np.isnan(fit.error_mm[3])
    assert np.isnan(fit.observed[3]).all()
    seen = np.arange(FRAMES) != 3
    assert np.abs(fit.observed[seen] - acted["points"][seen]).max() < 2.0, "a brow stands where a face has one"
    with pytest.raises(DataError, match="no frame shows 12 landmarks"):
        fit_face(np.full((4, 68, 3), np.nan))


def test_pixels_give_the_movement_in_mm_of_a_mean_face(acted):
    frontal = acted["own"][..., :2] * 2.5 + 300
    fit = fit_face(frontal)
    assert np.nanmax(fit.error_mm) < 0.6
    assert fit.right_mm[-1, SMILE] > fit.left_mm[-1, SMILE] + 2
    assert fit.scale == pytest.approx(np.full(FRAMES, 2.5), rel=0.1)
    twice = fit_face(frontal * 2)
    np.testing.assert_allclose(twice.right_mm, fit.right_mm, atol=0.02)
