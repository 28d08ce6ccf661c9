"""What tells one video, and the code that reads it, from another, so that what was made of it can be found again."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

import neuroface
from neuroface.contents import about
from neuroface.store import digest_of, digest_of_array
from neuroface.types import Video


def identity(video: Video) -> dict[str, Any] | None:
    """What tells one video from another without decoding it; None where nothing does.

    Of files: path, size and times of change of each, and when their frames are, which may be given beside them. Of a
    video that is made: all that it is made from.
    """
    video = getattr(video, "spooled", video)
    named = f"{type(video).__module__}.{type(video).__qualname__}"
    places = files_of(video)
    if places:
        times_s = getattr(video, "timestamps_s", None)
        return {
            "class": named,
            "files": [one for place in places for one in about(place)],
            "times_s": None if times_s is None else digest_of_array(np.asarray(times_s, dtype=float)),
        }
    try:
        return {"class": named, "made_from": described(vars(video))}
    except TypeError:
        return None


def files_of(video: Video | None) -> list[Path]:
    """The files and folders that a video is read from: `files` where it has several, else `path`; none if made."""
    files = getattr(video, "files", None)
    if files is None:
        path = getattr(video, "path", None)
        files = () if path is None else (path,)
    return [Path(place) for place in files]


def described(value: Any) -> Any:
    """Plain data that differ where the value differs. Errors: TypeError for what cannot be told by its contents."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, np.generic):
        return described(value.item())
    if isinstance(value, np.ndarray) and value.dtype != object:
        return digest_of_array(value)
    if is_dataclass(value):
        return {field.name: described(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): described(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [described(part) for part in value]
    raise TypeError(f"{type(value).__name__} cannot be told by its contents")


@functools.cache
def code_digest(places: tuple[str, ...]) -> str:
    """Of sources of neuroface, folders or single files: other code makes other values, whatever the version says."""
    root = Path(neuroface.__file__).parent
    found = (sorted((root / place).rglob("*.py")) or [root / place] for place in places)
    files = [file for some in found for file in some]
    return digest_of([[file.relative_to(root).as_posix(), digest_of_array(_bytes(file))] for file in files])


def _bytes(file: Path) -> np.ndarray:
    return np.frombuffer(file.read_bytes(), dtype=np.uint8)
