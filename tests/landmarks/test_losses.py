"""Losses: their closed forms, slopes and joints, and what the mask leaves out."""

from __future__ import annotations

from functools import partial
from math import log

import pytest
import torch

from neuroface.landmarks import heatmaps, losses

PLAIN = [losses.adaptive_wing, losses.wing, losses.rectified_wing, losses.smooth_l1, losses.mse]
SWITCH = {
    losses.adaptive_wing: 0.5,  # theta
    losses.wing: 0.5,  # omega
    losses.rectified_wing: 0.5,
    losses.smooth_l1: 0.1,  # beta
}


def one_cell(loss, error: float, target: float = 0.0) -> float:
    """The loss of a map of one cell."""
    truth = torch.full((1, 1, 1, 1), target, dtype=torch.float64)
    return float(loss(truth + error, truth))


def maps(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_adaptive_wing_below_the_switch():
    """Background: weight 1, power alpha. On a point: weight 1 + 10, power alpha - 1."""
    assert one_cell(losses.adaptive_wing, 0.3) == pytest.approx(14 * log(1 + 0.3**2.1))
    assert one_cell(losses.adaptive_wing, -0.3) == pytest.approx(14 * log(1 + 0.3**2.1))
    assert one_cell(losses.adaptive_wing, 0.3, target=1.0) == pytest.approx(11 * 14 * log(1 + 0.3**1.1))


def test_adaptive_wing_above_the_switch_is_a_line():
    slope = 14 * 2.1 * 0.5**1.1 / (1 + 0.5**2.1)
    assert one_cell(losses.adaptive_wing, 2.0) == pytest.approx(14 * log(1 + 0.5**2.1) + 1.5 * slope)


def test_adaptive_wing_with_other_constants():
    loss = partial(losses.adaptive_wing, alpha=2.3, omega=5.0, epsilon=2.0, theta=1.0, weight=0.0)
    assert one_cell(loss, 0.6, target=0.4) == pytest.approx(5 * log(1 + 0.3**1.9))
    slope = 5 / 2 * 1.9 * 0.5**0.9 / (1 + 0.5**1.9)
    assert one_cell(loss, 1.7, target=0.4) == pytest.approx(5 * log(1 + 0.5**1.9) + 0.7 * slope)


def test_the_weighted_map_covers_a_point_and_its_neighbours():
    """A target above 0.2 in one cell only: nine cells count 11 times, the others once."""
    target = torch.zeros(1, 1, 7, 7, dtype=torch.float64)
    target[0, 0, 3, 3] = 0.21
    prediction = target + 0.3
    plain = losses.adaptive_wing(prediction, target, weight=0.0) * 49
    weighted = losses.adaptive_wing(prediction, target) * 49
    near = 8 * 14 * log(1 + 0.3**2.1) + 14 * log(1 + 0.3**1.89)
    assert float(weighted - plain) == pytest.approx(10 * near)


def test_wing():
    assert one_cell(losses.wing, 0.2) == pytest.approx(0.5 * log(3))
    assert one_cell(losses.wing, -0.7) == pytest.approx(0.2 + 0.5 * log(6))
    assert one_cell(partial(losses.wing, omega=10.0, epsilon=2.0), 6.0) == pytest.approx(10 * log(4))


def test_rectified_wing():
    assert one_cell(losses.rectified_wing, 0.024) == 0
    assert one_cell(losses.rectified_wing, 0.225) == pytest.approx(0.5 * log(3))
    assert one_cell(losses.rectified_wing, 0.8) == pytest.approx(0.3 + 0.5 * log(1 + 0.475 / 0.1))
    published = partial(losses.rectified_wing, omega=10.0, epsilon=2.0, tolerance=0.5)
    assert one_cell(published, 4.5) == pytest.approx(10 * log(3))


def test_smooth_l1_and_mse():
    assert one_cell(losses.smooth_l1, 0.06) == pytest.approx(0.06**2 / 0.2)
    assert one_cell(losses.smooth_l1, -3.0) == pytest.approx(3 - 0.05)
    assert one_cell(losses.mse, -3.0) == 9


def test_asm_mse_pulls_to_both_maps():
    target, smoothed, prediction = (torch.full((1, 1, 2, 2), value) for value in (0.0, 1.0, 0.25))
    assert float(losses.asm_mse(prediction, target, smoothed=smoothed)) == 0.25**2 + 0.75**2
    assert float(losses.asm_mse(prediction, target, smoothed=smoothed, weight=0.5)) == 0.25**2 + 0.5 * 0.75**2
    prediction.requires_grad_()
    losses.asm_mse(prediction, target, smoothed=smoothed).backward()
    assert prediction.grad.sum() == pytest.approx(2 * 0.25 - 2 * 0.75)


@pytest.mark.parametrize("target", [0.0, 0.15, 0.6, 1.0])
@pytest.mark.parametrize("loss", SWITCH)
def test_no_step_at_the_switch(loss, target):
    at, step = SWITCH[loss], 1e-9
    assert one_cell(loss, at + step, target) == pytest.approx(one_cell(loss, at - step, target), abs=1e-6)


@pytest.mark.parametrize("target", [0.0, 0.15, 0.6, 1.0])
@pytest.mark.parametrize("loss", [losses.adaptive_wing, losses.smooth_l1])
def test_no_kink_at_the_switch(loss, target):
    """The adaptive wing's claim over the wing, whose slope jumps."""
    at, step = SWITCH[loss], 1e-5
    left = one_cell(loss, at, target) - one_cell(loss, at - step, target)
    right = one_cell(loss, at + step, target) - one_cell(loss, at, target)
    assert right == pytest.approx(left, rel=1e-3)


def test_rectified_wing_starts_without_a_step():
    assert one_cell(losses.rectified_wing, 0.025 + 1e-9) == pytest.approx(0, abs=1e-7)


def with_smoothed(prediction, target, *, seen=None):
    return losses.asm_mse(prediction, target, smoothed=target.flip(-1), seen=seen)


@pytest.mark.parametrize("loss", [*PLAIN, with_smoothed])
@pytest.mark.parametrize("masked", [False, True])
def test_gradients_by_finite_differences(loss, masked):
    target = maps(0, 2, 3, 4, 4).sigmoid()
    prediction = (target + 0.4 * maps(1, 2, 3, 4, 4)).requires_grad_()
    seen = torch.tensor([[True, False, True], [False, True, True]]) if masked else None
    assert torch.autograd.gradcheck(lambda p: loss(p, target, seen=seen), (prediction,))


@pytest.mark.parametrize("loss", [*PLAIN, with_smoothed])
def test_a_perfect_prediction_stays(loss):
    target = maps(0, 1, 2, 5, 5).sigmoid()
    target = (target + target.flip(-1)) / 2
    prediction = target.clone().requires_grad_()
    value = loss(prediction, target)
    value.backward()
    assert value == 0
    assert not prediction.grad.any()


@pytest.mark.parametrize("loss", [*PLAIN, with_smoothed])
def test_what_is_not_seen_costs_nothing_and_pulls_nowhere(loss):
    target, prediction = maps(0, 2, 3, 4, 4).sigmoid(), maps(1, 2, 3, 4, 4)
    seen = torch.tensor([[True, False, True], [False, False, False]])
    kept = loss(prediction[:1, [0, 2]], target[:1, [0, 2]])
    target[~seen] = torch.nan
    prediction.requires_grad_()
    value = loss(prediction, target, seen=seen)
    value.backward()
    assert value.item() == pytest.approx(kept.item())
    assert prediction.grad[seen].any()
    assert not prediction.grad[~seen].any()


@pytest.mark.parametrize("loss", [*PLAIN, with_smoothed])
def test_nobody_seen(loss):
    target, prediction = maps(0, 1, 2, 3, 3), maps(1, 1, 2, 3, 3).requires_grad_()
    value = loss(prediction, target, seen=torch.zeros(1, 2, dtype=torch.bool))
    value.backward()
    assert value == 0
    assert not prediction.grad.any()


@pytest.mark.parametrize("loss", PLAIN)
def test_descent_moves_a_map_onto_its_point(loss):
    """From a blank map, each loss leads to a map that is read at the true place."""
    truth = torch.tensor([[[6.3, 9.6]]])
    target = heatmaps.draw(truth, 16)
    prediction = torch.zeros_like(target, requires_grad=True)
    optimiser = torch.optim.Adam([prediction], lr=0.02)
    for _ in range(200):
        optimiser.zero_grad()
        loss(prediction, target).backward()
        optimiser.step()
    assert (heatmaps.decode(prediction.detach())[0] - truth).abs().max() < 0.15
