"""Heads that a group's movement is shown on: the package's own, and a FLAME head of the user's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuroface import face
from neuroface.explain import digital_face as faces
from neuroface.explain.digital_face import Movement
from neuroface.explain.flame import Flame
from neuroface.explain.flame_fit import FlameFit, fit_flame
from neuroface.synthesis.head_shape import head_shape
from neuroface.types import Landmarks, Repetition

SHOWN_MM = 125.0  # above and below the middle of a picture


class DrawnHead:
    """The package's own: eight muscles of each side and a jaw."""

    name = "a drawn head, moved by muscles"
    zoom = 1.0  # so that it fills the picture

    @property
    def triangles(self) -> np.ndarray:
        return head_shape().triangles

    def fit(
        self, landmarks: Landmarks, repetitions: Sequence[Repetition], *, mirrored: bool
    ) -> tuple[Any, Movement, np.ndarray]:
        """The fit of MOMENTS frames of each repetition; the mean movement, as in a mirror if asked; these frames."""
        fit, movement, frames = faces.fit_repetitions(landmarks, repetitions)
        return fit, movement.mirrored() if mirrored else movement, frames

    def mean(self, movements: Sequence[Movement]) -> Movement:
        return faces.mean_movement(movements)

    def points(self, movement: Movement, *, exaggerated: float = 1.0) -> np.ndarray:
        """(MOMENTS, 68, 3) mm on a neutral face."""
        return movement.points(exaggerated=exaggerated)

    def skin(self, movement: Movement, *, exaggerated: float = 1.0) -> np.ndarray:
        """(MOMENTS, V, 3) mm."""
        return faces.skin(self.points(movement, exaggerated=exaggerated))

    def spread(self, values: np.ndarray) -> np.ndarray:
        """(V,) values (68,) at the landmarks, over the skin."""
        return faces.spread(values)


@dataclass(frozen=True, eq=False)
class Expressed:
    """expression: (MOMENTS, m) standard deviations; jaw: (MOMENTS, 3) rad about the axes of the face."""

    expression: np.ndarray
    jaw: np.ndarray


class FlameHead:
    """A FLAME head, its mean identity moved by expression and jaw."""

    name = "FLAME's mean head, moved by its expressions and its jaw"

    def __init__(self, model: Flame) -> None:
        self.model = model
        high = float(np.abs(model.template[:, 1] - faces.MIDDLE[1]).max())
        self.zoom = min(1.0, SHOWN_MM / high)
        self._vertices, self._landmarks = model.all_vertices(), model.at_landmarks()

    @property
    def triangles(self) -> np.ndarray:
        return self.model.triangles

    def fit(
        self, landmarks: Landmarks, repetitions: Sequence[Repetition], *, mirrored: bool
    ) -> tuple[FlameFit, Expressed, np.ndarray]:
        """As DrawnHead's. Expressions have no mirror image: the landmarks are mirrored, and with them the fit."""
        from neuroface.explain.flame_fit import vectors

        frames = faces.frames_of(repetitions)
        points = landmarks.points[frames]
        if mirrored:
            points = points[:, face.MIRROR] * np.array([-1.0, 1.0, 1.0])[: points.shape[2]]
        fit = fit_flame(self.model, points)
        jaw = np.full((len(frames), 3), np.nan)
        known = np.isfinite(fit.error_mm)
        jaw[known] = vectors(fit.jaw[known])
        times = faces.course(repetitions)[:, None]
        return fit, Expressed(*(times * faces.mean_of_moments(one) for one in (fit.expressed, jaw))), frames

    def mean(self, movements: Sequence[Expressed]) -> Expressed:
        return Expressed(*(np.mean([getattr(m, name) for m in movements], axis=0) for name in ("expression", "jaw")))

    def points(self, movement: Expressed, *, exaggerated: float = 1.0) -> np.ndarray:
        """(MOMENTS, 68, 3) mm; a landmark that has no place on the head stays where the drawn head has it."""
        found = self.model.landmarks_of(self._moved(self._landmarks, movement, exaggerated))
        return np.where(np.isfinite(found), found, faces.NEUTRAL)

    def skin(self, movement: Expressed, *, exaggerated: float = 1.0) -> np.ndarray:
        """(MOMENTS, V, 3) mm."""
        return self._moved(self._vertices, movement, exaggerated)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """(V,) values (68,) at the landmarks, over the skin: the largest in size, by Gaussians of the distance."""
        known = self.model.known
        sites = np.einsum("lk,lkd->ld", self.model.bary[known], self.model.template[self.model.sites[known]])
        apart = ((self.model.template[:, None] - sites[None]) ** 2).sum(axis=2)
        near = np.exp(-apart / (2 * faces.SPREAD_MM**2)) * np.nan_to_num(values[known])
        return np.asarray(np.take_along_axis(near, np.abs(near).argmax(axis=1)[:, None], axis=1)[:, 0])

    def _moved(self, vertices: Any, movement: Expressed, exaggerated: float) -> np.ndarray:
        """Exaggerated is what changes from the onset: a fit's mean expression is also how it says who somebody is."""
        from scipy.spatial.transform import Rotation

        expression, jaw = (
            one[0] + exaggerated * (one - one[0]) if exaggerated != 1 else one
            for one in (movement.expression, movement.jaw)
        )
        traits = np.zeros(self.model.identity.shape[2])
        return np.asarray(vertices(traits, expression, Rotation.from_rotvec(jaw).as_matrix()))
