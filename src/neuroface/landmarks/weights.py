"""Weights of a FAN: where they are looked for, what a file of them must hold, whom they were fitted on.

Nothing here executes code from a file: safetensors, or a plain state dict read with `weights_only=True`.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import shutil
import sys
import urllib.request
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuroface.errors import DataError, WeightsNotFoundError
from neuroface.landmarks.fan import FAN
from neuroface.model_files import BUNDLED_FAN, OFFICIAL_FAN
from neuroface.outside import read_json

BUNDLED = BUNDLED_FAN
OFFICIAL_NAME = OFFICIAL_FAN
OFFICIAL_URL = f"https://www.adrianbulat.com/downloads/python-fan/{OFFICIAL_NAME}"
OFFICIAL_SIZE = "about 91 MiB"  # 23.9 million numbers of 4 bytes
TORCHSCRIPT_NAME = "2DFAN4-cd938726ad.zip"  # what face-alignment 1.4 fetches in its place
PUBLISHED_INPUT = 256  # px: a state dict does not tell the side of the input
SIZES = ("stacks", "width", "landmarks", "size")


def load(weights: str | Path, *, allow_download: bool = False) -> FAN:
    """The network of a weight file, in evaluation mode, fp32, on the CPU; its sizes are the file's.

    weights: "bundled" (comes with neuroface; trained on synthetic faces), "official" (the file that face-alignment
    fetches, at its place in torch's cache), or a path to .safetensors, .pth or .pth.tar. Stacks, width and landmarks
    are seen from the shapes; the input's size is what the file tells (as written by `save`), else 256.
    Errors: WeightsNotFoundError for a file that is not there, or cannot be fetched; DataError for a file that is no
    plain state dict, is damaged, or belongs to another architecture.
    """
    path = find(weights, allow_download=allow_download)
    state = {name: value.float() if value.is_floating_point() else value for name, value in _state_dict(path).items()}
    fan = _network_of(state, int(_about(path).get("size", PUBLISHED_INPUT)), path)
    fan.load_state_dict(state, assign=True)
    return fan.eval()


def save(fan: FAN, path: Path | str, *, about: Mapping[str, str], fitted_on: Collection[str] = ()) -> None:
    """Write a network as safetensors with its sizes, the subjects it was fitted on, and what else there is to say.

    The file appears whole or not at all.
    """
    from safetensors.torch import save_file

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {**about, **{name: str(getattr(fan, name)) for name in SIZES}, "fitted_on": json.dumps(sorted(fitted_on))}
    state = {name: value.detach().cpu().contiguous() for name, value in fan.state_dict().items()}
    unfinished = _unfinished(path)
    save_file(state, unfinished, metadata=facts)
    unfinished.replace(path)


def fitted_on(weights: str | Path) -> frozenset[str]:
    """Subjects that the network was fitted on, as its file tells; empty for a file that does not tell.

    weights: as for `load`; nothing is downloaded. Errors: WeightsNotFoundError, DataError, as for `load`.
    """
    file = find(weights)
    try:
        return frozenset(map(str, read_json(_about(file).get("fitted_on", "[]"))))
    except (ValueError, TypeError) as error:
        raise DataError(
            f"{file} does not tell whom it was fitted on ({error}). It is damaged; get it again."
        ) from error


def find(weights: str | Path, *, allow_download: bool = False) -> Path:
    """The file of `weights`, as `load` understands them. Errors: WeightsNotFoundError when it is not there."""
    if weights == "official":
        return _official(allow_download=allow_download)
    path = BUNDLED if weights == "bundled" else Path(weights).expanduser()
    if path.is_file():
        return path
    if weights == "bundled":
        raise WeightsNotFoundError(
            f"landmarks.weights=bundled: {path} is not there. It comes with neuroface and is made by "
            "scripts/train_bundled_fan.py; install neuroface again, or run that."
        )
    raise WeightsNotFoundError(
        f"landmarks.weights={weights}: there is no such file. Name a .safetensors, .pth or .pth.tar file, or choose "
        "official or bundled."
    )


def official_place() -> Path:
    """Where the official file is looked for, which is where face-alignment puts it."""
    return Path(torch.hub.get_dir()) / "checkpoints" / OFFICIAL_NAME


def bring_official(source: Path | None = None) -> Path:
    """Put the official file in its place, from a file or else from its authors' server; returns the place.

    Errors: WeightsNotFoundError for what is not there or cannot be fetched, DataError for another file.
    """
    path = official_place()
    if source is None:
        return _official(allow_download=True)
    if not source.is_file():
        raise WeightsNotFoundError(f"from={source}: there is no such file. Name {OFFICIAL_NAME}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = _unfinished(path)
    try:
        shutil.copyfile(source, unfinished)
        _checked_digest(unfinished, OFFICIAL_NAME)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _official(*, allow_download: bool) -> Path:
    path = official_place()
    if path.is_file():
        _checked_digest(path, OFFICIAL_NAME)
    elif allow_download:
        _download(OFFICIAL_URL, path)
    else:
        script = f" ({TORCHSCRIPT_NAME} there is a program, which is not read.)"
        raise WeightsNotFoundError(
            f"landmarks.weights=official: {OFFICIAL_NAME} ({OFFICIAL_SIZE}) is not in {path.parent}. Set "
            f"landmarks.allow_download=true to fetch it from {OFFICIAL_URL}, or put it there yourself."
            + (script if path.with_name(TORCHSCRIPT_NAME).exists() else "")
        )
    return path


def _download(url: str, path: Path) -> None:
    """Fetch a file whose name tells its SHA-256; it appears whole and checked, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = _unfinished(path)
    try:
        with urllib.request.urlopen(url, timeout=60) as answer, unfinished.open("wb") as file:
            shutil.copyfileobj(answer, file)
        digest = _checked_digest(unfinished, path.name)
        unfinished.replace(path)
    except (OSError, http.client.HTTPException) as error:
        raise WeightsNotFoundError(
            f"landmarks.weights=official: {url} ({OFFICIAL_SIZE}) could not be fetched: {error}. Put the file in "
            f"{path.parent} by other means."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    print(f"{path}: SHA-256 {digest}", file=sys.stderr)


def _checked_digest(path: Path, name: str) -> str:
    """The SHA-256 of a file; DataError when it does not begin with the digits in its name, `<name>-<digits>.<...>`."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    told = name.split("-")[-1].split(".")[0]
    if not digest.startswith(told):
        raise DataError(
            f"{path.with_name(name)}: its SHA-256 is {digest} and should begin with {told}. It is damaged or another "
            "file; remove it and fetch it again."
        )
    return digest


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")


def _about(path: Path) -> dict[str, str]:
    """What a file tells about itself; nothing unless it is safetensors."""
    from safetensors import SafetensorError, safe_open

    if path.suffix != ".safetensors":
        return {}
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except SafetensorError as error:
        raise DataError(f"{path} cannot be read as safetensors: {error}.") from error


def _state_dict(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings():  # torch says that it hands a TorchScript archive on, and then does not
            warnings.simplefilter("ignore", UserWarning)
            state: Any = torch.load(path, map_location="cpu", weights_only=True)
    except SafetensorError as error:
        raise DataError(f"{path} cannot be read as safetensors: {error}.") from error
    except Exception as error:  # torch raises one of half a dozen kinds, by how the file is wrong
        raise DataError(
            f"{path} is no plain state dict, or it is damaged. TorchScript archives and pickled models are programs "
            f"and are not read; the published network's plain file is {OFFICIAL_NAME}."
        ) from error
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        what = f"a mapping with {_first(state)}" if isinstance(state, Mapping) else f"a {type(state).__name__}"
        raise DataError(f"{path} holds {what}, not a plain state dict (name -> tensor).")
    return dict(state)


def _network_of(state: dict[str, Tensor], size: int, path: Path) -> FAN:
    """A network on the meta device whose names and shapes are those of the state; DataError where they differ.

    Counters of batches, which files from before torch 0.4.1 lack and evaluation does not read, are added to the state.
    """
    stacks = sum(re.fullmatch(r"l\d+\.weight", name) is not None for name in state)
    if not {"conv1.weight", "l0.weight"} <= state.keys():
        raise DataError(f"{path} holds no FAN: conv1.weight and l0.weight are wanted; it has {_first(state)}.")
    width, landmarks = 4 * len(state["conv1.weight"]), len(state["l0.weight"])
    with torch.device("meta"):
        fan = FAN(stacks, width=width, landmarks=landmarks, size=size)
    wanted = fan.state_dict()
    for name in wanted.keys() - state.keys():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(0)
    differences = [
        ("missing", [name for name in wanted if name not in state]),
        ("not expected", [name for name in state if name not in wanted]),
        (
            "of another shape",
            [
                f"{name} {tuple(state[name].shape)} for {tuple(value.shape)}"
                for name, value in wanted.items()
                if name in state and state[name].shape != value.shape
            ],
        ),
    ]
    odd = "; ".join(f"{what}: {_first(names)}" for what, names in differences if names)
    if odd:
        raise DataError(f"{path} holds no FAN of {stacks} stacks, width {width}, {landmarks} landmarks. {odd}.")
    return fan


def _first(names: Collection[str], count: int = 3) -> str:
    """The first few names, and how many more there are."""
    shown, more = ", ".join(list(map(str, names))[:count]), len(names) - count
    return (shown or "nothing") + (f" and {more} more" if more > 0 else "")
