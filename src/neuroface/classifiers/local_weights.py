"""Weights of published backbones, from a file on this machine; nothing is downloaded and no code of a file is run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from neuroface.errors import DataError, WeightsNotFoundError
from neuroface.outside import read_json

TOLD = "neuroface.weights"  # in the metadata of our own files: what the weights are of, and whom they saw
NESTED = ("state_dict", "model_state_dict")  # under which checkpoints of a training keep the network
PARALLEL = "module."  # before every name that torch.nn.DataParallel wrote
# Self-cure networks are published as a ResNet cut into a Sequential, whose parts have numbers, and two heads.
CUT = {f"features.{number}.": f"{name}." for number, name in ((0, "conv1"), (1, "bn1"))}
CUT |= {f"features.{number}.": f"layer{number - 3}." for number in (4, 5, 6, 7)}
CUT_HEADS = ("alpha.", "fc.")


def load_backbone(network: nn.Module, weights: str | Path, *, head: str) -> None:
    """Fill all of a network but the parameters whose names begin with `head`, from .pth, .pt, .pth.tar or .safetensors.

    Of a checkpoint, the network is taken out; see NESTED, PARALLEL and CUT.

    Errors: WeightsNotFoundError for no such file; DataError for one that cannot be read or is of another network.
    """
    file = Path(weights).expanduser()
    if not file.is_file():
        raise WeightsNotFoundError(
            f"weights={file}: there is no such file. Download the weights yourself and name the file, or set "
            "weights=null to start at random."
        )
    given = {name: value for name, value in _plain(_read(file)).items() if not name.startswith(head)}
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


def people_of(weights: str | Path) -> frozenset[str]:
    """People that weights were fitted on, as files of `pretrain=identity` tell; none are known of any other file."""
    return frozenset(map(str, told_by(weights).get("people", ())))


def told_by(weights: str | Path) -> dict[str, Any]:
    """What a file that `to_bytes` made says of itself; {} of any other file, or of none."""
    from safetensors import SafetensorError, safe_open

    file = Path(weights).expanduser()
    if file.suffix != ".safetensors" or not file.is_file():
        return {}
    try:
        with safe_open(file, framework="pt") as opened:
            told = (opened.metadata() or {}).get(TOLD)
        about = {} if told is None else read_json(told)
    except (SafetensorError, OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read as weights: {type(error).__name__}") from error
    if not isinstance(about, dict) or not isinstance(about.get("people", []), list):
        raise DataError(f"{file} is damaged: what it says of itself is no table with a list of people")
    return about


def to_bytes(told: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> bytes:
    """The bytes of a .safetensors file of a backbone's weights, and what there is to say of them."""
    from safetensors.torch import save

    plain = json.dumps(told, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, {TOLD: plain})


def _plain(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Parameters by the names that the network itself has for them."""
    if state and all(name.startswith(PARALLEL) for name in state):
        state = {name.removeprefix(PARALLEL): value for name, value in state.items()}
    if "features.0.weight" in state and "features.1.running_mean" in state:  # VGG-16 has no such second part
        state = {name: value for name, value in state.items() if not name.startswith(CUT_HEADS)}
        state = {_uncut(name): value for name, value in state.items()}
    return dict(state)


def _uncut(name: str) -> str:
    found = next((cut for cut in CUT if name.startswith(cut)), "")
    return CUT.get(found, "") + name.removeprefix(found)


def _read(file: Path) -> dict[str, Tensor]:
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # each format fails in ways of its own
        raise DataError(f"{file} cannot be read as weights: {type(error).__name__}") from error
    if isinstance(state, dict):
        state = next((state[key] for key in NESTED if isinstance(state.get(key), dict)), state)
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise DataError(f"{file} is no table of parameters by name; a state_dict is wanted.")
    return state
