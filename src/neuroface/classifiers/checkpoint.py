"""A training's state on disk, so that a killed fold goes on where it was: written whole or not at all.

The file begins with the SHA-256 of the rest, in hexadecimal, and a line end; the rest is what torch.save wrote.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from neuroface.errors import RunMismatchError


def write(path: Path, identity: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Replace the checkpoint at `path`. identity: plain values that tell this training from others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    content = io.BytesIO()
    torch.save({"identity": dict(identity), "state": dict(state)}, content)
    try:
        draft.write_bytes(_sum(content.getvalue()) + b"\n" + content.getvalue())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read(path: Path, identity: Mapping[str, Any], device: torch.device) -> dict[str, Any] | None:
    """The state at `path`; nothing in the file is executed. None, told on standard error, for a damaged one.

    Errors: RunMismatchError for a checkpoint of another network, other data or other settings.
    """
    try:
        told, _, content = path.read_bytes().partition(b"\n")
        if told != _sum(content):
            raise ValueError("other bytes than were written")
        kept = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
        held, state = kept["identity"], kept["state"]
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, ValueError, pickle.UnpicklingError) as error:
        print(f"The checkpoint {path} is damaged ({error}): its fold starts again", file=sys.stderr)
        return None
    differing = [name for name in sorted({*held, *identity}) if held.get(name) != identity.get(name)]
    if differing:
        raise RunMismatchError(
            f"The checkpoint {path} is of another training: {', '.join(differing)} differ. Delete {path} to start this "
            "fold again."
        )
    return state


def _sum(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
