"""Depth under the landmarks of a moving face: matched in time, jumps masked, gaps filled and counted."""

from __future__ import annotations

import numpy as np
import pytest

from neuroface.errors import DataError
from neuroface.recording import landmark_depth
from neuroface.recording.rgbd import RgbdFolder
from neuroface.recording.rgbd_writer import write_rgbd
from neuroface.store import Store
from neuroface.types import Landmarks

from . import scene

FPS = 50


def landmarks(pixels: np.ndarray, frames: int, *, times_s: np.ndarray | None = None) -> Landmarks:
    points = np.repeat(pixels[None], frames, axis=0)
    return Landmarks(points, np.arange(frames) / FPS if times_s is None else times_s, "pixel")


def wall(z_mm: float) -> np.ndarray:
    return np.full((480, 640), z_mm)


def moving_wall(frames: int = 12, *, missing=(), times_s: np.ndarray | None = None) -> scene.SceneVideo:
    """A wall that comes 2 mm nearer each frame, without a depth frame where told."""
    times = np.arange(frames) / FPS if times_s is None else times_s
    rig = scene.rig(aligned=True, lens=False)
    return scene.SceneVideo(rig, times, lambda i: None if i in missing else wall(500 - 2 * i))


PIXELS = np.random.default_rng(0).uniform(100, 300, (68, 2))


def test_each_frame_has_its_own_depth_in_raw_units():
    found, counts = landmark_depth.from_video(landmarks(PIXELS, 12), moving_wall())
    np.testing.assert_allclose(found.depth, np.repeat(500 - 2.0 * np.arange(12)[:, None], 68, axis=1))
    assert counts == {"depth_frames_missing": 0, "depths_masked": 0, "depths_filled": 0, "depths_missing": 0}
    assert found.space == "pixel"


def test_raw_units_are_those_of_the_rig():
    rig = scene.rig(aligned=True, lens=False, unit_mm=0.125)
    video = scene.SceneVideo(rig, np.arange(3) / FPS, lambda i: np.full((480, 640), 4000, np.uint16))
    found, _ = landmark_depth.from_video(landmarks(PIXELS, 3), video)
    np.testing.assert_allclose(found.depth, 4000)


def test_a_short_gap_is_interpolated_and_a_long_one_stays_missing():
    # frames 3 and 4 are missing (60 ms between their neighbours), 7 to 11 are (120 ms)
    video = moving_wall(14, missing=(3, 4, 7, 8, 9, 10, 11))
    found, counts = landmark_depth.from_video(landmarks(PIXELS, 14), video, max_gap_s=0.1)
    np.testing.assert_allclose(found.depth[:7, 0], 500 - 2.0 * np.arange(7))
    assert np.isnan(found.depth[7:12]).all()
    np.testing.assert_allclose(found.depth[12:, 0], [476, 474])
    assert counts["depth_frames_missing"] == 7
    assert counts["depths_filled"] == 2 * 68
    assert counts["depths_missing"] == 5 * 68


def test_a_depth_that_leaves_and_comes_back_is_masked_and_bridged():
    times = np.arange(20) / FPS
    rig = scene.rig(aligned=True, lens=False)
    video = scene.SceneVideo(rig, times, lambda i: wall(800.0 if i in (6, 7, 8) else 500 - 2 * i))
    found, counts = landmark_depth.from_video(landmarks(PIXELS, 20), video)
    np.testing.assert_allclose(found.depth[:, 0], 500 - 2.0 * np.arange(20), atol=1e-9)
    assert counts["depths_masked"] == counts["depths_filled"] == 3 * 68


def test_a_head_that_comes_nearer_at_30_cm_a_second_is_no_jump():
    times = np.arange(30) / FPS
    z_mm = np.repeat((500 - 6.0 * np.arange(30))[:, None], 3, axis=1)  # 174 mm in all
    kept, masked = landmark_depth.mask_jumps(z_mm, times, max_jump_mm=15, max_gap_s=0.1)
    np.testing.assert_array_equal(kept, z_mm)
    assert masked == 0


def test_frames_on_two_sides_of_a_pause_are_not_compared():
    times = np.arange(8.0)  # a second apart: annotated frames, chosen from a long recording
    z_mm = np.array([500, 540, 480, 700, 450, 500, 600, 500.0])[:, None]
    kept, masked = landmark_depth.mask_jumps(z_mm, times, max_jump_mm=15, max_gap_s=0.1)
    np.testing.assert_array_equal(kept, z_mm)
    assert masked == 0


