"""The margin softmax against its closed form and against finite differences."""

from __future__ import annotations

import math

import pytest
import torch

from neuroface.classifiers.margin_softmax import margin_softmax
from neuroface.errors import ConfigError

ANGLES = torch.tensor([[0.3, 1.2, 2.0], [1.5, 0.7, 1.1], [2.4, 0.2, 3.0]], dtype=torch.float64)
TRUE = torch.tensor([0, 1, 0])


def losses(form, margin, scale=4.0, angles=ANGLES):
    targets = torch.nn.functional.one_hot(TRUE, 3).double()
    return margin_softmax(form=form, margin=margin, scale=scale).losses(angles.cos(), targets)


@pytest.mark.parametrize("form", ["arcface", "cosface"])
def test_each_loss_is_the_papers_formula(form):
    for row, (angles, k) in enumerate(zip(ANGLES.tolist(), TRUE.tolist(), strict=True)):
        own = math.cos(angles[k] + 0.5) if form == "arcface" else math.cos(angles[k]) - 0.5
        others = sum(math.exp(4 * math.cos(angle)) for j, angle in enumerate(angles) if j != k)
        expected = -math.log(math.exp(4 * own) / (math.exp(4 * own) + others))
        assert float(losses(form, 0.5)[row]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("form", ["arcface", "cosface"])
def test_without_a_margin_it_is_the_plain_softmax_of_scaled_cosines(form):
    plain = torch.nn.functional.cross_entropy(4 * ANGLES.cos(), TRUE, reduction="none")
    torch.testing.assert_close(losses(form, 0.0), plain, atol=1e-6, rtol=0)


@pytest.mark.parametrize("form", ["arcface", "cosface"])
def test_its_slope_is_that_of_finite_differences(form):
    angles = ANGLES.clone().requires_grad_(True)
    assert torch.autograd.gradcheck(lambda a: losses(form, 0.5, angles=a).sum(), angles)


def test_turning_away_from_ones_own_direction_never_pays():
    own = torch.linspace(0.01, math.pi - 0.01, 500, dtype=torch.float64)
    cosines = torch.stack([own.cos(), torch.zeros_like(own)], dim=1)
    targets = torch.tensor([1.0, 0.0]).double().expand(500, 2)
    told = margin_softmax(form="arcface", margin=0.5, scale=4.0).losses(cosines, targets)
    assert (told.diff() > 0).all()  # also beyond pi - .5, where cos(angle + .5) rises again


def test_a_vector_on_its_direction_has_a_slope_that_is_a_number():
    cosines = torch.ones(1, 2, requires_grad=True)
    margin_softmax().losses(cosines, torch.tensor([[1.0, 0.0]])).sum().backward()
    assert torch.isfinite(cosines.grad).all()


def test_values_without_meaning_are_told_together():
    with pytest.raises(ConfigError) as told:
        margin_softmax(form="arc", margin=2.0, scale=0.0)
    assert str(told.value) == (
        "pretrain.form is 'arc'. Did you mean 'arcface'? pretrain.margin is 2.0; it must be 0 or more, and below a "
        "right angle. pretrain.scale is 0.0; it must be positive."
    )
