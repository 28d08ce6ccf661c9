"""Optical flow against movements that were put in, and its pictures against the arithmetic of the public code."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from neuroface import face
from neuroface.errors import ConfigError, DataError
from neuroface.recording import flow


def blobs(*, shift=(0.0, 0.0), size=96):
    """(size, size, 3) uint8: smooth random texture, moved by (x, y) px."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:size, :size].astype(float)
    image = np.zeros((size, size))
    for cx, cy, width in np.c_[rng.uniform(0, size, (60, 2)), rng.uniform(4, 8, 60)]:
        image += np.exp(-((x - shift[0] - cx) ** 2 + (y - shift[1] - cy) ** 2) / (2 * width**2))
    return np.repeat((255 * image / 6).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def affine(matrix, size=28):
    """(size, size, 2) px: the movement matrix @ (x, y)."""
    y, x = np.mgrid[:size, :size].astype(float)
    return np.stack([x, y], axis=-1) @ np.asarray(matrix, dtype=float).T


def test_a_shift_to_the_right_and_down_is_found():
    found = flow.farneback(blobs(), blobs(shift=(1.5, 0.75)))
    assert (found.shape, found.dtype) == ((96, 96, 2), np.float32)
    inside = found[20:-20, 20:-20]
    assert np.median(inside, axis=(0, 1)) == pytest.approx([1.5, 0.75], abs=0.1)


def test_grey_and_colour_give_the_same_flow():
    pair = blobs(), blobs(shift=(1, 0))
    np.testing.assert_array_equal(flow.farneback(*pair), flow.farneback(*(image[..., 0] for image in pair)))


def test_images_of_two_sizes_are_refused():
    with pytest.raises(DataError, match=r"^The onset is \(96, 96\) px, the apex \(64, 64\); crop both to one size\.$"):
        flow.farneback(blobs(), blobs(size=64))


def test_tvl1_finds_a_shift_or_says_what_is_missing():
    if not hasattr(cv2, "optflow"):
        with pytest.raises(ConfigError, match=r"^This OpenCV has no TV-L1 optical flow\. Use farneback, or put"):
            flow.tvl1(blobs(), blobs())
        return
    found = flow.tvl1(blobs(), blobs(shift=(1.5, 0.75)))
    assert np.median(found[20:-20, 20:-20], axis=(0, 1)) == pytest.approx([1.5, 0.75], abs=0.1)


@pytest.mark.parametrize(
    ("movement", "strain"),
    [
        (np.full((28, 28, 2), [3.0, -2.0]), 0),  # a shift
        (affine([[0, -0.1], [0.1, 0]]), 0),  # an infinitesimal rotation
        (affine([[0.1, 0], [0, 0]]), 0.1),  # stretched along x
        (affine([[0.1, 0], [0, 0.1]]), 0.1 * np.sqrt(2)),  # grown
        (affine([[0, 0.1], [0, 0]]), 0.1 / np.sqrt(2)),  # sheared: exy = 0.05
    ],
)
def test_strain_is_deformation_only(movement, strain):
    np.testing.assert_allclose(flow.components(movement, ["strain"])[..., 0], strain, atol=1e-12)


def test_components_come_in_the_order_asked_for():
    movement = np.full((8, 8, 2), [3.0, -4.0])
    assert flow.components(movement)[0, 0].tolist() == [3, -4, 5]
    assert flow.components(movement, ("strain", "magnitude", "v"))[0, 0].tolist() == [0, 5, -4]
    with pytest.raises(
        ConfigError, match=r"^There is no component 'magnitud' of optical flow\. Did you mean 'magnitude'"
    ):
        flow.components(movement, ("u", "magnitud"))


def test_channels_become_bytes_as_opencv_would_scale_them():
    rng = np.random.default_rng(0)
    channels = rng.normal(size=(28, 28, 3)) * [1, 5, 0.2] + [0, 40, -3]
    oracle = [cv2.normalize(channels[..., i], None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8) for i in range(3)]
    found = flow.to_uint8(channels)
    assert np.abs(found.astype(int) - np.stack(oracle, axis=-1)).max() <= 1  # rounding of the last bit
    assert found.min(axis=(0, 1)).tolist() == [0, 0, 0]
    assert found.max(axis=(0, 1)).tolist() == [255, 255, 255]
    assert not flow.to_uint8(np.full((4, 4, 1), 7.0)).any()


def marked(size=28):
    """(size, size, 2) int: the row and the column of each pixel."""
    return np.moveaxis(np.mgrid[:size, :size], 0, -1)


def test_regions_are_cut_around_their_points():
    """At 28x28, points (9, 11) and (21, 10) give rows 4..17 and 3..16; the mouth's rows are held at 7..21 + 7."""
    composite = flow.compose_regions(marked(), flow.PUBLISHED_POINTS)
    assert composite.shape == (28, 28, 2)
    corners = [composite[r, c].tolist() for r in (0, 14) for c in (0, 14)]  # (row, column) of each block's first pixel
    assert corners == [[11 - 7, 9 - 7], [10 - 7, 21 - 7], [21 - 7, 10 - 7], [21 - 7, 20 - 7]]


def test_published_regions_take_x_for_rows():
    """The public code's slices, written out: image[x-7:x+7, y-7:y+7], tiles [[0, 1], [3, 4]]."""
    image = marked()
    held = np.clip(flow.PUBLISHED_POINTS, 7, 21).astype(int)
    blocks = [image[x - 7 : x + 7, y - 7 : y + 7] for x, y in held]
    rows = [np.hstack([blocks[0], blocks[1]]), np.hstack([blocks[3], blocks[4]])]
    found = flow.compose_regions(image, flow.PUBLISHED_POINTS, as_published=True)
    np.testing.assert_array_equal(found, np.vstack(rows))


def test_axis_orders_agree_on_a_transposed_image_only():
    image, points = marked(), flow.PUBLISHED_POINTS
    right, published = flow.compose_regions(image, points), flow.compose_regions(image, points, as_published=True)
    assert not np.array_equal(right, published)
    transposed = flow.compose_regions(image.swapaxes(0, 1), points, as_published=True)
    for r in (0, 14):
        for c in (0, 14):
            block = np.s_[r : r + 14, c : c + 14]
            np.testing.assert_array_equal(transposed[block], right[block].swapaxes(0, 1))


def test_a_smile_moves_the_lower_tiles():
    """With the right axis order, both corners of the mouth lie in the lower half of the composite."""
    image = np.zeros((28, 28, 1))
    image[20:25, 7:14] = image[20:25, 17:24] = 1
    composite = flow.compose_regions(image, flow.PUBLISHED_POINTS)[..., 0]
    assert composite[14:, :14].any()
    assert composite[14:, 14:].any()
    assert not composite[:14].any()


@pytest.mark.parametrize("shape", [(28, 20, 3), (30, 30, 3), (28, 28)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(DataError, match=r"^Regions need a square image \(multiple of 4 px\) and 5 points"):
        flow.compose_regions(np.zeros(shape), flow.PUBLISHED_POINTS)


def test_missing_points_are_refused():
    with pytest.raises(DataError, match="the points of eyes, nose or mouth are missing"):
        flow.compose_regions(np.zeros((28, 28, 3)), np.full((5, 2), np.nan))


def test_five_points_of_a_face():
    points = np.zeros((2, 68, 2))
    points[:, face.EYE_RIGHT] = [[10, 20], [12, 18], [14, 18], [16, 20], [14, 22], [12, 22]]
    points[:, face.EYE_LEFT] = points[:, face.EYE_RIGHT] + [20, 0]
    points[:, [face.NOSE_TIP, face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT]] = [[23, 30], [15, 40], [31, 41]]
    assert flow.five_points(points)[1].tolist() == [[13, 20], [33, 20], [23, 30], [15, 40], [31, 41]]


def test_channels_of_a_given_picture_are_those_that_opencv_reads(tmp_path):
    picture = np.stack([np.full((28, 28), 10), np.full((28, 28), 20), np.full((28, 28), 30)], axis=-1).astype(np.uint8)
    file = tmp_path / "sub01_EP02_01f .png"
    cv2.imwrite(str(file), picture)
    given = flow.FlowImage(file)
    np.testing.assert_array_equal(given.channels(), cv2.imread(str(file)))
    assert given.channels()[0, 0].tolist() == [10, 20, 30]
    np.testing.assert_array_equal(given.points, flow.PUBLISHED_POINTS)
