"""From pixels to mm, for features in mm. A choice of `lift` is one function here.

Axes of the result are the camera's: x to the right in the image, y down, z away from the camera.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.recording import depth_plausible, landmark_depth, projection
from neuroface.recording.depth import depth_unit_mm
from neuroface.store import Store
from neuroface.types import Camera, Landmarks, Recording, Rig

ORIGINS = ("color", "depth")


def depth(
    landmarks: Landmarks,
    recording: Recording,
    *,
    window_px: int = 5,
    max_step_mm: float = 10.0,
    max_jump_mm: float = 15.0,
    max_gap_s: float = 0.1,
    origin: str = "color",
    store: str | None = None,
) -> tuple[Landmarks, dict[str, int]]:
    """Pixel landmarks -> (T, 68, 3) mm, camera frame, and counts; landmarks in mm pass unchanged.

    Depth is what came with the landmarks, or else is looked up in the recording's depth frames: the median of the
    valid pixels in a window of `window_px` colour pixels around a point, of those within `max_step_mm` of the surface
    in front; depths that jump by more than `max_jump_mm` are masked and gaps up to `max_gap_s` interpolated (both
    only for depth that is looked up). The lens is undone. origin: "color" puts (0, 0, 0) at the colour camera, whose
    pixels these are; "depth" at the depth (infra-red) camera, as Guarin et al. do. Distances do not depend on it.
    store: folder that keeps the depths looked up for the next time; None for neuroface's own in the user's cache.
    Counts: see landmark_depth.from_video; none for depth that came with the landmarks. Errors: DataError when there
    is no depth, or none that makes a face, or no camera to lift with; ConfigError for an unknown origin.
    """
    if origin not in ORIGINS:
        raise ConfigError(f"lift.origin={origin}: there is no such origin." + did_you_mean(origin, ORIGINS))
    if landmarks.space != "pixel":
        return landmarks, {}
    rig = None if recording.video is None else recording.video.rig
    camera = None if rig is None else _seen_from_color(rig)
    counts: dict[str, int] = {}
    key = "depth_scale in camera.json (of a bag: cohort.depth_scale)"
    if landmarks.depth is not None:
        camera, key = recording.camera or camera, "depth_unit_mm of the camera in the sidecar of the landmarks"
    elif recording.video is not None and rig is not None:
        landmarks, counts = landmark_depth.from_video(
            landmarks,
            recording.video,
            window_px=window_px,
            max_step_mm=max_step_mm,
            max_jump_mm=max_jump_mm,
            max_gap_s=max_gap_s,
            store=Store(store),
        )
    if landmarks.depth is None:
        raise DataError("pixel landmarks have no depth; set lift=none for features in pixels")
    if camera is None:
        raise DataError("pixel landmarks have depth but no camera intrinsics; give them, or set lift=none")
    points = projection.deproject(landmarks.points, landmarks.depth, camera)
    depth_plausible.check_face(points, landmarks.depth, camera, key=key)
    if origin == "depth":
        points = projection.color_to_depth(points, _known_baseline(rig))
    return replace(landmarks, points=points, space="camera", depth=None), counts


def none(landmarks: Landmarks, recording: Recording) -> tuple[Landmarks, dict[str, int]]:
    """Landmarks as they are: pixels stay pixels, mm stay mm."""
    return landmarks, {}


def _seen_from_color(rig: Rig) -> Camera:
    """The colour camera, counting depth in the rig's raw units."""
    return replace(rig.color, depth_unit_mm=depth_unit_mm(rig))


def _known_baseline(rig: Rig | None) -> Rig:
    """The rig, if it says where its depth camera is; identity extrinsics of an aligned stream say nothing."""
    if rig is None or (rig.aligned and not np.any(rig.translation_mm)):
        raise DataError("where the depth camera is relative to the colour camera is not known; set lift.origin=color")
    return rig
