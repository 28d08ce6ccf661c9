"""Following a face: which box is kept, what is interpolated, what is lost; and where boxes come from."""

from __future__ import annotations

import pickle
from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest

from neuroface.errors import ConfigError, DataError, WeightsNotFoundError
from neuroface.recording.face_detectors import BoxTable, HaarDetector, LandmarkBoxes, YuNetDetector
from neuroface.recording.faces import Follow, counts, overlap
from neuroface.types import Frame

from .drawn_clips import RADIUS, DrawnVideo, centre, find_disc, recording

SMALL, LARGE = np.array([20.0, 20, 30, 30]), np.array([200.0, 100, 80, 80])


def frames(n: int, *, fps: float = 25.0) -> list[Frame]:
    return [Frame(i, i / fps, np.zeros((8, 8, 3), np.uint8)) for i in range(n)]


def follow(boxes_of: dict[int, list[np.ndarray]], n: int = 10, **keys) -> list:
    return list(Follow(**{"search_every_s": 0, **keys})(frames(n), lambda f: np.array(boxes_of.get(f.index, []))))


def test_overlap_is_intersection_over_union():
    assert overlap(np.array([0, 0, 10, 10]), np.array([5, 0, 10, 10])) == pytest.approx(50 / 150)
    assert overlap(SMALL, SMALL) == 1
    assert overlap(SMALL, LARGE) == 0
    assert overlap(np.zeros(4), np.zeros(4)) == 0


def test_track_stays_with_its_face_when_a_larger_one_comes():
    boxes = {i: [SMALL + np.array([i, 0, 0, 0])] + ([LARGE] if i > 3 else []) for i in range(10)}
    tracked, largest = follow(boxes), follow(boxes, keep="largest")
    np.testing.assert_array_equal(tracked[9].box, SMALL + np.array([9, 0, 0, 0]))
    np.testing.assert_array_equal(largest[9].box, LARGE)


def test_another_face_is_taken_only_after_patience():
    boxes = {0: [SMALL], **{i: [LARGE] for i in range(1, 10)}}  # 0.04 s per frame
    seen = follow(boxes, patience_s=0.2)
    assert [s.how for s in seen] == ["detected", *["lost"] * 5, *["detected"] * 4]
    np.testing.assert_array_equal(seen[6].box, LARGE)


def test_boxes_between_two_searches_are_on_the_line_between_them():
    searched = []

    def detect(frame: Frame) -> np.ndarray:
        searched.append(frame.index)
        return find_disc(frame)

    seen = list(Follow(search_every_s=0.2)(DrawnVideo(23).frames(), detect))
    assert searched == [0, 5, 10, 15, 20, 22]
    assert counts(s.how for s in seen) == {"faces_detected": 6, "faces_interpolated": 17, "faces_lost": 0}
    for s in seen:
        np.testing.assert_allclose(s.box[:2] + s.box[2:] / 2, centre(s.frame.index) + 0.5)
        np.testing.assert_array_equal(s.box[2:], [2 * RADIUS + 1, 2 * RADIUS + 1])


def test_nothing_is_guessed_across_a_loss():
    gone = frozenset(range(7, 13))
    seen = list(Follow(search_every_s=0.2)(DrawnVideo(20, empty=gone).frames(), find_disc))
    assert {s.frame.index for s in seen if s.how == "lost"} == gone
    assert [s.frame.index for s in seen] == list(range(20))


def test_no_line_is_drawn_between_two_faces_that_do_not_overlap():
    far = {0: [SMALL], 5: [LARGE], 2: [SMALL]}
    seen = follow(far, 6, search_every_s=0.2, keep="largest")
    assert Counter(s.how for s in seen) == {"detected": 3, "lost": 3}


def test_wrong_rule_is_named():
    with pytest.raises(ConfigError) as error:
        Follow(keep="tracked")
    assert str(error.value) == "keep=tracked is no way to choose a face. Did you mean 'track'?"
    with pytest.raises(ConfigError, match="search_every_s=-1"):
        Follow(search_every_s=-1)


