from __future__ import annotations

import functools
import warnings

import numpy as np
import pytest
import torch
from made_up import classifier, series, table_classifier
from sklearn.base import clone
from sklearn.utils.estimator_checks import estimator_checks_generator

from neuroface.classifiers import training
from neuroface.classifiers.c3d import C3D
from neuroface.classifiers.load_network import load
from neuroface.classifiers.torch_classifier import TorchClassifier
from neuroface.errors import ConfigError, DataError
from processors import needs_bf16

X, Y, GROUPS = series()
# What scikit-learn checks and a network cannot keep, and why.
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": "a repeated row shares its batch with others than one of weight 2",
}


@pytest.mark.slow
def test_scikit_learn_is_content():
    model = table_classifier(max_epochs=12, batch_size=64, learning_rate=5e-2, epoch_selection="last")
    failed = {}
    for checked, check in estimator_checks_generator(model):
        name = check.func.__name__
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                check(checked)
        except Exception as error:
            if "SkipTest" not in type(error).__name__:
                failed[name] = str(error)
    assert failed.keys() == EXPECTED_FAILURES.keys(), failed


def test_it_learns_and_tells():
    model = classifier(max_epochs=15).fit(X, Y, GROUPS)
    probabilities = model.predict_proba(X)
    assert list(model.classes_) == ["a", "b"]
    assert np.allclose(probabilities.sum(axis=1), 1, rtol=0, atol=1e-12)
    assert (model.predict(X) == Y).mean() > 0.9
    assert [told["epoch"] for told in model.history_] == list(range(1, len(model.history_) + 1))


