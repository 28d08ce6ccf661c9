"""A FLAME head of the user's own: a file of plain arrays, brought to the axes and the millimetres of this package.

FLAME (Li, Bolkart, Black, Li & Romero, "Learning a model of facial shape and expression from 4D scans", ACM ToG 2017)
is a mean head, directions of identity and of expression, and four joints (neck, jaw, eyes) about which its vertices
turn by linear blend skinning, with correctives for the turn. Here the neck goes with the head and eyes do not turn: 68
landmarks see neither. The model itself is not part of this package; its licence is its authors'.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neuroface import face, outside
from neuroface.errors import ConfigError, DataError
from neuroface.synthesis.face_model import NEUTRAL

ARRAYS = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "f")
IDENTITY_OF_ALL = {400: 300}  # components that FLAME 2017 to 2023 have, and how many of them are identity
IDENTITY, EXPRESSION = 20, 20  # components that are fitted: 68 points do not tell more
JOINTS, JAW = 5, 2  # root, neck, jaw, left and right eye
POSE = slice(9 * (JAW - 1), 9 * JAW)  # of the correctives: the root has none
# Names of the landmarks' places on the triangles: of DECA's 68, of FLAME's own 51 (without the jaw's contour).
EMBEDDINGS = (
    ("full_lmk_faces_idx", "full_lmk_bary_coords"),
    ("lmk_face_idx", "lmk_b_coords"),
    ("static_lmk_faces_idx", "static_lmk_bary_coords"),
)
_AXES = np.array([1.0, -1.0, -1.0])  # FLAME has y up and z towards the viewer; the person's left is x in both
CONVERT = (
    "Convert it once, where you trust it (the older files want chumpy): "
    "python -c \"import pickle, numpy as np; m = pickle.load(open('generic_model.pkl', 'rb'), encoding='latin1'); "
    "np.savez('flame.npz', **{k: np.asarray(m[k].todense() if hasattr(m[k], 'todense') else m[k]) "
    "for k in 'v_template shapedirs posedirs J_regressor weights f'.split()})\""
)


@dataclass(frozen=True, eq=False)
class Flame:
    """A head at rest and how it may differ; mm, face axes (y down, z away from the viewer).

    template: (V, 3). identity: (V, 3, n), expression: (V, 3, m), each per standard deviation. correctives: (V, 3, 9) by
    the jaw's rotation less none. jaw: (V,) share of its turn. joint: (V,) weights of vertices that give its centre.
    triangles: (F, 3). sites: (68, 3) vertices, and bary: (68, 3) weights of each landmark; NaN where it has no place.
    """

    template: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    correctives: np.ndarray
    jaw: np.ndarray
    joint: np.ndarray
    triangles: np.ndarray
    sites: np.ndarray
    bary: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """(68,) bool: landmarks that have a place on the head."""
        return np.isfinite(self.bary).all(axis=1)

    def at_landmarks(self) -> Posed:
        """The vertices about the landmarks alone: three of each."""
        return self._posed(self.sites.ravel())

    def all_vertices(self) -> Posed:
        return self._posed(np.arange(len(self.template)))

    def _posed(self, rows: np.ndarray) -> Posed:
        fields = (self.template, self.identity, self.expression)
        centre = tuple(np.tensordot(self.joint, one, axes=1) for one in fields)
        template, identity, expression = (one[rows] for one in fields)
        return Posed(template, identity, expression, self.correctives[rows], self.jaw[rows], centre)

    def landmarks_of(self, vertices: np.ndarray) -> np.ndarray:
        """(T, 68, ...) from vertices (T, 3 * 68, ...) of `at_landmarks`."""
        each = vertices.reshape(len(vertices), face.N_POINTS, 3, *vertices.shape[2:])
        return np.einsum("lk,tlk...->tl...", self.bary, each)


@dataclass(frozen=True, eq=False)
class Posed:
    """Some vertices of a head, and what moves them; joint: the jaw's centre (3,), and its (3, n), (3, m)."""

    template: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    correctives: np.ndarray
    jaw: np.ndarray
    joint: tuple[np.ndarray, ...]

    def __call__(self, traits: np.ndarray, expression: np.ndarray, turn: np.ndarray) -> np.ndarray:
        """(T, v, 3) mm. traits: (n,); expression: (T, m); turn: (T, 3, 3) of the jaw."""
        still, centre = self.before_the_jaw(traits, expression, turn)
        return self.carried(still, centre, turn)

    def before_the_jaw(
        self, traits: np.ndarray, expression: np.ndarray, turn: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """(T, v, 3) vertices with identity, expression and correctives; (T, 3) the jaw's centre."""
        own = self.template + self.identity @ traits
        still = own + np.einsum("vdm,tm->tvd", self.expression, expression)
        still = still + np.einsum("vdk,tk->tvd", self.correctives, (turn - np.eye(3)).reshape(-1, 9))
        centre, by_traits, by_expression = self.joint
        return still, centre + by_traits @ traits + expression @ by_expression.T

    def carried(self, still: np.ndarray, centre: np.ndarray, turn: np.ndarray) -> np.ndarray:
        turned = np.einsum("tij,tvj->tvi", turn, still - centre[:, None]) + centre[:, None]
        return still + self.jaw[:, None] * (turned - still)


def load(path: str | Path, landmarks: str | Path | None = None) -> Flame:
    """The model in an .npz or .safetensors file; landmarks: the file with their places, None where the model has them.

    Errors: ConfigError for a file that is not there or of a kind that would run code; DataError for one that is not
    FLAME, or of another version.
    """
    path = Path(path).expanduser()
    arrays = _arrays(path, "flame")
    if gone := [name for name in ARRAYS if name not in arrays]:
        raise DataError(
            f"{path} is no FLAME model: it has no {', '.join(gone)}. It needs arrays called {', '.join(ARRAYS)}."
        )
    v, dirs, pose, regressor, weights, f = (np.asarray(arrays[name]) for name in ARRAYS)
    n = len(v)
    wanted = {
        "v_template": (v, (n, 3)),
        "posedirs": (pose, (n, 3, 9 * (JOINTS - 1))),
        "J_regressor": (regressor, (JOINTS, n)),
        "weights": (weights, (n, JOINTS)),
        "f": (f, (len(f), 3)),
        "shapedirs": (dirs, (n, 3, *dirs.shape[2:3])),
    }
    odd = [f"{name} is {one.shape}, not {shape}" for name, (one, shape) in wanted.items() if one.shape != shape]
    if odd or dirs.ndim != 3:
        raise DataError(f"{path} is FLAME of another version, or another model: {'; '.join(odd)}.")
    told = arrays.get("n_shape")
    of_identity = int(np.asarray(told).reshape(-1)[0]) if told is not None else IDENTITY_OF_ALL.get(dirs.shape[2], -1)
    if not 0 < of_identity < dirs.shape[2]:
        raise DataError(
            f"{path} has {dirs.shape[2]} shapedirs; FLAME has 400, of which 300 are identity. Say how many are "
            "identity in an array n_shape of the file."
        )
    if not all(np.isfinite(one).all() for one in (v, dirs, pose, regressor, weights)):
        raise DataError(f"{path} holds numbers that are none.")
    if f.min() < 0 or f.max() >= n or not np.allclose(weights.sum(axis=1), 1, atol=1e-3):
        raise DataError(
            f"{path} is damaged: triangles name vertices that are not there, or weights do not add up to 1."
        )
    size_m = float(np.ptp(v, axis=0).max())
    if not 0.1 < size_m < 1.0:
        raise DataError(f"{path}: its head is {size_m:.3g} high; FLAME's is in metres, about 0.3.")
    return _in_mm(path, arrays, f.astype(np.int64), of_identity, landmarks)


def _in_mm(path: Path, arrays: dict, f: np.ndarray, of_identity: int, landmarks: str | Path | None) -> Flame:
    to_mm = 1000.0 * _AXES
    v, dirs, pose, regressor, weights, _ = (np.asarray(arrays[name], dtype=float) for name in ARRAYS)
    sites, bary = _embedding(arrays if landmarks is None else _arrays(Path(landmarks).expanduser(), "flame_landmarks"),
                             f, landmarks or path)  # fmt: skip
    v = v * to_mm
    known = np.isfinite(bary).all(axis=1)
    rigid = face.RIGID[known[face.RIGID]]
    if len(rigid) < 3:
        raise DataError(f"{landmarks or path} places fewer than three of the landmarks that ride on the skull.")
    there = np.einsum("lk,lkd->ld", bary[rigid], v[sites[rigid]])
    v = v + (NEUTRAL[rigid] - there).mean(axis=0)  # where the viewer's camera looks
    turned = np.outer(_AXES, _AXES).ravel()  # a rotation in these axes, from one in FLAME's
    dirs = dirs * to_mm[:, None]
    return Flame(
        template=v,
        identity=dirs[..., : min(of_identity, IDENTITY)],
        expression=dirs[..., of_identity : of_identity + EXPRESSION],
        correctives=pose[..., POSE] * to_mm[:, None] * turned,
        jaw=weights[:, JAW],
        joint=regressor[JAW] / regressor[JAW].sum(),
        triangles=f.astype(np.int32),
        sites=sites,
        bary=bary,
    )


def _embedding(arrays: dict, f: np.ndarray, where: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """(68, 3) vertices and weights of the landmarks; NaN weights of those that have no place."""
    for triangle_name, weight_name in EMBEDDINGS:
        if triangle_name in arrays and weight_name in arrays:
            triangle = np.asarray(arrays[triangle_name]).reshape(-1).astype(int)
            weight = np.asarray(arrays[weight_name], dtype=float).reshape(-1, 3)
            break
    else:
        names = ", ".join(" and ".join(pair) for pair in EMBEDDINGS)
        raise DataError(
            f"{where} does not say where the landmarks are on the head: it needs {names}. Give a file with them as "
            "flame_landmarks=FILE.npz."
        )
    first = face.N_POINTS - len(triangle)  # FLAME's own 51 leave out the jaw's contour, the first 17
    if first not in (0, 17) or len(weight) != len(triangle) or triangle.min() < 0 or triangle.max() >= len(f):
        raise DataError(
            f"{where}: {len(triangle)} landmarks on {len(f)} triangles do not fit this model; 68 or 51 are needed."
        )
    sites, bary = np.zeros((face.N_POINTS, 3), dtype=int), np.full((face.N_POINTS, 3), np.nan)
    sites[first:], bary[first:] = f[triangle], weight
    return sites, bary


def _arrays(path: Path, key: str) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise ConfigError(
            f"{key}={path} is not there. FLAME is fetched from its authors, by hand, under their licence."
        )
    if path.suffix in (".pkl", ".pickle", ".npy"):
        raise ConfigError(f"{key}={path} may run any code when it is read, so it is not read. {CONVERT}")
    try:
        if path.suffix == ".npz":
            return outside.read_npz(path)
        if path.suffix == ".safetensors":
            from safetensors.numpy import load_file

            return dict(load_file(path))
    except Exception as error:  # safetensors has an error of its own
        raise DataError(f"{path} is damaged, or holds objects instead of arrays ({type(error).__name__}).") from error
    raise ConfigError(f"{key}={path} must be .npz or .safetensors, with the arrays {', '.join(ARRAYS)}.")
