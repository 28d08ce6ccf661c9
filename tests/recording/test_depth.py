"""Depth seen from the colour camera, against rays cast into a scene of known shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuroface.errors import ConfigError, DataError
from neuroface.recording import projection
from neuroface.recording.depth import Alignment, PointDepth, surface_at

from . import scene


@pytest.fixture
def pixels() -> np.ndarray:
    """(68, 2) px anywhere between pixels, away from the border of the image."""
    return np.random.default_rng(0).uniform([60, 60], [580, 420], (68, 2))


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("lens", [True, False])
def test_on_a_plane_depth_is_exact_wherever_a_point_lies_between_pixels(pixels, aligned, lens):
    # a lens bends the image of a plane, so that it is exact without one, and nearly so with one
    rig = scene.rig(aligned=aligned, lens=lens)
    truth = scene.color_depth_mm([scene.TILTED], rig, pixels)
    found = PointDepth(rig)(scene.depth_frame_mm([scene.TILTED], rig), pixels)
    np.testing.assert_allclose(found, truth, atol=1e-6 if not lens else 0.02)
    points = projection.deproject(pixels, found, rig.color)
    assert np.abs(points @ scene.TILTED.normal - scene.TILTED.offset_mm).max() < (1e-6 if not lens else 0.02)


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("unit_mm", [1.0, 0.125])
def test_on_a_head_without_noise_depth_is_right_to_a_fraction_of_a_raw_unit(aligned, unit_mm):
    rig = scene.rig(aligned=aligned, unit_mm=unit_mm)
    pixels = scene.mouth_like_pixels(rig)
    shapes = [scene.head(), scene.WALL]
    raw = np.rint(scene.depth_frame_mm(shapes, rig) / unit_mm).astype(np.uint16)
    error = np.abs(PointDepth(rig)(raw, pixels) - scene.color_depth_mm(shapes, rig, pixels))
    assert error.max() < 0.5 * unit_mm
    # not rounded: a ball of 80 mm falls away by (2.8 * .73 mm)^2 / 160 mm = .026 mm to the corner of the window
    ideal = PointDepth(rig)(scene.depth_frame_mm(shapes, rig) / unit_mm, pixels)
    assert np.abs(ideal - scene.color_depth_mm(shapes, rig, pixels)).max() < 0.026


def test_median_error_of_mouth_points_is_below_a_millimetre_with_the_noise_of_a_d400_at_45_cm():
    rig = scene.rig()
    pixels, shapes = scene.mouth_like_pixels(rig), [scene.head(450), scene.WALL]
    truth = projection.deproject(pixels, scene.color_depth_mm(shapes, rig, pixels), rig.color)
    ideal, random, look_up = scene.depth_frame_mm(shapes, rig), np.random.default_rng(1), PointDepth(rig)
    errors, single = [], []
    for _ in range(8):
        raw = scene.d400_noise(ideal, rig, random)
        points = projection.deproject(pixels, look_up(raw, pixels), rig.color)
        errors.append(np.linalg.norm(points - truth, axis=1))
        single.append(np.abs(raw[200:280, 280:360] - ideal[200:280, 280:360])[raw[200:280, 280:360] > 0])
    assert not np.isnan(errors).any()
    assert np.median(errors) < 0.5
    assert np.percentile(errors, 95) < 1.0
    # the window earns its keep: a single pixel is worse
    assert np.median(errors) < 0.75 * np.median(np.concatenate(single))


@pytest.mark.parametrize("aligned", [True, False])
def test_a_point_on_the_edge_of_the_head_lies_on_the_head_and_not_between_it_and_the_wall(aligned):
    rig = scene.rig(aligned=aligned)
    shapes = [scene.head(), scene.WALL]
    centre, _ = projection.project(scene.head().centre, rig.color)
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    out = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    radii = np.arange(60, 140, 0.25)
    line = scene.color_depth_mm(shapes, rig, centre + radii[:, None, None] * out)
    edge = centre + radii[(line < 800).sum(axis=0) - 1][:, None] * out  # the last place on each line that is head
    depth, look_up = scene.depth_frame_mm(shapes, rig), PointDepth(rig)
    assert (look_up(depth, edge - out) < 560).all()  # a pixel inside
    # well outside is the wall: the head keeps an edge of half a window and no more
    beyond = look_up(depth, edge + 8 * out)
    seen = np.isfinite(beyond)
    assert beyond[seen] == pytest.approx(900, abs=1)
    assert seen.mean() > 0.5  # the head hides some of the wall from the depth camera


@pytest.mark.parametrize("aligned", [True, False])
def test_zeros_are_left_out_and_never_averaged(aligned):
    rig = scene.rig(aligned=aligned)
    pixels, shapes = scene.mouth_like_pixels(rig), [scene.head()]
    depth = scene.depth_frame_mm(shapes, rig)
    truth = scene.color_depth_mm(shapes, rig, pixels)
    depth[np.random.default_rng(2).uniform(size=depth.shape) < 0.5] = 0
    found = PointDepth(rig)(depth, pixels)
    known = np.isfinite(found)
    assert known.mean() > 0.9
    assert np.abs(found[known] - truth[known]).max() < 0.1
    assert np.isnan(PointDepth(rig)(np.zeros_like(depth), pixels)).all()


def test_a_missing_point_and_one_outside_the_image_have_no_depth():
    rig = scene.rig(aligned=True)
    pixels = np.array([[np.nan, 10.0], [-50.0, 100.0], [700.0, 100.0], [320.0, 240.0]])
    for this in (rig, scene.rig()):
        found = PointDepth(this)(scene.depth_frame_mm([scene.WALL], this), pixels)
        assert np.isnan(found[:3]).all()
        assert found[3] == pytest.approx(900)


def test_a_wrong_pixel_or_two_do_not_move_the_result():
    rig = scene.rig(aligned=True)
    depth = scene.depth_frame_mm([scene.WALL], rig)
    clean = PointDepth(rig)(depth, np.array([[320.3, 240.4]]))
    depth[240, 321], depth[239, 319] = 893, 906  # within max_step_mm
    assert PointDepth(rig)(depth, np.array([[320.3, 240.4]])) == pytest.approx(clean, abs=0.3)
    depth[241, 320] = 300  # far in front, and alone
    assert PointDepth(rig)(depth, np.array([[320.3, 240.4]])) == pytest.approx(clean, abs=0.3)


def test_three_pixels_are_needed():
    offsets = np.zeros((1, 4, 2))
    offsets[0] = [[0, 0], [1, 0], [0, 1], [1, 1]]
    nan = np.nan
    assert surface_at(offsets, np.array([[500.0, 502.0, 501.0, nan]]), 10) == pytest.approx(500.0, abs=1e-9)
    assert np.isnan(surface_at(offsets, np.array([[500.0, 502.0, nan, nan]]), 10))


def test_alignment_carries_every_depth_pixel_to_where_the_colour_camera_sees_it():
    rig = scene.rig()
    shapes = [scene.head(), scene.WALL]
    aligned = Alignment(rig)(scene.depth_frame_mm(shapes, rig))
    v, u = np.mgrid[40:440, 60:580]
    truth = scene.color_depth_mm(shapes, rig, np.stack([u, v], axis=-1).astype(float))
    found = aligned[40:440, 60:580]
    error = np.abs(found - truth)[found > 0]
    assert (found > 0).mean() > 0.98
    assert np.median(error) < 0.05
    # at the contour a pixel more or less of the head
    assert (error > 5).mean() < 0.01
    # where both cameras see, the nearest surface is in front: no pixel of the head shows the wall through it
    middle = np.abs(u - 327) + np.abs(v - 230) < 60
    assert found[middle].max() < 500


def test_alignment_equals_the_points_one_by_one():
    """Each depth pixel by the SDK's steps: two corners into the colour image, all pixels between, the nearest wins."""
    rig = scene.rig(lens=False)
    small = replace(rig, depth=replace(rig.depth, fx=30.0, fy=30.0, cx=16.0, cy=12.0, width=32, height=24))
    small = replace(small, color=replace(small.color, fx=40.0, fy=41.0, cx=20.2, cy=15.4, width=40, height=30))
    depth = np.rint(scene.depth_frame_mm([scene.head(), scene.WALL], small))
    depth[5:8, 10:12] = 0
    expected = np.zeros((30, 40))
    for v, u in np.ndindex(depth.shape):
        z = depth[v, u]
        if z == 0:
            continue
        corners = []
        for shift in (-0.5, 0.5):
            ray = np.array([(u + shift - 16.0) / 30.0, (v + shift - 12.0) / 30.0, 1.0])
            x, y, w = small.rotation @ (ray * z) + small.translation_mm
            corners.append((40.0 * x / w + 20.2, 41.0 * y / w + 15.4, w))
        (left, top, w0), (right, bottom, w1) = corners
        for row in range(max(int(np.ceil(top)), 0), min(int(np.ceil(bottom)), 30)):
            for column in range(max(int(np.ceil(left)), 0), min(int(np.ceil(right)), 40)):
                before = expected[row, column]
                expected[row, column] = (w0 + w1) / 2 if before == 0 else min(before, (w0 + w1) / 2)
    np.testing.assert_allclose(Alignment(small)(depth), expected, atol=1e-9)
    assert (expected > 0).mean() > 0.8


