from __future__ import annotations

import numpy as np
import pytest

from neuroface.explain import relief
from neuroface.explain.digital_face import skin as skin_of
from neuroface.explain.relief import FARTHEST_MM, Relief
from neuroface.recording.depth import PointDepth
from neuroface.synthesis import raster
from neuroface.synthesis.face_model import NEUTRAL
from neuroface.synthesis.head_shape import head_shape
from neuroface.types import Camera, Rig

CAMERA = Camera(600.0, 600.0, 240.0, 240.0, 480, 480, depth_unit_mm=0.125)
RIG = Rig(color=CAMERA, depth=CAMERA, aligned=True)
AWAY_MM = 450.0


@pytest.fixture(scope="module")
def skin() -> np.ndarray:
    return skin_of(NEUTRAL[None])[0] + np.array([0.0, -20.0, AWAY_MM])


def swelling(height_mm: float) -> np.ndarray:
    """(V,) mm: of the left cheek, between all landmarks; about 30 mm wide."""
    layout = head_shape().layout
    return height_mm * np.exp(-((layout - [44.0, 25.0]) ** 2).sum(axis=1) / (2 * 12.0**2))


def frame(skin: np.ndarray) -> np.ndarray:
    """(480, 480) uint16: what a camera without noise measures of it, a wall behind."""
    triangles = head_shape().triangles
    view = raster.View(skin, triangles, np.zeros(len(triangles), int), CAMERA)
    z = np.full((CAMERA.height, CAMERA.width), 1500.0, np.float32)
    np.copyto(z[view.box], view.depth_mm(), where=view.ids > 0)
    return np.rint(z / CAMERA.depth_unit_mm).astype(np.uint16)


def test_skin_that_lies_on_the_surface_stays(skin):
    looks = relief.outwards(frame(skin), PointDepth(RIG), skin)
    seen = np.isfinite(looks)
    assert seen.sum() > 350
    assert not seen[~relief.on_face()].any()
    assert np.sqrt((looks[seen] ** 2).mean()) < 0.4  # a window of 5 px is 4 mm wide, on a surface that curves


def test_a_swelling_that_no_landmark_sees_is_found(skin):
    true = swelling(6.0)
    out = skin + true[:, None] * relief.normals(skin)
    looks = relief.outwards(frame(out), PointDepth(RIG), skin)
    high = (true > 3) & np.isfinite(looks)
    assert high.sum() > 10
    assert looks[high] == pytest.approx(true[high], abs=1.2)
    away = (true < 0.05) & np.isfinite(looks)
    assert np.sqrt((looks[away] ** 2).mean()) < 0.4


def test_holes_hands_and_walls_are_ignored(skin):
    depth = frame(skin)
    hole, hand = depth.copy(), depth.copy()
    hole[:, 240:] = 0
    hand[:, 240:] = (AWAY_MM - 80) / CAMERA.depth_unit_mm
    pixels = skin[:, 0] / skin[:, 2] * CAMERA.fx + CAMERA.cx
    for broken in (hole, hand):
        looks = relief.outwards(broken, PointDepth(RIG), skin)
        assert np.isnan(looks[pixels > 244]).all()
        assert np.isfinite(looks[(pixels < 230) & relief.on_face()]).mean() > 0.6
    assert np.isnan(relief.outwards(np.zeros_like(depth), PointDepth(RIG), skin)).all()


def test_rest_and_movement_come_apart_and_wrong_frames_do_not_count():
    rng = np.random.default_rng(0)
    rest, moved = swelling(5.0), swelling(-3.0)[relief.mirror_vertices()]
    amount = np.abs(np.sin(np.linspace(0, 3 * np.pi, 60)))
    looks = rest + amount[:, None] * moved + rng.normal(size=(60, len(rest)))
    looks[:, ~relief.on_face()] = np.nan
    looks[5:9] = 10.0  # a hand
    looks[rng.random(looks.shape) < 0.3] = np.nan
    found = relief.fitted(looks, amount)
    seen = relief.on_face()
    assert np.abs(found.rest - rest)[seen].mean() < 0.25
    assert np.abs(found.moved - moved)[seen].mean() < 0.35
    at = int(rest.argmax())
    assert found.rest[at] == pytest.approx(rest[at], abs=0.8)
    assert found.share[seen].mean() == pytest.approx(0.7, abs=0.03)


def test_where_no_depth_is_seen_the_skin_stays_bounded():
    looks = np.full((10, len(head_shape().layout)), np.nan)
    nothing = relief.fitted(looks, np.zeros(10))
    assert np.abs(nothing.rest).max() == 0
    looks[:, relief.on_face()] = 8.0
    found = relief.fitted(looks, np.zeros(10))
    assert found.rest[relief.on_face()] == pytest.approx(8.0, abs=0.6)
    assert -0.01 < found.rest.min() <= found.rest.max() < 8.2
    assert np.abs(found.moved).max() < 1e-6


def test_the_skin_goes_out_along_its_normals_by_so_much_and_no_farther(skin):
    n = len(skin)
    out = Relief(np.full(n, 2.0), np.full(n, 1.5), np.ones(n))
    skins = np.stack([skin] * 3)
    went = out.at(skins, np.array([0.0, 1.0, 100.0])) - skins
    used = np.unique(head_shape().triangles)  # the others have no normal
    lengths = np.linalg.norm(went, axis=2)[:, used]
    assert lengths == pytest.approx(np.array([[2.0], [3.5], [FARTHEST_MM]]) * np.ones(len(used)))
    assert np.einsum("vd,vd->v", went[0], relief.normals(skin))[used] == pytest.approx(2.0)


def test_a_mirror_image_is_of_the_other_side():
    one = Relief(swelling(4.0), np.zeros(len(head_shape().layout)), np.ones(len(head_shape().layout)))
    other = one.mirrored()
    left = head_shape().layout[:, 0] > 10
    assert one.rest[left].max() > 3.9 > 0.1 > other.rest[left].max()
    np.testing.assert_array_equal(other.mirrored().rest, one.rest)
