"""A fitted network as one safetensors file: tensors, and in its metadata the JSON that says what to build from them."""

from __future__ import annotations

import functools
import importlib
import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuroface.errors import ConfigError, DataError
from neuroface.outside import read_json

KEY = "neuroface"  # of the metadata


def described(value: Any) -> Any:
    """Plain values that JSON holds, for a tunable; what is called is told by its target, as in a YAML.

    Errors: ConfigError for a callable without a name to import it by.
    """
    if isinstance(value, functools.partial):
        if value.args:
            raise ConfigError(f"{value.func} has positional arguments bound; bind them by name.")
        keys = {key: described(bound) for key, bound in sorted(value.keywords.items())}
        return {**described(value.func), **keys}
    if callable(value):
        name = getattr(value, "__qualname__", "<unnamed>")
        if "<" in name:
            raise ConfigError(f"{value!r} cannot be written into a model file; give a function or class of a module.")
        return {"_target_": f"{value.__module__}.{name}", "_partial_": True}
    if isinstance(value, Mapping):
        return {str(key): described(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [described(one) for one in value]
    if isinstance(value, Path):
        return str(value)
    return value.item() if isinstance(value, np.generic) else value


def built(node: Any, trusted: Collection[str] = ()) -> Any:
    """The reverse of `described`: nothing is called, only imported.

    trusted: targets outside neuroface that may be imported. Errors: ConfigError for any other.
    """
    if isinstance(node, Mapping) and "_target_" in node:
        keys = {key: built(value, trusted) for key, value in node.items() if not key.startswith("_")}
        return functools.partial(_imported(node["_target_"], trusted), **keys)
    if isinstance(node, Mapping):
        return {key: built(value, trusted) for key, value in node.items()}
    return [built(one, trusted) for one in node] if isinstance(node, list) else node


def _imported(target: str, trusted: Collection[str]) -> Callable[..., Any]:
    if not target.startswith("neuroface.") and target not in trusted:
        raise ConfigError(
            f"The model file asks for {target}, which is not part of neuroface. Name it as trusted if you know it."
        )
    module, _, attribute = target.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"The model file asks for {target}, which cannot be imported: {error}.") from error
    home = str(getattr(found, "__module__", "")).partition(".")[0]
    if target not in trusted and (home != "neuroface" or not callable(found)):  # something that a file of ours imports
        raise ConfigError(f"The model file asks for {target}, which is not part of neuroface itself.")
    return found


def to_bytes(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> bytes:
    """The file's bytes; the same config and tensors give the same bytes."""
    from safetensors.torch import save

    told = json.dumps(config, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, {KEY: told})


def from_file(path: Path | str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Config and tensors of a model file. Errors: DataError when it is none, or damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            config = read_json((file.metadata() or {})[KEY])
            return config, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise DataError(f"{path} is no model file of a network, or is damaged ({type(error).__name__}).") from error


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose name begins with the prefix, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def array(values: np.ndarray) -> Tensor:
    """float64 numpy values as a tensor to be saved."""
    return torch.from_numpy(np.array(values, dtype=float))
