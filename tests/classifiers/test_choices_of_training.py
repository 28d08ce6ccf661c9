"""Which epoch is kept, which rows are drawn, what is kept on the way."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from made_up import classifier, series, table_classifier

from neuroface.classifiers.load_network import load
from neuroface.classifiers.training import Training
from neuroface.errors import ConfigError, LeakageError

X, Y, GROUPS = series()


def test_the_epoch_best_on_the_test_rows_is_kept_and_the_last_of_equal_ones():
    rng = np.random.default_rng(3)
    train, test = rng.normal(size=(30, 4)), rng.normal(size=(8, 4))
    y, truth = np.array(["a", "b"])[np.arange(30) % 2], np.array(["a", "b"])[np.arange(8) % 2]
    model = table_classifier(max_epochs=25, epoch_selection="test_best").fit(train, y, X_test=test, y_test=truth)
    accuracy = np.array([told["held_out_accuracy"] for told in model.history_])
    assert len(accuracy) == 25  # it never stops early
    assert model.n_epochs_ == np.flatnonzero(accuracy == accuracy.max())[-1] + 1
    assert (model.predict(test) == truth).mean() == pytest.approx(accuracy.max())
    assert not hasattr(model, "held_out_")


def test_the_test_rows_are_not_learnt_from():
    rng = np.random.default_rng(0)
    train, y = rng.normal(size=(20, 3)), np.array(["a", "b"] * 10)
    one = table_classifier(max_epochs=3, epoch_selection="test_best")
    one.fit(train, y, X_test=train[:2] + 1e3, y_test=y[:2])
    last = table_classifier(max_epochs=one.n_epochs_, epoch_selection="last").fit(train, y)
    assert np.array_equal(one.predict_proba(train), last.predict_proba(train))


def test_no_test_rows_no_epoch_chosen_on_them():
    with pytest.raises(LeakageError, match="chooses the epoch on the very people who are judged"):
        classifier(epoch_selection="test_best").fit(X, Y, GROUPS)


def test_weighted_sampling_draws_rows_as_often_as_they_weigh():
    some = Training.__new__(Training)
    some.learn, some.generator = np.arange(2, 6), torch.Generator().manual_seed(0)
    some.tunables = type("Tunables", (), {"batch_size": 64, "sampling": "weighted"})
    some.weights, some.device = torch.tensor([9.0, 9.0, 1.0, 1.0, 2.0, 0.0]), torch.device("cpu")
    drawn = torch.cat([torch.cat(some._batches()) for _ in range(1000)])
    assert torch.bincount(drawn, minlength=6)[2:].div(4000).tolist() == pytest.approx([0.25, 0.25, 0.5, 0], abs=0.02)


def test_class_weights_move_the_decisions():
    rng = np.random.default_rng(0)
    rows, y = rng.normal(size=(60, 2)), np.array(["a", "b"])[(np.arange(60) % 6 == 0).astype(int)]
    plain, heavy = (
        table_classifier(epoch_selection="last", class_weight=weight).fit(rows, y).predict_proba(rows)[:, 1].mean()
        for weight in (None, {"b": 20.0})
    )
    assert heavy > plain + 0.2


def test_copies_are_kept_on_the_way_and_can_be_read(tmp_path):
    model = classifier(max_epochs=5, epoch_selection="last", save_every=2)
    model.fit(X, Y, GROUPS, snapshots=tmp_path / "models" / "P1")
    names = sorted(file.name for file in (tmp_path / "models").iterdir())
    assert names == ["P1.epoch-0002.safetensors", "P1.epoch-0004.safetensors"]
    early = load(tmp_path / "models" / names[0], device="cpu").predict_proba(X)
    again = classifier(max_epochs=2, epoch_selection="last").fit(X, Y, GROUPS).predict_proba(X)
    assert early == pytest.approx(again, abs=1e-6)
    assert not np.allclose(early, model.predict_proba(X))


def test_wrong_values_are_named_together():
    with pytest.raises(ConfigError) as told:
        classifier(sampling="weigthed", save_every=0).fit(X, Y)
    assert "classifier.sampling is 'weigthed'. Did you mean 'weighted'?" in str(told.value)
    assert "classifier.save_every is 0; it must be 1 or more, or null." in str(told.value)
