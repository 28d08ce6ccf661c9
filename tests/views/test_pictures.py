from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.errors import DataError
from neuroface.recording.crop import square
from neuroface.recording.video import VideoFile
from neuroface.store import Store
from neuroface.views import pictures
from neuroface.views.pictures import Cut

from .videos import NumberedVideo

CROP = square(np.array([100, 60, 80, 80]), margin=0.0, size=40)


def rendered(**keys):
    cohort = SyntheticCohort(people={"HC": 1}, tasks=["OPEN"], repetitions={"OPEN": 1}, modality="rgbd", **keys)
    return next(iter(cohort.recordings())).video


def write_still(file, value):
    import cv2

    cv2.imwrite(str(file), np.full((8, 8, 3), value, np.uint8))
    return file


def test_nearest_in_time_and_the_ends_hold():
    times = np.array([0.0, 1.0, 1.5, 4.0])
    assert pictures.nearest(times, np.array([-3.0, 0.4, 0.6, 1.3, 2.6, 2.9, 9.0])).tolist() == [0, 0, 1, 2, 2, 3, 3]
    assert pictures.nearest(np.array([2.0]), np.array([0.0, 2.0, 3.0])).tolist() == [0, 0, 0]


def test_chosen_frames_are_those_and_take_one_pass():
    NumberedVideo.decoded = 0
    frames = list(pictures.chosen_frames(NumberedVideo(50), [4, 10, 22]))
    assert [frame.index for frame in frames] == [4, 10, 22]
    assert NumberedVideo.decoded == 4  # 4, 10, 16, 22


def test_a_rendered_video_draws_the_chosen_frames_and_no_other():
    video = rendered()
    one_by_one = [next(video.frames(number, number + 1)).color for number in (30, 3)]
    chosen = list(pictures.chosen_frames(video, [30, 3]))
    assert [frame.index for frame in chosen] == [30, 3]
    assert_array_equal([frame.color for frame in chosen], one_by_one)
    assert list(video.chosen([])) == []


def test_a_frame_may_be_cut_more_than_once(tmp_path):
    cuts = [Cut(3, CROP), Cut(7, CROP), Cut(3, CROP)]
    found = pictures.cut_all(NumberedVideo(9), cuts, Store(tmp_path), align="box", size=40)
    assert found[:, 0, 0, 0].tolist() == [3, 7, 3]


def test_landmarks_of_a_longer_video_are_noticed(tmp_path):
    with pytest.raises(DataError, match=r"^has no frame 9 in its video; its landmarks must be of another one$"):
        pictures.cut_all(NumberedVideo(9), [Cut(8, CROP), Cut(9, CROP)], Store(tmp_path), align="box", size=40)


def test_a_video_that_nothing_tells_apart_is_decoded_each_time(tmp_path):
    video = NumberedVideo(9)
    video.source = object()
    assert pictures.identity(video) is None
    NumberedVideo.decoded = 0
    for _ in range(2):
        pictures.cut_all(video, [Cut(3, CROP)], Store(tmp_path), align="box", size=40)
    assert NumberedVideo.decoded == 2


def test_a_file_is_told_by_its_place_size_and_time_of_change(tmp_path):
    file = write_still(tmp_path / "a.png", 10)
    known = pictures.identity(VideoFile(file))
    assert pictures.identity(VideoFile(file)) == known
    os.utime(file, ns=(0, 0))
    changed = pictures.identity(VideoFile(file))
    assert changed != known
    assert pictures.identity(VideoFile(write_still(tmp_path / "b.png", 10))) not in (known, changed)


def test_a_rendered_video_is_told_by_all_that_it_is_made_from():
    video = rendered()
    known = pictures.identity(video)
    assert known == pictures.identity(rendered())
    others = [rendered(seed=1), rendered(look="wild"), rendered(sensor="sr300")]
    others.append(type(video)(video.act, video.looks, video.scene, video.sensor, noise=0.5, seed=video.seed))
    darker = replace(video.scene, background=video.scene.background - 1)
    others.append(type(video)(video.act, video.looks, darker, video.sensor, noise=video.noise, seed=video.seed))
    told = [pictures.identity(other) for other in others]
    assert all(one is not None and one != known for one in told)


def test_other_code_makes_other_pictures(tmp_path, monkeypatch):
    store, cuts = Store(tmp_path), [Cut(3, CROP)]
    NumberedVideo.decoded = 0
    pictures.cut_all(NumberedVideo(9), cuts, store, align="box", size=40)
    monkeypatch.setattr(pictures, "code_digest", lambda rooms: "of other sources")
    pictures.cut_all(NumberedVideo(9), cuts, store, align="box", size=40)
    assert NumberedVideo.decoded == 2
