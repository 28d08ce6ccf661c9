"""Images that were cut off are told; what stands before or after a whole image does not matter."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from neuroface.errors import DataError
from neuroface.recording.images import read_color
from neuroface.recording.video import VideoFile

NOISE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def encoded(suffix, image=NOISE) -> bytes:
    return cv2.imencode(suffix, image)[1].tobytes()


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.999])
def test_an_image_that_is_cut_off(tmp_path, suffix, share):
    file, content = tmp_path / f"a{suffix}", encoded(suffix)
    size = int(share * len(content))
    file.write_bytes(content[:size])
    message = (
        rf"{re.escape(str(file))} \({size} bytes\) is cut off: the image has no end; copy it again, or take it out$"
    )
    with pytest.raises(DataError, match=message):
        read_color(file)
    with pytest.raises(DataError, match=message):
        VideoFile(file)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tif", ".webp"])
def test_a_whole_image_is_read_as_opencv_reads_it(tmp_path, suffix):
    file = tmp_path / f"a{suffix}"
    file.write_bytes(encoded(suffix))
    np.testing.assert_array_equal(read_color(file), cv2.imread(str(file))[..., ::-1])


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_what_a_phone_appends_does_not_matter(tmp_path, suffix):
    file = tmp_path / f"a{suffix}"
    file.write_bytes(encoded(suffix) + bytes(100_000))
    assert read_color(file).shape == NOISE.shape


def test_the_end_of_a_preview_is_not_that_of_the_picture(tmp_path):
    """A camera stores a small JPEG in a segment before the picture."""
    preview, picture, file = encoded(".jpg", NOISE[:8, :8]), encoded(".jpg"), tmp_path / "a.jpg"
    segment = b"\xff\xe1" + (2 + len(preview)).to_bytes(2, "big") + preview
    whole = picture[:2] + b"\xff" + segment + picture[2:]  # a fill byte stands before the marker
    file.write_bytes(whole)
    assert read_color(file).shape == NOISE.shape
    file.write_bytes(whole[: -len(picture) // 2])
    with pytest.raises(DataError, match="is cut off"):
        read_color(file)


def test_what_is_no_image(tmp_path):
    for content in (b"", b"no image"):
        (tmp_path / "a.png").write_bytes(content)
        with pytest.raises(
            DataError, match=rf"a\.png \({len(content)} bytes\) cannot be read as an image; copy it again"
        ):
            read_color(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"b\.png \(0 bytes\) cannot be read as an image"):
        read_color(tmp_path / "b.png")
