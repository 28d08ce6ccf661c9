"""Overlay: the clip has every frame, points where they are, and a trace that has come as far as the time."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from neuroface import face
from neuroface.errors import ConfigError, DataError
from neuroface.recording import projection
from neuroface.recording.overlay import (
    COLORS,
    CURSOR,
    FAINT,
    SHADE,
    TRACE_HEIGHT_PX,
    MouthTrace,
    draw_points,
    image_landmarks,
    write_overlay,
)
from neuroface.types import Landmarks, Repetition

from .drawn_clips import FPS, SIZE, drawn, recording
from .test_head_pose import CAMERA, mean_face


def read_all(file) -> tuple[list[np.ndarray], float]:
    capture, frames = cv2.VideoCapture(str(file)), []
    while (read := capture.read())[0]:
        frames.append(read[1][..., ::-1])
    return frames, capture.get(cv2.CAP_PROP_FPS)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.avi"])
def test_every_frame_is_there_with_its_strip(tmp_path, name):
    assert write_overlay(recording(n_frames=12), tmp_path / name) == 12
    frames, fps = read_all(tmp_path / name)
    assert len(frames) == 12
    assert fps == pytest.approx(FPS)
    assert frames[0].shape == (SIZE[1] + TRACE_HEIGHT_PX, SIZE[0], 3)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_scale_resizes_the_picture_and_moves_the_points(tmp_path):
    write_overlay(recording(n_frames=2), tmp_path / "clip.avi", scale=2)
    frames, _ = read_all(tmp_path / "clip.avi")
    assert frames[0].shape == (2 * SIZE[1] + TRACE_HEIGHT_PX, 2 * SIZE[0], 3)
    x, y = np.round((recording().landmarks.points[0, face.CHIN] + 0.5) * 2 - 0.5).astype(int)
    disc = frames[0][y - 10, x]  # compression smears a dot, but not over 10 px
    np.testing.assert_allclose(disc, drawn(0).max(axis=(0, 1)), atol=12)
    assert np.abs(frames[0][y, x].astype(int) - disc).max() > 60


def test_points_are_drawn_where_they_are_and_missing_ones_are_not():
    image, points = np.zeros((50, 60, 3), np.uint8), np.full((68, 2), np.nan)
    points[face.NOSE_TIP], points[face.CHIN] = (20, 30), (40, 10)
    draw_points(image, points)
    assert tuple(image[30, 20]) == COLORS["nose"]
    assert tuple(image[10, 40]) == COLORS["jaw"]
    assert (image.any(axis=2)).sum() < 40


def strip_at(time_s: float, opening: np.ndarray, repetitions=(), *, width: int) -> np.ndarray:
    """(rows, width, 3): the part of the strip at a time that holds the trace; 50 frames/s."""
    points = np.zeros((len(opening), 68, 2))
    points[:, face.LIP_BOTTOM_INNER, 1] = opening
    points[np.isnan(opening)] = np.nan
    times = np.arange(len(opening)) / 50
    return MouthTrace(Landmarks(points, times, "pixel"), repetitions, width).at(time_s)[22 : TRACE_HEIGHT_PX - 17]


def drawn_columns(strip: np.ndarray) -> np.ndarray:
    """(width,) bool: columns in which the trace is bright, not faint."""
    return (strip.max(axis=2) > max(FAINT) + 20).any(axis=0)


def test_the_trace_is_bright_up_to_now():
    strip = strip_at(1.0, 10 * np.sin(np.linspace(0, 4 * np.pi, 101)) ** 2, width=201)  # the middle of two seconds
    assert (strip[:, 100] == CURSOR).all()
    bright = drawn_columns(strip)
    assert bright[:101].all()
    assert not bright[101:].any()
    # open widest after a quarter of a second: the trace is at its top there
    rows = [int(np.flatnonzero(strip[:, x].max(axis=1) > 124)[0]) for x in (0, 25, 50)]
    assert rows[1] + 60 < rows[0]
    assert rows[0] == rows[2]


def test_repetitions_are_shaded_from_their_first_to_their_last_frame():
    strip = strip_at(0.0, np.linspace(1, 9, 101), [Repetition(10, 26, 0), Repetition(60, 90, 1)], width=201)
    shaded = (strip == SHADE).all(axis=2).any(axis=0)
    assert shaded[[22, 48, 122, 176]].all()
    assert not shaded[[10, 18, 52, 110, 118, 182]].any()


def test_a_gap_in_the_landmarks_is_a_gap_in_the_trace():
    opening = np.linspace(1, 9, 50)
    opening[20:30] = np.nan
    bright = drawn_columns(strip_at(0.98, opening, width=491))  # 10 px per frame
    assert bright[:191].all()
    assert not bright[193:298].any()
    assert bright[300:].all()


def test_mm_are_projected_through_the_camera():
    points = mean_face((0, 0, 0))
    mm = replace(recording(n_frames=1), landmarks=Landmarks(points, np.zeros(1), "camera"), camera=CAMERA)
    np.testing.assert_allclose(image_landmarks(mm).points, projection.project(points, CAMERA)[0])
    with pytest.raises(DataError) as error:
        image_landmarks(replace(mm, camera=None))
    assert str(error.value) == "P1/t: landmarks in mm need a camera to be drawn. Draw them before the lift."
    with pytest.raises(DataError, match="landmarks in head space have no place in the image"):
        image_landmarks(replace(mm, landmarks=replace(mm.landmarks, space="head")))


def test_errors_leave_no_file(tmp_path):
    with pytest.raises(ConfigError) as error:
        write_overlay(recording(), tmp_path / "clip.mp3")
    assert str(error.value) == "clip.mp3 is no overlay file. Did you mean '.mp4'?"
    with pytest.raises(DataError) as missing:
        write_overlay(replace(recording(), video=None), tmp_path / "clip.mp4")
    assert str(missing.value) == "P1/t has no video to draw on."
    with pytest.raises(DataError, match="is its folder there"):
        write_overlay(recording(), tmp_path / "nowhere" / "clip.mp4")
    assert list(tmp_path.iterdir()) == []
