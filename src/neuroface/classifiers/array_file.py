"""A fitted model as one NPZ of plain arrays, and JSON among them that says what they are; nothing in it is executed."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neuroface import outside
from neuroface.errors import DataError

ABOUT = "about"


def to_bytes(about: Mapping[str, Any], arrays: Mapping[str, Any]) -> bytes:
    """about: what JSON holds, `format` among it; arrays: by name. The same model gives the same bytes."""
    told = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
    file = io.BytesIO()
    np.savez_compressed(file, **{ABOUT: told, **arrays})
    return file.getvalue()


def from_file(path: Path | str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What `to_bytes` was given. Errors: DataError for a file that is none, or is damaged."""
    try:
        arrays = outside.read_npz(path)
        about = outside.read_json(arrays.pop(ABOUT).tobytes())
        if not isinstance(about.get("format"), str):
            raise ValueError("no format")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(path, error) from error
    return about, arrays


def check_format(path: Path | str, found: str, known: Collection[str]) -> None:
    """DataError for a file of another version of neuroface."""
    if found not in known:
        raise DataError(
            f"{path} holds a model of the format {found!r}, which this version of neuroface does not read "
            f"({', '.join(sorted(known))}). Use the version in the run's run.json, or train again with another run=."
        )


def damaged(path: Path | str, error: Exception) -> DataError:
    return DataError(f"{path} is no model file of neuroface, or is damaged ({type(error).__name__}).")
