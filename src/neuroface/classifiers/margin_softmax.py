"""Softmax of cosines in which the true class must win by a margin: what networks that know people by face learn with.

"cosface": Wang et al., "CosFace: Large Margin Cosine Loss for Deep Face Recognition", CVPR 2018, takes the margin from
the cosine. "arcface": Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", CVPR 2019, adds
it to the angle.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from neuroface.classifiers.objectives import Objective, cross_entropy
from neuroface.errors import ConfigError, did_you_mean

FORMS = ("arcface", "cosface")
NEAREST = 1 - 1e-6  # the largest cosine whose angle has a slope


def margin_softmax(*, form: str = "arcface", margin: float = 0.5, scale: float = 64.0) -> Objective:
    """Outputs are cosines (B, K); logits are `scale` times them, that of the true class made smaller by the margin.

    margin: radians of arcface, or a cosine of cosface; .5 and .35 as published. scale: 64 as published, less where
    there are few people. Probabilities are without the margin. Errors: ConfigError for values without meaning.
    """
    wrong = [] if form in FORMS else [f"pretrain.form is {form!r}." + did_you_mean(form, FORMS)]
    if not 0 <= margin < math.pi / 2:
        wrong.append(f"pretrain.margin is {margin!r}; it must be 0 or more, and below a right angle.")
    if not scale > 0:
        wrong.append(f"pretrain.scale is {scale!r}; it must be positive.")
    if wrong:
        raise ConfigError(" ".join(wrong))
    smaller = _by_angle if form == "arcface" else _by_cosine

    def losses(cosines: Tensor, targets: Tensor) -> Tensor:
        return cross_entropy(scale * (targets * smaller(cosines, margin) + (1 - targets) * cosines), targets)

    return Objective(
        outputs=lambda n_classes: n_classes,
        losses=losses,
        probabilities=lambda cosines: functional.softmax(scale * cosines.double(), dim=1),
    )


def _by_cosine(cosines: Tensor, margin: float) -> Tensor:
    return cosines - margin


def _by_angle(cosines: Tensor, margin: float) -> Tensor:
    """cos(angle + margin); beyond pi - margin, where that would rise again, a straight line that goes on falling."""
    cosines = cosines.clamp(-NEAREST, NEAREST)
    turned = cosines * math.cos(margin) - (1 - cosines**2).sqrt() * math.sin(margin)
    return torch.where(cosines > -math.cos(margin), turned, cosines - margin * math.sin(margin))