def test_the_lookup_agrees_with_looking_up_in_an_aligned_frame():
    rig = scene.rig()
    shapes, pixels = [scene.head(), scene.WALL], scene.mouth_like_pixels(scene.rig())
    depth = scene.depth_frame_mm(shapes, rig)
    aligned = PointDepth(replace(rig, aligned=True))(Alignment(rig)(depth), pixels)
    np.testing.assert_allclose(PointDepth(rig)(depth, pixels), aligned, atol=0.5)


def test_an_aligned_frame_stays_as_it_is():
    rig = scene.rig(aligned=True)
    raw = np.arange(480 * 640, dtype=np.uint16).reshape(480, 640)
    np.testing.assert_array_equal(Alignment(rig)(raw), raw)


def test_depth_of_another_size_than_the_intrinsics():
    message = "depth frames are 320x240 px, the intrinsics are for 640x480; give the intrinsics of the stream"
    with pytest.raises(DataError, match=message):
        PointDepth(scene.rig())(np.zeros((240, 320)), np.zeros((68, 2)))
    with pytest.raises(DataError, match="aligned depth frames are 320x240 px"):
        Alignment(scene.rig(aligned=True))(np.zeros((240, 320)))


def test_a_rig_without_depth_and_a_window_without_middle():
    rig = replace(scene.rig(), depth=None)
    with pytest.raises(DataError, match="the rig has no depth camera"):
        Alignment(rig)
    with pytest.raises(DataError, match="there is no depth camera to look up depth in"):
        PointDepth(rig)
    with pytest.raises(ConfigError, match="window_px must be odd and positive; got 4"):
        PointDepth(scene.rig(), window_px=4)