def test_the_same_seed_gives_the_same_bytes_and_leaves_chance_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, other = (clone(classifier(mixup=0.4)).fit(X, Y, GROUPS) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    assert one.saved() == other.saved()
    assert not np.array_equal(
        one.predict_proba(X), classifier(mixup=0.4, random_state=1).fit(X, Y, GROUPS).predict_proba(X)
    )


def test_people_held_out_are_whole_and_judged_by_the_network_that_is_kept():
    model = classifier(max_epochs=8).fit(X, Y, GROUPS)
    rows, probabilities = model.held_out_
    people = set(GROUPS[rows])
    assert len(people) == 2  # a fifth of four people of each class, at least one
    assert sorted(np.flatnonzero(np.isin(GROUPS, list(people)))) == sorted(rows)
    assert np.allclose(model.predict_proba(X[rows]), probabilities, atol=1e-6)
    losses = [told["held_out_loss"] for told in model.history_]
    assert model.n_epochs_ == 1 + int(np.argmin(losses))
    chosen = -np.log(probabilities[np.arange(len(rows)), np.searchsorted(model.classes_, Y[rows])])
    assert chosen.mean() == pytest.approx(min(losses), rel=1e-5)


def test_training_stops_when_people_held_out_gain_no_more():
    noise = np.random.default_rng(0).permutation(Y)
    model = classifier(max_epochs=200, patience=3, learning_rate=3e-2).fit(X, noise)
    assert len(model.history_) == model.n_epochs_ + 4
    assert len(model.history_) < 200


def test_with_the_last_epoch_everybody_is_learnt_from():
    model = classifier(epoch_selection="last").fit(X, Y, GROUPS)
    assert not hasattr(model, "held_out_")
    assert model.n_epochs_ == 5
    assert "held_out_loss" not in model.history_[0]


def test_too_few_people_to_hold_out_are_told():
    few = np.isin(GROUPS, ["p00", "p01"])
    with pytest.warns(UserWarning, match="Too few people to hold any out in training: the last epoch is taken."):
        model = classifier().fit(X[few], Y[few], GROUPS[few])
    assert not hasattr(model, "held_out_")


def test_a_row_of_weight_0_is_not_learnt_from():
    odd = np.concatenate([X, 50 + X[:2]])
    weights = np.r_[np.ones(len(X)), 0, 0]
    keys = {"epoch_selection": "last", "batch_size": len(odd), "weight_decay": 0.0, "clip_norm": None}
    # the same rows with other classes at weight 0: the same network
    one = classifier(**keys).fit(odd, np.r_[Y, ["a", "b"]], sample_weight=weights)
    other = classifier(**keys).fit(odd, np.r_[Y, ["b", "a"]], sample_weight=weights)
    assert one.saved() == other.saved()


@pytest.mark.parametrize(
    "keys",
    [
        {"optimiser": "adam"},
        {"optimiser": "sgd"},
        {"schedule": "cosine"},
        {"schedule": "warm_cosine"},
        {"schedule": "exponential"},
        {"label_smoothing": 0.1},
        {"clip_norm": None},
        pytest.param({"precision": "bf16"}, marks=needs_bf16),
    ],
    ids=str,
)
def test_every_way_of_training_learns(keys):
    model = classifier(max_epochs=15, learning_rate=2e-2, **keys).fit(X, Y, GROUPS)
    assert (model.predict(X) == Y).mean() > 0.8


def test_bf16_is_refused_before_training_where_the_processor_has_none(monkeypatch):
    """oneDNN has no recurrent network in bf16 there: training would stop within torch."""
    monkeypatch.setattr("neuroface.processor.has_bf16", lambda device: False)
    with pytest.raises(ConfigError, match=r"classifier\.precision=bf16: this processor has no bf16 arithmetic"):
        classifier(precision="bf16").check()


@needs_bf16
def test_a_network_trained_in_bf16_predicts_in_fp32_where_there_is_none(tmp_path, monkeypatch):
    model = classifier(max_epochs=2, precision="bf16").fit(X, Y, GROUPS)
    ending, content = model.saved()
    file = tmp_path / f"model.{ending}"
    file.write_bytes(content)
    monkeypatch.setattr("neuroface.classifiers.load_network.has_bf16", lambda device: False)
    with pytest.warns(UserWarning, match="was trained in bf16, which is not to be had here: it predicts in fp32"):
        elsewhere = load(file)
    assert elsewhere.precision == "fp32"
    assert np.abs(elsewhere.predict_proba(X) - model.predict_proba(X)).max() < 0.02


def test_clips_are_learnt_and_augmented_by_torch_alone():
    clips = np.zeros((8, 18, 32, 32, 3), dtype=np.uint8)
    clips[4:] = 200
    clips += np.random.default_rng(0).integers(0, 20, clips.shape, dtype=np.uint8)

    model = classifier(
        network=functools.partial(C3D, width=4, sees="picture"),
        max_epochs=3,
        augment=middle,
        epoch_selection="last",
        batch_size=4,
    )
    assert (model.fit(clips, Y_OF_CLIPS).predict(clips) == Y_OF_CLIPS).all()


Y_OF_CLIPS = np.repeat(["a", "b"], 4)


def middle(pixels, generator):
    """16 of the frames; from where is left to chance in training."""
    first = 1 if generator is None else int(torch.randint(3, (), generator=generator))
    return pixels[:, first : first + 16]


def test_a_model_file_gives_the_same_probabilities(tmp_path):
    model = classifier(mixup=0.2).fit(X, Y, GROUPS)
    ending, content = model.saved()
    (tmp_path / f"model.{ending}").write_bytes(content)
    loaded = load(tmp_path / "model.safetensors", device="cpu")
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert list(loaded.classes_) == ["a", "b"]
    assert loaded.mixup == 0.2
    assert clone(loaded).fit(X, Y, GROUPS).saved() == (ending, content)


def test_a_model_file_of_another_network_is_told(tmp_path):
    model = classifier().fit(X, Y, GROUPS)
    model.network.keywords["hidden"] = 5
    (tmp_path / "model.safetensors").write_bytes(model.saved()[1])
    model.network.keywords["hidden"] = 4
    with pytest.raises(DataError, match=r"model.safetensors does not fit its network: size mismatch"):
        load(tmp_path / "model.safetensors")


def test_wrong_parameters_are_all_told():
    model = TorchClassifier(None, optimiser="adm", batch_size=0, learning_rate=-1.0, inner_share=1.5)
    with pytest.raises(ConfigError) as told:
        model.fit(X, Y)
    message = str(told.value)
    assert "classifier.optimiser is 'adm'. Did you mean 'adam' or 'adamw'?" in message
    assert "classifier.batch_size is 0; it must be 1 or more." in message
    assert "classifier.learning_rate is -1.0; it must be positive." in message
    assert "classifier.inner_share is 1.5; it must lie between 0 and 1." in message


def test_a_table_with_missing_values_is_read():
    rows = np.where(np.arange(40)[:, None] < 20, 0.0, 3.0) + np.random.default_rng(0).normal(size=(40, 3))
    rows[::7, 1] = np.nan
    y = np.repeat([0, 1], 20)
    assert table_classifier(max_epochs=20).fit(rows, y).score(rows, y) > 0.9


def test_a_training_that_was_cut_off_goes_on_to_the_same_bytes(tmp_path, monkeypatch):
    """Cut off after each epoch in turn; dropout, mixup and batches are drawn as if nothing had happened."""
    monkeypatch.setattr(training, "CHECKPOINT_S", 0.0)
    whole = classifier(mixup=0.3).fit(X, Y, GROUPS).saved()
    epoch = training.Training._epoch
    for last in (1, 3, 4):

        def cut_off(self, number, last=last):
            if number == last:
                raise KeyboardInterrupt
            epoch(self, number)

        folder = tmp_path / str(last)
        monkeypatch.setattr(training.Training, "_epoch", cut_off)
        with pytest.raises(KeyboardInterrupt):
            classifier(mixup=0.3).fit(X, Y, GROUPS, checkpoint=folder / "N001")
        done = []
        monkeypatch.setattr(training.Training, "_epoch", lambda self, n, done=done: (done.append(n), epoch(self, n)))
        assert classifier(mixup=0.3).fit(X, Y, GROUPS, checkpoint=folder / "N001").saved() == whole
        assert done == list(range(last, 5))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is found here")
def test_a_gpu_gives_what_the_cpu_gives():
    one, other = (classifier(device=device, network=functools.partial(
        classifier().network.func, hidden=4, dropout=0.0)).fit(X, Y, GROUPS) for device in ("cpu", "cuda"))  # fmt: skip
    assert np.allclose(one.predict_proba(X), other.predict_proba(X), atol=1e-3)
