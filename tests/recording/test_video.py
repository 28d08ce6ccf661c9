"""Video files, image folders and stills: every frame its number, its time, its right way up; broken files told."""

from __future__ import annotations

import re
import wave
from pathlib import Path

import cv2
import numpy as np
import pytest

from neuroface.errors import ConfigError, DataError
from neuroface.recording.images import natural
from neuroface.recording.video import VideoFile

from . import clips

KINDS = [("clip.avi", "MJPG"), ("clip.mp4", "mp4v"), ("clip.avi", "XVID"), ("clip.mkv", "FFV1")]


@pytest.fixture(params=["opencv", "pyav"])
def backend(request) -> str:
    if request.param == "pyav":
        pytest.importorskip("av")
    return request.param


def numbers(video: VideoFile, *range_) -> list[int]:
    """What is drawn in the frames; their index must say the same."""
    found = [(frame.index, clips.number_of(frame.color)) for frame in video.frames(*range_)]
    assert all(index == drawn for index, drawn in found), found
    return [drawn for _, drawn in found]


@pytest.mark.parametrize(("name", "fourcc"), KINDS, ids=[f"{n}-{f}" for n, f in KINDS])
def test_every_frame_once_in_order_at_its_time(tmp_path, name, fourcc, backend):
    video = VideoFile(clips.write(tmp_path / name, 40, fourcc=fourcc), backend=backend)
    assert (len(video), video.size, video.rig) == (40, (clips.WIDTH, clips.HEIGHT), None)
    assert numbers(video) == list(range(40))
    np.testing.assert_allclose([f.timestamp_s for f in video.frames()], np.arange(40) / 50, atol=1e-3)
    assert video.fps == pytest.approx(50)
    assert video.notes == {"clock": "times stored in the file"}


@pytest.mark.parametrize(("name", "fourcc"), KINDS, ids=[f"{n}-{f}" for n, f in KINDS])
def test_seeking_lands_on_the_frame_that_was_asked_for(tmp_path, name, fourcc, backend):
    video = VideoFile(clips.write(tmp_path / name, 40, fourcc=fourcc), backend=backend)
    for start in (1, 11, 12, 13, 25, 39):
        assert numbers(video, start, start + 2) == list(range(start, min(start + 2, 40)))
    assert numbers(video, 3, 30, 7) == [3, 10, 17, 24]
    assert numbers(video, 35, 99) == [35, 36, 37, 38, 39]
    assert numbers(video, 40) == numbers(video, 7, 7) == []


def test_colours_are_red_green_blue(tmp_path, backend):
    frame = next(VideoFile(clips.write(tmp_path / "clip.mkv", 2, fourcc="FFV1"), backend=backend).frames(1))
    np.testing.assert_allclose(frame.color, clips.picture(1), atol=3)
    assert frame.color.dtype == np.uint8
    assert frame.color.flags.c_contiguous


def test_uneven_times_are_kept_and_sought_by_time(tmp_path, backend):
    pytest.importorskip("av")
    times = [0, 20, 40, 100, 120, 121, 200, 1000, 1020, 1500, 1520, 1540, 1560, 1580, 1600, 1620, 3000]
    path = clips.write_uneven(tmp_path / "uneven.mkv", times, b_frames=2)
    video = VideoFile(path, backend=backend)
    np.testing.assert_allclose(video.timestamps_s, np.array(times) / 1e3, atol=1e-6)
    for start in range(len(times)):
        assert numbers(video, start, start + 1) == [start]
    assert video.notes["clock"] == "times stored in the file"


