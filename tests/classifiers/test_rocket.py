from __future__ import annotations

import numpy as np
import pytest
from made_up import series
from sklearn.base import clone

from neuroface.classifiers.rocket import Rocket
from neuroface.errors import ConfigError, DataError

X, Y, GROUPS = series(people=12)


def test_it_learns_series_and_repeats_itself():
    new, y, _ = series(people=12, seed=1)
    model = Rocket(kernels=84, frames=16)
    one, other = (clone(model).fit(X, Y, groups=GROUPS).predict_proba(new) for _ in range(2))
    assert np.array_equal(one, other)
    assert np.allclose(one.sum(axis=1), 1)
    assert (one.argmax(axis=1) == (y == "b")).mean() > 0.9


def test_padding_never_matters():
    longer = np.concatenate([X, np.full((len(X), 5, 2), np.nan, dtype=np.float32)], axis=1)
    model = Rocket(kernels=84, frames=16).fit(X, Y, groups=GROUPS)
    assert np.array_equal(model.predict_proba(longer), model.predict_proba(X))


def test_series_are_stretched_and_a_single_frame_stays_what_it_is():
    some = np.full((2, 3, 1), np.nan)
    some[0, :3, 0], some[1, 0, 0] = [0, 1, 2], 7
    stretched, lengths = Rocket(frames=9)._stretched(some)
    assert stretched[0, 0] == pytest.approx(np.linspace(0, 2, 9))
    assert (stretched[1] == 7).all()
    assert lengths.tolist() == [3, 1]


def test_bad_input_is_told():
    with pytest.raises(DataError, match=r"Rocket reads series \(n, T, C\); X has the shape \(4, 2\)"):
        Rocket().fit(np.ones((4, 2)), np.arange(4))
    with pytest.raises(ConfigError, match=r"classifier.kernels=10 must be 84 or more"):
        Rocket(kernels=10).fit(X, Y)
