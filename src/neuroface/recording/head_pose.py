"""How a head is turned and how far away it is, from landmarks in mm or in pixels.

Face axes: x towards the person's left, y down, z away from the viewer, origin midway between the inner canthi; they
coincide with the camera's axes for a person who looks straight into it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuroface import face, geometry
from neuroface.recording import projection
from neuroface.types import Camera

# Points that hardly move with the face. The tip and the base of the nose give depth to the flat rest.
RIGID_POINTS = np.concatenate([face.RIGID, face.NOSTRILS])

# (13, 3) mm, face axes: where RIGID_POINTS are in a mean adult. en-en 32, ex-ex 90, n-sn 53, nasal protrusion sn-prn 20
# from Farkas, Anthropometry of the Head and Face, 1994, rounded between the means of women and men; the bridge is
# straight from n to prn, and depths of the canthi and the nostril rims are drawn by eye.
RIGID_FACE_MM = np.array(
    [
        [0.0, -6.0, -10.0],
        [0.0, 7.7, -17.3],
        [0.0, 21.3, -24.7],
        [0.0, 35.0, -32.0],
        [-45.0, 0.0, 9.0],
        [-16.0, 0.0, 0.0],
        [16.0, 0.0, 0.0],
        [45.0, 0.0, 9.0],
        [-14.0, 44.0, -7.0],
        [-7.0, 46.0, -11.0],
        [0.0, 47.0, -12.0],
        [7.0, 46.0, -11.0],
        [14.0, 44.0, -7.0],
    ]
)
# Fewer points leave the pose open to the noise of each.
MIN_POINTS = 6
# Horizontal field of view that is assumed when nobody knows the camera; phones and webcams have 55 to 75 degrees.
GUESSED_VIEW_DEG = 60.0


@dataclass(frozen=True, eq=False)
class HeadPose:
    """rotation (T, 3, 3) and translation (T, 3) mm carry face axes to camera axes; NaN where nothing is known.

    yaw (T,) degrees: positive when the person turns to the own left. pitch (T,) degrees: positive when looking up. roll
    (T,) degrees: positive when the head tilts to the person's own left. rotation = R_y(yaw) R_x(pitch) R_z(roll) with
    the signs so chosen. distance (T,) mm: from the camera to the mid-point between the inner canthi.
    """

    rotation: np.ndarray
    translation: np.ndarray

    @property
    def yaw(self) -> np.ndarray:
        return np.degrees(np.arctan2(-self.rotation[:, 0, 2], self.rotation[:, 2, 2]))

    @property
    def pitch(self) -> np.ndarray:
        return np.degrees(np.arcsin(np.clip(self.rotation[:, 1, 2], -1, 1)))

    @property
    def roll(self) -> np.ndarray:
        return np.degrees(np.arctan2(self.rotation[:, 1, 0], self.rotation[:, 1, 1]))

    @property
    def distance(self) -> np.ndarray:
        return geometry.length(self.translation)


def from_mm(points: np.ndarray) -> HeadPose:
    """Pose from landmarks (T, 68, 3) mm in camera axes, by a rigid fit of the mean face's stable points to them."""
    anchors = np.array(points[:, RIGID_POINTS], dtype=float)
    seen = np.isfinite(anchors).all(axis=2)
    anchors[seen.sum(axis=1) < MIN_POINTS] = np.nan
    turned, moved = geometry.rigid_fit(anchors, RIGID_FACE_MM)  # camera -> face; the way back is its inverse
    rotation = np.swapaxes(turned, 1, 2)
    return HeadPose(rotation, -np.einsum("tij,tj->ti", rotation, moved))


def from_pixels(points: np.ndarray, camera: Camera) -> HeadPose:
    """Pose from landmarks (T, 68, 2) px of a camera, of a head as large as the mean face.

    Perspective-n-point by SQPnP, which needs no first guess and finds the global optimum (Terzakis & Lourakis, ECCV
    2020), on pixels whose lens distortion is undone. The distance is nominal: a larger head seems nearer.
    """
    import cv2

    n_frames = len(points)
    rotation, translation = np.full((n_frames, 3, 3), np.nan), np.full((n_frames, 3), np.nan)
    rays = np.stack(projection.rays(np.asarray(points[:, RIGID_POINTS], dtype=float), camera), axis=-1)
    seen = np.isfinite(rays).all(axis=2)
    for at in np.flatnonzero(seen.sum(axis=1) >= MIN_POINTS):
        known = seen[at]
        found, turn, shift = cv2.solvePnP(
            RIGID_FACE_MM[known], rays[at, known], np.eye(3), None, flags=cv2.SOLVEPNP_SQPNP
        )
        if found:
            rotation[at], translation[at] = cv2.Rodrigues(turn)[0], shift[:, 0]
    return HeadPose(rotation, translation)


def guessed_camera(size: tuple[int, int]) -> Camera:
    """A nominal camera for frames of (width, height) px: 60 degrees along the longer side."""
    focal = max(size) / 2 / np.tan(np.radians(GUESSED_VIEW_DEG / 2))
    centre = ((size[0] - 1) / 2, (size[1] - 1) / 2)
    return Camera(focal, focal, *centre, *size, nominal=True, model="guessed from a 60 degree field of view")