def test_a_given_frame_rate_overrides_the_file(tmp_path, backend):
    path = clips.write(tmp_path / "header_says_59.5.avi", 20, fps=59.5)
    assert VideoFile(path, backend=backend).fps == pytest.approx(59.5, rel=1e-3)
    video = VideoFile(path, fps=50, backend=backend)
    np.testing.assert_allclose(video.timestamps_s, np.arange(20) / 50)
    assert video.notes["clock"] == "frame number at the given 50 frames/s"
    assert numbers(video, 13, 15) == [13, 14]


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_phone_video_is_turned_upright(tmp_path, degrees, backend):
    path = clips.turn(clips.write(tmp_path / "phone.mp4", 3, fourcc="mp4v"), degrees)
    video = VideoFile(path, backend=backend)
    upright = np.rot90(clips.picture(0), -degrees // 90)
    assert video.size == (upright.shape[1], upright.shape[0])
    frame = next(video.frames())
    np.testing.assert_allclose(frame.color.astype(int), upright, atol=40)


def cut(path: Path, keep: float) -> Path:
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    return path


def test_a_last_frame_that_does_not_decode_is_dropped_and_counted(tmp_path, backend):
    path = clips.write(tmp_path / "clip.avi", 30)
    content = path.read_bytes()
    last = content.rindex(b"\xff\xd8")  # the last JPEG of the MJPG stream; its data become zeros
    end = content.index(b"idx1", last)
    path.write_bytes(content[:last] + bytes(end - last) + content[end:])
    video = VideoFile(path, backend=backend)
    assert len(video) == 29
    assert video.notes == {
        "clock": "times stored in the file",
        "frames_declared": 30,
        "frames_decoded": 29,
        "frames_lost_at_end": 1,
    }
    assert numbers(video) == list(range(29))


@pytest.mark.parametrize(
    ("name", "fourcc", "message"),
    [
        ("a.avi", "MJPG", r"a\.avi is cut off: it declares 40 frames and holds \d+\. Copy it again from its source"),
        ("a.mkv", "FFV1", r"a\.mkv is cut off: it declares 40 frames and holds \d+\."),
        ("a.mp4", "mp4v", r"a\.mp4 cannot be opened as a video: its index was never written \(a recording that was"),
    ],
)
def test_a_file_that_was_cut_off(tmp_path, name, fourcc, message, backend):
    with pytest.raises(DataError, match=message):
        VideoFile(cut(clips.write(tmp_path / name, 40, fourcc=fourcc), 0.5), backend=backend)


def test_a_damaged_end_of_many_frames_is_not_just_dropped(tmp_path, backend):
    path = clips.write(tmp_path / "clip.avi", 30)
    content = path.read_bytes()
    starts = [m.start() for m in re.finditer(b"\xff\xd8", content)]
    for start, stop in zip(starts[25:], [*starts[26:], content.index(b"idx1", starts[-1])], strict=True):
        length = stop - start - 8  # the header of the next chunk stays
        content = content[:start] + bytes(length) + content[start + length :]
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"clip\.avi: the last 5 of 30 frames do not decode; the file is damaged"):
        VideoFile(path, backend=backend)


def test_an_empty_file_and_one_that_is_not_there(tmp_path, backend):
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(DataError, match=r"empty\.mp4 is empty \(0 bytes\); record or copy it again"):
        VideoFile(tmp_path / "empty.mp4", backend=backend)
    with pytest.raises(DataError, match=r"There is no file .*none\.mp4\."):
        VideoFile(tmp_path / "none.mp4", backend=backend)


def test_text_with_the_name_of_a_video(tmp_path, backend, capfd):
    (tmp_path / "notes.mp4").write_text("these are notes, not a video\n" * 20)
    message = r"notes\.mp4 cannot be opened as a video: it is not one \(it begins with b'these ar'\); give a video file"
    with pytest.raises(DataError, match=message):
        VideoFile(tmp_path / "notes.mp4", backend=backend)


def test_a_video_with_the_name_of_something_else_is_read_by_its_content(tmp_path, backend):
    path = clips.write(tmp_path / "clip.avi", 5).rename(tmp_path / "clip.dat")
    assert numbers(VideoFile(path, backend=backend)) == [0, 1, 2, 3, 4]


