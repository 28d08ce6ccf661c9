from __future__ import annotations

import pickle
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.base import clone

from neuroface import face
from neuroface.errors import ConfigError, DataError, RunMismatchError
from neuroface.landmarks import heatmaps, losses, metrics, weights
from neuroface.landmarks.augment import Augmentation
from neuroface.landmarks.finetune import FineTune
from neuroface.landmarks.training import Plan, Training

from .drawn_faces import faces, tiny_weights

QUICK = {"epochs": 3, "copies": 2, "inner_share": 0.3, "device": "cpu"}


@pytest.fixture
def start(tmp_path):
    return tiny_weights(tmp_path)


def fitted(start, n=12, side=64, checkpoint=None, labels=None, **keys):
    crops, points, people = faces(n, side=side)
    return FineTune(weights=start, **{**QUICK, **keys}).fit(
        crops, points, groups=people, labels=labels, checkpoint=checkpoint
    )


def names_of(parts):
    heads = ("conv_last1.", "bn_end1.", "l1.")
    return heads if parts == "heads" else ("m1.", "top_m_1.", *heads)


@pytest.mark.parametrize("parts", ["last_stack", "heads"])
def test_what_is_frozen_stays_as_it_was_bit_for_bit(start, parts):
    before, after = weights.load(start).state_dict(), fitted(start, parts=parts, inner_share=0.0).fan_.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith(names_of(parts)) for name in changed)
    assert {"l1.weight", "bn_end1.running_mean"} <= changed
    assert ("m1.b1_4.conv1.weight" in changed) == (parts == "last_stack")


@pytest.mark.parametrize("parts", ["last_stack", "heads"])
def test_the_cache_changes_nothing(start, parts):
    """Features computed once and features computed each time give the same losses and errors."""
    with_cache, without = (fitted(start, parts=parts, cache=cache, side=80) for cache in ("disk", "none"))
    for key in ("loss", "nrmse"):
        curves = [[entry[key] for entry in model.history_ if key in entry] for model in (with_cache, without)]
        assert curves[0] == pytest.approx(curves[1], rel=1e-5)


