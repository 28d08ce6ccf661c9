"""How fast the mouth moves, and how far the lower lip travels, within one repetition.

Velocities are derivatives on the real timestamps. Peaks are reported as positive speeds in their own direction; the
closing and narrowing peaks are therefore minus the smallest velocity. A direction in which nothing moved gives the
slowest motion against it, which is then negative.
"""

from __future__ import annotations

import numpy as np

from neuroface import face, geometry, signals
from neuroface.features.kinematics import kinematics
from neuroface.types import Landmarks


def opening_peak(landmarks: Landmarks, *, inner: bool = False, robust: bool = False) -> dict[str, float]:
    """Largest speed at which the lips part.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"velocity.opening_peak_<unit>_per_s"}: max over time of d(vertical aperture)/dt, or its 95th percentile if
    `robust`; of the inner lip contour if `inner`. Steps beside a missing frame are left out; NaN when none is left.
    Reconstruction of the velocity group of Guarin et al.
    """
    velocity = _opening_velocity(landmarks, inner=inner)
    return {f"velocity.opening_peak_{landmarks.unit}_per_s": _peak(velocity, robust=robust)}


def closing_peak(landmarks: Landmarks, *, inner: bool = False, robust: bool = False) -> dict[str, float]:
    """Largest speed at which the lips close, as a positive number.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"velocity.closing_peak_<unit>_per_s"}: max over time of -d(vertical aperture)/dt, or its 95th percentile
    if `robust`; of the inner lip contour if `inner`. NaN as in `opening_peak`.
    Reconstruction of the velocity group of Guarin et al.
    """
    velocity = _opening_velocity(landmarks, inner=inner)
    return {f"velocity.closing_peak_{landmarks.unit}_per_s": _peak(-velocity, robust=robust)}


def widening_peak(landmarks: Landmarks, *, robust: bool = False) -> dict[str, float]:
    """Largest speed at which the mouth corners move apart.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"velocity.widening_peak_<unit>_per_s"}: max over time of d(mouth width)/dt, or its 95th percentile if
    `robust`. NaN as in `opening_peak`. Reconstruction of the velocity group of Guarin et al.
    """
    velocity = kinematics(landmarks).width_velocity
    return {f"velocity.widening_peak_{landmarks.unit}_per_s": _peak(velocity, robust=robust)}


def narrowing_peak(landmarks: Landmarks, *, robust: bool = False) -> dict[str, float]:
    """Largest speed at which the mouth corners approach each other, as a positive number.

    landmarks: (T, 68, D) mm or px, any frame.
    Returns {"velocity.narrowing_peak_<unit>_per_s"}: max over time of -d(mouth width)/dt, or its 95th percentile if
    `robust`. NaN as in `opening_peak`. Reconstruction of the velocity group of Guarin et al.
    """
    velocity = kinematics(landmarks).width_velocity
    return {f"velocity.narrowing_peak_{landmarks.unit}_per_s": _peak(-velocity, robust=robust)}


def lower_lip_peak(landmarks: Landmarks, *, robust: bool = False) -> dict[str, float]:
    """Largest speed of the middle of the lower lip, in any direction.

    landmarks: (T, 68, D) mm or px. Feels head motion unless the landmarks are in the head frame.
    Returns {"velocity.lower_lip_peak_<unit>_per_s"}: max over time of |d(lower lip)/dt|, or its 95th percentile if
    `robust`. NaN as in `opening_peak`. Reconstruction of the velocity group of Guarin et al.
    """
    lip = kinematics(landmarks).position(face.LIP_BOTTOM_OUTER)
    speed = geometry.length(signals.derivative(lip, landmarks.timestamps_s))
    return {f"velocity.lower_lip_peak_{landmarks.unit}_per_s": _peak(speed, robust=robust)}


def lower_lip_path(landmarks: Landmarks) -> dict[str, float]:
    """Distance travelled by the middle of the lower lip.

    landmarks: (T, 68, D) mm or px. Feels head motion unless the landmarks are in the head frame.
    Returns {"velocity.lower_lip_path_<unit>"}: sum of |step| between successive seen frames; missing frames are bridged
    by a straight line. Longer repetitions give longer paths. NaN for fewer than two seen frames.
    Reconstruction of "overall movement of the lower lip" in Guarin et al.
    """
    path, _ = _lower_lip_travel(landmarks)
    return {f"velocity.lower_lip_path_{landmarks.unit}": path}


def lower_lip_mean_speed(landmarks: Landmarks) -> dict[str, float]:
    """Mean speed of the middle of the lower lip: its path over the time that took.

    landmarks: (T, 68, D) mm or px. Feels head motion unless the landmarks are in the head frame.
    Returns {"velocity.lower_lip_mean_speed_<unit>_per_s"}: path / (last - first seen frame); unlike the path it does
    not grow with the length of the repetition. NaN for fewer than two seen frames. Not part of a published set.
    """
    path, duration_s = _lower_lip_travel(landmarks)
    return {f"velocity.lower_lip_mean_speed_{landmarks.unit}_per_s": path / duration_s}


def _opening_velocity(landmarks: Landmarks, *, inner: bool) -> np.ndarray:
    """(T,) mm/s or px/s: rate of change of the vertical aperture."""
    mouth = kinematics(landmarks)
    return mouth.inner_opening_velocity if inner else mouth.opening_velocity


def _lower_lip_travel(landmarks: Landmarks) -> tuple[float, float]:
    """Path in the landmarks' unit and the seconds between the first and the last seen frame; NaN for fewer than two."""
    lip = kinematics(landmarks).position(face.LIP_BOTTOM_OUTER)
    seen = np.isfinite(lip.sum(axis=1))
    lip, times = lip[seen], landmarks.timestamps_s[seen]
    if len(lip) < 2:
        return float("nan"), float("nan")
    return float(geometry.length(np.diff(lip, axis=0)).sum()), float(times[-1] - times[0])


def _peak(velocity: np.ndarray, *, robust: bool) -> float:
    """Largest finite value, or the 95th percentile if `robust`; NaN when nothing is finite."""
    finite = velocity[np.isfinite(velocity)]
    if not len(finite):
        return float("nan")
    return float(np.percentile(finite, 95) if robust else finite.max())