def test_sound_only(tmp_path, backend):
    with wave.open(str(tmp_path / "speech.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    message = r"speech\.wav cannot be opened as a video: it holds sound only; give the file with the pictures"
    with pytest.raises(DataError, match=message):
        VideoFile(tmp_path / "speech.wav", backend=backend)


@pytest.mark.parametrize("name", ["speech.mp4", "speech.mkv"])
def test_sound_only_in_a_container_for_video(tmp_path, backend, name):
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / name), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(DataError, match=f"{name} cannot be opened as a video: it holds sound only; give the file with"):
        VideoFile(tmp_path / name, backend=backend)


def test_matroska_without_a_frame_that_opens(tmp_path, backend):
    path = clips.write(tmp_path / "clip.mkv", 5, fourcc="FFV1")
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(
        DataError, match=r"clip\.mkv cannot be opened as a video: it is a Matroska file without readable"
    ):
        VideoFile(path, backend=backend)


def test_wrong_keys(tmp_path):
    path = clips.write(tmp_path / "clip.avi", 3)
    with pytest.raises(ConfigError, match="fps is 0; it must be a positive number of frames per second"):
        VideoFile(path, fps=0)
    with pytest.raises(ConfigError, match=r"there is no video backend 'ffmpeg'\. Choose from opencv, pyav\."):
        VideoFile(path, backend="ffmpeg")
    with pytest.raises(ValueError, match="start and stop from 0, step from 1"):
        list(VideoFile(path).frames(-1))


def test_without_pyav_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    message = r"backend=pyav needs PyAV: pip install 'neuroface\[video\]', or set backend=opencv"
    with pytest.raises(ConfigError, match=message):
        VideoFile(clips.write(tmp_path / "clip.avi", 3), backend="pyav")


def image_folder(folder: Path, names: list[str]) -> Path:
    folder.mkdir()
    for number, name in enumerate(names):
        cv2.imwrite(str(folder / name), clips.picture(number)[..., ::-1])
    return folder


def test_an_image_folder_in_natural_order(tmp_path):
    folder = image_folder(tmp_path / "frames", ["f2.png", "f10.png", "f010b.png", "f100.png"])
    (folder / "notes.txt").write_text("not a frame")
    (folder / ".hidden.png").write_bytes(b"")
    video = VideoFile(folder, fps=25)
    assert numbers(video) == [0, 1, 2, 3]
    assert numbers(video, 1, 4, 2) == [1, 3]
    np.testing.assert_allclose(video.timestamps_s, np.arange(4) / 25)
    names = sorted([Path("b10"), Path("a"), Path("b9"), Path("7")], key=natural)
    assert [p.name for p in names] == ["7", "a", "b9", "b10"]


def test_an_image_folder_has_no_clock_of_its_own(tmp_path):
    folder = image_folder(tmp_path / "frames", ["1.png", "2.png"])
    with pytest.raises(DataError, match="frames: a folder of images has no clock; set fps to the frames per second"):
        VideoFile(folder)


def test_an_empty_folder_and_images_of_two_sizes(tmp_path):
    folder = image_folder(tmp_path / "frames", ["1.png", "2.png"])
    cv2.imwrite(str(folder / "2.png"), np.zeros((10, 20, 3), np.uint8))
    with pytest.raises(DataError, match=r"2\.png is 20x10 px, the first image 160x120; the frames of one recording"):
        list(VideoFile(folder, fps=25).frames())
    (tmp_path / "nothing").mkdir()
    with pytest.raises(DataError, match="nothing is a folder without images"):
        VideoFile(tmp_path / "nothing", fps=25)


def test_a_damaged_image_is_named(tmp_path):
    folder = image_folder(tmp_path / "frames", ["1.png", "2.png"])
    (folder / "2.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"2\.png \(8 bytes\) cannot be read as an image; copy it again, or take"):
        list(VideoFile(folder, fps=25).frames())


def test_a_still(tmp_path):
    path = tmp_path / "patient001_left.jpg"
    cv2.imwrite(str(path), clips.picture(5)[..., ::-1])
    video = VideoFile(path)
    (frame,) = video.frames()
    assert (len(video), frame.index, frame.timestamp_s, video.fps) == (1, 0, 0.0, None)
    assert clips.number_of(frame.color) == 5


def test_the_clips_of_the_shared_pack_can_be_read_and_sought(shared_data, backend):
    for path in sorted((shared_data / "video_rgb").glob("*.mkv"))[:3]:
        video = VideoFile(path, backend=backend)
        assert (np.diff(video.timestamps_s) > 0).all()
        frames = list(video.frames())
        assert len(frames) == len(video) > 40
        for number in (1, len(video) // 2, len(video) - 1):
            np.testing.assert_array_equal(next(video.frames(number)).color, frames[number].color)
