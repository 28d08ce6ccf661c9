"""A FLAME head fitted to landmarks: identity, expression, jaw and pose apart, as face_fit does with our own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuroface import face, geometry
from neuroface.errors import DataError
from neuroface.explain.arrow import solve
from neuroface.explain.face_fit import (
    ASTRAY_MM,
    FEWEST,
    NOISE_MM,
    RENEWED,
    SETTLED_MM,
    STEPS,
    WIDTHS_MM,
    believed,
    rotations,
)
from neuroface.explain.flame import Flame

JAW_RAD = np.radians([15.0, 3.0, 3.0])  # standard deviations before anything is seen: it opens, and hardly does else


@dataclass(frozen=True, eq=False)
class FlameFit:
    """identity: (n,), expressed: (T, m), in standard deviations. jaw: (T, 3, 3) its turn. The rest: as in FaceFit."""

    model: Flame
    identity: np.ndarray
    expressed: np.ndarray
    jaw: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    scale: np.ndarray
    error_mm: np.ndarray
    astray: np.ndarray

    @property
    def expression(self) -> np.ndarray:
        """(T, 68, 3) mm, face axes: the person's face as it moves, the head held still."""
        vertices = self.model.at_landmarks()(self.identity, self.expressed, self.jaw)
        return self.model.landmarks_of(vertices)

    @property
    def observed(self) -> np.ndarray:
        """(T, 68, 3): the face where the landmarks are, in their unit."""
        points = np.einsum("tij,tpj->tpi", self.rotation, self.expression) + self.translation[:, None]
        return np.asarray(points * self.scale[:, None, None])


def fit_flame(model: Flame, points: np.ndarray, *, steps: int = STEPS) -> FlameFit:
    """points: (T, 68, 3) mm or (T, 68, 2) px, y down, NaN is missing; one person.

    Errors: DataError where no frame shows enough landmarks.
    """
    seen = np.isfinite(points).all(axis=2) & model.known
    fitted = np.flatnonzero((seen.sum(axis=1) >= FEWEST) & (seen[:, face.RIGID].sum(axis=1) >= 3))
    if not len(fitted):
        raise DataError(f"no frame shows {FEWEST} landmarks, and three of those that ride on the skull")
    here, mask = np.where(seen[fitted, :, None], points[fitted], 0.0), seen[fitted].astype(float)
    work = _Work(model, points[fitted])
    work.settle(here, mask, steps)
    if (work.residual(here)[seen[fitted]] > ASTRAY_MM).any():
        work = _Work(model, points[fitted])
        for width in WIDTHS_MM:
            work.step(here, mask * believed(work.residual(here), width))
        for _ in range(RENEWED):
            work.settle(here, mask * believed(work.residual(here), WIDTHS_MM[-1]), 3)
    return work.told(len(points), fitted, here, mask > 0)


