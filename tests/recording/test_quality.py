"""Quality: each number is put in and comes out."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest

from neuroface import face
from neuroface.errors import ConfigError
from neuroface.recording import head_pose, projection
from neuroface.recording.quality import (
    FrontalGate,
    measure,
    mouth_depth_missing,
    out_of_frame,
    sharpness,
    write,
)
from neuroface.types import Landmarks, Recording

from .drawn_clips import DrawnVideo, recording
from .test_head_pose import CAMERA, mean_face


def turning(yaw_deg: np.ndarray, **more) -> Recording:
    """A mean head that turns, in mm."""
    points = np.concatenate([mean_face((float(yaw), 0, 0)) for yaw in yaw_deg])
    marks = Landmarks(points, np.arange(len(points)) / 50, "camera")
    return Recording(subject="P", group="g", task="t", landmarks=marks, **more)


def test_the_gate_counts_frames_that_look_away():
    yaw = np.array([0.0, 10, -29, 31, -45, 5, 0, 0, 0, 0])
    row = measure(turning(yaw))
    assert row["looks_away"] == pytest.approx(2 / 10)
    assert row["frontal"] is True
    assert row["pose_from"] == "mm"
    assert row["yaw_deg"] == pytest.approx(np.median(yaw), abs=1e-6)
    assert row["distance_mm"] == pytest.approx(np.sqrt(15**2 + 20**2 + 450**2))
    assert measure(turning(yaw), gate=FrontalGate(max_share=0.1))["frontal"] is False
    assert measure(turning(yaw), gate=FrontalGate(max_yaw_deg=50))["looks_away"] == 0


def test_who_looks_away_is_named_and_unknown_stays():
    away, there = turning(np.full(5, 40.0)), replace(turning(np.zeros(5)), subject="Q")
    unknown = replace(there, subject="R", landmarks=replace(there.landmarks, space="head"))
    table = pd.DataFrame([measure(recording) for recording in (away, there, unknown)])
    assert list(table["frontal"]) == [False, True, None]
    assert list(table["pose_from"]) == ["mm", "mm", ""]
    assert list(table["recording"]) == ["P/t", "Q/t", "R/t"]


@pytest.mark.parametrize(("with_depth", "source"), [(True, "depth"), (False, "pixels")])
def test_pose_from_pixels_with_and_without_depth(with_depth, source):
    points = np.concatenate([mean_face((20.0, -10.0, 5.0))] * 3)
    pixels, depth = projection.project(points, CAMERA)
    marks = Landmarks(pixels, np.arange(3) / 50, "pixel", depth=depth if with_depth else None)
    row = measure(Recording(subject="P", group="g", task="t", landmarks=marks, camera=CAMERA))
    assert row["pose_from"] == source
    assert [row["yaw_deg"], row["pitch_deg"], row["roll_deg"]] == pytest.approx([20, -10, 5], abs=0.01)


def test_lost_frames_are_those_that_would_fit_into_gaps():
    one = recording(n_frames=40)
    kept = np.r_[0:10, 13:30, 31:40]  # 3 + 1 gone
    marks = replace(one.landmarks, points=one.landmarks.points[kept], timestamps_s=one.landmarks.timestamps_s[kept])
    row = measure(replace(one, landmarks=marks, video=None))
    assert (row["frames"], row["frames_lost"]) == (36, 4)
    assert row["frames_lost_share"] == pytest.approx(4 / 40)
    assert row["fps"] == pytest.approx(25)
    assert row["duration_s"] == pytest.approx(39 / 25)
    points = one.landmarks.points.copy()
    points[5:8] = np.nan
    assert measure(replace(one, landmarks=replace(one.landmarks, points=points)))["frames_without_face"] == 3


def test_mouth_depth_zero_and_nan_are_missing_and_other_points_do_not_count():
    depth = np.zeros((2, 68))
    depth[:, face.MOUTH] = 450
    depth[0, face.LIP_TOP_OUTER], depth[1, face.LIP_BOTTOM_INNER] = 0, np.nan
    marks = Landmarks(np.ones((2, 68, 2)), np.arange(2.0), "pixel", depth=depth)
    assert mouth_depth_missing(marks) == pytest.approx(2 / 40)
    assert np.isnan(mouth_depth_missing(replace(marks, depth=None)))


def test_out_of_frame_counts_points_that_are_seen():
    points = np.full((1, 68, 2), 5.0)
    points[0, :10] = (-1, 5)
    points[0, 10:20] = (5, 100)
    points[0, 20:28] = np.nan
    marks = Landmarks(points, np.zeros(1), "pixel")
    assert out_of_frame(marks, (50, 100)) == pytest.approx(20 / 60)
    assert np.isnan(out_of_frame(marks, None))


def test_sharpness_is_the_variance_of_the_second_difference():
    stripes = np.zeros((40, 40, 3), np.uint8)
    stripes[:, ::2] = 100  # Laplacian +200 on dark and -200 on bright columns
    assert sharpness(stripes, np.array([10, 10, 20, 20])) == pytest.approx(200**2)
    assert sharpness(cv2.GaussianBlur(stripes, (9, 9), 2), np.array([10, 10, 20, 20])) < 200**2 / 100
    assert np.isnan(sharpness(stripes, np.array([90, 90, 5, 5])))


def test_blur_is_measured_in_the_face_only():
    class Sharp(DrawnVideo):
        def frames(self, start=0, stop=None, step=1):
            for frame in super().frames(start, stop, step):
                frame.color[:, :60] = np.indices((240, 60)).sum(axis=0)[..., None] % 2 * 255  # beside the face
                yield frame

    plain, busy = measure(recording(video=DrawnVideo(40))), measure(recording(video=Sharp(40)))
    assert busy["blur"] == plain["blur"]
    assert plain["blur"] > 0


def test_a_recording_without_landmarks_is_described_too():
    one = recording(n_frames=10)
    row = measure(replace(one, landmarks=replace(one.landmarks, points=np.full((10, 68, 2), np.nan))))
    assert row["frames_without_face"] == 10
    assert row["frontal"] is None
    assert np.isnan([row["blur"], row["yaw_deg"], row["out_of_frame"]]).all()


def test_quality_csv_holds_the_table(tmp_path):
    table = pd.DataFrame([measure(turning(np.zeros(4))), measure(replace(turning(np.full(4, 50.0)), subject="Q"))])
    write(table, tmp_path / "quality.csv")
    again = pd.read_csv(tmp_path / "quality.csv")
    assert list(again.columns) == list(table.columns)
    assert list(again["frontal"]) == [True, False]
    assert [p.name for p in tmp_path.iterdir()] == ["quality.csv"]


def test_limits_without_meaning_are_refused():
    with pytest.raises(ConfigError, match="positive angles and a share from 0 to 1"):
        FrontalGate(max_share=1.5)


def test_real_clip_of_a_person_who_looks_at_the_camera(shared_data):
    from neuroface.recording.video import VideoFile

    video = VideoFile(shared_data / "video_rgb" / "single_face.mp4")
    track = np.load(shared_data / "tracks68_2d" / "single_face.npz")["points_px"].astype(float)
    marks = Landmarks(track, video.timestamps_s, "pixel")
    row = measure(Recording(subject="P", group="g", task="t", landmarks=marks, video=video))
    assert row["frontal"] is True
    assert row["pose_from"] == "pixels, guessed camera"
    assert abs(row["yaw_deg"]) < 10
    assert 300 < row["distance_mm"] < 800  # an arm's length, of a guessed camera
    assert head_pose.guessed_camera(video.size).nominal
