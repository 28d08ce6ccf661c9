"""Bursts of a tone stand at the frames that were shown with them, whichever of sound and picture begins first."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from neuroface import face
from neuroface.errors import ConfigError
from neuroface.recording import sound
from neuroface.recording.overlay import SOUND, TRACE_HEIGHT_PX, MouthTrace
from neuroface.recording.video import VideoFile
from neuroface.types import Landmarks

from . import clips

av = pytest.importorskip("av")
FPS, FRAMES = 25, 50
BURSTS_S = ((0.4, 0.6), (1.2, 1.5))  # from the first frame


def clip(path, *, picture_s=0.0, sound_s=0.0, codec="pcm_s16le", layout="mono", loud=0.5, count=FRAMES):
    """A clip whose picture and sound begin at these seconds of its clock; bursts are at BURSTS_S after the picture."""
    rate, video_codec = 16000, "mpeg4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(video_codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt = clips.WIDTH, clips.HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        voice = container.add_stream(codec, rate=rate, layout=layout)
        channels, kind = 1 if layout == "mono" else 2, "fltp" if codec == "aac" else "s16"
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(clips.picture(number), format="rgb24")
            frame.pts, frame.time_base = round(1000 * (picture_s + number / FPS)), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        t = sound_s + np.arange(int((2.0 - sound_s + picture_s) * rate)) / rate
        on = np.any([(t >= picture_s + a) & (t < picture_s + b) for a, b in BURSTS_S], axis=0)
        wave = loud * np.sqrt(2) * np.sin(2 * np.pi * 400 * t) * on
        both = np.stack([wave, -wave][:channels])  # opposite phase: a sum of channels would hear nothing
        for at in range(0, both.shape[1] - 1023, 1024):
            part = both[:, at : at + 1024]
            packed = np.round(part.T.reshape(1, -1) * 32768).astype(np.int16)
            values = part.astype(np.float32) if kind == "fltp" else packed
            block = av.AudioFrame.from_ndarray(np.ascontiguousarray(values), format=kind, layout=layout)
            block.sample_rate, block.time_base = rate, Fraction(1, rate)
            block.pts = round(sound_s * rate) + at
            container.mux(voice.encode(block))
        container.mux(voice.encode())
    return path


def expected(n=FRAMES) -> np.ndarray:
    """How much of the time about each frame a burst fills, 0..1."""
    t = np.arange(n) / FPS
    shares = [np.clip(np.minimum(t + 0.5 / FPS, b) - np.maximum(t - 0.5 / FPS, a), 0, None) * FPS for a, b in BURSTS_S]
    return np.sum(shares, axis=0)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("together.mkv", {}),
        ("late_picture.mkv", {"picture_s": 0.8}),
        ("late_sound.mkv", {"sound_s": 0.3}),
        ("late_sound.mp4", {"sound_s": 0.3, "codec": "aac"}),
        ("late_picture.mp4", {"picture_s": 0.48, "codec": "aac"}),
        ("two_channels.mkv", {"layout": "stereo"}),
        ("together.avi", {}),
    ],
)
def test_a_burst_is_at_the_frames_that_it_was_heard_with(tmp_path, name, keys):
    found = sound.heard(VideoFile(clip(tmp_path / name, **keys)))
    slack = 0.08 if keys.get("codec") == "aac" else 0.01  # what is coded with loss rings about its edges
    known = np.isfinite(found.envelope)
    np.testing.assert_allclose(found.envelope[known], 0.5 * np.sqrt(expected()[known]), atol=slack)
    shift = keys.get("sound_s", 0.0) - keys.get("picture_s", 0.0)
    assert found.begins_s == pytest.approx(shift, abs=0.08 if keys.get("codec") == "aac" else 0.002)
    before = np.arange(FRAMES) / FPS + 0.5 / FPS < found.begins_s
    assert not known[before].any()  # no sound is not silence


def test_frames_numbered_by_another_rate_keep_their_sound(tmp_path):
    path = clip(tmp_path / "a.mkv")
    usual, stated = VideoFile(path), VideoFile(path, fps=100)
    np.testing.assert_array_equal(sound.heard(stated).envelope, sound.heard(usual).envelope)
    points = Landmarks(np.zeros((FRAMES, 68, 2)), stated.timestamps_s, "pixel")
    found, _ = sound.beside(points, stated)
    np.testing.assert_allclose(found.extras[sound.EXTRA], sound.heard(usual).envelope)


def test_landmarks_at_other_times_have_what_lies_between(tmp_path):
    video = VideoFile(clip(tmp_path / "a.mkv", sound_s=0.5))
    at_s = np.array([0.1, 1.3, 1.31, 9.0])
    found, told = sound.beside(Landmarks(np.zeros((4, 68, 2)), at_s, "pixel"), video)
    np.testing.assert_allclose(found.extras[sound.EXTRA], [np.nan, 0.5, 0.5, np.nan], atol=0.01)
    assert told == {"sound": "envelope beside the landmarks, begins +0.50 s from the first frame"}


@pytest.mark.parametrize("kind", ["no sound", "images", "none"])
def test_without_sound_nothing_happens(tmp_path, kind):
    points = Landmarks(np.zeros((40, 68, 2)), np.arange(40) / 50, "pixel")
    video = None
    if kind == "no sound":
        video = VideoFile(clips.write(tmp_path / "mute.avi"))
    if kind == "images":
        import cv2

        for number in range(40):
            cv2.imwrite(str(tmp_path / f"{number}.png"), clips.picture(number))
        video = VideoFile(tmp_path, fps=50)
    found, told = sound.beside(points, video)
    assert found is points
    assert told == {}


def test_what_is_asked(monkeypatch):
    assert sound.is_asked("auto")
    assert sound.is_asked(True)
    assert not sound.is_asked(False)
    with pytest.raises(ConfigError, match=r"audio=ture: there is no such choice\. Did you mean 'true'"):
        sound.is_asked("ture")
    monkeypatch.setattr(sound.importlib.util, "find_spec", lambda name: None)
    assert not sound.is_asked("auto")
    with pytest.raises(ConfigError, match=r"audio=true needs PyAV: pip install 'neuroface\[video\]'"):
        sound.is_asked("true")


def test_the_overlay_has_the_sound_behind_the_opening():
    times, points = np.arange(100) / 50, np.zeros((100, 68, 2))
    points[:, face.LIP_BOTTOM_INNER, 1] = 5
    loud = np.where(np.arange(100) >= 50, 0.2, 0.0)
    trace = MouthTrace(Landmarks(points, times, "pixel", extras={sound.EXTRA: loud}), (), 200)
    blue = (trace.at(0.0)[24 : TRACE_HEIGHT_PX - 17] == SOUND).all(axis=2).sum(axis=0)
    assert blue[:95].max() == 0
    assert blue[105:].min() > 40
