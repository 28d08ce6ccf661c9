"""What a fitted network tells about each picture: its asymmetry map and how it weighs facial regions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

from neuroface.classifiers.inputs import SOLE
from neuroface.classifiers.torch_classifier import TorchClassifier
from neuroface.errors import ConfigError

COLORS = 3  # channels of a picture; masks of facial regions may follow them


@dataclass(frozen=True, eq=False)
class Maps:
    """What a network tells about n pictures of S x S px; None for what it does not tell.

    asymmetry: (n, S, S), 0..1. roi: (n, 5, h, w) tokens, 0..1, one map per region. roi_mask: (n, h, w) tokens, 0..1.
    roi_weight: (n, 5), 0..1, how much each region counts.
    """

    asymmetry: np.ndarray | None = None
    roi: np.ndarray | None = None
    roi_mask: np.ndarray | None = None
    roi_weight: np.ndarray | None = None

    def __getitem__(self, i: int) -> Maps:
        """The maps of one picture, without the first axis."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        return Maps(**{name: None if value is None else value[i] for name, value in told.items()})


def check_classifier(classifier: Any, *, where: str) -> None:
    """Errors: ConfigError for a classifier that has no maps; `where` names the run in it."""
    network = getattr(classifier, "network", None)
    keys: Mapping[str, Any] = getattr(network, "keywords", {})
    network = getattr(network, "func", network)
    if not isinstance(classifier, TorchClassifier) or not hasattr(network, "forward_with_maps"):
        name = getattr(network, "__name__", type(classifier).__name__)
        raise ConfigError(
            f"{where}: {name} keeps no maps to draw. neuroface explain draws networks with forward_with_maps: HTNet "
            "with classifier.micro_attention=mirror or classifier.roi=mirror (or as_published). For other runs see "
            "neuroface report."
        )
    if keys.get("micro_attention", "") is None and keys.get("roi", "") is None:
        raise ConfigError(
            f"{where}: this HTNet has neither asymmetry maps nor regions to draw. Train one with "
            "classifier.micro_attention=mirror, classifier.roi=mirror, or both."
        )


def maps_of(classifier: TorchClassifier, X: np.ndarray) -> Maps:
    """Maps of pictures X (n, S, S, channels) uint8, as the fitted classifier is given them."""
    network: Any = classifier.network_
    device = next(network.parameters()).device
    rows = classifier.inputs_.rows(X, device)
    told: dict[str, list[np.ndarray]] = {}
    with torch.inference_mode():
        for at in torch.arange(len(X)).split(classifier.batch_size):
            _, maps = network.forward_with_maps(classifier.inputs_.batch(rows, at, device)[0])
            for name in (one.name for one in fields(Maps) if one.name in maps):
                told.setdefault(name, []).append(maps[name].float().cpu().numpy())
    return Maps(**{name: np.concatenate(parts) for name, parts in told.items()})


def inputs_for(classifier: TorchClassifier, X: np.ndarray) -> np.ndarray:
    """X with the channels that the classifier was fitted to: without masks of regions where it takes none."""
    return X[..., : classifier.inputs_.parts[SOLE].shape[-1]]


def pictures_and_masks(X: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """(n, S, S, 3) uint8 pictures, and (n, 5, S, S) bool masks of `palsy_attention.REGIONS` where X holds them."""
    masks = np.moveaxis(X[..., COLORS:] > 0, -1, 1) if X.shape[-1] > COLORS else None
    return X[..., :COLORS], masks