def test_the_loss_curve_is_that_of_a_loop_written_out(start):
    """Plain torch: gradients through everything, the optimiser steps the last stack, batch norm before it is frozen."""
    crops, points, people = faces(9)
    model = FineTune(weights=start, **{**QUICK, "inner_share": 0.0, "copies": 1, "batch_size": 3})
    model.fit(crops, points, groups=people)

    fan = weights.load(start).to(memory_format=torch.channels_last)
    last = torch.nn.ModuleList(fan.last_parts()).train()
    optimiser = torch.optim.RMSprop(last.parameters(), lr=1e-4)
    images = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255  # channels last, too: else sums differ by 1e-5
    targets = heatmaps.draw(heatmaps.from_crop(torch.from_numpy(points.astype(np.float32))), 16)
    for epoch in (1, 2, 3):
        order, total = np.random.default_rng([0, epoch]).permutation(9), 0.0
        for number, rows in enumerate(order.reshape(3, 3)):
            progress = (epoch - 1 + number / 3) / 3
            optimiser.param_groups[0]["lr"] = 1e-4 * 0.1 ** ((progress >= 0.375) + (progress >= 0.75))
            loss = losses.adaptive_wing(fan(images[rows])[-1], targets[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += float(loss.detach())
        assert model.history_[epoch]["loss"] == pytest.approx(total / 3, rel=1e-5)


@pytest.mark.parametrize("keys", [{}, {"parts": "all", "optimiser": "adamw", "schedule": "cosine"}])
def test_an_interrupted_training_goes_on_to_the_same_result(tmp_path, start, monkeypatch, keys):
    straight = fitted(start, **keys)
    folder, save = tmp_path / "checkpoint", Training._save

    def killed_after_epoch_2(self, file):
        save(self, file)
        if self.epochs.done == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Training, "_save", killed_after_epoch_2)
        with pytest.raises(KeyboardInterrupt):
            fitted(start, checkpoint=folder, **keys)
    assert (folder / "trunk").exists() == (keys == {})
    resumed = fitted(start, checkpoint=folder, **keys)
    assert resumed.history_ == straight.history_
    for name, value in straight.fan_.state_dict().items():
        assert torch.equal(value, resumed.fan_.state_dict()[name]), name
    assert list(folder.iterdir()) == []


def test_a_checkpoint_of_another_training_is_refused(tmp_path, start, monkeypatch):
    folder = tmp_path / "checkpoint"
    with monkeypatch.context() as patch:
        patch.setattr(Training, "_learn", lambda self, epoch: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            fitted(start, checkpoint=folder)
    with pytest.raises(RunMismatchError) as error:
        fitted(start, checkpoint=folder, learning_rate=1e-3, n=15)
    assert str(error.value) == (
        f"{folder} holds another training, which differs in: faces, learning_rate. Choose another folder, or delete "
        "this one to start again."
    )
    (folder / "checkpoint.pt").write_bytes(b"half")
    with pytest.raises(DataError, match=r"checkpoint\.pt is no checkpoint, or it is damaged"):
        fitted(start, checkpoint=folder)


def test_the_people_held_out_choose_the_epoch(start):
    labels = np.repeat(["HC", "ALS"], 6)
    model = fitted(start, labels=labels, inner_share=0.5, learning_rate=1e-3, epochs=4)
    errors = [entry["nrmse"] for entry in model.history_]
    assert [entry["epoch"] for entry in model.history_] == [0, 1, 2, 3, 4]
    assert model.epoch_ == int(np.argmin(errors))
    assert {"epoch", "nrmse"} <= model.history_[0].keys()
    assert {"learning_rate", "loss"} <= model.history_[1].keys()
    per_label = [key for key in model.history_[0] if key.startswith("nrmse_")]
    assert set(per_label) <= {"nrmse_HC", "nrmse_ALS"}
    assert per_label


def test_without_people_held_out_the_last_epoch_is_taken(start):
    assert fitted(start, inner_share=0.0).epoch_ == QUICK["epochs"]


def test_the_error_noted_is_that_of_the_network_on_the_people_held_out(start):
    """Epoch 0: the mean over the held-out people of their faces' errors, by the start network."""
    crops, points, people = faces(12)
    model = fitted(start, inner_share=0.5)
    predicted, _ = model.untrained().predict(crops)
    errors = metrics.errors(predicted, points)
    means = {who: errors[people == who].mean() for who in np.unique(people)}
    pairs = [np.mean([means[a], means[b]]) for a in means for b in means if a < b]
    assert min(abs(pair - model.history_[0]["nrmse"]) for pair in pairs) < 1e-4 * model.history_[0]["nrmse"]


def test_a_landmark_that_is_nowhere_marked_is_not_learned(start):
    """Masked truth has no gradient: the filter that draws this landmark stays; its neighbours' do not."""
    crops, points, people = faces(12)
    points[:, face.CHIN] = np.nan
    model = FineTune(
        weights=start, **{**QUICK, "parts": "heads", "inner_share": 0.0, "augmentation": Augmentation(flip=0)}
    )
    model.fit(crops, points, groups=people)
    same = (model.fan_.l1.weight == weights.load(start).l1.weight).flatten(1).all(dim=1)
    assert same.nonzero().flatten().tolist() == [face.CHIN]


def test_crops_with_a_border_are_predicted_in_their_own_pixels(start):
    crops, _, _ = faces(4)
    wide = np.zeros((4, 96, 96, 3), np.uint8)
    wide[:, 16:80, 16:80] = crops
    model = FineTune(weights=start, device="cpu").untrained()
    (inner, score), (outer, same) = model.predict(crops), model.predict(wide)
    assert outer == pytest.approx(inner + 16)
    assert score == pytest.approx(same)
    assert score.min() >= 0
    assert score.max() <= 1


def test_what_is_saved_is_the_network_and_whom_it_saw(tmp_path, start):
    model = fitted(start)
    ending, content = model.saved()
    file = tmp_path / f"tuned.{ending}"
    file.write_bytes(content)
    assert weights.fitted_on(str(file)) == {"before", "P00", "P01", "P02", "P03"} == model.fitted_on_
    crops, _, _ = faces(3, seed=9)
    again = FineTune(weights=str(file), device="cpu").untrained()
    assert np.array_equal(again.predict(crops)[0], model.predict(crops)[0])


def test_a_shape_basis_is_fitted_for_the_loss_that_wants_one_on_the_people_that_train(start, monkeypatch):
    from neuroface.landmarks import shape_basis

    seen, fit = [], shape_basis.fit
    monkeypatch.setattr(shape_basis, "fit", lambda points, **keys: seen.append(len(points)) or fit(points, **keys))
    plain = fitted(start, loss=partial(losses.asm_mse, weight=0.0))
    asm = fitted(start, loss=partial(losses.asm_mse, weight=1.0))
    assert seen == [9, 9]  # one of four people is held out, three faces each
    assert asm.history_[1]["loss"] > plain.history_[1]["loss"]


@pytest.mark.slow
def test_a_network_learns_faces_of_people_it_has_not_seen(tmp_path):
    """From nothing, in 200 steps: unseen people's drawn faces are found to a quarter of the inner canthi's distance."""
    crops, points, people = faces(75, seed=1)
    model = FineTune(
        weights=tiny_weights(tmp_path, stacks=1),
        parts="all",
        optimiser="adamw",
        schedule="cosine",
        learning_rate=1e-2,
        epochs=20,
        batch_size=5,
        augmentation=Augmentation(flip=0.0, rotation_deg=5.0, scale=0.1, occlusion=0.0, colour=0.0),
        device="cpu",
    ).fit(crops[:60], points[:60], groups=people[:60])
    before, after = (metrics.errors(m.predict(crops[60:])[0], points[60:]) for m in (model.untrained(), model))
    assert after.mean() < 0.25 < 1 < before.mean()


@pytest.mark.parametrize(("progress", "rate"), [(0.0, 1.0), (0.374, 1.0), (0.375, 0.1), (0.75, 0.01), (0.99, 0.01)])
def test_the_original_schedule_falls_twice_to_a_tenth(progress, rate):
    assert _plan("steps").rate(progress) == pytest.approx(rate)


def test_the_cosine_rises_over_a_twentieth_and_falls_to_nothing():
    plan = _plan("cosine")
    rates = [plan.rate(progress) for progress in (0.0, 0.025, 0.05, 0.525, 1.0)]
    assert rates == pytest.approx([0.0, 0.5, 1.0, 0.5, 0.0], abs=1e-9)


def _plan(schedule):
    return Plan("rmsprop", 1.0, schedule, (0.375, 0.75), epochs=40, batch_size=10, copies=1, seed=0)


def test_every_row_is_shown_once_an_epoch_in_another_order():
    plan = _plan("steps")
    first, second = ([row for _, batch in plan.batches(21, epoch) for row in batch] for epoch in (1, 2))
    assert sorted(first) == sorted(second) == list(range(21))
    assert first != second


def test_a_loss_that_is_no_number_names_the_epoch(start):
    def broken(prediction, target, *, seen):
        return prediction.sum() * float("nan")

    with pytest.raises(ConfigError) as error:
        fitted(start, loss=broken)
    assert str(error.value) == (
        "The loss is no number any more in epoch 1, at learning rate 1.0e-04. Set a smaller finetune.learning_rate."
    )


def test_a_batch_that_the_memory_does_not_hold_is_learned_in_portions(start):
    def hungry(prediction, target, *, seen):
        if len(prediction) > 3:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return losses.mse(prediction, target, seen=seen)

    with pytest.warns(UserWarning, match="each batch is now computed in 4 portions"):
        model = fitted(start, loss=hungry)
    assert all(np.isfinite(entry["loss"]) for entry in model.history_[1:])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"parts": "laststack"}, "finetune.parts=laststack: there is no such choice. Did you mean 'last_stack'?"),
        ({"optimiser": "adam"}, "finetune.optimiser=adam: there is no such choice. Did you mean 'adamw'?"),
        ({"epochs": 0}, "finetune.epochs must be a whole number of at least 1; got 0."),
        ({"inner_share": 1.0}, "finetune.inner_share is a share of people, 0 to below 1; got 1.0."),
        ({"learning_rate": 0}, "finetune.learning_rate must be more than 0; got 0."),
    ],
)
def test_settings_without_meaning_are_refused(keys, message):
    with pytest.raises(ConfigError) as error:
        FineTune(**keys)
    assert str(error.value) == message


