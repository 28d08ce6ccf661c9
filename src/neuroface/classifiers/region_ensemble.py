"""One network per facial region, and the mean of what they say: the rare-disease classifier.

Each region has a backbone and a softmax of its own; a region that is missing in a picture is left out of the average.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from neuroface.classifiers.backbones import Backbone
from neuroface.classifiers.parts import MISSING, of_parts, skill_weights
from neuroface.classifiers.torch_classifier import TorchClassifier
from neuroface.errors import ConfigError, DataError, did_you_mean

AVERAGES = ("equal", "skill")


class RegionEnsemble(nn.Module):
    """x: {region: (B, H, W, 3)} scaled pictures, seen: {region: (B,) bool} -> (B, R, K + 1); see `parts`.

    Regions stand in the order of their names. backbone, width, weights: of each region's network, see `Backbone`.
    frozen: backbones are not trained. dropout: of the pooled vectors. average: "equal", or "skill", weights learnt from
    people held out in training (`settle`).
    Errors: ConfigError for another average; DataError for a view without parts.
    """

    own = ("heads.*", "known", "log_weight")  # of a question; see `transfer`
    known: Tensor
    log_weight: Tensor

    def __init__(
        self,
        shape: Mapping[str, Sequence[int]],
        n_classes: int,
        *,
        backbone: str = "small",
        width: int = 8,
        weights: str | Path | None = None,
        frozen: bool = False,
        dropout: float = 0.2,
        average: str = "equal",
    ) -> None:
        super().__init__()
        if not isinstance(shape, Mapping):
            raise DataError("region_ensemble looks at regions, each a picture; set classifier.view to regions.")
        self.parts, self.n_classes = tuple(sorted(shape)), n_classes
        self.frozen, self.average = frozen, average
        kind = {"kind": backbone, "width": width, "weights": weights}
        self.backbones = nn.ModuleDict({name: Backbone(shape[name], **kind) for name in self.parts})  # type: ignore[arg-type]
        features = {name: int(self.backbones[name].n_features) for name in self.parts}  # type: ignore[arg-type]
        self.heads = nn.ModuleDict({name: nn.Linear(features[name], n_classes) for name in self.parts})
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("known", torch.zeros(len(self.parts), dtype=torch.bool))  # what was ever learnt from
        self.register_buffer("log_weight", torch.zeros(len(self.parts)))
        if frozen:
            self.backbones.requires_grad_(False)

    def train(self, mode: bool = True) -> RegionEnsemble:
        super().train(mode)
        if self.frozen:
            self.backbones.eval()  # nor do the statistics of batch normalisation change
        return self

    def forward(self, x: Mapping[str, Tensor], seen: Mapping[str, Tensor]) -> Tensor:
        there = torch.stack([seen[name] for name in self.parts], dim=1)  # (B, R)
        if self.training:
            if len(there) > 1:
                there = there & (there.sum(dim=0) > 1)  # batch normalisation needs a second picture
            self.known |= there.any(dim=0)
        else:
            there = there & self.known
        logits = there.new_zeros((*there.shape, self.n_classes), dtype=torch.float32)
        for r, name in enumerate(self.parts):
            rows = there[:, r]
            if rows.any():
                vectors = self.backbones[name](x[name][rows])
                logits[rows, r] = self.heads[name](self.dropout(vectors)).float()
        weight = torch.where(there, self.log_weight, MISSING)
        return torch.cat([logits, weight[..., None]], dim=2)

    @torch.no_grad()
    def settle(self, outputs: Tensor, targets: Tensor, weights: Tensor, people: int) -> None:
        """Learn the weights of the average from rows of so many people who were held out of training.

        outputs: (n, R, K + 1) of the trained network; targets: (n, K) one-hot; weights: (n,).
        """
        if self.average != "skill":
            return
        each = of_parts().each
        assert each is not None
        of_truth = (each(outputs) * targets[:, None]).sum(dim=2)
        share = (people * weights / weights.sum()).double()
        found = skill_weights(of_truth.cpu().numpy(), share.cpu().numpy())
        self.log_weight.copy_(torch.from_numpy(found).log())


def region_ensemble(
    *,
    backbone: str = "small",
    width: int = 8,
    weights: str | Path | None = None,
    frozen: bool = False,
    dropout: float = 0.2,
    average: str = "equal",
    **training: Any,
) -> TorchClassifier:
    """One network per region, trained by the one training loop; the arguments are those of `RegionEnsemble`.

    training: further keys of `TorchClassifier`. Errors: ConfigError for another average, or a frozen backbone that has
    learnt nothing.
    """
    if average not in AVERAGES:
        raise ConfigError(f"classifier.average is {average!r}." + did_you_mean(average, AVERAGES))
    if average == "skill" and training.get("epoch_selection") in ("last", "test_best"):
        raise ConfigError(
            f"classifier.average=skill learns from people held out in training, and with classifier.epoch_selection="
            f"{training['epoch_selection']} there are none. Set it to inner_people, or average=equal."
        )
    if frozen and weights is None and training.get("start_from") is None:
        raise ConfigError("classifier.frozen=true keeps weights as they are; name them by classifier.weights.")
    keys = {"backbone": backbone, "width": width, "weights": weights}
    network = partial(RegionEnsemble, **keys, frozen=frozen, dropout=dropout, average=average)  # type: ignore[arg-type]
    return TorchClassifier(network, loss=of_parts, **training)
