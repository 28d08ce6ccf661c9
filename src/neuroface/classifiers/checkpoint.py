"""A training's state on disk, so that a killed fold goes on where it was: written whole or not at all."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from neuroface.errors import RunMismatchError


def write(path: Path, identity: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Replace the checkpoint at `path`. identity: plain values that tell this training from others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        torch.save({"identity": dict(identity), "state": dict(state)}, draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read(path: Path, identity: Mapping[str, Any], device: torch.device) -> dict[str, Any]:
    """The state at `path`; nothing in the file is executed.

    Errors: RunMismatchError for a checkpoint of another network, other data or other settings, or one that cannot be
    read.
    """
    again = f"Delete {path} to start this fold again."
    try:
        kept = torch.load(path, map_location=device, weights_only=True)
        held, state = kept["identity"], kept["state"]
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, pickle.UnpicklingError) as error:
        raise RunMismatchError(f"The checkpoint {path} cannot be read ({type(error).__name__}). {again}") from error
    differing = [name for name in sorted({*held, *identity}) if held.get(name) != identity.get(name)]
    if differing:
        raise RunMismatchError(f"The checkpoint {path} is of another training: {', '.join(differing)} differ. {again}")
    return state
