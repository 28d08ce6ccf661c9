"""The mesh sees a face where one is, in the pixels of the frame, and nothing where none is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models import needed
from neuroface import model_files
from neuroface.errors import WeightsNotFoundError
from neuroface.recording.face_detectors import HaarDetector
from neuroface.recording.face_mesh import INPUT, FaceMesh, MeshFace, Region, cut
from neuroface.recording.full_range import FullRangeDetector
from neuroface.types import Frame


@pytest.fixture(scope="module")
def face(shared_data) -> np.ndarray:
    """(240, 320, 3) RGB: a public portrait beside a plain wall, off the middle."""
    portrait = cv2.imread(str(shared_data / "faces68" / "astronaut.png"))[..., ::-1]
    image = np.full((240, 320, 3), 128, dtype=np.uint8)
    image[30:190, 120:280] = cv2.resize(portrait, (160, 160), interpolation=cv2.INTER_AREA)
    return image


def test_the_middle_of_the_input_is_the_middle_of_the_region_and_not_half_a_pixel_beside():
    for angle in (0.0, 0.4):
        matrix = Region((70.0, 50.0), 96.0, angle).to_image
        assert matrix @ [INPUT / 2, INPUT / 2, 1] == pytest.approx([70, 50])
        right = matrix @ [INPUT / 2 + 2, INPUT / 2, 1] - [70, 50]
        assert right == pytest.approx([np.cos(angle), np.sin(angle)])


def test_a_cut_shows_the_region_and_averages_what_shrinks():
    image = np.zeros((64, 64, 3), dtype=np.uint8)
    image[20, 30] = 200
    assert cut(image, np.array([[1.0, 0, 30], [0, 1.0, 20]]), 4)[0, 0, 0] == 200
    stripes = np.tile(np.array([0, 255], dtype=np.uint8)[None, :, None], (64, 32, 3))
    small = cut(stripes, np.array([[8.0, 0, 16], [0, 8.0, 16]]), 4)
    assert small.std() < 2
    assert small.mean() == pytest.approx(127, abs=3)


def test_the_next_region_follows_turn_and_size():
    points = np.zeros((468, 3))
    points[:, :2] = np.random.default_rng(0).uniform(-10, 10, (468, 2))
    points[[33, 263], :2] = [[-10, 0], [10, 0]]
    upright = MeshFace(points, 1.0).region
    turn = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
    turned = points.copy()
    turned[:, :2] = 3 * points[:, :2] @ turn.T + [200, 100]
    region = MeshFace(turned, 1.0).region
    assert region.angle == pytest.approx(0.5)
    assert region.side == pytest.approx(3 * upright.side)
    assert region.centre == pytest.approx(tuple(3 * turn @ upright.centre + [200, 100]))


def test_a_missing_file_is_exit_code_4(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(WeightsNotFoundError, match=r"landmarks=mesh: .*Give: neuroface fetch mesh \(or") as caught:
        FaceMesh(asked_by="landmarks=mesh").in_box(np.zeros((9, 9, 3), np.uint8), np.array([0, 0, 9, 9]))
    assert caught.value.exit_code == 4
    with pytest.raises(WeightsNotFoundError, match=r"faces/detector=full_range: .*neuroface fetch full_range"):
        FullRangeDetector()(Frame(0, 0.0, np.zeros((9, 9, 3), np.uint8)))


def test_a_face_is_present_and_a_wall_is_not(face):
    needed("mesh")
    mesh = FaceMesh(asked_by="a test")
    seen = mesh.in_box(face, np.array([150.0, 60, 90, 90]))
    assert seen is not None
    assert seen.presence > 0.9
    x, y, width, height = seen.box
    assert 120 < x < x + width < 280
    assert 30 < y < y + height < 190
    assert mesh.in_box(face, np.array([10.0, 60, 90, 90])) is None
    assert mesh.again(face, MeshFace(seen.points - [500, 0, 0], 1.0)) is None  # it left the image


def test_a_moved_face_moves_its_points_by_as_much(face):
    needed("mesh")
    mesh = FaceMesh(asked_by="a test")
    here = mesh.in_box(face, np.array([150.0, 60, 90, 90]))
    there = mesh.in_box(np.roll(face, (20, -50), axis=(0, 1)), np.array([100.0, 80, 90, 90]))
    assert there.points[:, :2] - here.points[:, :2] == pytest.approx(np.tile([-50, 20], (468, 1)), abs=0.6)


def test_the_full_range_detector_finds_each_face_once_at_its_place(face):
    needed("full_range")
    detector = FullRangeDetector()
    two = np.hstack([face, np.full((240, 40, 3), 128, dtype=np.uint8), face])
    boxes = detector(Frame(0, 0.0, two))
    assert len(boxes) == 2
    left, right = boxes[np.argsort(boxes[:, 0])]
    assert right - left == pytest.approx([360, 0, 0, 0], abs=6)
    alone = detector(Frame(0, 0.0, face))
    assert len(alone) == 1
    x, y = alone[0, :2] + alone[0, 2:] / 2
    assert (x, y) == pytest.approx((200, 105), abs=25)
    assert len(detector(Frame(0, 0.0, np.full((240, 320, 3), 128, dtype=np.uint8)))) == 0


def test_haar_boxes_without_a_face_in_them_are_refused(face, monkeypatch):
    needed("mesh")
    false = np.array([5.0, 100, 80, 80])
    found = HaarDetector()(Frame(0, 0.0, face))
    assert len(found)
    monkeypatch.setattr(HaarDetector, "_found", lambda *_: np.vstack([found, false]))
    assert len(HaarDetector()(Frame(0, 0.0, face))) == len(found) + 1
    assert HaarDetector(present=True)(Frame(0, 0.0, face)) == pytest.approx(found)


def test_the_detector_settles_for_what_is_there(tmp_path, monkeypatch):
    from neuroface.recording.best_detector import BestDetector

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert BestDetector().described == "HaarDetector"
    with pytest.raises(WeightsNotFoundError):
        BestDetector(choice="full_range")(Frame(0, 0.0, np.zeros((9, 9, 3), np.uint8)))
    monkeypatch.setattr(model_files, "is_there", lambda name: name == "full_range")
    assert BestDetector().choice == "full_range"
