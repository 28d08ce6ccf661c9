"""Bags as the RealSense SDK records them, written here: frames bit for bit, pairs by time, calibration, gaps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from neuroface.errors import ConfigError, DataError
from neuroface.recording.realsense import RealSenseBag

from . import clips
from .bags import Bag, write

pytest.importorskip("rosbags")

COUNT = 10
TIMES = [1_700_000_000 + i / 30 for i in range(COUNT)]


def depth_at(i: int) -> np.ndarray:
    return np.arange(90 * 120, dtype=np.uint16).reshape(90, 120) + 500 + i


def colors(times=TIMES) -> dict[float, np.ndarray]:
    return {t: clips.picture(i) for i, t in enumerate(times)}


def depths(times) -> dict[float, np.ndarray]:
    return {t: depth_at(i) for i, t in enumerate(times)}


@pytest.fixture
def record(tmp_path) -> Callable[..., Path]:
    def make(**changes) -> Path:
        content = {"color": colors(), "depth": depths([t + 0.003 for t in TIMES])} | changes
        path = tmp_path / "clip.bag"
        path.unlink(missing_ok=True)
        return write(path, Bag(**content))

    return make


def depth_numbers(video: RealSenseBag, *range_) -> list[int | None]:
    return [None if f.depth is None else int(f.depth[0, 0]) - 500 for f in video.frames(*range_)]


def test_frames_are_read_bit_for_bit_at_the_time_of_the_camera(record):
    video = RealSenseBag(record(received_late_s=0.4))
    assert (len(video), video.size) == (COUNT, (clips.WIDTH, clips.HEIGHT))
    for i, frame in enumerate(video.frames()):
        assert frame.index == i
        assert frame.timestamp_s == pytest.approx(i / 30, abs=1e-6)
        np.testing.assert_array_equal(frame.color, clips.picture(i))
        np.testing.assert_array_equal(frame.depth, depth_at(i))
        assert frame.depth.dtype == np.uint16
    assert video.notes == {"clock": "stamps of the camera"}


def test_any_range_of_frames(record):
    video = RealSenseBag(record())
    assert [f.index for f in video.frames(3, 9, 2)] == [3, 5, 7]
    assert [clips.number_of(f.color) for f in video.frames(3, 9, 2)] == [3, 5, 7]
    assert depth_numbers(video, 3, 9, 2) == [3, 5, 7]
    assert depth_numbers(video, 9) == [9]
    assert list(video.frames(10)) == []


def test_a_long_bag_is_entered_near_the_frame_that_is_asked_for(record):
    times = [1000 + i / 10 for i in range(60)]
    video = RealSenseBag(record(color=colors(times), depth=depths([t + 0.01 for t in times])))
    for start in (1, 20, 59):
        (frame,) = video.frames(start, start + 1)
        assert (frame.index, clips.number_of(frame.color)) == (start, start)
        assert frame.depth[0, 0] == 500 + start


def test_intrinsics_are_those_of_the_recorded_profile(record):
    rig = RealSenseBag(record()).rig
    assert (rig.color.width, rig.color.height, rig.color.fx, rig.color.fy) == (160, 120, 600, 601)
    assert (rig.color.cx, rig.color.cy) == (80, 60)
    assert (rig.depth.width, rig.depth.height, rig.depth.fx) == (120, 90, 600)
    assert (rig.color.model, rig.serial, rig.aligned) == ("Intel RealSense D415", "f0220512", False)
    assert rig.color.distortion == "none"


@pytest.mark.parametrize(
    ("model", "ours"),
    [("Intel RealSense D455", "modified_brown_conrady"), ("Intel RealSense SR300", "inverse_brown_conrady")],
)
def test_lenses(record, model, ours):
    lens = (-0.05, 0.06, 0.001, -0.001, -0.02)
    rig = RealSenseBag(record(model=model, coefficients=lens)).rig
    assert (rig.color.distortion, rig.color.coefficients) == (ours, lens)


def test_extrinsics_carry_from_depth_over_the_reference_to_colour(record):
    # a quarter turn about z to depth, a quarter turn about x to colour, both from the reference of the device
    half = np.sqrt(0.5)
    tf = {"Depth": ((0, 0, half, half), (0.01, 0, 0)), "Color": ((half, 0, 0, half), (0, 0.02, 0))}
    rig = RealSenseBag(record(tf=tf)).rig
    # (100, 200, 500) mm from the reference
    in_depth = np.array([-200.0 + 10, 100.0, 500.0])  # x -> y, y -> -x
    in_color = np.array([100.0, -500.0 + 20, 200.0])  # y -> z, z -> -y
    np.testing.assert_allclose(rig.rotation @ in_depth + rig.translation_mm, in_color, atol=1e-9)


@pytest.mark.parametrize("unit", [0.001, 0.000125, 0.00025])
def test_the_scale_is_read_from_the_sensors_options(record, unit):
    rig = RealSenseBag(record(unit_option=unit)).rig
    assert rig.depth.depth_unit_mm == rig.color.depth_unit_mm == pytest.approx(1e3 * unit, rel=1e-12)


def test_the_scale_that_newer_sdks_append_to_each_depth_frame(record):
    video = RealSenseBag(record(unit_option=None, unit_in_frames=0.000125))
    assert video.rig.depth.depth_unit_mm == 0.125
    np.testing.assert_array_equal(next(video.frames(4)).depth, depth_at(4))


def test_a_missing_scale_is_an_error_that_says_how_to_give_it(record):
    path = record(unit_option=None)
    message = (
        r"clip\.bag does not say how long a raw depth unit is; give depth_scale in metres "
        r"\(D400: 0\.001, SR300: 0\.000125, L515: 0\.00025\)"
    )
    with pytest.raises(DataError, match=message):
        RealSenseBag(path)
    assert RealSenseBag(path, depth_scale=0.00025).rig.depth.depth_unit_mm == 0.25
    # a camera that was not streaming yet reports 0
    with pytest.raises(DataError, match="does not say how long a raw depth unit is"):
        RealSenseBag(record(unit_option=0.0))


def test_streams_pair_by_time_and_not_by_number(record):
    # depth at half the rate, beginning with the second colour frame
    video = RealSenseBag(record(depth=depths([t + 0.002 for t in TIMES[1::2]])))
    assert depth_numbers(video) == [None, 0, None, 1, None, 2, None, 3, None, 4]


def test_a_depth_stream_that_stops_does_not_hold_up_the_colour_stream(record):
    times = [100 + i / 10 for i in range(40)]
    video = RealSenseBag(record(color=colors(times), depth=depths([t + 0.001 for t in times[:5]])))
    numbers = depth_numbers(video)
    assert numbers == [0, 1, 2, 3, 4, *[None] * 35]


def test_depth_that_arrives_late_still_pairs_by_its_stamp(record):
    # frames arrive interleaved, depth stamped as long ago as it took to compute: 40 ms
    video = RealSenseBag(record(depth=depths([t + 0.04 for t in TIMES]), stamp_depth_s=-0.04))
    assert depth_numbers(video) == list(range(COUNT))


def test_stamps_on_two_clocks_fall_back_to_when_frames_were_received(record):
    video = RealSenseBag(record(stamp_depth_s=-1_000_000_000.0))
    assert depth_numbers(video) == list(range(COUNT))
    assert video.notes == {"clock": "when frames were received"}


def test_stamps_that_repeat_fall_back_to_when_frames_were_received(record):
    path = record(color={t: clips.picture(i) for i, t in enumerate(TIMES)}, depth=depths(TIMES))
    content = path.read_bytes()
    # stamp the third colour frame like the second, in place: seconds and nanoseconds lie before the header's last field
    stamps = [(int(t), round((t - int(t)) * 1e9)) for t in TIMES]
    second, third = (b"".join(v.to_bytes(4, "little") for v in stamps[i]) for i in (1, 2))
    assert content.count(third) >= 2
    path.write_bytes(content.replace(third, second))
    video = RealSenseBag(path)
    assert video.notes == {"clock": "when frames were received"}
    np.testing.assert_allclose(video.timestamps_s, np.arange(COUNT) / 30, atol=1e-6)
    assert depth_numbers(video) == list(range(COUNT))


def test_frames_of_one_moment_on_every_clock_are_refused(record):
    times = [1.0, 1.5, 1.5 + 1e-10]  # stamps and times of arrival count whole nanoseconds
    message = (
        r"clip\.bag: colour frame 2 was received with the frame before it, at 0\.5000 s, and the camera's stamps are "
        r"no clock either; record it again$"
    )
    with pytest.raises(DataError, match=message):
        RealSenseBag(record(color=colors(times), depth={}))


def test_timestamps_are_those_of_the_frames(record):
    for stamp_depth_s in (0.0, -1_000_000_000.0):  # on one clock, on two
        video = RealSenseBag(record(stamp_depth_s=stamp_depth_s, received_late_s=0.4))
        assert video.timestamps_s.tolist() == [frame.timestamp_s for frame in video.frames()]
        np.testing.assert_allclose(video.timestamps_s, np.arange(COUNT) / 30, atol=1e-6)


def test_timestamps_need_no_image_converted(record):
    video = RealSenseBag(record(encoding="bayer"))  # which cannot be
    assert len(video.timestamps_s) == COUNT


def test_a_bag_without_depth_is_a_video(record):
    video = RealSenseBag(record(depth={}))
    assert video.rig is None
    assert depth_numbers(video) == [None] * COUNT


@pytest.mark.parametrize(
    ("encoding", "image"),
    [
        ("bgr8", clips.picture(0)[..., ::-1]),
        ("rgba8", np.dstack([clips.picture(0), np.full((clips.HEIGHT, clips.WIDTH), 255, np.uint8)])),
        ("bgra8", np.dstack([clips.picture(0)[..., ::-1], np.full((clips.HEIGHT, clips.WIDTH), 255, np.uint8)])),
    ],
)
def test_colour_encodings_without_loss(record, encoding, image):
    frame = next(RealSenseBag(record(color={1.0: image}, depth=depths([1.0]), encoding=encoding)).frames())
    np.testing.assert_array_equal(frame.color, clips.picture(0))


def test_colour_as_yuv(record):
    # grey of luminance 126 has neutral chroma 128 in both orders; BT.601 maps it to 1.164 * (126 - 16) = 128
    yuyv = np.zeros((clips.HEIGHT, clips.WIDTH, 2), np.uint8)
    yuyv[..., 0], yuyv[..., 1] = 126, 128
    for encoding, image in (("YUYV", yuyv), ("yuv422", yuyv[..., ::-1])):
        frame = next(RealSenseBag(record(color={1.0: image}, depth=depths([1.0]), encoding=encoding)).frames())
        np.testing.assert_allclose(frame.color, 128, atol=1)


def test_depth_of_a_big_endian_machine_is_the_same_depth(record):
    frames = [
        next(RealSenseBag(record(depth=depths([1.0]), color=colors([1.0]), big_endian=big)).frames()) for big in (0, 1)
    ]
    np.testing.assert_array_equal(frames[0].depth, frames[1].depth)
    assert frames[1].depth.dtype.isnative  # whoever takes its bytes takes them in this machine's order


def test_encodings_that_are_not_known(record):
    with pytest.raises(DataError, match=r"has colour frames in 'bayer'; record one of rgb8, bgr8"):
        list(RealSenseBag(record(encoding="bayer")).frames())
    with pytest.raises(DataError, match=r"has depth frames in 'mono8'; raw depth is one channel of 16 bits \(Z16\)"):
        list(RealSenseBag(record(depth_encoding="mono8")).frames())


def test_a_bag_that_ros_recorded(tmp_path):
    topics = ("/camera/depth/image_rect_raw",)
    path = write(tmp_path / "ros.bag", Bag({}, {}, other_topics=topics, unit_option=None, tf={}))
    message = (
        r"ros\.bag holds no colour frames of the RealSense SDK \(/device_0/sensor_1/Color_0/image/data\); its topics "
        r"are /camera/depth/image_rect_raw, /device_0/info\. Bags recorded by ROS are other bags"
    )
    with pytest.raises(DataError, match=message):
        RealSenseBag(path)


def test_missing_calibration(record):
    with pytest.raises(DataError, match=r"has no intrinsics for /device_0/sensor_1/Color_0 at 160x120; record it"):
        RealSenseBag(record(intrinsics=False))
    with pytest.raises(DataError, match="has no extrinsics for /device_0/sensor_1/Color_0; record it again"):
        RealSenseBag(record(tf={}))


def test_files_that_are_no_bags(tmp_path, record):
    path = tmp_path / "x.bag"
    with pytest.raises(DataError, match="There is no file"):
        RealSenseBag(path)
    for content, message in (
        (b"", r"x\.bag cannot be read as a bag: .* seems to be empty"),
        (b"no bag at all\n", r"x\.bag cannot be read as a bag: File magic is invalid\. Copy it again, or reindex it\."),
        (b"SQLite format 3\0", r"x\.bag is a ROS 2 bag; record a \.bag, or export the native RGB-D layout"),
    ):
        path.write_bytes(content)
        with pytest.raises(DataError, match=message):
            RealSenseBag(path)
    whole = record().read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"x\.bag cannot be read as a bag"):
        RealSenseBag(path)


RANDOM = np.random.default_rng(0).integers(0, 256, (20, 500), dtype=np.uint8)


@pytest.mark.parametrize("head", [b"", b"#ROSBAG V2.0\n"])
def test_random_bytes_are_a_data_error(tmp_path, head):
    path = tmp_path / "x.bag"
    for content in RANDOM:
        path.write_bytes(head + content.tobytes())
        with pytest.raises(
            DataError, match=r"x\.bag (cannot be read as a bag: .*|is damaged \(.*\)\.) Copy it again, or"
        ):
            RealSenseBag(path)


@pytest.mark.parametrize(
    ("whole", "broken", "cause"),
    [
        (
            b"f0220512",
            b"\xff0220512",
            "SerdeError|UnicodeDecodeError",
        ),  # text that is no UTF-8; by rosbags 0.11.9, and before
        (b"compression=none", b"compression=\xffone", "ReaderError"),
        (b"diagnostic_msgs/KeyValue", b"diagnostic_msgs/KeyValve", "KeyError"),  # a type that does not exist
    ],
)
def test_damage_within_a_bag(record, whole, broken, cause):
    path = record()
    content = path.read_bytes()
    assert whole in content
    path.write_bytes(content.replace(whole, broken))
    with pytest.raises(DataError, match=r"clip\.bag .* Copy it again, or reindex it\.") as error:
        RealSenseBag(path)
    assert type(error.value.__cause__).__name__ in cause.split("|")


def test_rows_too_short_for_their_pixels(record):
    path = record(depth={}, encoding="rgba8")  # three bytes a pixel were recorded
    with pytest.raises(
        DataError, match=r"image message that is damaged \(160x120 px in rows of 480 bytes\); copy the bag"
    ):
        next(RealSenseBag(path).frames())


def test_fewer_frames_than_the_index_listed(record):
    video = RealSenseBag(record())
    times = TIMES[: COUNT - 2]
    record(color=colors(times), depth=depths(times))  # overwritten by a shorter one
    message = (
        r"clip\.bag is damaged: its index lists 10 colour frames, and 8 can be read\. Copy it again, or reindex it\."
    )
    with pytest.raises(DataError, match=message):
        list(video.frames())


def test_without_rosbags_the_message_says_how_to_get_it(record, monkeypatch):
    path = record()
    monkeypatch.setitem(__import__("sys").modules, "rosbags.rosbag1", None)
    with pytest.raises(ConfigError, match=r"reading \.bag files needs rosbags: pip install 'neuroface\[realsense\]'"):
        RealSenseBag(path)
