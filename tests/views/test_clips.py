from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.errors import ConfigError, DataError
from neuroface.views.clips import Clips

from .videos import NumberedVideo, face_px, seen_of, stored_in


def clips_of(seen, folder, **keys):
    view = stored_in(Clips(**{"frames": 5, "spare": 0, "size": 40, **keys}), folder)
    return view.rows(seen)[1]


def numbers(clip):
    """The frames that a clip shows: red is the frame's number."""
    return clip[:, 20, 20, 0].tolist()


def test_frames_are_evenly_spaced_over_the_repetition(tmp_path):
    seen = seen_of(face_px(100), [(10, 31), (40, 50)], video=NumberedVideo(100))
    first, second = clips_of(seen, tmp_path)
    assert first.shape == (5, 40, 40, 3)
    assert numbers(first) == [10, 15, 20, 25, 30]
    assert numbers(second)[1::2] == [42, 47]  # 40, 42.25, 44.5, 46.75, 49


def test_spare_frames_go_on_at_the_same_pace_and_hold_at_the_end_of_the_video(tmp_path):
    seen = seen_of(face_px(40), [(10, 31)], video=NumberedVideo(40))
    (clip,) = clips_of(seen, tmp_path, spare=6)
    assert numbers(clip) == [0, 0, 5, 10, 15, 20, 25, 30, 35, 39, 39]


def test_time_and_not_frame_numbers_decide(tmp_path):
    """Landmarks at 50 frames/s, the video at 25: the frame of the same second is shown."""
    seen = seen_of(face_px(100), [(20, 61)], video=NumberedVideo(50, fps=25.0))
    (clip,) = clips_of(seen, tmp_path)
    assert numbers(clip) == [10, 15, 20, 25, 30]


def test_a_repetition_of_one_frame_is_that_frame(tmp_path):
    seen = seen_of(face_px(30), [(12, 13)], video=NumberedVideo(30))
    assert numbers(clips_of(seen, tmp_path)[0]) == [12] * 5
    assert numbers(clips_of(seen, tmp_path, frames=1)[0]) == [12]


@pytest.mark.parametrize("align", ["similarity", "perspective", "box", "whole"])
def test_a_face_that_moves_stays_in_its_place_when_the_crop_follows(tmp_path, align):
    """Green is x / 2 in the frame, so a crop that goes along shows it rise by half the movement."""
    shift = np.linspace(0, 20, 21)
    seen = seen_of(face_px(21, shift_px=shift), [(0, 21)], video=NumberedVideo(21))
    (clip,) = clips_of(seen, tmp_path, align=align)
    green = clip[:, 20, 20, 1].astype(float)
    moved = 10 if align in ("similarity", "perspective") else 0
    assert_allclose(green - green[0], np.linspace(0, moved, 5), atol=1.01)


def test_a_head_that_tilts_is_set_upright_by_alignment(tmp_path):
    """Blue is y in the frame: in an upright crop it grows by the sine of the tilt across and by its cosine down."""
    seen = seen_of(face_px(5, turn_deg=20.0), [(0, 5)], video=NumberedVideo(5))
    (upright,), (as_it_is,) = clips_of(seen, tmp_path), clips_of(seen, tmp_path, align="box")
    along = np.arange(40)
    slope = [
        np.polyfit(along, clip[0, 20, :, 2].astype(float), 1)[0]
        / np.polyfit(along, clip[0, :, 20, 2].astype(float), 1)[0]
        for clip in (upright, as_it_is)
    ]
    assert slope[0] == pytest.approx(np.tan(np.deg2rad(20)), abs=0.02)
    assert slope[1] == pytest.approx(0, abs=0.02)


def test_a_gap_in_the_landmarks_is_cut_as_the_nearest_frame_that_has_them(tmp_path):
    points = face_px(41, shift_px=np.linspace(0, 40, 41))
    whole = seen_of(points, [(0, 41)], video=NumberedVideo(41))
    gaps = points.copy()
    gaps[15:26] = np.nan  # 20, a frame of the clip, is as far from 14 as from 26
    (full,), (cut,) = clips_of(whole, tmp_path), clips_of(seen_of(gaps, [(0, 41)], video=NumberedVideo(41)), tmp_path)
    assert numbers(cut) == [0, 10, 20, 30, 40]
    assert_array_equal(np.delete(cut, 2, axis=0), np.delete(full, 2, axis=0))
    assert full[2, 20, 20, 1] - float(cut[2, 20, 20, 1]) == pytest.approx(3, abs=1)  # cut 6 px to the left


def test_a_repetition_without_a_face_is_left_out(tmp_path):
    points = face_px(60)
    points[20:40] = np.nan
    seen = seen_of(points, [(0, 20), (20, 40), (40, 60)], video=NumberedVideo(60))
    rows = clips_of(seen, tmp_path)
    assert [row is None for row in rows] == [False, True, False]
    assert numbers(rows[2])[0] == 40


