"""A backbone that learns to tell people apart, before it is asked anything else: `pretrain=identity`.

Its weights say whom they were fitted on, and by how much better people whom it never saw are told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from neuroface.classifiers import local_weights
from neuroface.classifiers.backbones import Backbone, file_names
from neuroface.classifiers.inputs import SOLE, Augment
from neuroface.classifiers.margin_softmax import margin_softmax
from neuroface.classifiers.torch_classifier import TorchClassifier
from neuroface.classifiers.verification import verification
from neuroface.errors import ConfigError, DataError


class IdentityNetwork(nn.Module):
    """x: (B, H, W, 3) scaled pictures -> (B, K) cosines between a picture's vector and a direction of each person."""

    def __init__(
        self,
        shape: Sequence[int],
        n_outputs: int,
        *,
        backbone: str = "small",
        width: int = 8,
        weights: str | Path | None = None,
    ) -> None:
        super().__init__()
        self.backbone = Backbone(shape, kind=backbone, width=width, weights=weights)
        self.people = nn.Parameter(0.01 * torch.randn(n_outputs, self.backbone.n_features))

    def forward(self, x: Tensor, seen: None = None) -> Tensor:
        return functional.linear(functional.normalize(self.backbone(x)), functional.normalize(self.people))


class IdentityPretraining:
    """Fits a backbone to pictures of people by a margin softmax, and tells by people held out whether it has learnt.

    backbone, width, weights: see `backbones.Backbone`. form, margin, scale: see `margin_softmax`. size, align, part,
    margin_around: how pictures are cut, see `views.images.Images`. unseen: share of people, three at least, whom it
    does not learn from: pairs of their pictures are told apart (`verification`). The others are the training's.
    epochs, batch_size, learning_rate, optimiser, schedule, weight_decay, clip_norm, augment, precision, device,
    random_state: see `TorchClassifier`; the last epoch is taken.

    Fitted: people_ (whom it learnt from), unseen_ (whom not), verification_, and the same of the network at its start,
    before_; history_.
    """

    def __init__(
        self,
        *,
        backbone: str = "small",
        width: int = 8,
        weights: str | Path | None = None,
        form: str = "arcface",
        margin: float = 0.5,
        scale: float = 64.0,
        size: int = 112,
        align: str = "similarity",
        part: str = "face",
        margin_around: float = 0.1,
        unseen: float = 0.2,
        epochs: int = 20,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        optimiser: str = "adamw",
        schedule: str = "warm_cosine",
        weight_decay: float = 5e-4,
        clip_norm: float | None = 5.0,
        augment: Augment | None = None,
        precision: str = "fp32",
        device: str = "auto",
        random_state: int = 0,
    ) -> None:
        if not 0 < unseen < 1:
            raise ConfigError(f"pretrain.unseen is {unseen!r}; a share of people above 0 and below 1 is needed.")
        self.backbone, self.width, self.unseen, self.random_state = backbone, width, unseen, random_state
        self.view = {"size": size, "align": align, "part": part, "margin": margin_around}
        self.told = {"form": form, "margin": margin, "scale": scale}
        self.model = TorchClassifier(
            partial(IdentityNetwork, backbone=backbone, width=width, weights=weights),
            loss=partial(margin_softmax, **self.told),  # type: ignore[arg-type]
            epoch_selection="last",
            max_epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            optimiser=optimiser,
            schedule=schedule,
            weight_decay=weight_decay,
            clip_norm=clip_norm,
            augment=augment,
            precision=precision,
            device=device,
            random_state=random_state,
        )
        self.model.check()
        margin_softmax(**self.told)  # type: ignore[arg-type]

    def fit(self, X: np.ndarray, subject: np.ndarray, checkpoint: Path | None = None) -> IdentityPretraining:
        """X: (n, H, W, 3) uint8. subject: (n,) who is in each; who has a single picture is left out.

        checkpoint: see `TorchClassifier.fit`. Errors: DataError for too few people with two pictures.
        """
        people, counts = np.unique(subject, return_counts=True)
        several = people[counts >= 2]
        self.single_ = people[counts < 2].tolist()
        n_unseen = max(3, round(self.unseen * len(several)))
        if len(several) < n_unseen + 2:
            raise DataError(
                f"{len(several)} of {len(people)} people have two pictures or more; pretrain=identity needs "
                f"{n_unseen + 2} at least: three to be told apart who were not learnt from, and two to learn from. Say "
                "who is in a picture by cohort.pattern or a column subject; pretrain.unseen is the share held out."
            )
        drawn = np.random.default_rng(self.random_state).permutation(several)
        self.unseen_, self.people_ = sorted(drawn[:n_unseen].tolist()), sorted(drawn[n_unseen:].tolist())
        learn, held = np.isin(subject, self.people_), np.isin(subject, self.unseen_)
        _, inverse, n_of = np.unique(subject[learn], return_inverse=True, return_counts=True)
        self.model.fit(
            X[np.flatnonzero(learn)],
            subject[learn],
            groups=subject[learn],
            sample_weight=1 / n_of[inverse],
            checkpoint=checkpoint,
        )
        self.history_ = self.model.history_
        faces, who = X[np.flatnonzero(held)], subject[held]
        self.verification_ = verification(self.vectors(faces), who, seed=self.random_state)
        self.before_ = verification(self._at_start(faces), who, seed=self.random_state)
        return self

    def vectors(self, X: np.ndarray) -> np.ndarray:
        """(n, d) of pictures (n, H, W, 3) uint8, by the network that was fitted."""
        return self._vectors(self.model.network_.backbone, X)

    def saved(self) -> bytes:
        """A safetensors file of the backbone's weights, as `classifier.weights` takes them, and of whom they saw."""
        backbone: Any = self.model.network_.backbone
        part = self.model.inputs_.parts[SOLE]
        told = {
            "backbone": self.backbone,
            "width": self.width,
            "people": sorted({*self.people_, *self.model.fitted_on}),
            "centre": part.centre.tolist(),
            "scale": part.scale.tolist(),
            "view": self.view,
            "loss": self.told,
        }
        return local_weights.to_bytes(told, file_names(backbone.network, self.backbone).state_dict())

    def _at_start(self, X: np.ndarray) -> np.ndarray:
        """(n, d) by the network as the training began with it: given weights, or the same chance."""
        torch_seed = self.model._seed()
        with torch.random.fork_rng([]):
            torch.manual_seed(torch_seed)
            network = self.model.network(X.shape[1:], len(self.people_))
        return self._vectors(network.backbone.to(next(self.model.network_.parameters()).device), X)

    @torch.no_grad()
    def _vectors(self, backbone: Any, X: np.ndarray) -> np.ndarray:
        device = next(backbone.parameters()).device
        rows = self.model.inputs_.rows(X, device)
        backbone.eval()
        return np.concatenate(
            [
                backbone(self.model.inputs_.batch(rows, at, device)[0]).cpu().numpy()
                for at in torch.arange(len(X)).split(self.model.batch_size)
            ]
        )
