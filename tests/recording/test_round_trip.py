"""From a scene through files and depth look-up to mm, against the truth: what a recording goes through, end to end."""

from __future__ import annotations

import numpy as np
import pytest

from neuroface.landmarks import lift
from neuroface.recording import projection
from neuroface.recording.rgbd import RgbdFolder
from neuroface.recording.rgbd_writer import write_rgbd
from neuroface.types import Landmarks, Recording

from . import scene

FRAMES = 6


@pytest.mark.parametrize("origin", ["color", "depth"])
def test_mouth_landmarks_of_a_d400_at_45_cm_come_back_within_a_millimetre(tmp_path, origin):
    rig, random = scene.rig(), np.random.default_rng(0)
    heads = [[scene.head(450 + 3 * i), scene.WALL] for i in range(FRAMES)]  # a head that draws back by 15 cm/s
    ideal = [scene.depth_frame_mm(shapes, rig) for shapes in heads]
    times = np.arange(FRAMES) / 50
    video = scene.SceneVideo(rig, times, lambda i: scene.d400_noise(ideal[i], rig, random))
    write_rgbd(video, tmp_path / "rec")
    pixels = scene.mouth_like_pixels(rig)
    pixels = pixels.mean(axis=0) + 1.3 * (pixels - pixels.mean(axis=0))  # as far apart as the points of a face
    landmarks = Landmarks(np.repeat(pixels[None], FRAMES, axis=0), times, "pixel")
    recording = Recording("S1", "HC", "OPEN", landmarks, video=RgbdFolder(tmp_path / "rec"))
    lifted, counts = lift.depth(landmarks, recording, origin=origin)
    truth = np.stack(
        [projection.deproject(pixels, scene.color_depth_mm(shapes, rig, pixels), rig.color) for shapes in heads]
    )
    if origin == "depth":
        truth = projection.color_to_depth(truth, rig)
    error = np.linalg.norm(lifted.points - truth, axis=-1)
    assert np.median(error) < 0.5
    assert np.percentile(error, 95) < 1.0
    assert (counts["depths_missing"], counts["depth_frames_missing"]) == (0, 0)


def test_without_noise_points_on_a_plane_come_back_to_a_millionth_of_a_millimetre():
    rig = scene.rig(lens=False)
    depth = scene.depth_frame_mm([scene.TILTED], rig)
    times = np.arange(2) / 50
    pixels = np.random.default_rng(1).uniform([260, 180], [400, 320], (2, 68, 2))
    landmarks = Landmarks(pixels, times, "pixel")
    recording = Recording("S1", "HC", "OPEN", landmarks, video=scene.SceneVideo(rig, times, lambda i: depth))
    lifted, _ = lift.depth(landmarks, recording)
    truth = projection.deproject(pixels, scene.color_depth_mm([scene.TILTED], rig, pixels), rig.color)
    np.testing.assert_allclose(lifted.points, truth, rtol=0, atol=1e-6)
