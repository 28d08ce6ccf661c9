from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from torch.nn import functional
from torch.testing import assert_close

from neuroface.classifiers.self_cure import rank_regularisation, relabelled, self_cure
from neuroface.errors import ConfigError


def published(outputs, labels, *, beta=0.7, margin_1=0.05, margin_2=0.2):
    """Loss and labels after a step of the published training loop (Wang et al., CVPR 2020), written plainly."""
    logits, attention = outputs[:, :-1], outputs[:, -1]
    tops = int(len(outputs) * beta)
    _, top = torch.topk(attention, tops)
    _, down = torch.topk(attention, len(outputs) - tops, largest=False)
    difference = attention[down].mean() - attention[top].mean() + margin_1
    loss = functional.cross_entropy(logits, labels) + (difference if difference > 0 else 0.0)
    p = functional.softmax(logits, dim=1)
    most, predicted = torch.max(p, 1)
    given = torch.gather(p, 1, labels.view(-1, 1)).squeeze()
    past = (most - given > margin_2).nonzero().squeeze(1)
    mended = labels.clone()
    mended[past] = predicted[past]
    return loss, mended


def batch(n=32, classes=3, seed=0, *, spread=1.0):
    generator = torch.Generator().manual_seed(seed)
    attention = 0.5 + spread * (torch.rand(n, 1, generator=generator, dtype=torch.float64) - 0.5)
    logits = 2 * torch.randn(n, classes, generator=generator, dtype=torch.float64)
    labels = torch.randint(classes, (n,), generator=generator)
    return torch.cat([logits, attention], dim=1), labels


@pytest.mark.parametrize("spread", [1.0, 0.01], ids=["attention apart", "attention alike"])
@pytest.mark.parametrize("n", [2, 7, 32])
def test_loss_and_labels_are_those_of_the_published_loop(n, spread):
    outputs, labels = batch(n, spread=spread)
    objective, targets = self_cure(), functional.one_hot(labels, 3).double()
    loss, mended = published(outputs, labels)
    assert_close(objective.losses(outputs, targets).mean() + objective.penalty(outputs), loss)
    assert objective.relabel(10, outputs, targets).argmax(dim=1).tolist() == mended.tolist()


def test_the_penalty_of_a_batch_in_closed_form():
    # int(.7 x 4) = 2 highest: .5 - (.9 + .7) / 2 + (.2 + .4) / 2 = 0 at a margin of .5
    attention = torch.tensor([0.2, 0.9, 0.4, 0.7], requires_grad=True)
    assert rank_regularisation(attention, margin=0.5).item() == pytest.approx(0, abs=1e-6)
    found = rank_regularisation(attention, margin=0.8)
    assert found.item() == pytest.approx(0.3)
    found.backward()
    assert attention.grad.tolist() == pytest.approx([0.5, -0.5, 0.5, -0.5])


@pytest.mark.parametrize("n", [0, 1])
def test_a_batch_without_two_parts_has_no_penalty(n):
    assert rank_regularisation(torch.full((n,), 0.5)).item() == 0


def test_gradients_are_those_of_finite_differences():
    outputs, labels = batch(10, spread=0.02)
    objective, targets = self_cure(), functional.one_hot(labels, 3).double()

    def loss(x):
        return objective.losses(x, targets).mean() + objective.penalty(x)

    assert objective.penalty(outputs) > 0
    assert torch.autograd.gradcheck(loss, outputs.requires_grad_())


def test_only_rows_past_the_margin_are_mended_and_none_before_its_epoch():
    p = torch.tensor([[0.75, 0.25], [0.45, 0.55], [0.35, 0.65], [0.1, 0.9]])
    outputs = torch.cat([p.log(), torch.ones(4, 1)], dim=1)
    given = torch.tensor([[1.0, 0.0]]).repeat(4, 1)
    assert relabelled(9, outputs, given).argmax(dim=1).tolist() == [0, 0, 0, 0]
    assert relabelled(10, outputs, given).argmax(dim=1).tolist() == [0, 0, 1, 1]
    assert relabelled(10, outputs, given, every_label_of_the_batch=True).argmax(dim=1).tolist() == [0, 1, 1, 1]
    close = outputs[:2]  # no row past the margin: as published, nothing happens either
    assert relabelled(10, close, given[:2], every_label_of_the_batch=True).argmax(dim=1).tolist() == [0, 0]


def test_probabilities_leave_the_attention_out():
    outputs, _ = batch(5)
    assert_close(self_cure().probabilities(outputs), outputs[:, :-1].softmax(dim=1))
    assert self_cure(relabel="off").relabel is None


def test_what_cannot_be_is_told_at_once():
    with pytest.raises(ConfigError) as told:
        self_cure(rank_share=1.0, relabel="past", relabel_from=0)
    assert str(told.value) == (
        "classifier.rank_share is 1.0; it must lie between 0 and 1. classifier.relabel is 'past'. Choose from "
        "as_published, off, past_margin. classifier.relabel_from is 0; epochs are counted from 1."
    )


def test_noise_is_symmetric_and_of_the_share_asked_for():
    from neuroface.classifiers.targets import one_hot, with_noise

    codes = np.zeros(3000, dtype=int)
    noisy = with_noise(one_hot(codes, 4), np.arange(1000, 3000), 4, share=0.3, seed=1)
    counts = np.bincount(noisy.argmax(axis=1), minlength=4)
    assert (noisy[:1000].argmax(axis=1) == 0).all()
    assert counts[0] == 3000 - 600
    assert np.abs(counts[1:] - 200).max() < 4 * np.sqrt(600 * 2 / 9)
    again = with_noise(one_hot(codes, 4), np.arange(1000, 3000), 4, share=0.3, seed=1)
    assert np.array_equal(noisy, again)


def test_the_mending_is_a_plain_function_of_rows():
    outputs, labels = batch(16)
    targets = functional.one_hot(labels, 3).double()
    mend = partial(relabelled, 10)
    apart = torch.cat([mend(outputs[i : i + 1], targets[i : i + 1]) for i in range(16)])
    assert_close(mend(outputs, targets), apart)
