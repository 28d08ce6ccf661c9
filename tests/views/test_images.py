from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neuroface import face
from neuroface.errors import DataError
from neuroface.views.images import Images, peak

from .videos import HEIGHT, WIDTH, NumberedVideo, face_px, seen_of, stored_in


def images_of(seen, folder, **keys):
    view = stored_in(Images(**{"size": 40, **keys}), folder)
    return view.rows(seen)[1]


def opening(n_frames, *, widest, **move):
    """(T, 68, 2) px: a face that opens its mouth up to frame `widest` and closes it again."""
    points = face_px(n_frames, **move)
    by = 20 * (1 - np.abs(np.arange(n_frames) - widest) / n_frames)
    points[:, [face.LIP_BOTTOM_OUTER, face.LIP_BOTTOM_INNER, face.CHIN], 1] += by[:, None]
    return points


def test_the_picture_is_of_the_frame_in_which_the_face_has_moved_most(tmp_path):
    seen = seen_of(opening(30, widest=17), [(0, 30), (20, 30)], video=NumberedVideo(30))
    first, second = images_of(seen, tmp_path, hold_s=0)
    assert first.shape == (40, 40, 3)
    assert first[20, 20, 0] == 17
    assert second[20, 20, 0] == 29  # the mouth only closes: its end is farthest from its beginning


def test_the_head_may_turn_shift_and_come_nearer_meanwhile():
    points = opening(30, widest=11, turn_deg=np.linspace(0, 30, 30), shift_px=np.linspace(0, 60, 30))
    points *= np.linspace(1, 1.5, 30)[:, None, None]
    assert peak(points) == 11


def test_a_blink_is_no_peak_where_a_peak_has_to_last():
    points = opening(30, widest=17)
    points[4:7, [upper for upper, _ in (*face.EYELIDS_RIGHT, *face.EYELIDS_LEFT)], 1] += 40
    assert peak(points) in range(4, 7)
    assert abs(peak(points, hold=9) - 17) <= 2


def test_frames_that_are_not_seen_whole_are_no_peak():
    points = opening(30, widest=11)
    points[9:13] = np.nan
    assert peak(points) == 13  # 8 is farther from 11
    assert peak(points[9:13]) is None


def test_a_still_is_itself_with_landmarks_or_without(tmp_path):
    still = seen_of(face_px(1), [(0, 1)], video=NumberedVideo(1))
    assert images_of(still, tmp_path)[0].shape == (40, 40, 3)
    blind = seen_of(np.full((1, 68, 2), np.nan), [(0, 1)], video=NumberedVideo(1))
    (whole,) = images_of(blind, tmp_path, align="whole", size=WIDTH)
    bar = (WIDTH - HEIGHT) // 2
    assert not whole[:bar].any()
    assert not whole[-bar:].any()
    (frame,) = blind.recording.video.frames(0, 1)
    assert_array_equal(whole[bar:-bar], frame.color)
    with pytest.raises(DataError, match="shows no face in any repetition: its landmarks are missing"):
        images_of(blind, tmp_path)


def test_a_second_look_decodes_nothing(tmp_path):
    seen = seen_of(opening(30, widest=17), [(0, 30)], video=NumberedVideo(30))
    NumberedVideo.decoded = 0
    view = stored_in(Images(size=40), tmp_path)
    X = view.gather(view.rows(seen)[1])
    assert NumberedVideo.decoded == 1
    assert_array_equal(view.gather(view.rows(seen)[1]), X)
    assert NumberedVideo.decoded == 1


def test_regions_are_masks_of_the_aligned_face(tmp_path):
    from neuroface import face
    from neuroface.classifiers.palsy_attention import REGIONS

    seen = seen_of(face_px(1), [(0, 1)], video=NumberedVideo(1))
    view = stored_in(Images(size=56, regions=True), tmp_path)
    (row,) = view.rows(seen)[1]
    assert (row.shape, row.dtype) == ((56, 56, 3 + len(REGIONS)), np.uint8)
    assert set(np.unique(row[..., 3:])) == {0, 255}
    plain = stored_in(Images(size=56), tmp_path)
    assert np.array_equal(row[..., :3], plain.rows(seen)[1][0])
    crop = plain._cut(seen, seen.repetitions[0])[0].crop
    x, y = crop.to_crop(seen.pixels.points[0, face.MOUTH_OUTER]).mean(axis=0).round().astype(int)
    assert row[y, x, 3 + REGIONS.index("mouth")] == 255
    assert row[y, x, 3 + REGIONS.index("eyes")] == 0


def test_of_two_pictures_without_landmarks_the_second_is_the_apex(tmp_path):
    seen = seen_of(np.full((2, 68, 2), np.nan), [(0, 2)], video=NumberedVideo(2))
    (row,) = stored_in(Images(size=8, align="whole"), tmp_path).rows(seen)[1]
    assert row[..., 0].max() == 1  # red is the frame's number


def test_landmarks_lie_where_the_picture_shows_them(tmp_path):
    seen = seen_of(face_px(30), [(0, 30)], video=NumberedVideo(30))
    (places,) = stored_in(Images(size=40), tmp_path).places(seen)
    assert places.shape == (68, 2)
    assert (places > -3).all()
    assert (places < 43).all()
    assert places[face.MOUTH_CORNER_RIGHT, 0] < places[face.MOUTH_CORNER_LEFT, 0]
    blind = seen_of(np.full((3, 68, 2), np.nan), [(0, 3)], video=NumberedVideo(3))
    assert stored_in(Images(size=40), tmp_path).places(blind) == [None]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files by /proc")
def test_as_many_pictures_as_one_likes_hold_no_file_open(tmp_path):
    before = len(list(Path("/proc/self/fd").iterdir()))
    view = stored_in(Images(size=8, align="whole"), tmp_path)
    rows = []
    for number in range(20):
        video = NumberedVideo(1, name=f"one of {number}")
        rows += view.rows(seen_of(face_px(1), [(0, 1)], video=video))[1]
    assert len(list(Path("/proc/self/fd").iterdir())) < before + 5
    assert view.gather(rows).shape == (20, 8, 8, 3)
