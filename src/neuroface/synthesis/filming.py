"""A synthetic recording put before a colour and a depth camera: video, what an annotator marks in it, and the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuroface import face
from neuroface.recording import projection
from neuroface.synthesis import figure as figures
from neuroface.synthesis import raster
from neuroface.synthesis.depth_sensor import DepthSensor
from neuroface.synthesis.render import Act, RenderedVideo
from neuroface.types import Camera, Landmarks, Recording, Truth


def film(recording: Recording, video: RenderedVideo, *, annotation_shift_px: float = 0.0) -> Recording:
    """The recording with video; its landmarks become pixels of the colour image, without depth.

    recording: with truth; landmarks and truth.landmarks (T, 68, 3) mm, axes of the colour camera. annotation_shift_px:
    see `annotation_shift`. Truth keeps its points in mm and gets `pixels`: where a perfect annotator marks them, with
    true depth and, as score, 1 where the surface faces the camera and the point lies in the image, else 0.
    """
    truth, marked, camera = recording.truth, recording.landmarks, depth_counting_camera(video.sensor)
    if truth is None:
        raise ValueError(f"{recording.name} has no truth to film.")
    # an annotator errs across the line of sight, which is where landmark noise goes; nobody marks depth in an image
    seen = np.concatenate([marked.points[..., :2], truth.landmarks.points[..., 2:]], axis=2)
    pixels, _ = projection.project(seen, camera)
    pixels += annotation_shift(annotation_shift_px)
    return replace(
        recording,
        landmarks=replace(marked, points=pixels, space="pixel"),
        camera=camera,
        truth=replace(truth, pixels=_true_pixels(truth, video)),
        video=video,
    )


def annotation_shift(rms_px: float) -> np.ndarray:
    """(68, 2) px: how one database's annotators mark each landmark off the place where another's do.

    The same on every frame, person and clinic; its root mean square length over the landmarks is `rms_px`.
    """
    drawn = np.random.default_rng(68).standard_normal((face.N_POINTS, 2))
    return rms_px * drawn / np.sqrt((drawn**2).sum(axis=1).mean())


def depth_counting_camera(sensor: DepthSensor) -> Camera:
    """The colour camera, with the length of the raw depth unit of the sensor."""
    depth = sensor.rig.depth or sensor.rig.color
    return replace(sensor.rig.color, depth_unit_mm=depth.depth_unit_mm)


def _true_pixels(truth: Truth, video: RenderedVideo) -> Landmarks:
    camera, points = depth_counting_camera(video.sensor), truth.landmarks.points
    pixels, depth = projection.project(points, camera)
    inside = ((pixels >= -0.5) & (pixels < [camera.width - 0.5, camera.height - 0.5])).all(axis=2)
    visible = (inside & _faces_camera(points, video.act)).astype(float)
    return Landmarks(pixels, truth.landmarks.timestamps_s, "pixel", score=visible, depth=depth)


def _faces_camera(points: np.ndarray, act: Act) -> np.ndarray:
    """(T, 68) bool: whether the skin about each landmark is turned towards the camera.

    Judged by the neutral face turned as the head is, which expression changes little; what the nose hides from the side
    counts as visible.
    """
    mesh = figures.build(act.neutral, long_hair=False)
    skin = mesh.triangles[mesh.layer == figures.LAYERS.index("skin")]
    normals, _ = raster.vertex_normals(mesh.base, skin)
    turned = normals[: face.N_POINTS] @ np.swapaxes(act.rotation, 1, 2)
    return np.einsum("tnd,tnd->tn", turned, points) < 0
