"""Rows of one time, and what files store where there is no point."""

from __future__ import annotations

import numpy as np
import pytest

from checks import still_face
from neuroface.cohorts.clock import on_one_clock
from neuroface.errors import DataError

FPS = 50


def moving(n_frames: int = 100, *, at=(0.0, 0.0, 600.0)) -> np.ndarray:
    """(T, 68, 3) mm: a face that goes 0.1 mm to the side with each frame."""
    return still_face() + np.array(at) + np.array([0.1, 0, 0]) * np.arange(n_frames)[:, None, None]


def read(points, times=None, **more):
    times = np.arange(len(points)) / FPS if times is None else times
    return on_one_clock(points, times, **{"space": "camera"} | more)


def twice(points, at, other):
    """The rows, with `other` in a row of its own before row `at` and at its time."""
    times = np.arange(len(points)) / FPS
    return np.insert(points, at, other, axis=0), np.insert(times, at, times[at])


def test_a_copy_is_merged_and_counted():
    points = moving()
    rows, times = twice(points, 7, points[7])
    landmarks, index, counts = read(rows, times)
    assert counts == {"frames_merged": 1}
    np.testing.assert_array_equal(landmarks.points, points)
    assert index[6:10].tolist() == [6, 7, 7, 8]


def test_of_two_different_faces_the_surer_is_kept():
    points = moving()
    rows, times = twice(points, 7, points[7] * 0.5 + 200)
    score = np.full(rows.shape[:2], 0.9)
    score[7] = 0.4
    landmarks, _, counts = read(rows, times, score=score)
    assert counts == {"frames_merged": 1, "second_faces_left_out": 1}
    np.testing.assert_array_equal(landmarks.points, points)
    assert landmarks.score is not None
    assert (landmarks.score == 0.9).all()


def test_two_different_faces_without_a_score_are_refused():
    points = moving()
    rows, times = twice(points, 7, points[7] * 0.5 + 200)
    with pytest.raises(DataError, match=r"1 times have two different faces, first at 0.140 s, and no score"):
        read(rows, times)
    with pytest.raises(DataError, match="no score"):
        read(rows, times, score=np.ones(rows.shape[:2]))


def test_a_missing_row_gives_way_to_the_face_of_its_time():
    points = moving()
    rows, times = twice(points, 7, np.nan)
    landmarks, _, counts = read(rows, times)
    assert counts == {"frames_merged": 1}
    np.testing.assert_array_equal(landmarks.points, points)


def test_whole_seconds_are_no_clock():
    points = moving(200)
    with pytest.raises(DataError, match=r"4 of 4 times have rows that differ: the clock seems to count whole seconds"):
        read(points, np.floor(np.arange(200) / FPS))


def test_a_second_person_in_every_frame_is_refused():
    points, other = moving(), moving(at=(300, 0, 900))
    rows = np.stack([points, other], axis=1).reshape(-1, 68, 3)
    score = np.tile([0.9, 0.8], len(points))[:, None] * np.ones(68)
    with pytest.raises(DataError, match="100 of 100 times have two different faces: a second person"):
        read(rows, np.repeat(np.arange(100) / FPS, 2), score=score)


@pytest.mark.parametrize("code", [0.0, -1.0, -999.0, 9999.0])
@pytest.mark.parametrize("space", ["camera", "head", "pixel"])
def test_frames_and_points_stored_as_a_number_are_missing(code, space):
    points = moving() if space == "camera" else moving(at=(400, 300, 20))[..., : 2 + (space == "head")]
    rows = points.copy()
    rows[10:18], rows[30, 57] = code, code
    landmarks, _, counts = read(rows, space=space)
    assert counts == {"frames_stored_as_0": 8, "points_stored_as_0": 1}
    assert np.isnan(landmarks.points[10:18]).all()
    assert np.isnan(landmarks.points[30, 57]).all()
    assert np.isfinite(np.delete(landmarks.points, [*range(10, 18), 30], axis=0)).all()


def test_all_points_in_one_place_are_no_face():
    rows = moving()
    rows[3] = [12.0, 40.0, 600.0]
    assert read(rows)[2] == {"frames_stored_as_0": 1}


def test_a_point_of_depth_0_is_missing():
    rows = moving()
    rows[5, 30, 2] = 0
    assert np.isnan(read(rows)[0].points[5, 30]).all()


def test_the_origin_of_the_head_may_be_a_landmark():
    points = moving() - moving()[:, 30:31]
    assert np.isfinite(read(points, space="head")[0].points).all()


def test_zeros_everywhere():
    with pytest.raises(DataError, match="has no landmark in any of its 100 frames; all are missing"):
        read(np.zeros((100, 68, 3)))


def test_points_far_from_the_face_are_missing_and_counted():
    rows = moving()
    rows[30:32, 57] = 1e6
    landmarks, _, counts = read(rows)
    assert counts == {"points_far_from_the_face": 2}
    assert np.isnan(landmarks.points[30:32, 57]).all()
    assert np.isfinite(np.delete(landmarks.points, 57, axis=1)).all()
