"""A network that starts from what another one has learnt."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor, nn

from neuroface.classifiers import htnet_weights, model_file
from neuroface.errors import DataError, WeightsNotFoundError

OFFICIAL = (".pth", ".pt")  # endings of published HTNet checkpoints


def start_from(network: nn.Module, path: Path | str) -> list[str]:
    """Take over the weights of a fitted network, or of an official HTNet checkpoint; returns what was not taken, told.

    Every weight of the network that the file has by the same name must have the same shape, but for those of the new
    question (`network.own`, patterns of names: the head), which stay as they are then. Weights that one of both lacks
    are told, too.
    Errors: WeightsNotFoundError for no file; DataError for other shapes, or when nothing fits.
    """
    given, own = _read(Path(path)), network.state_dict()
    shared = given.keys() & own.keys()
    unequal = sorted(name for name in shared if given[name].shape != own[name].shape)
    wrong = [name for name in unequal if not _matches(name, getattr(network, "own", ()))]
    if wrong or not shared - set(unequal):
        told = ", ".join(f"{name} is {tuple(given[name].shape)}, not {tuple(own[name].shape)}" for name in wrong[:4])
        raise DataError(
            f"{path} does not fit this network: {told or 'no weight has the same name'}. "
            "Set dim, heads, block_repeats, num_hierarchies and patch_size as they were in that training."
        )
    taken = {name: given[name] for name in shared if name not in unequal}
    network.load_state_dict(taken, strict=False)
    reasons = {
        "has another shape": unequal,
        "is new here": sorted(own.keys() - given.keys()),
        "has no place here": sorted(given.keys() - own.keys()),
    }
    return [f"{', '.join(names)} ({why})" for why, names in reasons.items() if names]


def people_of(path: Path | str) -> frozenset[str]:
    """The people that the network in a model file was fitted on; none are known of an official checkpoint."""
    _check(Path(path))
    if Path(path).suffix in OFFICIAL:
        return frozenset()
    config, _ = model_file.from_file(path)
    return frozenset(config.get("people", ()))


def _read(path: Path) -> dict[str, Tensor]:
    """The network's weights by our names."""
    _check(path)
    if path.suffix in OFFICIAL:
        return {f"htnet.{name}": value for name, value in htnet_weights.from_official(htnet_weights.read(path)).items()}
    return model_file.under("network.", model_file.from_file(path)[1])


def _check(path: Path) -> None:
    if not path.is_file():
        raise WeightsNotFoundError(
            f"No weights at {path}. Give classifier.start_from a model of a run (runs/NAME/models/FOLD.safetensors), "
            "or an official HTNet checkpoint (.pth)."
        )


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
