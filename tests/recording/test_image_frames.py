"""Chosen images as a video: their order, their times, and images that cannot be read."""

from __future__ import annotations

import numpy as np
import pytest

from neuroface.errors import DataError
from neuroface.recording.image_frames import ImageFrames
from palsy_folders import write_image


def images(folder, n=3, size=(6, 8)):
    files = [folder / f"{i}.png" for i in range(n)]
    for i, file in enumerate(files):
        write_image(file, np.full((*size, 3), (10 * i, 0, 200), dtype=np.uint8))
    return files


def test_frames_have_their_times_and_colours(tmp_path):
    video = ImageFrames(images(tmp_path), timestamps_s=np.array([0, 0.5, 2]))
    assert (video.size, len(video), video.rig) == ((8, 6), 3, None)
    assert [(f.index, f.timestamp_s, f.color[0, 0].tolist()) for f in video.frames(1)] == [
        (1, 0.5, [200, 0, 10]),
        (2, 2.0, [200, 0, 20]),
    ]
    assert [f.index for f in video.frames(0, 99, 2)] == [0, 2]


def test_a_still_is_at_zero(tmp_path):
    assert [f.timestamp_s for f in ImageFrames(images(tmp_path, 1)).frames()] == [0]


def test_images_and_times_must_be_as_many(tmp_path):
    with pytest.raises(DataError, match=r"^3 images but 1 timestamps; one per image is needed\.$"):
        ImageFrames(images(tmp_path))


def test_an_unreadable_image_is_told_never_black(tmp_path):
    files = images(tmp_path)
    files[1].write_bytes(b"no image")
    frames = ImageFrames(files, timestamps_s=np.arange(3.0)).frames()
    assert next(frames).index == 0
    with pytest.raises(DataError, match=r"1\.png \(8 bytes\) cannot be read as an image"):
        next(frames)


def test_a_still_that_is_looked_at_when_it_is_found_is_read_once(tmp_path, monkeypatch):
    from neuroface.recording import images as decoding

    read, real = [], decoding.read_color
    monkeypatch.setattr(decoding, "read_color", lambda file: read.append(file) or real(file))
    one, other = images(tmp_path, 2)
    (frame,) = ImageFrames([one]).frames()
    assert len(read) == 1
    first, second = ImageFrames([one]), ImageFrames([other])  # the newest alone is remembered, and once
    assert next(first.frames()).color[0, 0].tolist() == frame.color[0, 0].tolist()
    for _ in range(2):
        assert next(second.frames()).color[0, 0].tolist() == [200, 0, 10]
    assert len(read) == 1 + 2 + 1 + 1 + 1
