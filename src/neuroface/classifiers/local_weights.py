"""Weights of published backbones, from a file on this machine; nothing is downloaded and no code of a file is run."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from neuroface.errors import DataError, WeightsNotFoundError


def load_backbone(network: nn.Module, weights: str | Path, *, head: str) -> None:
    """Fill all of a network but the parameters whose names begin with `head`, from .pth, .pt or .safetensors.

    Errors: WeightsNotFoundError for no such file; DataError for one that cannot be read or is of another network.
    """
    file = Path(weights).expanduser()
    if not file.is_file():
        raise WeightsNotFoundError(
            f"weights={file}: there is no such file. Download the weights yourself and name the file, or set "
            "weights=null to start at random."
        )
    given = {name: value for name, value in _read(file).items() if not name.startswith(head)}
    wanted = {name: value for name, value in network.state_dict().items() if not name.startswith(head)}
    other = [
        n
        for n in wanted.keys() | given.keys()
        if n not in given or n not in wanted or given[n].shape != wanted[n].shape
    ]
    if other:
        raise DataError(
            f"{file} holds weights of another network: {len(other)} parameters are missing, unknown or of another "
            f"shape, {min(other)} among them."
        )
    network.load_state_dict(given, strict=False)


def _read(file: Path) -> dict[str, Tensor]:
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # each format fails in ways of its own
        raise DataError(f"{file} cannot be read as weights: {type(error).__name__}") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise DataError(f"{file} is no table of parameters by name; a state_dict is wanted.")
    return state
