"""Landmarks as other tools and eyes want them: an xarray data set, a figure. Both libraries are imported when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface import face
from neuroface.errors import ConfigError

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

INDIVIDUAL = "person"


def to_xarray(
    points: np.ndarray, timestamps_s: np.ndarray, *, unit: str, space: str, score: np.ndarray | None = None
) -> xarray.Dataset:
    """`position` (time, space, keypoints, individuals) and `confidence` (time, keypoints, individuals).

    points: (T, 68, D). Dimensions, coordinates and the attributes ds_type, time_unit and source_software are those of
    the package movement (0.15), whose functions take the result as it is. Units stand in the attributes `units` of
    position ("px", "mm" or "icd") and time. Without a score the confidence is NaN.
    Errors: ConfigError where xarray is not installed.
    """
    try:
        import xarray
    except ImportError as error:
        raise ConfigError("to_xarray needs xarray: pip install 'neuroface[notebook]'.") from error
    dims = ("time", "space", "keypoints", "individuals")
    confidence = np.full(points.shape[:2], np.nan) if score is None else np.asarray(score, float)
    data = xarray.Dataset(
        {
            "position": (dims, np.swapaxes(points, 1, 2)[..., None].astype(float), {"units": unit, "frame": space}),
            "confidence": ((dims[0], *dims[2:]), confidence[..., None]),
        },
        coords={
            "time": ("time", np.asarray(timestamps_s, float), {"units": "s"}),
            "space": list("xyz"[: points.shape[2]]),
            "keypoints": list(face.NAMES),
            "individuals": [INDIVIDUAL],
        },
        attrs={"ds_type": "poses", "time_unit": "seconds", "source_software": "neuroface"},
    )
    return data


def plot(points: np.ndarray, *, unit: str, axes: Axes | None = None, frame: int | None = None) -> Axes:
    """The face from the front: one frame, or the middle face and where each point went.

    points: (T, 68, D). frame: index of the one to draw; None draws the median over time as dots, and each point's way
    as a line. y grows downwards, as in the image. Returns the axes.
    """
    if axes is None:
        import matplotlib.pyplot as plt

        axes = plt.figure(figsize=(4.5, 4.5)).add_subplot()
    flat = np.asarray(points, float)[..., :2]
    shown = _middle(flat) if frame is None else flat[frame]
    if frame is None:
        axes.plot(flat[..., 0], flat[..., 1], color="0.75", linewidth=0.6, zorder=1)
    for outline in _outlines():
        axes.plot(*shown[outline].T, color="C0", linewidth=1, zorder=2)
    axes.scatter(shown[:, 0], shown[:, 1], s=8, color="C0", zorder=3)
    axes.set(xlabel=f"x ({unit})", ylabel=f"y ({unit})")
    axes.set_aspect("equal")
    if not axes.yaxis_inverted():
        axes.invert_yaxis()
    return axes


def _middle(flat: np.ndarray) -> np.ndarray:
    """(68, 2): the median over the frames that have each point; NaN where none has."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a point that no frame has
        return np.nanmedian(flat, axis=0)


def _outlines() -> list[Any]:
    """Points to be joined by a line, in order; eyes and lips are closed."""
    open_ones = [face.JAW, face.BROW_RIGHT, face.BROW_LEFT, face.NOSE_BRIDGE, face.NOSTRILS]
    closed = [face.EYE_RIGHT, face.EYE_LEFT, face.MOUTH_OUTER, face.MOUTH_INNER]
    return [*open_ones, *(np.append(part, part[0]) for part in closed)]
