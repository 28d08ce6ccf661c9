"""Whatever holds frames is opened by what it is, and reaches millimetres through `cohort=videos`."""

from __future__ import annotations

import numpy as np
import pytest

from checks import still_face
from neuroface.cohorts.videos import VideosCohort
from neuroface.landmarks import lift
from neuroface.recording.rgbd import RgbdFolder
from neuroface.recording.rgbd_writer import write_rgbd

from . import clips
from .bags import Bag, write

FRAMES = 4
TIMES = [1_700_000_000 + i / 30 for i in range(FRAMES)]


@pytest.fixture
def bag(tmp_path):
    """A clip before a flat wall one metre away, recorded by a camera whose depth counts millimetres."""
    pytest.importorskip("rosbags")
    wall = np.full((90, 120), 1000, dtype=np.uint16)
    content = Bag(color={t: clips.picture(i) for i, t in enumerate(TIMES)}, depth=dict.fromkeys(TIMES, wall))
    (tmp_path / "visits").mkdir()
    return write(tmp_path / "visits" / "anna.bag", content)


def with_tracks(root, video):
    """The landmarks of an adult's face 1 m away, in px of the colour image."""
    camera = video.rig.color
    points = still_face()[:, :2] * camera.fx / 1000 + [camera.width / 2, camera.height / 2]
    np.savez(root / "anna.npz", points=np.tile(points, (FRAMES, 1, 1)))


def test_a_bag_is_a_recording_and_its_landmarks_become_mm(bag, tmp_path):
    (filmed,) = VideosCohort(root=bag.parent).recordings()
    with_tracks(tmp_path, filmed.video)
    (recording,) = VideosCohort(root=bag.parent, tracks=tmp_path).recordings()
    assert recording.name == "anna/video"
    np.testing.assert_allclose(recording.landmarks.timestamps_s, np.array(TIMES) - TIMES[0], atol=1e-6)
    lifted, _ = lift.depth(recording.landmarks, recording)
    assert lifted.space == "camera"
    np.testing.assert_allclose(lifted.points[..., 2], 1000, atol=1e-6)


def test_a_bag_becomes_an_rgbd_folder_that_is_read_the_same_way(bag, tmp_path):
    (recording,) = VideosCohort(root=bag.parent).recordings()
    write_rgbd(recording.video, tmp_path / "folders" / "anna")
    (again,) = VideosCohort(root=tmp_path / "folders").recordings()
    assert isinstance(again.video, RgbdFolder)
    for one, other in zip(recording.video.frames(), again.video.frames(), strict=True):
        np.testing.assert_array_equal(one.color, other.color)
        np.testing.assert_array_equal(one.depth, other.depth)