def test_a_clip_may_span_two_repetitions_of_one_kind(tmp_path):
    repetitions = [(0, 11), (20, 31), (40, 51)]
    seen = seen_of(face_px(60), repetitions, video=NumberedVideo(60))
    spans = [(numbers(clip)[0], numbers(clip)[-1]) for clip in clips_of(seen, tmp_path, repetitions_per_clip=2)]
    assert spans == [(0, 30), (20, 50), (20, 50)]
    mixed = seen_of(face_px(60), repetitions, video=NumberedVideo(60), labels=["smile", "blink", "smile"])
    with pytest.raises(DataError) as told:
        clips_of(mixed, tmp_path, repetitions_per_clip=2)
    assert str(told.value) == (
        "has 1 repetitions of a kind where a clip spans 2; set repetitions_per_clip of the view to 1"
    )


def test_a_second_look_decodes_nothing_and_the_first_only_what_it_needs(tmp_path):
    NumberedVideo.decoded = 0
    seen = seen_of(face_px(100), [(10, 31), (40, 61)], video=NumberedVideo(100))
    first = clips_of(seen, tmp_path)
    assert NumberedVideo.decoded == 11  # 10, 15 ... 60: one pass by steps of five
    again = clips_of(seen, tmp_path)
    assert NumberedVideo.decoded == 11
    assert_array_equal(np.stack(again), np.stack(first))
    clips_of(seen, tmp_path, size=41)
    assert NumberedVideo.decoded == 22
    clips_of(seen_of(face_px(100), [(10, 31), (40, 61)], video=NumberedVideo(100, name="other")), tmp_path)
    assert NumberedVideo.decoded == 33
    moved = seen_of(face_px(100, shift_px=1.0), [(10, 31), (40, 61)], video=NumberedVideo(100))
    clips_of(moved, tmp_path)
    assert NumberedVideo.decoded == 44


def test_all_rows_are_one_memory_map_and_the_size_is_told_once(tmp_path, capsys):
    view = stored_in(Clips(frames=5, spare=0, size=40), tmp_path)
    seen = seen_of(face_px(60), [(0, 20), (20, 40)], video=NumberedVideo(60))
    _, rows = view.rows(seen)
    X = view.gather(rows)
    assert isinstance(X, np.memmap)
    assert (X.shape, X.dtype) == ((2, 5, 40, 40, 3), np.uint8)
    assert_array_equal(X, np.stack(rows))
    assert capsys.readouterr().err == f"0 MB of pictures kept in {tmp_path}, 0 MB in all; delete it at any time\n"
    view.gather(view.rows(seen)[1])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        (
            seen_of(face_px(10), [(0, 10)]),
            "has no video; a classifier of pictures needs one (of the synthetic cohort: modality=rgbd)",
        ),
        (
            seen_of(np.full((10, 68, 2), np.nan), [(0, 10)], video=NumberedVideo(10)),
            "shows no face in any repetition: its landmarks are missing",
        ),
        (
            seen_of(np.zeros((10, 68, 3)), [(0, 10)], video=NumberedVideo(10), space="head"),
            "has landmarks in mm, not in pixels of its video; give pixels, or set align=whole",
        ),
    ],
)
def test_a_recording_without_a_picture_of_a_face_says_so(tmp_path, seen, message):
    with pytest.raises(DataError) as told:
        clips_of(seen, tmp_path)
    assert str(told.value) == message


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"align": "similar"}, "align=similar: there is no such cut. Did you mean 'similarity'?"),
        ({"size": 0}, "margin=0.1, size=0: margin above -0.5 (a share of the box) and size >= 1 px are needed."),
        (
            {"frames": 0},
            "frames=0, spare=4, repetitions_per_clip=1: a clip needs a frame and a repetition, spare >= 0.",
        ),
    ],
)
def test_settings_without_meaning_are_refused(keys, message):
    with pytest.raises(ConfigError) as told:
        Clips(**keys)
    assert str(told.value) == message


def test_the_mouth_of_a_rendered_face_opens_where_the_clip_shows_a_mouth(tmp_path):
    """What differs most between rest and the widest opening is below the nose, about the middle of the picture."""
    keys = {"people": {"HC": 1}, "tasks": ["OPEN"], "repetitions": {"OPEN": 1}, "modality": "rgbd", "noise_mm": 0.0}
    (recording,) = SyntheticCohort(**keys, sensor_noise=0.0).recordings()
    view = stored_in(Clips(frames=9, spare=0), tmp_path)
    pixels = recording.truth.pixels
    seen = seen_of(pixels.points, [(r.start, r.stop) for r in recording.repetitions], video=recording.video)
    (clip,) = view.rows(seen)[1]
    change = np.abs(clip[4].astype(float) - clip[0]).sum(axis=2)
    rows, columns = np.unravel_index(np.argsort(change.ravel())[-50:], change.shape)
    assert 56 * 0.5 < rows.mean() < 56 * 0.9
    assert columns.mean() == pytest.approx(27.5, abs=4)
