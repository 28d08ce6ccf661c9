from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroface import face
from neuroface.errors import ConfigError
from neuroface.recording import head_pose
from neuroface.recording.regions import POINTS, REGIONS, WINDOWS_MM, by_box, by_landmarks, cut_regions, side_by_side
from neuroface.synthesis.face_model import NEUTRAL

FRAME = (640, 480)
KEYS = {"names": REGIONS, "size": 32, "most_outside": 0.1}


def face_px(scale=2.0, middle=(320.0, 200.0)):
    """(68, 2) px: the mean face of the model, upright, without perspective."""
    return NEUTRAL[:, :2] * scale + middle


def centre_of(region, points):
    """(2,) px of the frame: what lies in the middle of a region's first window."""
    return region.windows[0].to_frame(np.array([15.5, 15.5]))


def test_a_window_shows_the_landmarks_of_its_region_and_none_of_the_others():
    points = face_px()
    found = dict(zip(REGIONS, cut_regions(by_landmarks(points), points, FRAME, **KEYS), strict=True))
    places = {name: region.windows[0].to_crop(points) for name, region in found.items()}
    inside = {name: np.flatnonzero(((at > 0) & (at < 31)).all(axis=1)) for name, at in places.items()}
    assert set(face.MOUTH) == set(inside["mouth"])
    assert {*face.EYE_RIGHT, *face.EYE_LEFT} <= set(inside["eyes"])
    assert not {*face.EYE_RIGHT, *face.EYE_LEFT} & {*inside["forehead"], *inside["nose"], *inside["cheeks"]}
    assert {*face.BROW_RIGHT, *face.BROW_LEFT} == set(inside["forehead"])
    assert set(face.NOSTRILS) <= set(inside["nose"])
    assert set(inside["nose"]) <= {*face.NOSE_BRIDGE, *face.NOSTRILS}
    assert face.CHIN in inside["chin"]
    assert {*face.MOUTH, *face.NOSTRILS, *face.EYE_LEFT} <= set(inside["whole"])


def test_windows_of_single_regions_do_not_overlap():
    boxes = [box for name, windows in WINDOWS_MM.items() if name != "whole" for box in windows]
    for i, (right, top, left, bottom) in enumerate(boxes):
        for other in boxes[:i]:
            apart = right >= other[2] or other[0] >= left or top >= other[3] or other[1] >= bottom
            assert apart, (boxes[i], other)


def test_a_turned_face_is_cut_upright_and_a_nearer_one_the_same():
    points = face_px()
    turn = np.exp(1j * np.radians(20))
    z = (points @ [1, 1j] - (320 + 200j)) * 1.3 * turn + (330 + 210j)
    turned = np.stack([z.real, z.imag], axis=1)
    for one, other in zip(
        cut_regions(by_landmarks(points), points, FRAME, **KEYS),
        cut_regions(by_landmarks(turned), turned, FRAME, **KEYS),
        strict=True,
    ):
        assert_allclose(one.windows[0].to_crop(points), other.windows[0].to_crop(turned), atol=1e-8)


def test_a_box_gives_nearly_what_landmarks_give():
    points = face_px()
    low, high = points.min(axis=0), points.max(axis=0)
    box = np.array([*low, *(high - low + 1)])
    for one, other in zip(
        cut_regions(by_landmarks(points), points, FRAME, **KEYS),
        cut_regions(by_box(box), points, FRAME, **KEYS),
        strict=True,
    ):
        assert np.linalg.norm(centre_of(one, points) - centre_of(other, points)) < 2 * 3  # 3 mm at 2 px per mm


def test_a_region_beyond_the_frame_or_without_its_landmarks_is_missing():
    points = face_px(middle=(320.0, 40.0))  # the forehead lies above the picture

    def missing(points):
        found = cut_regions(by_landmarks(points), points, FRAME, **KEYS)
        return {name for name, region in zip(REGIONS, found, strict=True) if not region.seen}

    assert missing(points) == {"forehead"}
    covered = face_px()
    covered[POINTS["mouth"][:12]] = np.nan
    assert missing(covered) == {"mouth"}
    assert missing(face_px()) == set()


def test_the_skull_needs_six_points():
    points = np.full((68, 2), np.nan)
    points[head_pose.RIGID_POINTS[:5]] = face_px()[head_pose.RIGID_POINTS[:5]]
    assert by_landmarks(points) is None
    points[head_pose.RIGID_POINTS[5]] = face_px()[head_pose.RIGID_POINTS[5]]
    assert by_landmarks(points) is not None


def test_both_cheeks_stand_side_by_side_the_persons_right_first():
    right, left = np.full((32, 32, 3), 10, np.uint8), np.full((32, 32, 3), 200, np.uint8)
    both = side_by_side([right, left])
    assert both.shape == (32, 32, 3)
    assert (both[:, :16] == 10).all()
    assert (both[:, 16:] == 200).all()


@pytest.mark.parametrize(
    ("names", "most_outside", "message"),
    [
        (["eyse"], 0.1, "regions=eyse: a face has no such region. Did you mean 'eyes'?"),
        (["eyes", "eyes"], 0.1, "regions=['eyes', 'eyes']; name one region at least, and each once."),
        (["eyes"], 1.0, "most_outside=1.0; a share of a region's window from 0 to below 1 is needed."),
    ],
)
def test_what_cannot_be_is_refused(names, most_outside, message):
    from neuroface.recording.regions import check_regions

    with pytest.raises(ConfigError) as told:
        check_regions(names, most_outside=most_outside)
    assert str(told.value) == message
