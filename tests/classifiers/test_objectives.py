from __future__ import annotations

import numpy as np
import pytest
import torch

from neuroface.classifiers.objectives import OBJECTIVES, log_stepwise, with_side


def test_stepwise_probabilities_by_hand():
    """Going on beyond class 1 has odds 1:1, beyond class 2 odds 3:1."""
    logits = torch.tensor([[0.0, np.log(3)]], dtype=torch.float64)
    assert log_stepwise(logits).exp()[0].tolist() == pytest.approx([1 / 2, 1 / 2 * 1 / 4, 1 / 2 * 3 / 4])


@pytest.mark.parametrize("name", OBJECTIVES)
def test_probabilities_add_up_and_the_loss_is_their_cross_entropy(name):
    objective, generator = OBJECTIVES[name], torch.Generator().manual_seed(0)
    outputs = 3 * torch.randn((7, objective.outputs(6)), generator=generator, dtype=torch.float64)
    targets = torch.softmax(torch.randn((7, 6), generator=generator, dtype=torch.float64), dim=1)
    p = objective.probabilities(outputs)
    torch.testing.assert_close(p.sum(dim=1), torch.ones(7, dtype=torch.float64))
    torch.testing.assert_close(objective.losses(outputs, targets), -(targets * p.log()).sum(dim=1))


def test_a_large_ordinal_output_stays_finite():
    objective = OBJECTIVES["ordinal"]
    loss = objective.losses(torch.tensor([[200.0, -200.0]]), torch.tensor([[1.0, 0.0, 0.0]]))
    assert loss.item() == pytest.approx(200)


def test_the_side_counts_by_its_weight_and_only_where_it_is_known():
    plain = OBJECTIVES["cross_entropy"]
    both = with_side(plain, 0.5)
    outputs = torch.tensor([[1.0, 2.0, np.log(3)]] * 3)
    classes = torch.tensor([[1.0, 0.0]] * 3)
    sides = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    extra = both.losses(outputs, torch.cat([classes, sides], dim=1)) - plain.losses(outputs[:, :2], classes)
    assert both.outputs(2) == 3
    assert extra.tolist() == pytest.approx([0.5 * np.log(4 / 3), 0.5 * np.log(4), 0.0], abs=1e-6)
    torch.testing.assert_close(both.probabilities(outputs), plain.probabilities(outputs[:, :2]))
