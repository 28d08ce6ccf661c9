"""The native RGB-D folder: what is written is what is read, streams pair by time, and what does not fit is told."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from neuroface.errors import ConfigError, DataError
from neuroface.recording.camera_file import distortion_of, read_camera
from neuroface.recording.rgbd import RgbdFolder
from neuroface.recording.rgbd_writer import write_rgbd
from neuroface.types import Rig

from . import clips, scene

COUNT = 8
TIMES = np.arange(COUNT) / 50 + 0.013


def small_rig(**changes) -> Rig:
    rig = scene.rig(serial="f1120593", **changes)
    size = {"width": clips.WIDTH, "height": clips.HEIGHT}
    return replace(rig, color=replace(rig.color, **size), depth=replace(rig.depth, **size))


def depth_at(i: int) -> np.ndarray:
    """(120, 160) uint16: values over the whole 16-bit range that say the number of the frame."""
    depth = np.arange(clips.HEIGHT * clips.WIDTH, dtype=np.uint16).reshape(clips.HEIGHT, clips.WIDTH) * 3 + i
    depth[:2] = 0
    return depth


def source(times_s=TIMES, rig: Rig | None = None, depth=depth_at) -> scene.SceneVideo:
    return scene.SceneVideo(rig or small_rig(), times_s, depth, clips.picture)


@pytest.fixture(params=["png", "ffv1"])
def folder(request, tmp_path) -> Path:
    assert write_rgbd(source(), tmp_path / "rec", color=request.param) == COUNT
    return tmp_path / "rec"


def edit_json(folder: Path, **changes) -> None:
    file = folder / "camera.json"
    values = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({name: value for name, value in values.items() if value != "absent"}))


def set_times(folder: Path, color, depth) -> None:
    """New timestamps.csv, and as many depth files as it has depth times."""
    with (folder / "timestamps.csv").open("w", newline="") as text:
        table = csv.writer(text)
        table.writerow(["stream", "frame", "timestamp_s"])
        for stream, times in (("color", color), ("depth", depth)):
            table.writerows([stream, i, t] for i, t in enumerate(times))
    shutil.rmtree(folder / "depth")
    (folder / "depth").mkdir()
    for i in range(len(depth)):
        cv2.imwrite(str(folder / "depth" / f"{i}.png"), depth_at(i))


def depth_numbers(video: RgbdFolder, *range_) -> list[int | None]:
    """Which depth frame each colour frame has; None without."""
    return [None if f.depth is None else int(f.depth[2, 0]) - int(depth_at(0)[2, 0]) for f in video.frames(*range_)]


def test_what_is_written_is_what_is_read_bit_for_bit(folder):
    video, rig = RgbdFolder(folder), small_rig()
    assert (video.size, len(video), video.notes) == ((clips.WIDTH, clips.HEIGHT), COUNT, {})
    for i, frame in enumerate(video.frames()):
        assert (frame.index, frame.timestamp_s) == (i, TIMES[i])
        np.testing.assert_array_equal(frame.color, clips.picture(i))
        np.testing.assert_array_equal(frame.depth, depth_at(i))
        assert frame.depth.dtype == np.uint16
    assert (video.rig.color, video.rig.depth) == (rig.color, rig.depth)
    np.testing.assert_allclose(video.rig.rotation, rig.rotation, atol=1e-15)
    np.testing.assert_allclose(video.rig.translation_mm, rig.translation_mm)
    assert (video.rig.aligned, video.rig.serial) == (False, "f1120593")


def test_any_range_of_frames(folder):
    video = RgbdFolder(folder)
    assert [f.index for f in video.frames(2, 7, 2)] == [2, 4, 6]
    assert depth_numbers(video, 2, 7, 2) == [2, 4, 6]
    assert [clips.number_of(f.color) for f in video.frames(5)] == [5, 6, 7]
    assert list(video.frames(8)) == list(video.frames(3, 3)) == []


def test_streams_pair_by_time_and_not_by_number(folder):
    # depth begins two frames late, and its clock is 4 ms ahead
    set_times(folder, TIMES, TIMES[2:] + 0.004)
    video = RgbdFolder(folder)
    assert depth_numbers(video) == [None, None, 0, 1, 2, 3, 4, 5]
    assert video.notes == {"frames_without_depth": 2}


def test_depth_at_half_the_rate_leaves_every_other_frame_without(folder):
    set_times(folder, TIMES, TIMES[::2])
    video = RgbdFolder(folder)
    assert depth_numbers(video) == [0, None, 1, None, 2, None, 3, None]
    assert video.notes == {"frames_without_depth": 4}


def test_depth_at_three_times_the_rate_gives_the_nearest(folder):
    set_times(folder, TIMES, TIMES[0] + np.arange(3 * COUNT) / 150)
    assert depth_numbers(RgbdFolder(folder)) == [3 * i for i in range(COUNT)]


def test_a_depth_stream_that_ends_early(folder):
    set_times(folder, TIMES, TIMES[:5])
    video = RgbdFolder(folder)
    assert depth_numbers(video) == [0, 1, 2, 3, 4, None, None, None]
    assert video.notes == {"frames_without_depth": 3}


def test_streams_on_two_clocks_are_refused_with_numbers(folder):
    set_times(folder, TIMES, TIMES + 1000)
    message = (
        r"no colour frame has a depth frame within 11 ms: 8 colour frames run from 0\.013 to 0\.153 s, 8 depth frames "
        r"from 1000\.013 to 1000\.153 s\. Put both on one clock"
    )
    with pytest.raises(DataError, match=message):
        RgbdFolder(folder)


def test_frames_with_the_same_time_are_merged_and_counted(folder):
    times = TIMES.copy()
    times[3] = times[2]
    set_times(folder, times, TIMES)
    video = RgbdFolder(folder)
    assert (len(video), video.notes) == (7, {"frames_merged": 1})
    assert [clips.number_of(f.color) for f in video.frames()] == [0, 1, 2, 4, 5, 6, 7]
    assert [clips.number_of(f.color) for f in video.frames(1, 6, 2)] == [1, 4, 6]
    assert [f.index for f in video.frames(1, 6, 2)] == [1, 3, 5]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("stream,frame\ncolor,0\n", r"timestamps\.csv has no column timestamp_s; it needs stream, frame, timestamp_s"),
        ("stream,frame,timestamp_s\ncolor,0,0\ncolor,2,0.1\n", r"line 3 of .*\.csv is color frame 2; frame 1 is next"),
        ("stream,frame,timestamp_s\ncolor,0,1\ncolor,1,0.5\n", r"line 3 of .*: color time 0\.5 s follows 1 s"),
        ("stream,frame,timestamp_s\ncolor,0,nan\n", r"line 2 of .*: color time nan s is no time"),
        ("stream,frame,timestamp_s\ninfra,0,1\n", r"line 2 of .* cannot be read: 'infra'"),
        ("stream,frame,timestamp_s\ncolor,0,soon\n", r"line 2 of .* cannot be read: could not convert"),
        ("stream,frame,timestamp_s\ncolor,0,0\n", r"timestamps\.csv has no depth frames"),
    ],
)
def test_times_that_cannot_be(folder, rows, message):
    (folder / "timestamps.csv").write_text(rows)
    with pytest.raises(DataError, match=message):
        RgbdFolder(folder)


def test_times_and_frames_that_differ_in_number(folder):
    with (folder / "timestamps.csv").open("a") as text:
        text.write("".join(f"color,{COUNT + i},{1 + i}\n" for i in range(3)))
    with pytest.raises(DataError, match=r"timestamps\.csv has 11 colour times, the recording 8 colour frames"):
        RgbdFolder(folder)
    set_times(folder, TIMES, TIMES)
    (folder / "depth" / "7.png").unlink()
    with pytest.raises(DataError, match=r"timestamps\.csv has 8 depth times, the recording 7 depth frames"):
        RgbdFolder(folder)


def test_a_colour_frame_that_is_not_there_at_the_end_is_dropped_and_counted(folder):
    with (folder / "timestamps.csv").open("a") as text:
        text.write(f"color,{COUNT},1.0\n")
    video = RgbdFolder(folder)
    assert (len(video), video.notes) == (COUNT, {"frames_lost_at_end": 1})


def test_without_times_a_frame_rate_serves_streams_of_one_length(folder):
    (folder / "timestamps.csv").unlink()
    with pytest.raises(DataError, match=r"there is no .*timestamps\.csv; write it, or set fps if both streams started"):
        RgbdFolder(folder)
    np.testing.assert_allclose([f.timestamp_s for f in RgbdFolder(folder, fps=25).frames()], np.arange(COUNT) / 25)
    next((folder / "depth").iterdir()).unlink()
    with pytest.raises(DataError, match=r"has 8 colour and 7 depth frames; without timestamps\.csv they cannot be"):
        RgbdFolder(folder, fps=25)


def test_depth_of_8_bits_and_depth_in_colours(folder):
    file = sorted((folder / "depth").iterdir())[0]
    cv2.imwrite(str(file), depth_at(0).astype(np.uint8))
    message = r"depth.000000\.png is depth of 8 bits and 1 channel; raw depth is one channel of 16 bits\. Export"
    with pytest.raises(DataError, match=message):
        RgbdFolder(folder)
    cv2.imwrite(str(file), np.zeros((clips.HEIGHT, clips.WIDTH, 3), np.uint8))
    with pytest.raises(DataError, match="is depth of 8 bits and 3 channels"):
        RgbdFolder(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"color_intrinsics": "absent"}, r"camera\.json has no color_intrinsics; export them from the camera"),
        (
            {"depth_scale": "absent", "depth_intrinsics": None},
            r"has no depth_scale, depth_intrinsics \(metres in one raw unit; D400: 0\.001, SR300: 0\.000125, L515: 0",
        ),
        ({"depth_to_color": "absent"}, r"camera\.json has no depth_to_color; export"),
        ({"depth_scale": 1.0}, r"camera\.json: depth_scale is 1; it is metres in one raw unit \(D400: 0\.001"),
        ({"depth_scale": 0}, "depth_scale is 0; it is metres"),
        ({"color_intrinsics": {"width": 160}}, r"camera\.json: no 'fx'"),
        (
            {"depth_to_color": {"rotation": [1, 0, 0, 0, 1, 0, 0, 0, 1], "translation": [15, 0, 0]}},
            r"depth_to_color\.translation is 15 m long; it is in metres, a few hundredths of one",
        ),
        (
            {"depth_to_color": {"rotation": [1, 0, 0, 0, 1, 0, 0, 0, 2], "translation": [0, 0, 0]}},
            r"depth_to_color\.rotation is not a rotation",
        ),
        (
            {"depth_to_color": {"rotation": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "translation": [0, 0, 0]}},
            "needs rotation with 9 numbers, column by column",
        ),
    ],
)
def test_calibration_that_is_missing_or_cannot_be(folder, changes, message):
    edit_json(folder, **changes)
    with pytest.raises(DataError, match=message):
        RgbdFolder(folder)


def test_no_calibration_at_all(folder):
    (folder / "camera.json").write_text("{")
    with pytest.raises(DataError, match=r"camera\.json cannot be read as JSON"):
        RgbdFolder(folder)
    (folder / "camera.json").unlink()
    with pytest.raises(DataError, match=r"there is no .*camera\.json; without intrinsics and depth_scale depth"):
        RgbdFolder(folder)


def test_intrinsics_of_another_resolution(folder):
    edit_json(folder, color_intrinsics={"width": 640, "height": 480, "fx": 600, "fy": 600, "ppx": 320, "ppy": 240})
    with pytest.raises(DataError, match="colour frames are 160x120 px, color_intrinsics are for 640x480; give"):
        RgbdFolder(folder)


def test_aligned_depth_needs_only_the_colour_camera(folder):
    edit_json(folder, aligned=True, depth_intrinsics="absent", depth_to_color="absent")
    rig = RgbdFolder(folder).rig
    assert (rig.aligned, rig.depth, rig.color.depth_unit_mm) == (True, None, 1.0)


def test_two_colour_streams_and_none(folder):
    (folder / "color.mp4").touch()
    with pytest.raises(DataError, match=r"needs one colour stream, a folder color or a file color\.\*; it has color"):
        RgbdFolder(folder)
    (folder / "color.mp4").unlink()
    found = next(p for p in folder.iterdir() if p.stem == "color")
    found.rename(folder / "rgb")
    with pytest.raises(DataError, match="it has neither"):
        RgbdFolder(folder)


def test_no_folder_and_no_depth(tmp_path, folder):
    with pytest.raises(DataError, match="There is no folder"):
        RgbdFolder(tmp_path / "none")
    shutil.rmtree(folder / "depth")
    with pytest.raises(DataError, match="depth holds no images; depth is one 16-bit PNG per frame"):
        RgbdFolder(folder)


def test_extrinsics_are_column_by_column_and_in_metres(tmp_path):
    # a quarter turn about z carries x to y: its first column is (0, 1, 0)
    values = {
        "color_intrinsics": {"width": 640, "height": 480, "fx": 600, "fy": 601, "ppx": 320, "ppy": 240},
        "depth_intrinsics": {
            "width": 640,
            "height": 480,
            "fx": 475,
            "fy": 475,
            "ppx": 310,
            "ppy": 245,
            "model": "Inverse Brown Conrady",
            "coeffs": [0.13, 0.05, 0.004, 0.003, -0.03],
        },
        "depth_to_color": {"rotation": [0, 1, 0, -1, 0, 0, 0, 0, 1], "translation": [0.0257, 0, 0.004]},
        "depth_scale": 0.000125,
        "model": "Intel RealSense SR300",
    }
    (tmp_path / "camera.json").write_text(json.dumps(values))
    rig = read_camera(tmp_path / "camera.json")
    np.testing.assert_array_equal(rig.rotation @ [1, 0, 0], [0, 1, 0])
    np.testing.assert_allclose(rig.translation_mm, [25.7, 0, 4])
    assert rig.depth.depth_unit_mm == rig.color.depth_unit_mm == 0.125
    assert (rig.color.distortion, rig.depth.distortion) == ("none", "inverse_brown_conrady")
    assert not rig.aligned


@pytest.mark.parametrize(
    ("label", "model", "ours"),
    [
        ("Inverse Brown Conrady", "Intel RealSense SR300", "inverse_brown_conrady"),
        ("distortion.inverse_brown_conrady", "Intel RealSense D435I", "modified_brown_conrady"),
        ("Inverse Brown Conrady", "Intel RealSense D455", "modified_brown_conrady"),
        ("inverse_brown_conrady", "Intel RealSense D455", "inverse_brown_conrady"),
        ("Brown Conrady", "", "brown_conrady"),
        ("distortion.modified_brown_conrady", "", "modified_brown_conrady"),
        ("None", "", "none"),
    ],
)
def test_lens_models_by_the_names_of_the_sdk(label, model, ours):
    assert distortion_of(label, model) == ours


def test_a_lens_model_that_is_not_there():
    with pytest.raises(DataError, match=r"there is no lens model 'Kannala Brandt4' here\. Choose from brown_conrady"):
        distortion_of("Kannala Brandt4", "T265")


def test_writing_refuses_a_folder_with_content_and_leaves_nothing_behind_when_it_fails(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(DataError, match="full is there already; name a folder that is not, or an empty one"):
        write_rgbd(source(), tmp_path / "full")
    with pytest.raises(DataError, match="none of the 8 frames has depth; there is no depth to write"):
        write_rgbd(source(depth=lambda i: None), tmp_path / "out")
    with pytest.raises(DataError, match="the video has no depth camera"):
        write_rgbd(scene.SceneVideo(None, TIMES, depth_at), tmp_path / "out")
    with pytest.raises(ConfigError, match=r"color=jpg: there is no such kind. Choose from png, ffv1."):
        write_rgbd(source(), tmp_path / "out", color="jpg")
    assert [p.name for p in tmp_path.iterdir()] == ["full"]


def test_frames_without_depth_are_written_without(tmp_path):
    write_rgbd(source(depth=lambda i: None if i % 2 else depth_at(i)), tmp_path / "rec")
    assert depth_numbers(RgbdFolder(tmp_path / "rec")) == [0, None, 2, None, 4, None, 6, None]