class _Work:
    """Parameters while they are fitted."""

    def __init__(self, model: Flame, points: np.ndarray) -> None:
        self.model, self.vertices, self.dims = model, model.at_landmarks(), points.shape[2]
        t = len(points)
        neutral = model.landmarks_of(self.vertices.template[None])[0]
        rigid = face.RIGID[model.known[face.RIGID]]
        self.scale, placed = np.ones(t), points[:, rigid]
        if self.dims == 2:
            spread = np.linalg.norm(placed - np.nanmean(placed, axis=1, keepdims=True), axis=2)
            usual = np.linalg.norm(neutral[rigid, :2] - neutral[rigid, :2].mean(axis=0), axis=1)
            self.scale = np.nanmean(spread, axis=1) / usual.mean()
        turn, shift = geometry.rigid_fit(placed / self.scale[:, None, None], neutral[rigid, : self.dims])
        self.rotation, self.translation = np.tile(np.eye(3), (t, 1, 1)), np.zeros((t, 3))
        self.rotation[:, : self.dims, : self.dims] = np.swapaxes(turn, 1, 2)
        self.translation[:, : self.dims] = -np.einsum("tji,tj->ti", turn, shift)
        self.identity = np.zeros(model.identity.shape[2])
        self.expression = np.zeros((t, model.expression.shape[2]))
        self.jaw, self.jaw_rad = np.tile(np.eye(3), (t, 1, 1)), np.zeros((t, 3))

    def own(self) -> np.ndarray:
        """(T, 68, 3) mm, face axes; 0 for landmarks that have no place."""
        return np.nan_to_num(self.model.landmarks_of(self.vertices(self.identity, self.expression, self.jaw)))

    def residual(self, points: np.ndarray) -> np.ndarray:
        """(T, 68) mm."""
        placed = np.einsum("tij,tpj->tpi", self.rotation, self.own()) + self.translation[:, None]
        return np.asarray(np.linalg.norm(points / self.scale[:, None, None] - placed[..., : self.dims], axis=2))

    def settle(self, points: np.ndarray, mask: np.ndarray, steps: int) -> None:
        for _ in range(steps):
            if self.step(points, mask) < SETTLED_MM:
                return

    def step(self, points: np.ndarray, mask: np.ndarray) -> float:
        """One step of Gauss and Newton; the largest change, in standard deviations or radians."""
        t, m, dims = len(points), self.expression.shape[1], self.dims
        own, shared = self._derivatives()  # (T, m + 3, 68, 3), (T, n, 68, 3), face axes
        moved = self.own()
        placed = np.einsum("tij,tpj->tpi", self.rotation, moved) + self.translation[:, None]
        turns = np.cross(np.eye(3)[None, :, None], moved[:, None])  # of the head, about the axes of the face
        own = np.concatenate([own, turns], axis=1)
        residual = points / self.scale[:, None, None] - placed[..., :dims]
        if dims == 3:
            residual = residual @ self.rotation
        else:
            to_image = np.swapaxes(self.rotation[:, None, :2], 2, 3)
            own, shared = own @ to_image, shared @ to_image
        shifts = np.broadcast_to(np.eye(dims)[None, :, None], (t, dims, face.N_POINTS, dims))
        own = np.concatenate([own, shifts, *([placed[:, None, :, :2]] if dims == 2 else [])], axis=1)
        weight = mask[..., None] / NOISE_MM
        by_own, by_shared = ((one * weight[:, None]).reshape(t, one.shape[1], -1) for one in (own, shared))
        known = np.zeros(own.shape[1])
        known[:m], known[m : m + 3] = 1.0, JAW_RAD**-2.0
        now = np.zeros((t, own.shape[1]))
        now[:, :m], now[:, m : m + 3] = self.expression, self.jaw_rad
        change, common = solve(
            by_own, by_shared, (residual * weight).reshape(t, -1), known=known, now=now,
            known_shared=np.ones(len(self.identity)), now_shared=self.identity,
        )  # fmt: skip
        self.identity = self.identity + common
        self.expression = self.expression + change[:, :m]
        self.jaw = self.jaw @ rotations(change[:, m : m + 3])
        self.jaw_rad = vectors(self.jaw)
        shift = change[:, m + 6 : m + 6 + dims]
        self.translation[:, :dims] += np.einsum("tij,tj->ti", self.rotation, shift) if dims == 3 else shift
        self.rotation = self.rotation @ rotations(change[:, m + 3 : m + 6])
        if dims == 2:
            self.scale = self.scale * np.exp(np.clip(change[:, -1], -0.5, 0.5))
        return float(max(np.abs(common).max(), np.abs(change[:, : m + 3]).max()))

    def _derivatives(self) -> tuple[np.ndarray, np.ndarray]:
        """(T, m + 3, 68, 3) by expression and the jaw's turn, (T, n, 68, 3) by identity."""
        v = self.vertices
        still, centre = v.before_the_jaw(self.identity, self.expression, self.jaw)
        less = self.jaw - np.eye(3)

        def carried(fields: np.ndarray, of_centre: np.ndarray) -> np.ndarray:
            """(T, v, 3, k): displacements (v, 3, k) as the jaw carries them; of_centre: (3, k) of its centre."""
            away = np.einsum("tij,vjk->tvik", less, fields) - np.einsum("tij,jk->tik", less, of_centre)[:, None]
            return fields + v.jaw[:, None, None] * away

        by_expression = carried(v.expression, v.joint[2])
        by_traits = carried(v.identity, v.joint[1])
        by_jaw = []
        for axis in np.eye(3):
            turn = self.jaw @ np.cross(np.eye(3), axis)  # jaw times [axis]x
            corrected = np.einsum("vdk,tk->tvd", v.correctives, turn.reshape(-1, 9))
            lower = corrected + v.jaw[:, None] * np.einsum("tij,tvj->tvi", less, corrected)
            by_jaw.append(lower + v.jaw[:, None] * np.einsum("tij,tvj->tvi", turn, still - centre[:, None]))
        own = np.concatenate([by_expression, np.stack(by_jaw, axis=3)], axis=3)
        by_own, by_shared = (np.nan_to_num(self.model.landmarks_of(one)) for one in (own, by_traits))
        return np.moveaxis(by_own, 3, 1), np.moveaxis(by_shared, 3, 1)

    def told(self, n: int, fitted: np.ndarray, here: np.ndarray, seen: np.ndarray) -> FlameFit:
        apart = self.residual(here)
        near = seen & (apart <= ASTRAY_MM)
        error = np.sqrt(np.where(near, apart**2, 0.0).sum(axis=1) / np.maximum(near.sum(axis=1), 1))
        astray = (seen & ~near).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)

        def of_all(values: np.ndarray) -> np.ndarray:
            out = np.full((n, *values.shape[1:]), np.nan)
            out[fitted] = values
            return out

        parts = (self.expression, self.jaw, self.rotation, self.translation, self.scale, error, astray)
        return FlameFit(self.model, self.identity, *map(of_all, parts))


def vectors(turns: np.ndarray) -> np.ndarray:
    """(T, 3) axis times angle in radians of rotations (T, 3, 3)."""
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_matrix(turns).as_rotvec())
