"""Whole files whose header says more than their picture: hidden frames, long sound, a late picture."""

from __future__ import annotations

import numpy as np
import pytest

from neuroface.errors import DataError
from neuroface.recording.containers import edited_s
from neuroface.recording.video import VideoFile

from . import clips

pytest.importorskip("av")
EVEN = list(range(0, 2000, 20))  # ms, 100 frames
UNEVEN = np.cumsum([0, *[20, 20, 50] * 33]).tolist()


@pytest.fixture(params=["opencv", "pyav"])
def backend(request) -> str:
    return request.param


def shown(video: VideoFile) -> list[int]:
    """The numbers drawn in the frames; a frame that is sought is the one that is met on the way."""
    numbers = [clips.number_of(frame.color) for frame in video.frames()]
    for at in range(0, len(numbers), 9):
        assert clips.number_of(next(video.frames(at)).color) == numbers[at]
    return numbers


def media_ticks(ms: int) -> int:
    """What PyAV's muxer makes of milliseconds: 16 ticks each."""
    return 16 * ms


@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("times", [EVEN, UNEVEN], ids=["even", "uneven"])
@pytest.mark.parametrize(("first", "last"), [(0, 60), (30, 100), (25, 61), (1, 100)])
def test_frames_hidden_by_an_edit_list_are_not_there_and_shift_no_time(tmp_path, backend, times, b_frames, first, last):
    path = clips.write_uneven(tmp_path / "cut.mp4", times, b_frames=b_frames)
    ends = [*times, times[-1] + 20]
    delay = media_ticks(20) if b_frames else 0  # of a frame that is shown after those that refer to it
    clips.set_edits(path, [(ends[last] - times[first], media_ticks(times[first]) + delay)])
    video = VideoFile(path, backend=backend)
    assert shown(video) == list(range(first, last))
    np.testing.assert_allclose(video.timestamps_s, (np.array(times[first:last]) - times[first]) / 1e3, atol=1.1e-3)
    assert video.notes == {"clock": "times stored in the file"}


def test_a_stretch_cut_out_of_the_middle(tmp_path, backend):
    path = clips.set_edits(clips.write_uneven(tmp_path / "two.mp4", EVEN), [(400, 0), (400, media_ticks(1000))])
    video = VideoFile(path, backend=backend)
    assert shown(video) == [*range(20), *range(50, 70)]
    np.testing.assert_allclose(video.timestamps_s, np.arange(40) / 50, atol=1e-6)


def test_lists_that_hide_nothing_cost_no_decoding(tmp_path, backend):
    plain, reordered = (clips.write_uneven(tmp_path / f"{b}.mp4", EVEN, b_frames=b) for b in (0, 2))
    late = clips.set_edits(clips.write_uneven(tmp_path / "late.mp4", EVEN), [(500, -1), (2000, 0)])
    for path in (plain, reordered, late):
        assert edited_s(path) is None
        assert shown(VideoFile(path, backend=backend)) == list(range(100))


def test_what_hides_frames_and_is_damaged_at_the_end_is_still_refused(tmp_path, backend):
    path = clips.write_uneven(tmp_path / "cut.mp4", EVEN)
    clips.set_edits(path, [(2400, media_ticks(400))])  # 1.6 s are left; the list shows 2.4
    with pytest.raises(DataError, match=r"cut\.mp4 is cut off: it declares 120 frames and holds 80"):
        VideoFile(path, backend=backend)


def test_matroska_whose_sound_is_longer_than_its_picture_is_whole(tmp_path, backend):
    path = clips.write_uneven(tmp_path / "speech.mkv", EVEN, sound_s=3.5)
    video = VideoFile(path, backend=backend)
    assert shown(video) == list(range(100))
    assert video.notes["seconds_without_picture"] == pytest.approx(1.5, abs=0.1)


def test_matroska_whose_picture_begins_late_is_whole(tmp_path, backend):
    path = clips.write_uneven(tmp_path / "late.mkv", [t + 800 for t in EVEN], sound_s=2.8)
    video = VideoFile(path, backend=backend)
    assert shown(video) == list(range(100))
    np.testing.assert_allclose(video.timestamps_s, np.array(EVEN) / 1e3, atol=1e-6)


@pytest.mark.parametrize("name", ["a.ts", "a.mpg", "a.asf"])
def test_other_containers_whose_sound_is_longer(tmp_path, backend, name):
    codec = {"a.ts": "mpeg2video", "a.mpg": "mpeg2video"}.get(name, "mpeg4")
    times = list(range(0, 2000, 40))
    path = clips.write_with_long_sound(tmp_path / name, len(times), codec=codec, sound_s=4.0)
    assert len(VideoFile(path, backend=backend)) == len(times)


@pytest.mark.parametrize("keep", [0.5, 0.8])
@pytest.mark.parametrize("sound_s", [0.0, 2.0])
def test_matroska_that_lost_its_end_is_cut_off(tmp_path, backend, keep, sound_s):
    path = clips.write_uneven(tmp_path / "a.mkv", EVEN, sound_s=sound_s)
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(DataError, match=r"a\.mkv is cut off: it declares \d+ frames and holds \d+"):
        VideoFile(path, backend=backend)


def test_a_long_file_of_variable_rate_is_sought_by_time(tmp_path, backend):
    # 8 ms in a burst, seconds in a pause: a frame's number times the average interval is not its time
    times = np.cumsum(np.tile([8] * 60 + [1500] * 4, 4)).tolist()
    path = clips.write_uneven(tmp_path / "phone.mp4", times, b_frames=2)
    video = VideoFile(path, backend=backend)
    for at in range(3, 256, 11):
        assert clips.number_of(next(video.frames(at)).color) == at
