"""Applies the chosen features to each repetition of a recording: one table row per repetition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neuroface import face, geometry
from neuroface.errors import ConfigError, did_you_mean
from neuroface.types import Landmarks, Repetition

Feature = Callable[[Landmarks], Mapping[str, float]]
FRAMES = ("head", "camera")


def extract(
    landmarks: Landmarks,
    repetitions: Sequence[Repetition],
    features: Mapping[str, Any],
    *,
    frame: str = "head",
) -> tuple[tuple[str, ...], np.ndarray]:
    """Names (d,) and values (n_repetitions, d) float of the chosen features; NaN is missing.

    landmarks: a whole recording, (T, 68, D) px or mm, already cleaned. features: nested mapping
    {family: {name: callable}} of functions f(landmarks) -> {name with unit: value}.
    frame: "head" removes head motion within each repetition (rigid fit to its median pose; 2-D landmarks are fitted in
    the image plane); "camera" leaves it in, which is the literal pipeline of Guarin et al.
    Columns are ordered by family and function name, whatever the order of choice, so that features=[a,b] and
    features=[b,a] are the same science. No repetitions give (0, d).
    Raises ConfigError for an unknown frame, an empty choice, an entry that is no function, or two features of one name.
    """
    if frame not in FRAMES:
        raise ConfigError(f"Unknown frame {frame!r} for features." + did_you_mean(frame, FRAMES))
    functions = dict(_flatten(features))
    if not functions:
        raise ConfigError("No features are chosen. Choose some, e.g. features=[als11_v1].")
    if not repetitions:
        names = tuple(_row(_unseen_face(landmarks), functions))
        return names, np.empty((0, len(names)))
    rows = [_row(_in_frame(landmarks[repetition.frames], frame), functions) for repetition in repetitions]
    return tuple(rows[0]), np.array([list(row.values()) for row in rows], dtype=float)


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
        for name, value in function(landmarks).items():
            if name in row:
                raise ConfigError(f"Features {made_by[name]} and {function_name} both return {name!r}. Leave one out.")
            row[name], made_by[name] = value, function_name
    return row


def _in_frame(landmarks: Landmarks, frame: str) -> Landmarks:
    """One repetition's landmarks with or without head motion."""
    if frame == "camera":
        return landmarks
    space = landmarks.space if landmarks.space == "pixel" else "head"
    return replace(landmarks, points=geometry.head_frame(landmarks.points), space=space)


def _unseen_face(landmarks: Landmarks) -> Landmarks:
    """One frame in which nothing is seen, to learn the features' names when there are no repetitions."""
    missing = np.full((1, face.N_POINTS, landmarks.points.shape[2]), np.nan)
    return Landmarks(missing, np.zeros(1), landmarks.space)
