"""How loud it was while each frame of a video was shown: the envelope of its sound beside the movement of the mouth.

Sound and picture of a file have a common clock, on which either may begin later. A sample of the sound belongs to the
frame that is nearest in time; nothing is assumed to begin together. Read by PyAV (extra `video`).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neuroface.errors import ConfigError, did_you_mean
from neuroface.recording.video import VideoFile
from neuroface.types import Landmarks, Video

EXTRA = "audio_envelope"  # of Landmarks.extras
CHOICES = ("auto", "true", "false")
TOLD_S = 0.1  # sound and picture that begin within so much of each other are nothing to tell
FULL_SCALE = {"u8": 2.0**7, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63, "flt": 1.0, "dbl": 1.0}


@dataclass(frozen=True, eq=False)
class Sound:
    """envelope: (frames,) root mean square of the sound, 1 being full scale; NaN where there is none.

    begins_s, lasts_s: seconds from the first frame to the first sample, and from there to the last.
    """

    envelope: np.ndarray
    begins_s: float
    lasts_s: float


def is_asked(choice: Any) -> bool:
    """Whether sound is to be read. auto: where PyAV is installed. Errors: ConfigError for another choice, or without
    PyAV where sound is asked for."""
    name = str(choice).lower()
    if name not in CHOICES:
        raise ConfigError(f"audio={choice}: there is no such choice." + did_you_mean(name, CHOICES))
    there = importlib.util.find_spec("av") is not None
    if name == "true" and not there:
        raise ConfigError("audio=true needs PyAV: pip install 'neuroface[video]', or set audio=false")
    return there and name != "false"


def heard(video: Video | None) -> Sound | None:
    """The sound of a video file beside its frames; None for what has none."""
    if not isinstance(video, VideoFile) or not video.path.is_file():
        return None
    import av

    av.logging.set_level(None)
    frames_s = video.shown_s
    edges = np.concatenate([frames_s[:1] - _half(frames_s), (frames_s[1:] + frames_s[:-1]) / 2])
    edges = np.append(edges, frames_s[-1] + _half(frames_s))
    power, samples = np.zeros(len(edges) + 1), np.zeros(len(edges) + 1)  # before, of each frame, after
    first_s, last_s = np.inf, -np.inf
    try:
        for at_s, rate, squares in _blocks(video):
            end_s = at_s + len(squares) / rate
            first_s, last_s = min(first_s, at_s), max(last_s, end_s)
            low, high = np.searchsorted(edges, (at_s, end_s))
            bounds = np.ceil((edges[low:high] - at_s) * rate).astype(int).clip(0, len(squares))
            bounds = np.concatenate([[0], bounds, [len(squares)]])
            power[low : high + 1] += np.diff(np.concatenate([[0.0], np.cumsum(squares)])[bounds])
            samples[low : high + 1] += np.diff(bounds)
    except (av.FFmpegError, OSError):  # not a file of FFmpeg's: a folder of images, a still
        return None
    if not samples.any():
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        envelope = np.sqrt(power / samples)[1:-1]
    return Sound(envelope, float(first_s), float(last_s - first_s))


def beside(landmarks: Landmarks, video: Video | None) -> tuple[Landmarks, dict[str, str]]:
    """The landmarks with `extras["audio_envelope"]` (T,), and a note of when the sound begins; as they are without any.

    Landmarks that stand at other times than the frames have what lies between the two nearest ones.
    """
    sound = heard(video)
    if sound is None:
        return landmarks, {}
    assert isinstance(video, VideoFile)
    envelope = np.interp(landmarks.timestamps_s, video.timestamps_s, sound.envelope, left=np.nan, right=np.nan)
    late = "" if abs(sound.begins_s) < TOLD_S else f", begins {sound.begins_s:+.2f} s from the first frame"
    silent = ", none of it while there is a picture" if np.isnan(envelope).all() else ""
    told = {"sound": f"envelope beside the landmarks{late}{silent}"}
    return replace(landmarks, extras={**landmarks.extras, EXTRA: envelope}), told


def _half(frames_s: np.ndarray) -> float:
    """Half the usual interval between frames, s; of a single frame half a second."""
    return float(np.median(np.diff(frames_s))) / 2 if len(frames_s) > 1 else 0.5


def _blocks(video: VideoFile) -> Iterator[tuple[float, int, np.ndarray]]:
    """Decoded stretches of the first sound track: seconds from the first frame to the first sample, samples per second,
    and the mean square over channels of each sample (n,). What does not decode is left out."""
    import av

    with av.open(str(video.path)) as container:
        if not container.streams.audio or not container.streams.video:
            return
        picture, stream = container.streams.video[0], container.streams.audio[0]
        shown = [p.pts for p in container.demux(picture) if p.pts is not None and p.size and not p.is_discard]
        zero_s = min(shown, default=0) * float(picture.time_base or 0)
    with av.open(str(video.path)) as container:
        stream, follows_s = container.streams.audio[0], 0.0
        for packet in container.demux(stream):
            try:
                blocks = packet.decode()
            except av.FFmpegError:
                continue
            for block in blocks:
                at_s = follows_s if block.pts is None else block.pts * float(block.time_base or 0)
                follows_s = at_s + block.samples / block.sample_rate
                yield at_s - zero_s, block.sample_rate, _squares(block)


def _squares(block: Any) -> np.ndarray:
    """(n,) mean square over the channels of a PyAV AudioFrame; channels in opposite phase do not cancel."""
    values, kind = block.to_ndarray(), block.format.name.removesuffix("p")
    if not block.format.is_planar:
        values = values.reshape(block.samples, -1).T
    values = (values.astype(float) - (FULL_SCALE[kind] if kind == "u8" else 0.0)) / FULL_SCALE[kind]
    return np.asarray(np.square(values).mean(axis=0))
