"""Faces in single images: one recording per still, its class on its only repetition, without landmarks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuroface import face
from neuroface.recording.image_frames import ImageFrames
from neuroface.types import Landmarks, Recording, Repetition

TASK = "still"


def still(
    video: ImageFrames,
    *,
    subject: str,
    group: str,
    label: str | None,
    task: str = TASK,
    session: str = "",
    attributes: Mapping[str, Any] | None = None,
    notes: Mapping[str, Any] | None = None,
    points: np.ndarray | None = None,
) -> Recording:
    """A recording of one or a few images that are one sample of class `label`.

    points: (T, 68, 2) px, NaN is missing; None for images without landmarks, whose points are all missing.
    """
    if points is None:
        points = np.full((len(video), face.N_POINTS, 2), np.nan)
    return Recording(
        subject=subject,
        group=group,
        task=task,
        session=session,
        landmarks=Landmarks(points, video.timestamps_s, "pixel"),
        repetitions=(Repetition(0, len(video), 0, label),),
        attributes=attributes or {},
        notes=notes or {},
        video=video,
    )


def session_of(name: str) -> str:
    """What tells the images of a person apart, without the underscores that part names in neuroface's own layout."""
    return name.strip().replace("_", "-").replace("/", "-")
