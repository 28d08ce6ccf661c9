"""A network that predicts a number: it learns what is plain, chooses its epoch by people, and is opened again."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from neuroface.classifiers.load import load_model
from neuroface.classifiers.lstm import LSTM
from neuroface.classifiers.torch_regressor import TorchRegressor
from neuroface.errors import ConfigError


def regressor(**keys) -> TorchRegressor:
    return TorchRegressor(partial(LSTM, hidden=8), max_epochs=40, learning_rate=1e-2, device="cpu", **keys)


def series(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(60, 12, 2) series whose mean is the number but for its scale, the number, and 20 people."""
    rng = np.random.default_rng(seed)
    people = np.repeat(np.arange(20), 3)
    y = rng.uniform(100, 300, 20)[people]
    return rng.normal(size=(60, 12, 2)) * 0.1 + y[:, None, None] / 50, y, people


def test_it_learns_a_number_of_people_it_never_saw(tmp_path: Path) -> None:
    X, y, people = series()
    train, test = people < 14, people >= 14
    model = regressor().fit(X[train], y[train], groups=people[train])
    error = np.sqrt(np.mean((model.predict(X[test]) - y[test]) ** 2))
    assert error < 0.5 * y.std()  # the mean alone: y.std()
    again = regressor().fit(X[train], y[train], groups=people[train])
    assert np.array_equal(again.predict(X), model.predict(X))
    ending, content = model.saved()
    (tmp_path / f"model.{ending}").write_bytes(content)
    assert load_model(tmp_path / f"model.{ending}").predict(X) == pytest.approx(model.predict(X), rel=1e-5)


def test_the_epoch_is_that_with_the_least_error_on_people_held_out() -> None:
    X, y, people = series(1)
    model = regressor(patience=3).fit(X, y, groups=people)
    losses = [told["held_out_loss"] for told in model.history_]
    assert model.n_epochs_ == int(np.argmin(losses)) + 1


def test_an_optimiser_that_is_none_is_told() -> None:
    with pytest.raises(ConfigError, match=r"classifier.optimiser is 'adamm'.*adam"):
        regressor(optimiser="adamm").check()
