"""The native folder of a recording in colour only: what is written is what is read; what does not fit is told."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from neuroface.errors import DataError
from neuroface.recording.camera_file import write_camera
from neuroface.recording.color_folder import ColorFolder, write_color
from neuroface.recording.video import VideoFile
from neuroface.types import Rig

from . import clips, scene

COUNT = 6
TIMES = np.array([0.5, 0.52, 0.5400000000000001, 0.6, 0.62, 0.64])  # two frames of a 50 Hz clock are lost


def color_rig() -> Rig:
    return Rig(replace(scene.COLOR, width=clips.WIDTH, height=clips.HEIGHT), serial="f1120593")


def source(rig: Rig | None = None, times_s: np.ndarray = TIMES) -> scene.SceneVideo:
    video = scene.SceneVideo(rig, times_s, lambda i: None, clips.picture)
    video.size = (clips.WIDTH, clips.HEIGHT)
    return video


@pytest.fixture
def folder(tmp_path):
    assert write_color(source(color_rig()), tmp_path / "rec") == COUNT
    return tmp_path / "rec"


def test_what_is_written_is_what_is_read_bit_for_bit(folder):
    video = ColorFolder(folder)
    assert (video.size, len(video), video.notes) == ((clips.WIDTH, clips.HEIGHT), COUNT, {})
    assert video.timestamps_s.tolist() == TIMES.tolist()
    for i, frame in enumerate(video.frames()):
        assert (frame.index, frame.timestamp_s, frame.depth) == (i, TIMES[i], None)
        np.testing.assert_array_equal(frame.color, clips.picture(i))
    assert video.rig is not None
    assert (video.rig.color, video.rig.depth, video.rig.aligned) == (color_rig().color, None, False)
    assert video.rig.serial == "f1120593"


def test_any_range_of_frames(folder):
    video = ColorFolder(folder)
    assert [(f.index, f.timestamp_s, clips.number_of(f.color)) for f in video.frames(1, 6, 2)] == [
        (1, TIMES[1], 1),
        (3, TIMES[3], 3),
        (5, TIMES[5], 5),
    ]
    assert list(video.frames(4, 4)) == []


def test_without_intrinsics_there_is_no_rig_and_no_camera_file(tmp_path):
    write_color(source(), tmp_path / "rec")
    assert ColorFolder(tmp_path / "rec").rig is None
    assert sorted(p.name for p in (tmp_path / "rec").iterdir()) == ["color", "timestamps.csv"]


def test_a_video_file_is_copied_byte_by_byte_and_keeps_the_clock_it_was_given(tmp_path):
    clip = VideoFile(clips.write(tmp_path / "clip.AVI", COUNT, fps=50), fps=20)
    write_color(clip, tmp_path / "rec")
    assert (tmp_path / "rec" / "color.avi").read_bytes() == (tmp_path / "clip.AVI").read_bytes()
    once = ColorFolder(tmp_path / "rec")
    write_color(once, tmp_path / "again")
    twice = ColorFolder(tmp_path / "again")
    assert twice.timestamps_s.tolist() == once.timestamps_s.tolist() == (np.arange(COUNT) / 20).tolist()
    assert [clips.number_of(f.color) for f in twice.frames()] == list(range(COUNT))
    assert twice.notes == {}


def test_images_and_stills_become_images(tmp_path):
    (tmp_path / "in").mkdir()
    for i in range(3):
        cv2.imwrite(str(tmp_path / "in" / f"{i}.bmp"), clips.picture(i))
    write_color(VideoFile(tmp_path / "in", fps=10), tmp_path / "rec")
    assert ColorFolder(tmp_path / "rec").timestamps_s.tolist() == [0, 0.1, 0.2]
    write_color(VideoFile(tmp_path / "in" / "2.bmp"), tmp_path / "still")
    assert [p.name for p in (tmp_path / "still" / "color").iterdir()] == ["000000.png"]


def test_without_times_the_video_tells_them_and_images_need_a_rate(tmp_path, folder):
    (folder / "timestamps.csv").unlink()
    with pytest.raises(DataError, match="a folder of images has no clock; set fps to the frames per second"):
        ColorFolder(folder)
    assert ColorFolder(folder, fps=4).timestamps_s.tolist() == (np.arange(COUNT) / 4).tolist()
    (tmp_path / "mine").mkdir()
    clips.write(tmp_path / "mine" / "color.avi", COUNT, fps=25)
    video = ColorFolder(tmp_path / "mine")
    np.testing.assert_allclose(video.timestamps_s, np.arange(COUNT) / 25)
    assert video.notes == {"clock": "times stored in the file"}


def test_a_frame_that_is_not_there_at_the_end_is_dropped_and_counted(folder):
    (folder / "color" / "000005.png").unlink()
    video = ColorFolder(folder)
    assert (video.timestamps_s.tolist(), video.notes) == (TIMES[:5].tolist(), {"frames_lost_at_end": 1})


def test_times_that_do_not_fit_the_frames(folder):
    times = folder / "timestamps.csv"
    rows = times.read_text()
    times.write_text(rows + "".join(f"color,{COUNT + i},{1 + i}\n" for i in range(3)))
    with pytest.raises(DataError, match=r"timestamps\.csv has 9 colour times, the recording 6 colour frames"):
        ColorFolder(folder)
    times.write_text(rows.replace("0.52\n", "0.5\n"))
    with pytest.raises(DataError, match=r"timestamps\.csv: frames 0 and 1 have the same time; take one of them out"):
        ColorFolder(folder)
    times.write_text(rows + "depth,0,0.5\n")
    with pytest.raises(DataError, match=r"line 8 of .*timestamps\.csv cannot be read: 'depth'"):
        ColorFolder(folder)


def test_a_calibration_needs_only_the_intrinsics_of_colour(folder):
    (folder / "camera.json").write_text(
        '{"color_intrinsics": {"width": 160, "height": 120, "fx": 150, "fy": 151, "ppx": 80, "ppy": 60}, '
        '"depth_scale": null, "aligned": true}'
    )
    rig = ColorFolder(folder).rig
    assert rig is not None
    assert (rig.color.fx, rig.color.fy, rig.color.cx, rig.color.cy) == (150, 151, 80, 60)
    assert (rig.color.depth_unit_mm, rig.depth, rig.aligned) == (1.0, None, False)
    (folder / "camera.json").write_text("{}")
    with pytest.raises(DataError, match=r"camera\.json has no color_intrinsics; export them from the camera that"):
        ColorFolder(folder)


def test_intrinsics_of_another_resolution(folder):
    write_camera(Rig(scene.COLOR), folder / "camera.json")
    with pytest.raises(DataError, match="colour frames are 160x120 px, color_intrinsics are for 640x480"):
        ColorFolder(folder)


def test_writing_refuses_what_is_there_and_leaves_nothing_behind_when_it_fails(tmp_path):
    (tmp_path / "full").mkdir()
    with pytest.raises(DataError, match="full is there already; name a folder that is not"):
        write_color(source(), tmp_path / "full")
    with pytest.raises(DataError, match="the video has no frames; there is nothing to write"):
        write_color(source(times_s=TIMES[:0]), tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["full"]
    with pytest.raises(DataError, match="There is no folder"):
        ColorFolder(tmp_path / "out")
