"""Crops: the mapping is exact both ways and says where the pixels came from."""

from __future__ import annotations

import numpy as np
import pytest

from neuroface import face
from neuroface.errors import ConfigError, DataError
from neuroface.recording.crop import (
    SquareCrop,
    WarpedCrop,
    box_around,
    canonical_anchors,
    share_outside,
    square,
    warp,
)

RAMP = np.stack(np.meshgrid(np.arange(200), np.arange(160)), axis=-1).astype(np.float32)  # a pixel's value is its place


def turned(degrees: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    c, s = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    return np.array([[c, -s, shift[0]], [s, c, shift[1]], [0, 0, 1]])


def canonical_points(*, align: str, margin: float = 0.25, size: int = 256) -> np.ndarray:
    """(68, 2) px of the crop: the anchors at their places, everything else missing."""
    points = np.full((68, 2), np.nan)
    anchors, places = canonical_anchors(corners=align == "perspective", margin=margin, size=size)
    points[anchors] = places
    return points


@pytest.mark.parametrize(
    "crop",
    [
        SquareCrop(30, 20, 90, 64),
        SquareCrop(-40, -7, 75, 200),
        WarpedCrop(turned(17, 0.8, (5, -30)), 64),
        WarpedCrop(np.array([[1.1, 0.1, 4], [0.05, 0.9, -8], [1e-3, -5e-4, 1]]), 64),
    ],
)
def test_the_way_to_the_crop_and_back_is_exact(crop):
    points = np.random.default_rng(0).uniform(0, 160, (50, 2))
    np.testing.assert_allclose(crop.to_frame(crop.to_crop(points)), points, atol=1e-9)
    through_matrix = np.c_[points, np.ones(50)] @ crop.matrix.T
    np.testing.assert_allclose(crop.to_crop(points), through_matrix[:, :2] / through_matrix[:, 2:], atol=1e-9)


@pytest.mark.parametrize(
    "crop",
    [
        SquareCrop(30, 20, 90, 45),
        SquareCrop(30, 20, 90, 40),
        SquareCrop(30, 20, 91, 45),
        SquareCrop(30, 20, 90, 60),
        SquareCrop(30, 20, 30, 90),
        WarpedCrop(turned(11, 0.8, (-20, -30)), 50),
    ],
)
def test_pixels_of_the_crop_come_from_where_the_mapping_says(crop):
    inner = slice(4, crop.size - 4)  # at its edge a resize repeats the last pixel
    at = np.stack(np.meshgrid(np.arange(crop.size), np.arange(crop.size)), axis=-1)[inner, inner].astype(float)
    np.testing.assert_allclose(crop.cut(RAMP)[inner, inner], crop.to_frame(at), atol=0.04)  # warps go by 1/32 px


def test_a_warp_that_shrinks_averages():
    checkers = (np.indices((512, 512)).sum(axis=0) % 2 * 200).astype(np.uint8)
    small = WarpedCrop(np.diag([0.125, 0.125, 1.0]), 64).cut(np.repeat(checkers[..., None], 3, axis=2))
    assert np.abs(small[2:-2, 2:-2].astype(float) - 100).max() <= 2  # a single sample would be 0 or 200


def test_a_large_square_has_a_side_of_whole_pixels_to_average():
    assert square(np.array([0, 0, 101, 90]), margin=0.0, size=20).side == 100  # 5 px of the frame to one


def test_square_about_a_box():
    assert square(np.array([100, 50, 40, 60]), margin=0.25, size=128) == SquareCrop(75, 35, 90, 128)


def test_beyond_the_frame_is_black_and_counted():
    crop, image = SquareCrop(-50, 0, 100, 100), np.full((100, 200, 3), 255, np.uint8)
    assert (crop.cut(image)[:, :50] == 0).all()
    assert (crop.cut(image)[:, 50:] == 255).all()
    assert share_outside(crop, (200, 100)) == pytest.approx(0.5)
    assert share_outside(SquareCrop(500, 0, 100, 10), (200, 100)) == 1
    assert (SquareCrop(500, 0, 100, 10).cut(image) == 0).all()


def test_similarity_finds_the_turn_of_a_canonical_face():
    canonical = canonical_points(align="similarity")
    placed = WarpedCrop(turned(-25, 0.4, (60, 80)), 0).to_crop(canonical)
    found = warp(placed, align="similarity")
    np.testing.assert_allclose(found.to_crop(placed)[face.RIGID], canonical[face.RIGID], atol=1e-6)
    np.testing.assert_allclose(found.matrix, np.linalg.inv(turned(-25, 0.4, (60, 80))), atol=1e-6)


def test_the_inner_face_ends_at_brows_and_lower_lip():
    canonical = canonical_points(align="similarity", margin=0.0, size=1040)
    found = warp(canonical, align="similarity", part="inner", margin=0.0, size=1040)
    canthi = found.to_crop(canonical)[[face.CANTHUS_RIGHT_INNER, face.CANTHUS_LEFT_INNER]].mean(axis=0)
    assert canthi == pytest.approx([519.5, 519.5 - 10 * 27], abs=3)  # 10 px to a mm, 27 mm above the middle
    with pytest.raises(ConfigError, match=r"part=iner: a face has no such part\. Did you mean 'inner'\?"):
        warp(canonical, align="similarity", part="iner")


def test_similarity_keeps_the_shape_of_an_expression():
    placed = WarpedCrop(turned(40, 0.5, (10, 20)), 0).to_crop(canonical_points(align="similarity"))
    for opening in (10.0, 30.0):
        placed[face.LIP_TOP_INNER], placed[face.LIP_BOTTOM_INNER] = (50, 50), (50, 50 + opening)
        lips = warp(placed, align="similarity").to_crop(placed)[[face.LIP_TOP_INNER, face.LIP_BOTTOM_INNER]]
        assert np.linalg.norm(lips[1] - lips[0]) == pytest.approx(opening / 0.5)


def test_perspective_undoes_a_homography():
    canonical = canonical_points(align="perspective")
    tilt = np.array([[0.9, 0.1, 20], [-0.05, 1.1, 10], [4e-4, -3e-4, 1]])
    placed = WarpedCrop(tilt, 0).to_crop(canonical)
    np.testing.assert_allclose(
        warp(placed, align="perspective").to_crop(placed)[face.RIGID], canonical[face.RIGID], atol=1e-3
    )


def test_canonical_face_is_upright_and_centred():
    points = canonical_points(align="perspective", margin=0.0, size=140)  # 1 px per mm
    corner_r, corner_l = points[face.MOUTH_CORNER_RIGHT], points[face.MOUTH_CORNER_LEFT]
    np.testing.assert_allclose(corner_l - corner_r, [52, 0])
    assert points[face.CANTHUS_RIGHT_INNER][1] == pytest.approx(69.5 - 45)
    assert (corner_r + corner_l)[0] / 2 == pytest.approx(69.5)


def test_too_few_landmarks_give_no_warp_and_no_box():
    points = np.full((68, 2), np.nan)
    points[:2] = 5
    assert warp(points, align="similarity") is None
    assert box_around(points) is None
    points[2] = (9, 15)
    np.testing.assert_array_equal(box_around(points), [5, 5, 4, 10])


def test_errors_say_what_is_wrong():
    with pytest.raises(DataError) as error:
        square(np.array([3, 4, 0, 0]))
    assert str(error.value) == "A face box is x=3, y=4, width=0, height=0; it has no extent."
    with pytest.raises(ConfigError) as error:
        warp(np.zeros((68, 2)), align="similar")
    assert str(error.value) == "align=similar is no warp. Did you mean 'similarity'?"
    with pytest.raises(ConfigError) as error:
        square(np.array([0, 0, 5, 5]), size=0)
    assert str(error.value).startswith("margin=0.25, size=0: margin above -0.5")
