"""Depth that cannot be that of a face is told with its likely cause; faces near and far, small and turned, pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from checks import still_face
from neuroface.errors import DataError
from neuroface.landmarks import lift
from neuroface.recording.depth_plausible import check_image
from neuroface.types import Camera, Frame, Landmarks, Recording, Rig

CAMERA = Camera(fx=600, fy=600, cx=320, cy=240, width=640, height=480)
FRAMES = 3


def a_face(away_mm: float = 600.0, *, size: float = 1.0, yaw_deg: float = 0.0) -> np.ndarray:
    """(T, 68, 3) mm, camera axes."""
    turned = size * still_face() @ Rotation.from_euler("y", yaw_deg, degrees=True).as_matrix().T
    return np.tile(turned + np.array([0, 0, away_mm]), (FRAMES, 1, 1))


def recorded(points_mm: np.ndarray, *, unit_mm: float = 1.0, raw=lambda depth: depth, camera: Camera = CAMERA):
    """A recording whose landmarks came with depth in raw units, `raw` of what is right."""
    pixels = points_mm[..., :2] / points_mm[..., 2:] * 600 + [320, 240]
    depth = np.asarray(raw(np.rint(points_mm[..., 2] / unit_mm).astype(np.uint16)), dtype=float)
    marks = Landmarks(pixels, np.arange(FRAMES) / 50, "pixel", depth=depth)
    return Recording("S1", "HC", "OPEN", marks, camera=replace(camera, depth_unit_mm=unit_mm))


def surface(away_mm: float = 560.0) -> np.ndarray:
    """(480, 640) uint16 mm: a bulge the size of a head before a wall."""
    v, u = np.mgrid[0:480, 0:640].astype(float)
    r = np.hypot((u - 320) / 110, (v - 240) / 150)
    return np.where(r < 1, away_mm + 60 * r**2, 1500).astype(np.uint16)


class Depth:
    """Frames of one depth image."""

    size, rig = (640, 480), Rig(color=CAMERA, aligned=True)

    def __init__(self, image: np.ndarray) -> None:
        self.image = image

    def frames(self, start=0, stop=None, step=1):
        for i in range(FRAMES)[start:stop:step]:
            yield Frame(i, i / 50, np.zeros((480, 640, 3), np.uint8), self.image)


def lifted(image: np.ndarray, tmp_path) -> np.ndarray:
    marks = recorded(a_face(560)).landmarks
    one = Recording("S1", "HC", "OPEN", replace(marks, depth=None), video=Depth(image))
    return lift.depth(one.landmarks, one, store=str(tmp_path))[0].points


@pytest.mark.parametrize(
    ("away_mm", "size", "yaw_deg", "unit_mm"),
    [(150, 0.7, 0, 1.0), (150, 1.2, 60, 0.125), (600, 0.7, 60, 1.0), (3000, 1, 0, 1)],
)
def test_children_and_adults_near_far_and_turned_away_are_faces(away_mm, size, yaw_deg, unit_mm):
    one = recorded(a_face(away_mm, size=size, yaw_deg=yaw_deg), unit_mm=unit_mm)
    assert np.isfinite(lift.depth(one.landmarks, one)[0].points).all()


@pytest.mark.parametrize(
    ("said_mm", "really_mm", "says"),
    [
        (
            1.0,
            0.125,
            r"away and 7\.7 times as large as an adult's \(one raw unit is 1 mm\); a unit of 0.125 mm would make",
        ),
        (
            0.125,
            1.0,
            r"away and 0\.12 times as large as an adult's \(one raw unit is 0\.125 mm\); a unit of 1 mm would",
        ),
        (1.0, 0.25, r"3\.9 times as large .* a unit of 0\.25 mm would make it a face: set depth_unit_mm of the camera"),
        (1.0, 0.1, r"9\.7 times as large .* a unit of 0\.1 mm would make it a face: set depth_unit_mm of the camera"),
    ],
)
def test_another_unit_is_named_with_the_key_that_declares_it(said_mm, really_mm, says):
    one = recorded(a_face(), unit_mm=really_mm)
    wrong = replace(one, camera=replace(CAMERA, depth_unit_mm=said_mm))
    with pytest.raises(DataError, match=says):
        lift.depth(wrong.landmarks, wrong)


def test_bytes_of_given_depths_the_wrong_way_round():
    one = recorded(a_face(), raw=lambda depth: depth.byteswap())
    with pytest.raises(DataError, match="its two bytes are the wrong way round; export the frames again as 16-bit PNG"):
        lift.depth(one.landmarks, one)


@pytest.mark.parametrize("away_mm", [260, 400, 900])
def test_given_depths_cut_off_at_8_bits(away_mm):
    one = recorded(a_face(away_mm), raw=lambda depth: np.minimum(depth, 255))
    with pytest.raises(DataError, match=r"depth is cut off at 255 units, in \d+ % of the points: 8 bits; export"):
        lift.depth(one.landmarks, one)


def test_no_depth_under_any_landmark():
    one = recorded(a_face(), raw=np.zeros_like)
    with pytest.raises(DataError, match="none of its 3 frames has depth under a landmark; are landmarks, colour and"):
        lift.depth(one.landmarks, one)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (np.ndarray.byteswap, "the two bytes were written the wrong way round"),
        (lambda depth: np.minimum(depth, 255), "depth is cut off at 255 units, in 100 % of the points"),
        (
            lambda depth: depth >> 3,
            r"0\.12 times as large .* set depth_scale in camera\.json \(of a bag: cohort\.depth_s",
        ),
        (lambda depth: (depth >> 8) << 8, "depth has 8 bits only, in the upper byte"),
        (lambda depth: (depth // 8) << 8, "depth has 8 bits only, in the upper byte: every value is a multiple of 256"),
        (lambda depth: (depth // 8) * 257 % 65535, "depth has 8 bits only, stretched to 16: every value is a multiple"),
        (lambda depth: np.full_like(depth, 600).byteswap(), "its two bytes are the wrong way round"),
    ],
    ids=["swapped", "cut", "unit", "few levels", "upper byte", "stretched", "flat and swapped"],
)
def test_depth_images_that_cannot_be(tmp_path, damage, says):
    assert np.isfinite(lifted(surface(), tmp_path)).all()
    with pytest.raises(DataError, match=says):
        lifted(damage(surface()), tmp_path)
    with pytest.raises(DataError, match=says):  # nothing of it was kept for the next time
        lifted(damage(surface()), tmp_path)


def test_rough_and_flat_images_pass():
    rng = np.random.default_rng(0)
    check_image(surface())
    check_image(np.full((48, 64), 600, np.uint16))
    check_image(np.zeros((48, 64), np.uint16))
    noisy = surface() + rng.normal(0, 20, (480, 640))
    check_image(noisy.astype(np.uint16))
    check_image(rng.choice([0, 500, 1024, 1280], (48, 64)).astype(np.uint16))  # few values have no order
