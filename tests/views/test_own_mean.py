"""What is left of pictures once everybody's own mean is taken away."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neuroface.errors import ConfigError, DataError
from neuroface.store import Store
from neuroface.views.images import Images
from neuroface.views.own_mean import without_own_mean

from .videos import NumberedVideo, face_px, seen_of, stored_in


def test_two_people_who_do_the_same_look_the_same(tmp_path):
    rng = np.random.default_rng(0)
    face, other = rng.integers(60, 120, (2, 8, 8, 3))
    moves = rng.integers(-20, 20, (4, 8, 8, 3))
    X = np.concatenate([face + moves, other + moves]).astype(np.uint8)
    left = without_own_mean(X, ["A"] * 4 + ["B"] * 4, Store(tmp_path)).astype(int)
    assert_array_equal(left[:4], left[4:])
    assert_array_equal(left[:4], np.rint(128 + moves - moves.mean(axis=0)))


def test_nobody_else_and_no_order_goes_into_a_persons_pictures(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (6, 8, 8, 3)).astype(np.uint8)
    who = ["A", "B", "A", "B", "B", "A"]
    left = without_own_mean(X, who, Store(tmp_path))
    assert_array_equal(left[[0, 2, 5]], without_own_mean(X[[0, 2, 5]], ["A"] * 3, Store(tmp_path)))
    assert_array_equal(left[::-1], without_own_mean(X[::-1], who[::-1], Store(tmp_path)))


def test_masks_of_regions_stay_as_they_are(tmp_path):
    views = [
        stored_in(Images(size=40, regions=True, subtract=subtract), tmp_path / subtract)
        for subtract in ("none", "own_mean")
    ]
    seen = seen_of(face_px(30), [(0, 1), (20, 21)], video=NumberedVideo(30))
    plain, left = (np.asarray(view.gather(view.rows(seen)[1])).astype(int) for view in views)
    assert_array_equal(left[..., 3:], plain[..., 3:])
    assert_array_equal(left[..., 0] - 128, plain[..., 0] - plain[..., 0].mean(axis=0))  # red is 0 and 20
    assert left[1, 20, 20, 0] == 138


def test_who_has_one_picture_is_told(tmp_path):
    X = np.zeros((3, 8, 8, 3), np.uint8)
    with pytest.raises(DataError, match=r"1 of 2 people have one picture \(B\), which differs by nothing"):
        without_own_mean(X, ["A", "A", "B"], Store(tmp_path))


def test_another_word_is_told():
    with pytest.raises(
        ConfigError, match=r"view.subtract=own_men: there is no such choice\. Did you mean 'own_mean'\?"
    ):
        Images(subtract="own_men")
