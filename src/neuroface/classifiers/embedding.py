"""Pooled vectors of pictures from a network that is fitted already: what its last linear layer reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from neuroface.classifiers import iresnet, load_network, local_weights
from neuroface.classifiers.backbones import Backbone, embedded
from neuroface.classifiers.devices import device_of
from neuroface.errors import DataError

# Of pictures 0..255, as the networks were trained: torchvision's ImageNet; insightface's faces.
IMAGENET = (np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375]))
FACES = (np.full(3, 127.5), np.full(3, 127.5))
AT_ONCE = 32  # pictures


@dataclass(frozen=True, eq=False)
class Embedder:
    """vectors: pictures (n, H, W, 3) uint8 -> (n, d) float32. people: whom the network was fitted on. size: H, W."""

    vectors: Callable[[np.ndarray], np.ndarray]
    people: frozenset[str]
    size: tuple[int, int]


def of_model(path: Path | str, *, device: str = "auto") -> Embedder:
    """Of a model file of a run. Errors: DataError for a network that does not see pictures."""
    model = load_network.load(path, device=device)
    part = next(iter(model.inputs_.parts.values()))
    layers = [module for module in model.network_.modules() if isinstance(module, nn.Linear)]
    if len(model.inputs_.parts) != 1 or part.kind != "image" or not layers:
        raise DataError(f"{path} is no network of single pictures; name a run of classifier=scn, say.")
    last = layers[-1]

    def vectors(pictures: np.ndarray) -> np.ndarray:
        read: list[Tensor] = []
        hook = last.register_forward_pre_hook(lambda _, given: read.append(given[0].detach().float().cpu()))
        try:
            model.predict_outputs(pictures)
        finally:
            hook.remove()
        return torch.cat(read).numpy()

    return Embedder(vectors, frozenset(map(str, model.people_)), (part.shape[0], part.shape[1]))


def of_weights(path: Path | str, *, backbone: str, size: int, device: str = "auto") -> Embedder:
    """Of published weights on this machine, of whose people nothing is known, or of those of `pretrain=identity`."""
    told = local_weights.told_by(path)
    published = FACES if backbone in iresnet.LAYERS else IMAGENET
    centre, scale = (np.array(told[key]) for key in ("centre", "scale")) if told else published
    where = device_of(device)
    width = int(told.get("width", 8))  # of backbone=small
    network = Backbone((size, size, 3), kind=backbone, width=width, weights=path).to(where)

    def vectors(pictures: np.ndarray) -> np.ndarray:
        parts = []
        for start in range(0, len(pictures), AT_ONCE):
            scaled = (pictures[start : start + AT_ONCE] - centre) / scale
            parts.append(embedded(network, torch.from_numpy(scaled.astype(np.float32)).to(where)).cpu().numpy())
        return np.concatenate(parts)

    return Embedder(vectors, local_weights.people_of(path), (size, size))


def is_ours(path: Path | str) -> bool:
    """Whether a file is a model file of a run, and not weights alone."""
    from neuroface.classifiers import model_file

    try:
        model_file.from_file(path)
    except DataError:
        return False
    return True
