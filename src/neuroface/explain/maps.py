"""What a fitted network tells about each picture: where the grade comes from, and the maps that it keeps inside."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

from neuroface.classifiers.inputs import SOLE
from neuroface.classifiers.torch_classifier import TorchClassifier
from neuroface.errors import ConfigError
from neuroface.evaluate.fold import predict

LOOKED_AT = ("images", "clips")  # views
COLORS = 3  # channels of a picture; masks of facial regions may follow them


@dataclass(frozen=True, eq=False)
class Maps:
    """What a network tells about n pictures of S x S px; None for what it does not tell.

    exchange: (n, S, S), see `exchanged`. asymmetry: (n, S, S), 0..1, the network's own map. roi: (n, 5, h, w) tokens,
    0..1, one map per region. roi_mask: (n, h, w) tokens, 0..1. roi_weight: (n, 5), 0..1, how much each region counts.
    """

    exchange: np.ndarray | None = None
    asymmetry: np.ndarray | None = None
    roi: np.ndarray | None = None
    roi_mask: np.ndarray | None = None
    roi_weight: np.ndarray | None = None

    def __getitem__(self, i: int) -> Maps:
        """The maps of one picture, without the first axis."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        return Maps(**{name: None if value is None else value[i] for name, value in told.items()})

    @property
    def over_face(self) -> dict[str, np.ndarray]:
        """Those maps that lie over the face pixel by pixel, by name."""
        return {name: value for name in OVER_FACE if (value := getattr(self, name)) is not None}


OVER_FACE = ("exchange", "asymmetry")


def check_classifier(classifier: Any, view: str, *, where: str) -> None:
    """Errors: ConfigError for what is no network on pictures or clips of faces; `where` names the run in it."""
    if not isinstance(classifier, TorchClassifier) or view not in LOOKED_AT:
        raise ConfigError(
            f"{where}: {type(classifier).__name__} on {view} is nothing to draw maps of. neuroface explain draws "
            "networks on pictures and clips of faces, such as classifier=htnet_palsy or c3d; map=keypoints asks "
            "networks on series; of other runs see neuroface report."
        )


def maps_of(classifier: TorchClassifier, X: np.ndarray, classes: Sequence[str], *, tiles: int) -> Maps:
    """Maps of pictures X (n, S, S, channels) uint8, as the fitted classifier is given them.

    classes: in their order. tiles: of `exchanged`; 0 for no such map.
    """
    told = _kept_inside(classifier, X) if hasattr(classifier.network_, "forward_with_maps") else {}
    if tiles:
        told["exchange"] = exchanged(classifier, X, classes, tiles=tiles)
    return Maps(**told)


def exchanged(classifier: TorchClassifier, X: np.ndarray, classes: Sequence[str], *, tiles: int) -> np.ndarray:
    """(n, S, S) steps of class, 0 or more: how much lower the class would be if a tile looked like the other side.

    Each of tiles x tiles squares of pictures X (n, S, S, channels) is painted over with the mirrored square from the
    other half of the face, by itself; what that takes from the expected class (the mean of 0, 1, ... by probability,
    classes in their order) lies on the square. Asked of the fitted classifier from outside, so for any network.
    Occlusion (Zeiler & Fergus, ECCV 2014) with the person's own other side in place of grey.
    """
    steps = np.arange(len(classes))
    before, mirrored = predict(classifier, X, tuple(classes)) @ steps, X[:, :, ::-1]
    light = np.zeros(X.shape[:3], np.float32)
    rows, columns = _edges(X.shape[1], tiles), _edges(X.shape[2], tiles)
    for top, bottom in rows:
        for left, right in columns:
            painted = X.copy()
            painted[:, top:bottom, left:right] = mirrored[:, top:bottom, left:right]
            lower = before - predict(classifier, painted, tuple(classes)) @ steps
            light[:, top:bottom, left:right] = np.maximum(lower, 0)[:, None, None]
    return light


def inputs_for(classifier: TorchClassifier, X: np.ndarray) -> np.ndarray:
    """X with the channels that the classifier was fitted to: without masks of regions where it takes none."""
    return X[..., : classifier.inputs_.parts[SOLE].shape[-1]]


def pictures_and_masks(X: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """(n, S, S, 3) uint8 pictures, and (n, 5, S, S) bool masks of `palsy_attention.REGIONS` where X holds them."""
    masks = np.moveaxis(X[..., COLORS:] > 0, -1, 1) if X.shape[-1] > COLORS else None
    return X[..., :COLORS], masks


def _kept_inside(classifier: TorchClassifier, X: np.ndarray) -> dict[str, np.ndarray]:
    """The maps of `forward_with_maps`, in batches."""
    network: Any = classifier.network_
    device = next(network.parameters()).device
    rows = classifier.inputs_.rows(X, device)
    told: dict[str, list[np.ndarray]] = {}
    with torch.inference_mode():
        for at in torch.arange(len(X)).split(classifier.batch_size):
            _, maps = network.forward_with_maps(classifier.inputs_.batch(rows, at, device)[0])
            for name in (one.name for one in fields(Maps) if one.name in maps):
                told.setdefault(name, []).append(maps[name].float().cpu().numpy())
    return {name: np.concatenate(parts) for name, parts in told.items()}


def _edges(size: int, tiles: int) -> list[tuple[int, int]]:
    """(start, stop) of an even number of tiles whose mirror images are tiles; an odd size leaves its middle out."""
    half = np.linspace(0, size // 2, tiles // 2 + 1).round().astype(int).tolist()
    pairs = list(itertools.pairwise(half))
    return pairs + [(size - stop, size - start) for start, stop in reversed(pairs)]
