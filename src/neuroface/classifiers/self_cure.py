"""What a self-cure network minimises, and how it mends labels that it takes to be wrong.

Wang, Peng, Yang, Meng & Qiao, "Suppressing Uncertainties for Large-Scale Facial Expression Recognition", CVPR 2020; the
numbers are those of its published code, on which Emoface rests.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from neuroface.classifiers.objectives import OBJECTIVES, Objective
from neuroface.errors import ConfigError, did_you_mean

RELABELS = ("past_margin", "as_published", "off")


def self_cure(
    *,
    rank_share: float = 0.7,
    rank_margin: float = 0.05,
    relabel: str = "past_margin",
    relabel_from: int = 10,
    relabel_margin: float = 0.2,
) -> Objective:
    """Cross-entropy of outputs (B, K + 1), whose last column is the attention; see `rank_regularisation`, `relabelled`.

    relabel: "past_margin" mends the rows past the margin; "as_published" every row of a batch in which one is; "off".
    relabel_from: first epoch, from 1, in which labels are mended. Errors: ConfigError for values without meaning.
    """
    wrong = [
        f"classifier.{name} is {value!r}; it must lie between 0 and 1."
        for name, value, low in (
            ("rank_share", rank_share, 1e-12),
            ("rank_margin", rank_margin, 0),
            ("relabel_margin", relabel_margin, 0),
        )
        if not low <= value < 1
    ]
    if relabel not in RELABELS:
        wrong.append(f"classifier.relabel is {relabel!r}." + did_you_mean(relabel, RELABELS))
    if relabel_from < 1:
        wrong.append(f"classifier.relabel_from is {relabel_from!r}; epochs are counted from 1.")
    if wrong:
        raise ConfigError(" ".join(wrong))
    plain = OBJECTIVES["cross_entropy"]
    mend = partial(
        relabelled, start=relabel_from, margin=relabel_margin, every_label_of_the_batch=relabel == "as_published"
    )
    return Objective(
        outputs=lambda n_classes: plain.outputs(n_classes) + 1,
        losses=lambda outputs, targets: plain.losses(outputs[:, :-1], targets),
        probabilities=lambda outputs: plain.probabilities(outputs[:, :-1]),
        penalty=lambda outputs: rank_regularisation(outputs[:, -1], share=rank_share, margin=rank_margin),
        relabel=None if relabel == "off" else mend,
    )


def rank_regularisation(attention: Tensor, *, share: float = 0.7, margin: float = 0.05) -> Tensor:
    """max(0, margin - (mean of the highest `share` - mean of the others)) of a batch's attention (B,); a number.

    int(share B) rows are the highest, as published; 0 where either part is empty.
    """
    highest = int(share * len(attention))
    if not 0 < highest < len(attention):
        return attention.new_zeros(())
    ordered = attention.sort(descending=True).values
    return (margin - (ordered[:highest].mean() - ordered[highest:].mean())).clamp(min=0)


def relabelled(
    epoch: int,
    outputs: Tensor,
    targets: Tensor,
    *,
    start: int = 10,
    margin: float = 0.2,
    every_label_of_the_batch: bool = False,
) -> Tensor:
    """(B, K) one-hot targets, those of some rows replaced by the class that the network finds most probable.

    epoch: from 1; before `start` nothing changes. outputs: (B, K + 1) logits and attention. A row is mended where its
    most probable class is more probable than the given one by over `margin`. every_label_of_the_batch: if one is, all
    are replaced, which is a mistake of Emoface's code.
    """
    if epoch < start:
        return targets
    p = outputs[:, :-1].softmax(dim=1)
    most, found = p.max(dim=1)
    past = most - (p * targets).sum(dim=1) > margin
    if every_label_of_the_batch:
        past = past.any().expand(len(past))
    return torch.where(past[:, None], torch.nn.functional.one_hot(found, p.shape[1]).to(targets.dtype), targets)
