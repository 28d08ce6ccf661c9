from __future__ import annotations

import pickle

import numpy as np
import pytest
from safetensors.numpy import save_file
from scipy.spatial.transform import Rotation

import flame_like
from flame_like import AXES, N_EXPRESSION, N_SHAPE, posed
from neuroface import face
from neuroface.errors import ConfigError, DataError
from neuroface.explain import flame
from neuroface.explain.flame_fit import _Work, fit_flame

T = 9


@pytest.fixture(scope="module")
def held():
    return flame_like.arrays()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return flame.load(flame_like.write(tmp_path_factory.mktemp("flame") / "m.npz"))


@pytest.fixture(scope="module")
def acted(held, model):
    """One person opens the jaw by 20 degrees and pulls a muscle, on a head that turns; by FLAME's own equations."""
    up = np.sin(np.linspace(0, np.pi, T))
    traits = np.random.default_rng(1).normal(0, 0.7, N_SHAPE)
    expression = np.zeros((T, N_EXPRESSION))
    expression[:, 0] = 2 * up
    jaws = np.column_stack([np.radians(20) * up, np.zeros((T, 2))])  # FLAME's jaw opens by a turn about x, upwards
    vertices = np.stack([posed(held, np.r_[traits, one], jaw) for one, jaw in zip(expression, jaws, strict=True)])
    shift = model.template[0] - held["v_template"][0] * 1000 * AXES
    own = vertices[:, : face.N_POINTS] * 1000 * AXES + shift
    turns = Rotation.from_euler("yx", np.column_stack([15 * up, -8 * up]), degrees=True).as_matrix()
    points = np.einsum("tij,tpj->tpi", turns, own) + np.array([5, -15, 480])
    return {
        "traits": traits,
        "jaws": jaws,
        "own": own,
        "turns": turns,
        "points": points,
        "vertices": vertices * 1000 * AXES + shift,
    }


def test_the_head_is_posed_as_flame_says(held, model):
    rng = np.random.default_rng(2)
    traits, expression, jaw = rng.normal(size=N_SHAPE), rng.normal(size=N_EXPRESSION), rng.normal(0, 0.2, 3)
    theirs = posed(held, np.r_[traits, expression], jaw) * 1000 * AXES
    turn = Rotation.from_rotvec(jaw * AXES).as_matrix()  # the same turn in axes with y down
    ours = model.all_vertices()(traits, expression[None], turn[None])[0]
    shift = model.template[0] - held["v_template"][0] * 1000 * AXES
    np.testing.assert_allclose(ours, theirs + shift, atol=1e-8)
    vertices = model.at_landmarks()(traits, expression[None], turn[None])
    np.testing.assert_allclose(model.landmarks_of(vertices)[0], ours[: face.N_POINTS], atol=1e-8)


