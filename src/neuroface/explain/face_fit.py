"""The morphable face fitted to landmarks: whose face it is, what it does, and how the head is held, kept apart.

The model is that of `synthesis.face_model`: neutral face, modes of identity, muscles of each side, the jaw's turn. All
frames are fitted at once by Gauss and Newton's method. Identity is one for all frames, so that the normal equations
have the shape of an arrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuroface import face, geometry
from neuroface.errors import DataError
from neuroface.explain.arrow import solve
from neuroface.synthesis.face_model import (
    IDENTITY_MODES,
    JAW_AXIS_YZ,
    JAW_WEIGHTS,
    LEFT_FIELDS,
    MUSCLES,
    NEUTRAL,
    RIGHT_FIELDS,
    pose_face,
)

NOISE_MM = 1.0  # of a landmark: what lies below it is not worth an unlikely face
MUSCLE_MM, JAW_DEG = 5.0, 10.0  # standard deviations before anything is seen; a full smile is 9.3 mm of pull
STEPS, SETTLED_MM = 12, 2e-3  # near the end a step is the square of the one before
FEWEST = 12  # landmarks of a frame that is fitted
# Landmarks farther from a fitted face than this are no landmarks of it: at the jaw's edge depth is often the neck's or
# the wall's. Then all is fitted again by the weights of Geman and McClure, their width coming down in these steps.
RENEWED = 4  # times that weights are renewed at the last width
ASTRAY_MM, WIDTHS_MM = 10.0, (32.0, 32.0, 16.0, 16.0, 8.0, 8.0, 4.0)
_FIELDS = np.concatenate([RIGHT_FIELDS, LEFT_FIELDS])  # (16, 68, 3)
_MODES = np.stack(list(IDENTITY_MODES.values()))  # (8, 68, 3)
_N_PULLS = len(_FIELDS)


@dataclass(frozen=True, eq=False)
class FaceFit:
    """What a face is and does.

    identity: (8,) standard deviations, in the order of IDENTITY_MODES. jaw_deg: (T,). right_mm, left_mm: (T, 8) pulls
    of MUSCLES. rotation: (T, 3, 3), translation: (T, 3), scale: (T,): observed = scale (R x + t), the first two
    coordinates of it for points in pixels; scale is 1 for mm. error_mm: (T,) root mean square distance between face and
    landmarks, those astray left out; NaN, with everything of that frame, where too few landmarks are seen. astray: (T,)
    share of the landmarks that are farther than ASTRAY_MM from the face.
    """

    identity: np.ndarray
    jaw_deg: np.ndarray
    right_mm: np.ndarray
    left_mm: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    scale: np.ndarray
    error_mm: np.ndarray
    astray: np.ndarray

    @property
    def neutral(self) -> np.ndarray:
        """(68, 3) mm, face axes: the person's face at rest."""
        return NEUTRAL + np.tensordot(self.identity, _MODES, axes=1)

    @property
    def expression(self) -> np.ndarray:
        """(T, 68, 3) mm, face axes: the person's face as it moves, the head held still."""
        return pose_face(self.neutral, self.jaw_deg, self.right_mm, self.left_mm)

    @property
    def observed(self) -> np.ndarray:
        """(T, 68, 3): the face where the landmarks are, in their unit."""
        points = np.einsum("tij,tpj->tpi", self.rotation, self.expression) + self.translation[:, None]
        return points * self.scale[:, None, None]


@dataclass
class _State:
    """Parameters while they are fitted. own: (T, 17) jaw in degrees and pulls."""

    identity: np.ndarray
    own: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    scale: np.ndarray


def fit_face(points: np.ndarray, *, identity: np.ndarray | None = None, steps: int = STEPS) -> FaceFit:
    """points: (T, 68, 3) mm or (T, 68, 2) px, y down, NaN is missing. identity: (8,) where it is known already.

    Of pixels, depth is what the model makes likely and the size of the face is its mean one: such a fit is not metric.
    Errors: DataError where no frame shows enough landmarks.
    """
    dims = points.shape[2]
    seen = np.isfinite(points).all(axis=2)
    fitted = np.flatnonzero((seen.sum(axis=1) >= FEWEST) & (seen[:, face.RIGID].sum(axis=1) >= 3))
    if not len(fitted):
        raise DataError(f"no frame shows {FEWEST} landmarks, and three of those that ride on the skull")
    here, mask = np.where(seen[fitted, :, None], points[fitted], 0.0), seen[fitted].astype(float)
    state, free = _started(points[fitted], dims, identity), identity is None
    _settle(state, here, mask, dims, free=free, steps=steps)
    if (_residual(state, here)[seen[fitted]] > ASTRAY_MM).any():
        state = _started(points[fitted], dims, identity)
        for width in WIDTHS_MM:
            _step(state, here, mask * believed(_residual(state, here), width), dims, free=free)
        for _ in range(RENEWED):
            weights = mask * believed(_residual(state, here), WIDTHS_MM[-1])
            _settle(state, here, weights, dims, free=free, steps=3)
    return _told(state, points, fitted)


