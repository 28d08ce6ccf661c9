"""From pixel landmarks to mm: with depth that came along, with depth looked up in a video, and without either."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuroface.errors import ConfigError, DataError
from neuroface.landmarks import lift
from neuroface.recording import projection
from neuroface.types import Camera, Frame, Landmarks, Recording, Rig

CAMERA = Camera(fx=500, fy=400, cx=320, cy=240, width=640, height=480, depth_unit_mm=0.125)
LENS = (-0.055, 0.066, -0.0007, 0.0011, -0.021)
FRAMES = 3


def recording(depth: np.ndarray | None = None, *, camera: Camera | None = CAMERA, video=None) -> Recording:
    random = np.random.default_rng(0)
    landmarks = Landmarks(
        points=random.uniform(220, 290, (FRAMES, 68, 2)),  # as far apart as in a face a metre away
        timestamps_s=np.arange(FRAMES) / 50,
        space="pixel",
        score=random.uniform(size=(FRAMES, 68)),
        depth=depth,
        fitted_on=frozenset({"S1"}),
    )
    return Recording("S1", "HC", "OPEN", landmarks, camera=camera, video=video)


class WallVideo:
    """A wall one metre away, as the colour camera sees it, in 0.125 mm units."""

    size = (640, 480)

    def __init__(self, rig: Rig | None) -> None:
        self.rig = rig

    def frames(self, start=0, stop=None, step=1):
        for i in range(FRAMES)[start:stop:step]:
            yield Frame(i, i / 50, np.zeros((480, 640, 3), np.uint8), np.full((480, 640), 8000, np.uint16))


def lifted(one: Recording, **keys):
    return lift.depth(one.landmarks, one, **keys)


def test_depth_lifts_and_keeps_everything_else():
    depth = np.full((FRAMES, 68), 8000.0)
    depth[1, 30] = 0
    one = recording(depth)
    result, counts = lifted(one)
    assert (result.space, result.unit, result.depth, result.fitted_on) == ("camera", "mm", None, {"S1"})
    assert result.points[..., 2][depth > 0] == pytest.approx(1000)
    assert np.isnan(result.points[1, 30]).all()
    assert np.isnan(result.points).sum() == 3
    assert result.score is one.landmarks.score
    assert counts == {}


def test_the_lens_is_undone():
    bent = replace(CAMERA, distortion="brown_conrady", coefficients=LENS)
    points = np.random.default_rng(1).uniform([100, 50, 400], [200, 150, 420], (FRAMES, 68, 3))
    pixels, depth = projection.project(points, bent)
    one = recording(depth, camera=bent)
    result, _ = lift.depth(replace(one.landmarks, points=pixels), one)
    np.testing.assert_allclose(result.points, points, atol=1e-6)
    straight, _ = lift.depth(replace(one.landmarks, points=pixels), replace(one, camera=CAMERA))
    assert np.abs(straight.points - points).max() > 0.5


def test_depth_is_looked_up_in_the_video_and_counted():
    one = recording(camera=None, video=WallVideo(Rig(color=CAMERA, aligned=True)))
    result, counts = lifted(one)
    pixels = one.landmarks.points
    np.testing.assert_allclose(result.points[..., 2], 1000)
    np.testing.assert_allclose(result.points[..., 0], (pixels[..., 0] - 320) * 1000 / 500)
    assert counts["depths_missing"] == counts["depths_filled"] == 0


def test_the_origin_is_the_colour_camera_or_if_asked_the_depth_camera():
    depth = np.full((FRAMES, 68), 8000.0)
    # the depth camera stands 15 mm to the right of the colour camera: what it sees at x = 0 the other sees at x = 15
    rig = Rig(color=CAMERA, depth=CAMERA, translation_mm=np.array([15.0, 0, 0]))
    one = recording(depth, video=WallVideo(rig))
    from_color, from_depth = (lifted(one, origin=origin)[0].points for origin in ("color", "depth"))
    np.testing.assert_allclose(from_color - from_depth, np.broadcast_to([15.0, 0, 0], from_color.shape), atol=1e-9)


def test_an_origin_that_is_not_known_is_refused():
    one = recording(np.full((FRAMES, 68), 8000.0), video=WallVideo(Rig(color=CAMERA, aligned=True)))
    with pytest.raises(DataError, match="where the depth camera is relative to the colour camera is not known; set"):
        lifted(one, origin="depth")
    with pytest.raises(ConfigError, match=r"lift\.origin=colour: there is no such origin\. Did you mean 'color'\?"):
        lifted(one, origin="colour")


def test_landmarks_in_mm_pass_unchanged():
    landmarks = Landmarks(np.zeros((2, 68, 3)), np.array([0.0, 0.1]), "camera")
    one = Recording("S1", "HC", "OPEN", landmarks)
    assert lift.depth(landmarks, one) == (landmarks, {})


def test_none_changes_nothing():
    one = recording()
    assert lift.none(one.landmarks, one) == (one.landmarks, {})


@pytest.mark.parametrize("video", [None, WallVideo(None)])
def test_without_depth(video):
    with pytest.raises(DataError, match="pixel landmarks have no depth; set lift=none for features in pixels"):
        lifted(recording(video=video))


def test_without_camera():
    message = "pixel landmarks have depth but no camera intrinsics; give them, or set lift=none"
    with pytest.raises(DataError, match=message):
        lifted(recording(np.ones((FRAMES, 68)), camera=None))