def test_haar_finds_a_real_face(shared_data):
    image = cv2.cvtColor(cv2.imread(str(shared_data / "faces68" / "astronaut.png")), cv2.COLOR_BGR2RGB)
    lines = (shared_data / "faces68" / "astronaut.pts").read_text().split("{")[1].split("}")[0].split()
    points = np.array(lines, dtype=float).reshape(-1, 2)
    for detector in (HaarDetector(), HaarDetector(max_side_px=160)):
        again = pickle.loads(pickle.dumps(detector))
        (box,) = detector(Frame(0, 0.0, image))
        np.testing.assert_array_equal(again(Frame(0, 0.0, image)), [box])  # after use it still travels to a worker
        nose = points[30]
        assert (box[:2] < nose).all()
        assert (nose < box[:2] + box[2:]).all()
        assert box[2] == pytest.approx(np.ptp(points[:, 0]), rel=0.4)
    assert HaarDetector()(Frame(0, 0.0, np.zeros_like(image))).shape == (0, 4)


def test_haar_settings_are_checked():
    with pytest.raises(ConfigError) as error:
        HaarDetector(cascade="alt3")
    assert str(error.value) == "There is no Haar cascade 'alt3'. Did you mean 'alt' or 'alt2'?"
    with pytest.raises(ConfigError, match="scale_step > 1"):
        HaarDetector(scale_step=1.0)


def test_yunet_needs_the_users_model(tmp_path):
    with pytest.raises(ConfigError) as error:
        YuNetDetector()
    assert str(error.value) == "YuNet has no model. Set model to its ONNX file, which OpenCV's model zoo publishes."
    with pytest.raises(WeightsNotFoundError) as missing:
        YuNetDetector(model=tmp_path / "yunet.onnx")
    assert str(missing.value) == (
        f"There is no YuNet model {tmp_path / 'yunet.onnx'}. Get face_detection_yunet_2023mar.onnx from OpenCV's model "
        "zoo and set model to it, or use the Haar detector."
    )
    (tmp_path / "yunet.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsNotFoundError, match="cannot be used as a YuNet model"):
        YuNetDetector(model=tmp_path / "yunet.onnx")(Frame(0, 0.0, np.zeros((64, 64, 3), np.uint8)))


def test_given_landmarks_are_boxes_at_their_time():
    detect = LandmarkBoxes().of(recording())
    (box,) = detect(Frame(99, 7 / 25 + 0.01, np.empty(0)))  # times, not frame numbers, say which landmarks
    np.testing.assert_allclose(box[:2] + box[2:] / 2, centre(7), atol=0.1)
    np.testing.assert_allclose(box[2:], [50, 50], atol=0.1)
    assert len(detect(Frame(0, 1.7, np.empty(0)))) == 0  # the last landmarks are at 1.56 s


def test_given_boxes_by_recording_and_frame(tmp_path):
    file = tmp_path / "faces.csv"
    file.write_text("recording,frame,x,y,width,height\nP1/t,3,1,2,30,40\nP1/t,3,5,6,7,8\nP2/t,4,9,9,9,9\n")
    detect = BoxTable(file).of(recording())
    np.testing.assert_array_equal(detect(Frame(3, 0.0, np.empty(0))), [[1, 2, 30, 40], [5, 6, 7, 8]])
    assert len(detect(Frame(4, 0.0, np.empty(0)))) == 0
    with pytest.raises(DataError) as error:
        BoxTable(file).of(recording("P3"))
    assert str(error.value) == f"{file} has no box of this recording. Did you mean 'P2/t' or 'P1/t'?"
    file.write_text("recording,frame,x,y,w,height\n")
    with pytest.raises(DataError, match="has no column 'width'"):
        BoxTable(file).of(recording())


def test_landmarks_in_mm_are_no_boxes():
    one = recording(n_frames=2)
    mm = replace(one, landmarks=replace(one.landmarks, points=np.zeros((2, 68, 3)), space="camera"))
    with pytest.raises(DataError) as error:
        LandmarkBoxes().of(mm)
    assert str(error.value) == "has no landmarks in pixels to take the face from; choose a detector"


def test_the_face_in_the_middle_is_meant_where_that_is_asked():
    boxes = {i: [LARGE, np.array([0.0, 0, 6, 6])] for i in range(4)}  # of frames of 8 x 8 px
    np.testing.assert_array_equal(follow(boxes, 4)[0].box, LARGE)
    assert [seen.box[2] for seen in follow(boxes, 4, whose="central")] == [6] * 4
