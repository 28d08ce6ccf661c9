"""Where a person sits before the camera, how they hold the head, and how it sways."""

from __future__ import annotations

import numpy as np

from neuroface.synthesis.motion import smooth_noise

DISTANCE_MEAN_MM, DISTANCE_SD_MM, DISTANCE_RANGE_MM = 450.0, 60.0, (300.0, 600.0)
SWAY_HZ = 0.35
SWAY_MM = np.array([2.0, 1.5, 3.0])
# Standard deviations of pitch, yaw and roll between sitting people, and within one; Al-Yassary et al., J Oral Rehabil
# 2022: 4.6, 3.0 and 3.2 degrees between; 2.2, 2.7 and 1.2 after five minutes, here about half for a minute.
POSE_DEG = np.array([4.6, 3.0, 3.2])
SWAY_DEG = np.array([1.1, 1.3, 0.6])
NECK_MM = np.array([0.0, 110.0, 110.0])  # where the head turns about, face axes

WILD_POSE_DEG = np.array([14.0, 35.0, 14.0])  # largest pitch, yaw and roll
WILD_DISTANCE_MM = (320.0, 650.0)


def clinic_seat(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Seat (3,) mm, camera axes, and pitch, yaw, roll (3,) degrees of somebody who faces the camera."""
    distance = np.clip(DISTANCE_MEAN_MM + DISTANCE_SD_MM * generator.standard_normal(), *DISTANCE_RANGE_MM)
    seat_mm = np.array([*(generator.standard_normal(2) * [15.0, 10.0]), distance]) - [0.0, 40.0, 0.0]
    return seat_mm, POSE_DEG * generator.standard_normal(3)


def wild_seat(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Seat (3,) mm, camera axes, and pitch, yaw, roll (3,) degrees: anyhow that keeps the face in the picture."""
    distance = generator.uniform(*WILD_DISTANCE_MM)
    room = np.clip((distance - 300.0) / 300.0, 0.0, 1.0)  # the farther, the more space around the face
    seat_mm = np.array([generator.uniform(-60, 60) * room, generator.uniform(-35, 35) * room - 25.0, distance])
    return seat_mm, WILD_POSE_DEG * generator.uniform(-1, 1, 3)


def head_motion(
    seat_mm: np.ndarray,
    pose_deg: np.ndarray,
    times_s: np.ndarray,
    generator: np.random.Generator,
    *,
    sway: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """(T, 3, 3) and (T, 3) mm: x_camera = R x_face + t, the head as the person holds and sways it.

    sway: scales the swaying, about the posture that is held.
    """
    wander = sway * smooth_noise(generator, times_s, rate_hz=2 * SWAY_HZ, columns=6)  # a period is two strokes
    rotation = _rotation(np.radians(pose_deg + wander[:, :3] * SWAY_DEG))
    place = NECK_MM + seat_mm + wander[:, 3:] * SWAY_MM
    return rotation, place - rotation @ NECK_MM


def _rotation(angles: np.ndarray) -> np.ndarray:
    """(T, 3, 3): roll after yaw after pitch, about z, y and x; angles: (T, 3) radians in the order pitch, yaw, roll."""
    (a, b, c), (x, y, z) = np.cos(angles).T, np.sin(angles).T
    zero, one = np.zeros_like(a), np.ones_like(a)
    pitch = np.array([[one, zero, zero], [zero, a, -x], [zero, x, a]])
    yaw = np.array([[b, zero, y], [zero, one, zero], [-y, zero, b]])
    roll = np.array([[c, -z, zero], [z, c, zero], [zero, zero, one]])
    return np.einsum("ijt,jkt,klt->til", roll, yaw, pitch)