def _settle(state: _State, here: np.ndarray, mask: np.ndarray, dims: int, *, free: bool, steps: int) -> None:
    for _ in range(steps):
        if _step(state, here, mask, dims, free=free) < SETTLED_MM:
            return


def _residual(state: _State, points: np.ndarray) -> np.ndarray:
    """(T, 68) mm between the face and points (T, 68, D)."""
    flat = NEUTRAL + np.tensordot(state.identity, _MODES, axes=1) + np.tensordot(state.own[:, 1:], _FIELDS, axes=1)
    placed = np.einsum("tij,tpj->tpi", state.rotation, _turned(flat, state.own[:, 0])[0]) + state.translation[:, None]
    apart = points / state.scale[:, None, None] - placed[..., : points.shape[2]]
    return np.asarray(np.sqrt(np.einsum("tpd,tpd->tp", apart, apart)))


def believed(residual: np.ndarray, width: float) -> np.ndarray:
    """Square root of the weight that Geman and McClure give to a residual."""
    return 1 / (1 + (residual / width) ** 2)


def _started(points: np.ndarray, dims: int, identity: np.ndarray | None) -> _State:
    """The neutral face laid upon the points that ride on the skull."""
    t, rigid = len(points), face.RIGID
    scale = np.ones(t)
    if dims == 2:
        across = geometry.distance(points, face.CANTHUS_RIGHT_OUTER, face.CANTHUS_LEFT_OUTER)
        usual = np.linalg.norm(NEUTRAL[face.CANTHUS_RIGHT_OUTER] - NEUTRAL[face.CANTHUS_LEFT_OUTER])
        known = across[np.isfinite(across) & (across > 0)]
        if not len(known):
            raise DataError("no frame shows both outer corners of the eyes, by which the face's size is known")
        scale = np.where(np.isfinite(across) & (across > 0), across, np.median(known)) / usual
        turn, shift = geometry.rigid_fit(points[:, rigid] / scale[:, None, None], NEUTRAL[rigid, :2])
        rotation, translation = np.tile(np.eye(3), (t, 1, 1)), np.zeros((t, 3))
        rotation[:, :2, :2] = np.swapaxes(turn, 1, 2)
        translation[:, :2] = -np.einsum("tji,tj->ti", turn, shift)
    else:
        turn, shift = geometry.rigid_fit(points[:, rigid], NEUTRAL[rigid])
        rotation = np.swapaxes(turn, 1, 2)
        translation = -np.einsum("tji,tj->ti", turn, shift)
    start = np.zeros(len(_MODES)) if identity is None else np.asarray(identity, dtype=float)
    return _State(start, np.zeros((t, 1 + _N_PULLS)), rotation, translation, scale)


