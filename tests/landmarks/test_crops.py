"""Crops of the published pipeline: its geometry, without its rounding."""

from __future__ import annotations

import numpy as np
import pytest

from checks import still_face
from neuroface import face
from neuroface.errors import DataError
from neuroface.landmarks.crops import FanCrop, cut_many, from_box, from_points

CROPS = [FanCrop((210.3, 180.8), 1.28), FanCrop((95.5, 240.25), 0.61, 128), FanCrop((300.0, 20.0), 2.7, 256)]


def smooth_image(width: int = 420, height: int = 360) -> np.ndarray:
    """(H, W, 3) uint8 whose values change by at most three from pixel to pixel."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 37 + y / 71), np.cos(x / 53 - y / 43), np.sin(x / 91) * np.cos(y / 47)]
    return np.round(127 + 100 * np.stack(waves, axis=-1)).astype(np.uint8)


@pytest.mark.parametrize("crop", CROPS)
def test_the_way_to_the_crop_and_back_is_exact(crop):
    points = np.random.default_rng(0).uniform(-50, 500, (40, 68, 2))
    np.testing.assert_allclose(crop.to_frame(crop.to_crop(points)), points, atol=1e-10)
    through_matrix = np.concatenate([points, np.ones((40, 68, 1))], axis=-1) @ crop.matrix.T
    np.testing.assert_allclose(crop.to_crop(points), through_matrix[..., :2], atol=1e-10)


def test_the_square_is_200_px_times_the_scale_about_the_centre():
    crop = FanCrop((100.0, 60.0), 1.5, 256)
    edges = crop.to_frame(np.array([[-0.5, -0.5], [255.5, 255.5]]))  # outer edges of the first and the last pixel
    np.testing.assert_allclose(edges, [[100 - 150, 60 - 150], [100 + 150, 60 + 150]])
    np.testing.assert_allclose(crop.to_crop(np.array([100.0, 60.0])), [127.5, 127.5])


@pytest.mark.parametrize("crop", CROPS)
def test_the_cut_shows_what_the_mapping_says(crop):
    y, x = np.mgrid[:360, :420].astype(np.float32)
    found = crop.cut(np.stack([x, y, np.ones_like(x)], axis=-1))  # a pixel's value is its place
    row, column = np.mgrid[: crop.size, : crop.size]
    place = crop.to_frame(np.stack([column, row], axis=-1).astype(float))
    inside = ((place > 0) & (place < [419, 359])).all(axis=-1)
    assert inside.mean() > 0.25
    np.testing.assert_allclose(found[inside][:, :2], place[inside], atol=crop.side / crop.size / 32 + 1e-3)
    outside = ((place < -1) | (place > [420, 360])).any(axis=-1)
    assert not found[outside].any()


@pytest.mark.slow
@pytest.mark.parametrize("crop", [FanCrop((210.3, 180.8), 1.28), FanCrop((190.0, 170.0), 0.9), CROPS[2]])
def test_the_published_crop_shows_the_same(crop):
    """Theirs is cut at whole pixels and one pixel short: up to two px of the frame or one of the crop off."""
    theirs = pytest.importorskip("face_alignment.utils")
    image = smooth_image()
    expected = theirs.crop(image, np.array(crop.centre), crop.scale).astype(float)
    found = crop.cut(image).astype(float)
    row, column = np.mgrid[:256, :256]
    place = crop.to_frame(np.stack([column, row], axis=-1).astype(float))
    inside = ((place > 3) & (place < [416, 356])).all(axis=-1)
    step = 2 + crop.side / 256  # px of the frame
    assert np.abs(found - expected)[inside].max() <= 3 * step + 1
    assert np.abs(found - expected)[inside].mean() < 3


@pytest.mark.slow
@pytest.mark.parametrize("crop", [CROPS[0], CROPS[2]])
def test_the_published_way_back_is_ours_but_for_its_rounding(crop):
    """Theirs takes a cell by its outer edge + 0.5 and cuts the fraction off."""
    theirs = pytest.importorskip("face_alignment.utils")
    for cell in np.random.default_rng(0).uniform(0, 63, (30, 2)):
        expected = theirs.transform_np(cell + 0.5, np.array(crop.centre), crop.scale, 64.0, True)
        exact = crop.to_frame((cell + 0.5) * 4 - 0.5)
        np.testing.assert_array_equal(np.trunc(exact + 1e-9 * np.sign(exact)), expected)


def test_a_box_is_taken_as_published():
    crop = from_box(np.array([100.0, 50.0, 220.0, 210.0]))
    assert crop == FanCrop((160.0, 130.0 - 0.12 * 160), (120 + 160) / 195, 256)
    assert from_box(np.array([100.0, 50.0, 220.0, 210.0]), reference_scale=165.0).scale == 280 / 165


def test_tracked_points_have_the_crop_of_their_box():
    points = 3 * still_face()[:, :2] + 300
    points[face.CHIN] = np.nan
    seen = np.delete(points, face.CHIN, axis=0)
    assert from_points(points, 128) == from_box(np.concatenate([seen.min(axis=0), seen.max(axis=0)]), size=128)
    inside = from_points(points, 128).to_crop(seen)
    assert (inside > 10).all()
    assert (inside < 117).all()


def test_tracking_follows_the_face_without_steps():
    points = still_face()[:, :2] + 200
    for shift in (0.1, 0.5, 7.3):
        moved = from_points(points + shift, 256)
        np.testing.assert_allclose(moved.to_crop(points + shift), from_points(points, 256).to_crop(points), atol=1e-9)


def test_many_crops_of_one_image():
    image, crops = smooth_image(), [FanCrop((150.0, 150.0), 0.8, 64), FanCrop((200.0, 130.0), 1.1, 64)]
    found = cut_many(image, crops)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, [crop.cut(image) for crop in crops])


def test_a_face_beyond_the_image_is_black():
    assert not FanCrop((-900.0, 100.0), 1.0).cut(smooth_image()).any()


@pytest.mark.parametrize("box", [(10, 20, 10, 40), (10, 20, 30, np.nan), (30, 20, 10, 40)])
def test_a_box_without_extent_is_refused(box):
    with pytest.raises(DataError, match=r"^A face box is left=.*; it has no extent\.$"):
        from_box(np.array(box, dtype=float))


def test_too_few_points_are_refused():
    points = np.full((68, 2), np.nan)
    points[face.NOSE_TIP] = 5
    with pytest.raises(DataError, match=r"^Fewer than three of the landmarks are there"):
        from_points(points)
