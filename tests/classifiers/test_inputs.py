from __future__ import annotations

import numpy as np
import pytest
import torch

from neuroface.classifiers.inputs import Inputs, Part, series_lengths
from neuroface.errors import DataError
from neuroface.types import Parts

CPU = torch.device("cpu")
ALL = torch.arange(3)


def batch(inputs, X, at=ALL, generator=None):
    return inputs.batch(inputs.rows(X, CPU), at, CPU, generator)


def test_a_table_is_imputed_by_medians_and_standardised():
    X = np.array([[1.0, 5.0, np.nan], [3.0, 5.0, np.nan], [np.nan, 5.0, np.nan]])
    x, seen = batch(Inputs.fitted(X), X)
    # 1, 3 and the median 2: mean 2, standard deviation sqrt(2/3); what never varies or is never known becomes 0
    assert x[:, 0].numpy() == pytest.approx(np.array([-1, 1, 0]) / np.sqrt(2 / 3))
    assert (x[:, 1:] == 0).all()
    assert seen is None


def test_what_is_learnt_comes_from_the_rows_that_were_fitted():
    train, test = np.array([[0.0], [2.0]]), np.array([[101.0]])
    x, _ = batch(Inputs.fitted(train), test, torch.arange(1))
    assert x.item() == pytest.approx(100)  # (101 - 1) / 1


def test_a_series_is_standardised_over_the_frames_seen_and_0_after_its_end():
    X = np.full((3, 4, 1), np.nan)
    X[0, :4, 0], X[1, :2, 0], X[2, :1, 0] = [0, 2, 0, 2], [0, 2], [1]
    x, seen = batch(Inputs.fitted(X), X)
    deviation = np.sqrt(6 / 7)  # of 0 2 0 2 0 2 1 about 1
    assert x[1, :, 0].numpy() == pytest.approx(np.array([-1, 1, 0, 0]) / deviation)
    assert seen.sum(dim=1).tolist() == [4, 2, 1]


def test_a_batch_of_series_is_as_long_as_its_longest():
    X = np.full((3, 4, 1), np.nan)
    X[0, :4, 0], X[1, :2, 0], X[2, :1, 0] = 1, 2, 3
    x, seen = batch(Inputs.fitted(X), X, torch.tensor([1, 2]))
    assert x.shape == (2, 2, 1)
    assert seen.tolist() == [[True, True], [True, False]]


@pytest.mark.parametrize("where", [(0, slice(1, 2)), (0, slice(0, 1)), (0, slice(0, 4))])
def test_a_series_with_a_gap_or_without_a_frame_is_refused(where):
    X = np.ones((2, 4, 3))
    X[where] = np.nan
    with pytest.raises(DataError, match="1 of 2 series hold no frame, or missing values before their end"):
        series_lengths(X)


def test_a_series_in_which_one_channel_is_missing_is_refused():
    X = np.ones((1, 4, 3))
    X[0, 1, 2] = np.nan
    with pytest.raises(DataError, match="A view must fill the gaps of a series"):
        series_lengths(X)


def test_pictures_are_scaled_by_channel():
    X = np.zeros((2, 2, 2, 3), dtype=np.uint8)
    X[1, ..., 0], X[..., 1] = 100, 7
    x, _ = batch(Inputs.fitted(X), X, torch.arange(2))
    assert torch.unique(x[..., 0]).tolist() == pytest.approx([-1, 1])  # mean 50, standard deviation 50
    assert (x[..., 1] == 0).all()


def test_clips_pass_augmentation_with_chance_only_when_a_generator_is_given():
    given = []

    def later(pixels, generator):
        given.append(generator)
        return pixels[:, 1:] if generator is None else pixels[:, :-1]

    X = np.zeros((3, 4, 2, 2, 3), dtype=np.uint8) + np.arange(4, dtype=np.uint8)[:, None, None, None]
    inputs = Inputs.fitted(X, later)
    assert inputs.shape == (3, 2, 2, 3)
    generator = torch.Generator()
    test, _ = batch(inputs, X)
    train, _ = batch(inputs, X, generator=generator)
    assert (test[:, 0] > train[:, 0]).all()
    assert given == [None, None, generator]


def test_parts_become_tensors_by_name():
    X = Parts({"features": np.eye(3), "motion": np.ones((3, 5, 2))})
    inputs = Inputs.fitted(X)
    x, seen = batch(inputs, X)
    assert inputs.shape == {"features": (3,), "motion": (5, 2)}
    assert x["features"].shape == (3, 3)
    assert seen["features"] is None
    assert seen["motion"].all()


def test_other_shapes_than_learnt_are_refused():
    part = Part.fitted(np.ones((2, 4, 3)))
    assert part.checked(np.ones((1, 9, 3)), "X").shape == (1, 9, 3)
    with pytest.raises(DataError, match=r"X has samples of shape \(4, 2\); the network was made for \(4, 3\)"):
        part.checked(np.ones((1, 4, 2)), "X")
    with pytest.raises(DataError, match=r"X holds the views \['a'\]; the network was made for \['X'\]"):
        Inputs.fitted(np.ones((2, 3))).rows(Parts({"a": np.ones((2, 3))}), CPU)
    with pytest.raises(DataError, match="X has 1 axes; a network reads a table of 2, series of 3"):
        Inputs.fitted(np.ones(2))