def _turned(points: np.ndarray, jaw_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (T, 68, 3) carried by the jaw; cosine and sine (T, 68) of each one's turn."""
    angle = np.radians(jaw_deg)[:, None] * JAW_WEIGHTS
    cosine, sine = np.cos(angle), np.sin(angle)
    out = points.copy()
    y, z = points[..., 1] - JAW_AXIS_YZ[0], points[..., 2] - JAW_AXIS_YZ[1]
    out[..., 1] = JAW_AXIS_YZ[0] + cosine * y - sine * z
    out[..., 2] = JAW_AXIS_YZ[1] + sine * y + cosine * z
    return out, cosine, sine


def _by_jaw(fields: np.ndarray, cosine: np.ndarray, sine: np.ndarray, out: np.ndarray) -> None:
    """Into out (T, k, 68, 3): displacements (k, 68, 3) as the jaw carries them."""
    out[..., 0] = fields[..., 0]
    out[..., 1] = cosine[:, None] * fields[..., 1] - sine[:, None] * fields[..., 2]
    out[..., 2] = sine[:, None] * fields[..., 1] + cosine[:, None] * fields[..., 2]


def _step(state: _State, points: np.ndarray, mask: np.ndarray, dims: int, *, free: bool) -> float:
    """One step of all parameters, in place; the largest change of a parameter.

    Residuals are in mm, so that pixels of any size weigh the same. Of 3-D points everything is reckoned in the axes of
    the face, where a residual is turned once and not each derivative.
    """
    t, k = len(points), 1 + _N_PULLS
    flat = NEUTRAL + np.tensordot(state.identity, _MODES, axes=1) + np.tensordot(state.own[:, 1:], _FIELDS, axes=1)
    moved, cosine, sine = _turned(flat, state.own[:, 0])
    placed = np.einsum("tij,tpj->tpi", state.rotation, moved) + state.translation[:, None]
    own = np.zeros((t, k + 3 + dims + (dims == 2), face.N_POINTS, 3))
    own[:, 0, :, 1] = np.radians(1.0) * JAW_WEIGHTS * -(moved[..., 2] - JAW_AXIS_YZ[1])
    own[:, 0, :, 2] = np.radians(1.0) * JAW_WEIGHTS * (moved[..., 1] - JAW_AXIS_YZ[0])
    _by_jaw(_FIELDS, cosine, sine, own[:, 1:k])
    for axis in range(3):  # turns of the head about the axes of the face: the axis x the point
        after, beyond = (axis + 1) % 3, (axis + 2) % 3
        own[:, k + axis, :, after], own[:, k + axis, :, beyond] = -moved[..., beyond], moved[..., after]
    shared = np.empty((t, len(_MODES) if free else 0, face.N_POINTS, 3))
    if free:
        _by_jaw(_MODES, cosine, sine, shared)
    residual = points / state.scale[:, None, None] - placed[..., :dims]
    if dims == 3:
        residual = residual @ state.rotation
    else:
        to_image = np.swapaxes(state.rotation[:, None, :2], 2, 3)
        own, shared = own @ to_image, shared @ to_image
        own[:, -1] = placed[..., :2]  # by the logarithm of the scale
    own[:, k + 3 : k + 3 + dims] = np.eye(dims)[:, None, :]
    weight = mask[..., None] / NOISE_MM
    residual = residual * weight
    hidden = (mask < 1).any(axis=1)
    for derivatives in (own, shared):
        derivatives[hidden] *= mask[hidden, None, :, None]
        derivatives /= NOISE_MM
    by_own, by_shared = (values.reshape(t, values.shape[1], face.N_POINTS * dims) for values in (own, shared))
    return _solve(state, by_own, by_shared, residual.reshape(t, -1), dims, free=free)


def _solve(state: _State, own: np.ndarray, shared: np.ndarray, residual: np.ndarray, dims: int, *, free: bool) -> float:
    """Normal equations of the arrow's shape, with what is known beforehand of pulls, jaw and identity."""
    k = 1 + _N_PULLS
    known, now = np.zeros(own.shape[1]), np.zeros(own.shape[:2])
    known[0], known[1:k] = JAW_DEG**-2.0, MUSCLE_MM**-2.0
    now[:, :k] = state.own
    change, common = solve(
        own, shared if free else shared[:, :0], residual, known=known, now=now,
        known_shared=np.ones(len(_MODES)), now_shared=state.identity,
    )  # fmt: skip
    common = common if free else np.zeros(len(_MODES))
    state.identity = state.identity + common
    state.own = state.own + change[:, :k]
    shift = change[:, k + 3 : k + 3 + dims]
    state.translation[:, :dims] += np.einsum("tij,tj->ti", state.rotation, shift) if dims == 3 else shift
    state.rotation = state.rotation @ rotations(change[:, k : k + 3])
    if dims == 2:
        state.scale = state.scale * np.exp(np.clip(change[:, -1], -0.5, 0.5))
    return float(max(np.abs(common).max(), np.abs(change[:, :k]).max()))


def rotations(vectors: np.ndarray) -> np.ndarray:
    """(T, 3, 3) rotations about vectors (T, 3), as long as their angle in radians (Rodrigues)."""
    angle = np.linalg.norm(vectors, axis=1)[:, None, None]
    cross = np.zeros((len(vectors), 3, 3))
    x, y, z = vectors.T
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -z, y, -x
    cross -= np.swapaxes(cross, 1, 2)
    safe = np.maximum(angle, 1e-12)
    return np.eye(3) + np.sin(angle) / safe * cross + (1 - np.cos(angle)) / safe**2 * (cross @ cross)


def _told(state: _State, points: np.ndarray, fitted: np.ndarray) -> FaceFit:
    """The state as a fit of all frames."""

    def of_all(values: np.ndarray) -> np.ndarray:
        out = np.full((len(points), *values.shape[1:]), np.nan)
        out[fitted] = values
        return out

    n = len(MUSCLES)
    own = of_all(state.own)
    fit = FaceFit(
        state.identity, own[:, 0], own[:, 1 : 1 + n], own[:, 1 + n :], of_all(state.rotation),
        of_all(state.translation), of_all(state.scale), np.full(len(points), np.nan), np.full(len(points), np.nan),
    )  # fmt: skip
    apart = np.linalg.norm((fit.observed[..., : points.shape[2]] - points) / fit.scale[:, None, None], axis=2)
    near, seen = apart <= ASTRAY_MM, np.isfinite(apart)
    squares = np.where(near, apart, 0.0) ** 2
    fit.error_mm[fitted] = np.sqrt(squares.sum(axis=1) / np.maximum(near.sum(axis=1), 1))[fitted]
    fit.astray[fitted] = ((seen & ~near).sum(axis=1) / np.maximum(seen.sum(axis=1), 1))[fitted]
    return fit