def test_rows_that_do_not_fit_together_are_refused(start):
    crops, points, people = faces(6)
    model = FineTune(weights=start, **QUICK)
    with pytest.raises(DataError, match=r"^6 crops, points \(6, 67, 2\) and \(6,\) people: \(6, 68, 2\) points"):
        model.fit(crops, points[:, :67], groups=people)
    with pytest.raises(DataError, match=r"^Crops must be \(n, S, S, 3\) uint8; got \(6, 64, 64, 3\) float64\.$"):
        model.fit(crops / 255, points, groups=people)
    with pytest.raises(DataError, match=r"^All faces are of P00, so nobody can be held out to choose the epoch\."):
        model.fit(crops, points, groups=np.full(6, "P00"))
    points[4] = np.nan
    with pytest.raises(DataError, match=r"^1 of 6 crops have no landmark, the first is row 4\. Leave them out\.$"):
        model.fit(crops, points, groups=people)


def test_held_out_faces_without_canthi_cannot_judge(start):
    crops, points, people = faces(6)
    points[:, face.CANTHUS_LEFT_INNER] = np.nan
    with pytest.raises(DataError, match=r"^None of the inner held-out faces has both inner canthi marked"):
        FineTune(weights=start, **QUICK).fit(crops, points, groups=people)


def test_it_is_an_estimator_that_clones_and_travels_to_workers():
    model = FineTune(epochs=3, augmentation=Augmentation(flip=0.0), loss=partial(losses.wing, omega=0.4))
    other = pickle.loads(pickle.dumps(clone(model).set_params(random_state=7)))
    assert other.get_params()["augmentation"] == Augmentation(flip=0.0)
    assert (other.epochs, other.random_state, other.loss.keywords) == (3, 7, {"omega": 0.4})


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_gpu_learns_as_the_cpu_does(start, precision):
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU that torch can use")
    on_cpu, on_gpu = fitted(start), fitted(start, device="cuda", precision=precision)
    tolerance = 1e-3 if precision == "fp32" else 0.05
    for before, after in zip(on_cpu.history_[1:], on_gpu.history_[1:], strict=True):
        assert after["loss"] == pytest.approx(before["loss"], rel=tolerance)