def test_points_that_were_not_found_get_no_depth_and_count_neither_as_missing_nor_as_filled():
    one = landmarks(PIXELS, 6)
    one.points[2, 10] = np.nan
    found, counts = landmark_depth.from_video(one, moving_wall(6))
    assert np.isnan(found.depth[2, 10])
    assert np.isnan(found.depth).sum() == 1
    assert counts["depths_filled"] == counts["depths_missing"] == 0


def test_landmarks_of_some_frames_find_their_frames_by_time():
    times = np.array([0.0, 0.06, 0.1, 0.22])  # frames 0, 3, 5 and 11
    found, _ = landmark_depth.from_video(landmarks(PIXELS, 4, times_s=times), moving_wall(12))
    np.testing.assert_allclose(found.depth[:, 0], [500, 494, 490, 478])


def test_uneven_frames_are_matched_by_time_and_not_by_number():
    times = np.array([0.0, 0.02, 0.06, 0.08, 0.1])  # a dropped frame
    at = landmark_depth.frames_at(moving_wall(5, times_s=times), np.array([0.0, 0.061, 0.099]))
    assert [frame.index for _, frame in at] == [0, 2, 4]


def test_landmarks_on_another_clock_are_refused_with_numbers():
    message = (
        "8 of 12 landmark frames have no video frame within 11 ms; the first, at 0.080 s, is 20 ms away from one. "
        "Are both on the same clock, and is the frame rate right?"
    )
    with pytest.raises(DataError, match=message):
        landmark_depth.from_video(landmarks(PIXELS, 12), moving_wall(4))


def test_a_video_without_depth_or_frames():
    with pytest.raises(DataError, match="the video has no depth camera; set lift=none for features in pixels"):
        landmark_depth.from_video(landmarks(PIXELS, 2), scene.SceneVideo(None, np.arange(2) / FPS, lambda i: None))
    with pytest.raises(DataError, match="the video has no frames"):
        landmark_depth.from_video(landmarks(PIXELS, 2), moving_wall(0))


class WallFilm:
    """A wall at a depth, told by plain values, that counts how often it is read."""

    read = 0

    def __init__(self, z_mm: float, frames: int) -> None:
        self.z_mm, self.n_frames, self.rig = z_mm, frames, scene.rig(aligned=True, lens=False)

    def frames(self, start=0, stop=None, step=1):
        WallFilm.read += 1
        return moving_wall(self.n_frames).frames(start, stop, step)


def test_depths_are_looked_up_once_for_the_same_film_and_the_same_points(tmp_path):
    WallFilm.read = 0
    store, points = Store(tmp_path), landmarks(PIXELS, 12)
    first, counts = landmark_depth.from_video(points, WallFilm(500, 12), store=store)
    again, same = landmark_depth.from_video(points, WallFilm(500, 12), store=store)
    assert WallFilm.read == 1
    np.testing.assert_array_equal(again.depth, first.depth)
    assert same == counts
    landmark_depth.from_video(landmarks(PIXELS + 1, 12), WallFilm(500, 12), store=store)
    landmark_depth.from_video(points, WallFilm(501, 12), store=store)
    landmark_depth.from_video(points, WallFilm(500, 12), store=store, window_px=7)
    assert WallFilm.read == 4
    for _ in range(2):  # what cannot be told from another film is read each time
        landmark_depth.from_video(points, moving_wall(12), store=store)
    assert len(list(tmp_path.rglob("*.npy"))) == 4


def test_the_same_film_at_another_rate_is_looked_up_anew(tmp_path):
    """Frames are matched to landmarks by their times, which may be set beside the file (cohort.fps)."""
    rig = scene.rig(aligned=True, lens=False)
    film = scene.SceneVideo(rig, np.arange(12) / FPS, lambda i: wall(500 - 2 * i).astype(np.uint16))
    write_rgbd(film, tmp_path / "film")
    store, points = Store(tmp_path / "store"), landmarks(PIXELS, 6, times_s=np.arange(6) / 20)
    (tmp_path / "film" / "timestamps.csv").unlink()
    slow, fast = (
        landmark_depth.from_video(points, RgbdFolder(tmp_path / "film", fps=fps), store=store)[0] for fps in (20, 40)
    )
    np.testing.assert_allclose(slow.depth[:, 0], 500 - 2.0 * np.arange(6))
    np.testing.assert_allclose(fast.depth[:, 0], 500 - 4.0 * np.arange(6))