def test_identity_expression_jaw_and_pose_come_apart(model, acted):
    fit = fit_flame(model, acted["points"])
    assert fit.error_mm.max() < 0.3
    assert np.abs(fit.observed - acted["points"]).max() < 1.5
    assert np.abs(fit.expression - acted["own"]).max() < 2.0
    apart = np.swapaxes(acted["turns"], 1, 2) @ fit.rotation
    assert np.degrees(np.linalg.norm(Rotation.from_matrix(apart).as_rotvec(), axis=1)).max() < 1.5
    opened = np.degrees(np.linalg.norm(Rotation.from_matrix(fit.jaw).as_rotvec(), axis=1))
    assert opened[T // 2] - opened[0] == pytest.approx(20, abs=3)
    skin = model.all_vertices()(fit.identity, fit.expressed, fit.jaw)
    assert np.sqrt(((skin - acted["vertices"]) ** 2).sum(axis=2).mean()) < 1.5


def test_noise_gaps_and_landmarks_astray(model, acted):
    points = acted["points"] + np.random.default_rng(3).normal(0, 0.3, acted["points"].shape)
    points[:, :3, 2] += 80.0
    points[2] = np.nan
    points[:, face.BROW_LEFT] = np.nan
    fit = fit_flame(model, points)
    seen = np.arange(T) != 2
    assert np.isnan(fit.error_mm[2])
    assert np.isnan(fit.observed[2]).all()
    assert fit.astray[seen] == pytest.approx(3 / (68 - len(face.BROW_LEFT)))
    apart = np.linalg.norm(fit.observed - acted["points"], axis=2)[seen][:, face.WITHOUT_JAW]
    assert np.sqrt((apart**2).mean()) < 0.6
    with pytest.raises(DataError, match="no frame shows 12 landmarks"):
        fit_flame(model, np.full((3, 68, 3), np.nan))


def test_pixels_are_fitted_too(model, acted):
    pixels = 1.7 * acted["points"][..., :2] + [320, 240]
    fit = fit_flame(model, pixels)
    assert np.abs(fit.observed[..., :2] - pixels).max() < 3
    assert fit.error_mm.max() < 0.6


def test_derivatives_are_those_of_small_steps(model):
    work = _Work(model, np.einsum("lk,lkd->ld", model.bary, model.template[model.sites])[None] + [0.0, 0, 400])
    rng = np.random.default_rng(4)
    work.identity, work.expression = rng.normal(size=N_SHAPE), rng.normal(size=(1, N_EXPRESSION))
    start = Rotation.from_rotvec([0.3, 0.1, -0.05])
    work.jaw = start.as_matrix()[None]
    own, shared = work._derivatives()
    before, step = work.own(), 1e-6
    for k in range(N_EXPRESSION):
        work.expression[0, k] += step
        np.testing.assert_allclose((work.own() - before)[0] / step, own[0, k], atol=1e-4)
        work.expression[0, k] -= step
    for axis in range(3):
        work.jaw = (start * Rotation.from_rotvec(step * np.eye(3)[axis])).as_matrix()[None]
        np.testing.assert_allclose((work.own() - before)[0] / step, own[0, N_EXPRESSION + axis], atol=2e-3)
    work.jaw = start.as_matrix()[None]
    for k in range(N_SHAPE):
        work.identity[k] += step
        np.testing.assert_allclose((work.own() - before)[0] / step, shared[0, k], atol=1e-4)
        work.identity[k] -= step


def test_flames_own_51_landmarks_leave_the_contour_out(held, acted, tmp_path):
    embedding = tmp_path / "lmk.npz"
    np.savez(
        embedding, lmk_face_idx=held["full_lmk_faces_idx"][0, 17:], lmk_b_coords=held["full_lmk_bary_coords"][0, 17:]
    )
    file = flame_like.write(tmp_path / "m.npz", full_lmk_faces_idx=None, full_lmk_bary_coords=None)
    with pytest.raises(DataError, match="does not say where the landmarks are"):
        flame.load(file)
    inner = flame.load(file, embedding)
    assert np.flatnonzero(~inner.known).tolist() == list(range(17))
    fit = fit_flame(inner, acted["points"])
    assert fit.error_mm.max() < 0.3
    assert np.isnan(fit.observed[:, :17]).all()


def test_safetensors_are_read_as_well(held, model, tmp_path):
    save_file({name: np.ascontiguousarray(one) for name, one in held.items()}, tmp_path / "m.safetensors")
    np.testing.assert_array_equal(flame.load(tmp_path / "m.safetensors").template, model.template)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"posedirs": None, "weights": None}, "no FLAME model: it has no posedirs, weights"),
        ({"J_regressor": np.zeros((24, 862))}, r"of another version.*J_regressor is \(24, 862\), not \(5, 862\)"),
        ({"n_shape": None}, "24 shapedirs; FLAME has 400, of which 300 are identity"),
        ({"f": np.array([[0, 1, 99999]])}, "triangles name vertices that are not there"),
        ({"v_template": flame_like.arrays()["v_template"] * 1000}, "FLAME's is in metres"),
        ({"full_lmk_faces_idx": np.zeros((1, 40), int)}, "40 landmarks"),
        ({"weights": np.array([{}], dtype=object)}, "holds objects instead of arrays"),
    ],
)
def test_what_is_no_flame_is_one_message(tmp_path, changed, told):
    with pytest.raises(DataError, match=told):
        flame.load(flame_like.write(tmp_path / "m.npz", **changed))


class Evil:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was read",))


def test_a_pickle_is_never_read(tmp_path):
    (tmp_path / "generic_model.pkl").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ConfigError, match=r"may run any code when it is read, so it is not read\. Convert it once"):
        flame.load(tmp_path / "generic_model.pkl")
    with pytest.raises(ConfigError, match="is not there"):
        flame.load(tmp_path / "m.npz")
    (tmp_path / "m.obj").write_text("v 0 0 0")
    with pytest.raises(ConfigError, match=r"must be \.npz or \.safetensors"):
        flame.load(tmp_path / "m.obj")
    (tmp_path / "half.npz").write_bytes(b"PK\3\4 half")
    with pytest.raises(DataError, match="is damaged"):
        flame.load(tmp_path / "half.npz")
