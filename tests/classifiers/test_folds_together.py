from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from made_up import Exploding, Normalised, classifier, series
from sklearn.base import clone
from torch import nn

from neuroface.classifiers.folds_together import Recurrence
from neuroface.classifiers.lstm import LSTM
from neuroface.classifiers.mlp import MLP
from neuroface.classifiers.tcn import TCN
from neuroface.errors import ConfigError, RunFailedError
from processors import needs_bf16

X, Y, GROUPS = series(people=10)
TABLE = np.nan_to_num(X).mean(axis=1)
NOISE = np.random.default_rng(3).permutation(Y)
PEOPLE = np.unique(GROUPS)
# The first fold leaves out five people, so that its batches are fewer and smaller than those of the others.
FOLDS = [np.flatnonzero(~np.isin(GROUPS, left)) for left in (PEOPLE[:5], PEOPLE[:1], PEOPLE[1:2], PEOPLE[8:9])]
SEEDS = [11, 7, 2**31 + 5, 0]
KEYS = {"max_epochs": 40, "patience": 4, "learning_rate": 3e-2}


def both(model, X, y):
    """Models trained together, and one by one."""
    weights = [np.linspace(0.5, 1.5, len(rows)) for rows in FOLDS]
    together = model.fit_folds(X, y, GROUPS, weights, FOLDS, SEEDS)
    alone = [
        clone(model).set_params(random_state=seed).fit(X[rows], y[rows], GROUPS[rows], weight)
        for seed, rows, weight in zip(SEEDS, FOLDS, weights, strict=True)
    ]
    return together, alone


@pytest.mark.parametrize(
    ("network", "X", "keys"),
    [
        (functools.partial(LSTM, hidden=4, dropout=0.3), X, {}),
        (functools.partial(LSTM, hidden=3, layers=2, pooling="last"), X, {"schedule": "cosine"}),
        (functools.partial(LSTM, hidden=4, bidirectional=False), X, {"loss": "ordinal", "clip_norm": None}),
        (functools.partial(MLP, hidden=(8, 6), dropout=0.3), TABLE, {"label_smoothing": 0.1}),
        (functools.partial(TCN, width=4, levels=2, kernel=3, dropout=0.3), X, {"learning_rate": 1e-2}),
    ],
    ids=["lstm", "two layers", "one way", "mlp", "tcn"],
)
def test_folds_trained_together_are_those_trained_one_by_one(network, X, keys):
    together, alone = both(classifier(network=network, **{**KEYS, **keys}), X, NOISE)
    assert len({len(one.history_) for one in alone}) > 1  # folds stop at different epochs
    for one, other in zip(together, alone, strict=True):
        assert (one.n_epochs_, len(one.history_)) == (other.n_epochs_, len(other.history_))
        assert np.allclose(one.predict_proba(X), other.predict_proba(X), rtol=0, atol=1e-4)
        assert np.array_equal(one.held_out_[0], other.held_out_[0])
        assert np.allclose(one.held_out_[1], other.held_out_[1], rtol=0, atol=1e-4)
        for told, expected in zip(one.history_, other.history_, strict=True):
            assert told == pytest.approx(expected, abs=1e-3)


def test_with_the_last_epoch_they_are_the_same_too():
    together, alone = both(classifier(epoch_selection="last"), X, Y)
    for one, other in zip(together, alone, strict=True):
        assert not hasattr(one, "held_out_")
        assert np.allclose(one.predict_proba(X), other.predict_proba(X), rtol=0, atol=1e-4)


def test_the_recurrence_is_that_of_torch():
    torch.manual_seed(0)
    lstm = nn.LSTM(3, 5, batch_first=True)
    x = torch.randn(4, 9, 3)
    assert torch.allclose(Recurrence(lstm)(x)[0], lstm(x)[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"mixup": 0.4}, "classifier.mixup=0.4 (only 0)"),
        ({"optimiser": "sgd"}, "classifier.optimiser=sgd (only adamw)"),
        pytest.param({"precision": "bf16"}, "classifier.precision=bf16 (only fp32)", marks=needs_bf16),
        ({"sampling": "weighted"}, "classifier.sampling=weighted (only shuffled)"),
        (
            {"network": Normalised},
            "classifier.network=Normalised, whose batch normalisation would see padding rows",
        ),
        ({"network": Exploding}, "classifier.network=Exploding (only LSTM, MLP, TCN)"),
    ],
    ids=str,
)
def test_what_it_cannot_train_is_refused(keys, told):
    with pytest.raises(ConfigError) as error:
        classifier(**keys).fit_folds(TABLE, Y, GROUPS, [np.ones(len(rows)) for rows in FOLDS], FOLDS, SEEDS)
    assert str(error.value) == (
        f"execution.folds_together=true cannot train {told}. Set execution.folds_together=false."
    )


def test_a_fold_whose_loss_is_no_number_leaves_the_others_alone():
    weights = [np.full(len(rows), 1e39 if i == 1 else 1.0) for i, rows in enumerate(FOLDS)]  # infinite in float32
    found = classifier().fit_folds(X, Y, GROUPS, weights, FOLDS, SEEDS)
    assert [isinstance(one, RunFailedError) for one in found] == [False, True, False, False]
    assert "The loss of epoch 1 is not a number." in str(found[1])
    alone = classifier(random_state=SEEDS[2]).fit(X[FOLDS[2]], Y[FOLDS[2]], GROUPS[FOLDS[2]], weights[2])
    assert np.allclose(found[2].predict_proba(X), alone.predict_proba(X), rtol=0, atol=1e-4)
