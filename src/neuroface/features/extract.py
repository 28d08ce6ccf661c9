"""Applies the chosen features to each repetition of a recording: one table row per repetition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neuroface import face, geometry
from neuroface.errors import ConfigError, DataError, NeurofaceError, did_you_mean
from neuroface.types import Landmarks, Repetition, Space

Feature = Callable[[Landmarks], Mapping[str, float]]
FRAMES = ("head", "camera")
PIXEL_SCALES = ("intercanthal",)


def extract(
    landmarks: Landmarks,
    repetitions: Sequence[Repetition],
    features: Mapping[str, Any],
    *,
    frame: str = "head",
    pixel_scale: str | None = None,
) -> tuple[tuple[str, ...], np.ndarray]:
    """Names (d,) and values (n_repetitions, d) float of the chosen features; NaN is missing.

    landmarks: a whole recording, (T, 68, D) px or mm, already cleaned. features: nested mapping
    {family: {name: callable}} of functions f(landmarks) -> {name with unit: value}.
    frame: "head" removes head motion within each repetition (rigid fit to its median pose; 2-D landmarks are fitted in
    the image plane); "camera" leaves it in, which is the literal pipeline of Guarin et al.
    pixel_scale: "intercanthal" divides pixels by the face's own size (`scaled`), None leaves them; mm stay mm.
    Columns are ordered by family and function name, whatever the order of choice, so that features=[a,b] and
    features=[b,a] are the same science. No repetitions give (0, d).
    Raises ConfigError for an unknown frame or scale, an empty choice, an entry that is no function, or two features of
    one name; DataError for pixels that cannot be scaled.
    """
    check_choices(frame=frame, pixel_scale=pixel_scale)
    functions = dict(_flatten(features))
    if not functions:
        raise ConfigError("No features are chosen. Choose some, e.g. features=[als11_v1].")
    in_pixels = landmarks.space == "pixel" and pixel_scale is not None
    if not repetitions:
        unseen = _unseen_face(landmarks)
        names = tuple(_row(replace(unseen, space="face") if in_pixels else unseen, functions))
        return names, np.empty((0, len(names)))
    if in_pixels:
        landmarks = scaled(landmarks)
    rows = [_row(_in_frame(landmarks[repetition.frames], frame), functions) for repetition in repetitions]
    return tuple(rows[0]), np.array([list(row.values()) for row in rows], dtype=float)


def check_choices(*, frame: Any, pixel_scale: Any) -> None:
    """ConfigError for a frame or scale that there is not; asked before any recording is read."""
    if frame not in FRAMES:
        raise ConfigError(f"Unknown frame {frame!r} for features." + did_you_mean(frame, FRAMES))
    if pixel_scale is not None and pixel_scale not in PIXEL_SCALES:
        raise ConfigError(
            f"pixel_scale={pixel_scale}: there is no such scale." + did_you_mean(pixel_scale, (*PIXEL_SCALES, "null"))
        )


def scaled(landmarks: Landmarks) -> Landmarks:
    """(T, 68, 2) px -> space "face": in intercanthal distances, the median one between the inner eye corners.

    A face twice as near the camera, or filmed at twice the size, has twice the pixels and the same number of these. The
    inner canthi lie on bone and move with no expression (Farkas, Anthropometry of the Head and Face, 1994: en-en).
    Errors: DataError where the two are never seen together.
    """
    apart = geometry.distance(landmarks.points, face.CANTHUS_RIGHT_INNER, face.CANTHUS_LEFT_INNER)
    seen = apart[np.isfinite(apart) & (apart > 0)]
    if not len(seen):
        raise DataError(
            "shows both inner eye corners in no frame, so its pixels cannot be scaled; set pixel_scale=null"
        )
    return replace(landmarks, points=landmarks.points / np.median(seen), space="face")


def _flatten(features: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Feature]]:
    """("family.name", function) pairs in the order of their names."""
    for key in sorted(features):
        name, value = f"{prefix}{key}", features[key]
        if callable(value):
            yield name, value
        elif isinstance(value, Mapping):
            yield from _flatten(value, f"{name}.")
        else:
            raise ConfigError(
                f"Feature {name} is {value!r}, not a function. Its YAML needs _target_ and _partial_: true; "
                f"to leave it out write '~features.{name}'."
            )


def _row(landmarks: Landmarks, functions: Mapping[str, Feature]) -> dict[str, float]:
    """All features of one repetition by their names with unit."""
    row: dict[str, float] = {}
    made_by: dict[str, str] = {}
    for function_name, function in functions.items():
        for name, value in _values(function_name, function, landmarks).items():
            if name in row:
                raise ConfigError(f"Features {made_by[name]} and {function_name} both return {name!r}. Leave one out.")
            row[name], made_by[name] = value, function_name
    return row


def _values(name: str, function: Feature, landmarks: Landmarks) -> Mapping[str, float]:
    """What a feature returns; whatever a third party's raises names the feature, and the caller the recording."""
    try:
        return function(landmarks)
    except NeurofaceError:
        raise
    except Exception as error:
        told = f"{type(error).__name__}: {error}".rstrip(". :")
        raise DataError(f"feature {name} raises {told}; neuroface check features=... shows how it is asked") from error


def _in_frame(landmarks: Landmarks, frame: str) -> Landmarks:
    """One repetition's landmarks with or without head motion."""
    if frame == "camera":
        return landmarks
    space: Space = "head" if landmarks.unit == "mm" else landmarks.space
    return replace(landmarks, points=geometry.head_frame(landmarks.points), space=space)


def _unseen_face(landmarks: Landmarks) -> Landmarks:
    """One frame in which nothing is seen, to learn the features' names when there are no repetitions."""
    missing = np.full((1, face.N_POINTS, landmarks.points.shape[2]), np.nan)
    return Landmarks(missing, np.zeros(1), landmarks.space)
