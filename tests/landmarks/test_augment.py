from __future__ import annotations

import numpy as np
import pytest

from neuroface import face
from neuroface.errors import ConfigError
from neuroface.landmarks.augment import Augmentation, middle

from .drawn_faces import faces

STILL = {"flip": 0.0, "rotation_deg": 0.0, "scale": 0.0, "shift": 0.0, "colour": 0.0, "occlusion": 0.0}


def test_nothing_to_change_gives_the_middle_of_the_crop():
    crops, points, _ = faces(1, side=96)
    view, moved = Augmentation(**STILL)(crops[0], points[0], 64, np.random.default_rng(0))
    assert np.array_equal(view, crops[0, 16:80, 16:80])
    assert moved == pytest.approx(points[0] - 16)


def test_a_mirrored_view_swaps_the_names_of_the_sides():
    crops, points, _ = faces(1, side=96)
    view, moved = Augmentation(**{**STILL, "flip": 1.0})(crops[0], points[0], 64, np.random.default_rng(0))
    assert np.array_equal(view, crops[0, 16:80, 16:80][:, ::-1])
    assert moved[face.MOUTH_CORNER_LEFT] == pytest.approx([63, 0] + (points[0, face.MOUTH_CORNER_RIGHT] - 16) * [-1, 1])
    assert (
        moved[face.MOUTH_CORNER_LEFT, 0] > moved[face.MOUTH_CORNER_RIGHT, 0]
    )  # the person's left is right in an image


def test_landmarks_stay_on_what_they_mark():
    """A bright spot at each of 68 places lies where the moved landmark says, to a fifth of a pixel."""
    places = 16.0 + 20 * np.stack(np.divmod(np.arange(face.N_POINTS), 9), axis=1)[:, ::-1]
    y, x = np.mgrid[:192, :192]
    spots = sum(np.exp(-((x - u) ** 2 + (y - v) ** 2) / 8) for u, v in places)
    crop = np.repeat((250 * spots).astype(np.uint8)[..., None], 3, axis=2)
    change = Augmentation(flip=0.5, rotation_deg=30, scale=0.25, shift=0.1, colour=0.0, occlusion=0.0)
    checked = 0
    for seed in range(8):
        view, moved = change(crop, places, 128, np.random.default_rng(seed))
        for u, v in moved:
            left, top = round(u) - 6, round(v) - 6
            if left < 0 or top < 0 or left > 128 - 13 or top > 128 - 13:
                continue
            light = view[top : top + 13, left : left + 13, 0].astype(float)
            row, column = np.mgrid[:13, :13]
            found = np.array([(column * light).sum(), (row * light).sum()]) / light.sum() + [left, top]
            assert np.abs(found - [u, v]).max() < 0.2
            checked += 1
    assert checked > 100


def test_a_missing_landmark_stays_missing():
    crops, points, _ = faces(1)
    points[0, face.CHIN] = np.nan
    _, moved = Augmentation()(crops[0], points[0], 64, np.random.default_rng(1))
    assert np.isnan(moved).all(axis=1).tolist() == (np.arange(face.N_POINTS) == face.CHIN).tolist()


def test_colour_keeps_landmarks_and_changes_every_channel_alike_over_the_picture():
    crops, points, _ = faces(1)
    view, moved = Augmentation(**{**STILL, "colour": 0.5})(crops[0], points[0], 64, np.random.default_rng(3))
    assert np.array_equal(moved, points[0])
    assert np.abs(view.astype(int) - crops[0]).mean() > 5
    for channel in range(3):  # equal colours stay equal: a table, not noise
        assert len({(a, b) for a, b in zip(crops[0, ..., channel].flat, view[..., channel].flat, strict=True)}) == len(
            np.unique(crops[0, ..., channel])
        )


def test_a_cover_hides_a_rectangle_of_one_colour():
    crops, points, _ = faces(1)
    view, _ = Augmentation(**{**STILL, "occlusion": 1.0})(crops[0], points[0], 64, np.random.default_rng(2))
    changed = (view != crops[0]).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    covered = view[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].reshape(-1, 3)
    assert len(np.unique(covered, axis=0)) == 1
    assert 0.15 * 64 - 1 <= len(rows) <= 0.4 * 64
    assert 0.15 * 64 - 1 <= len(columns) <= 0.4 * 64


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("flip", 1.5, "augmentation.flip is a share of views, 0 to 1; got 1.5."),
        ("rotation_deg", -1, "augmentation.rotation_deg must be 0 or more; got -1."),
    ],
)
def test_amounts_without_meaning_are_refused(key, value, message):
    with pytest.raises(ConfigError) as error:
        Augmentation(**{key: value})
    assert str(error.value) == message


def test_crops_must_have_a_middle_of_the_size_of_the_network():
    for side in (60, 65):
        with pytest.raises(ConfigError, match=f"Crops are {side} px wide, the network sees 64 px"):
            middle(np.zeros((2, side, side, 3), np.uint8), np.zeros((2, 68, 2)), 64)
