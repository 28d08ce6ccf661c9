"""Arrays on disk by what they were made from: what costs much to make, and is fitted to nobody, is made once.

An entry is a memory-mappable `.npy` and, beside it, a `.json` with its key and a digest of its bytes. Deleting the
folder at any time costs time, never a result.
"""

from __future__ import annotations

import hashlib
import json
import sys
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import neuroface
from neuroface.contents import user_cache
from neuroface.errors import ConfigError


class Store:
    """A folder of arrays. folder: None for neuroface's own in the user's cache (XDG_CACHE_HOME, or else ~/.cache).

    made_bytes: what was not there, or damaged, and had to be made so far.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = Path(folder).expanduser() if folder else user_cache()
        self.made_bytes = 0

    def array(
        self,
        key: Mapping[str, Any],
        shape: tuple[int, ...],
        fill: Callable[[np.ndarray], None],
        *,
        dtype: str = "uint8",
    ) -> np.ndarray:
        """The read-only array of this key, memory-mapped; made by `fill(array)` where it is not there or is damaged.

        key: plain data that says all the values depend on; the version of neuroface is added. Several processes may ask
        at once: each entry appears whole or not at all. Errors: TypeError for a key that JSON does not know,
        ConfigError for a folder that cannot be written.
        """
        whole = {**key, "shape": list(shape), "dtype": dtype, "neuroface": neuroface.__version__}
        name = digest_of(whole)
        place = self.folder / name[:2] / name
        found = _read(place)
        if found is not None:
            return found
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            _write(place, whole, shape, dtype, fill)
        except OSError as error:
            raise ConfigError(
                f"{self.folder} cannot keep what was made: {error.strerror or error}. Set execution.store to a folder "
                "with space that can be written."
            ) from error
        made = _read(place)
        if made is None:
            raise ConfigError(f"{place}.npy does not read back as it was written; set execution.store to another disk.")
        self.made_bytes += made.nbytes
        return made

    def size_bytes(self) -> int:
        """What all entries take on disk."""
        return sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())


def digest_of(plain: Any) -> str:
    """Hexadecimal digest of plain data, by its canonical JSON. Errors: TypeError for what JSON does not know."""
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()


def digest_of_array(array: np.ndarray) -> str:
    """Hexadecimal digest of an array: type, shape and bytes."""
    values = np.ascontiguousarray(array)
    digest = hashlib.blake2b(f"{values.dtype.str} {array.shape}".encode(), digest_size=20)
    digest.update(values.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _read(place: Path) -> np.ndarray | None:
    """The entry, or None where there is none or its bytes are not those that were written."""
    try:
        known = json.loads(place.with_suffix(".json").read_text(encoding="utf-8"))
        array: np.ndarray = np.load(place.with_suffix(".npy"), mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError):
        return _damaged(place)
    return array if isinstance(known, dict) and known.get("digest") == digest_of_array(array) else _damaged(place)


def _damaged(place: Path) -> np.ndarray | None:
    print(f"{place}.npy is damaged (other bytes than were written): it is made again", file=sys.stderr)
    return None


def _write(
    place: Path, key: Mapping[str, Any], shape: tuple[int, ...], dtype: str, fill: Callable[[np.ndarray], None]
) -> None:
    """Array first, then the description that makes it count; each under another name until it is complete.

    Nothing waits for the disk: what a power cut leaves unwritten does not fit its digest, and is made again.
    """
    part = place.with_name(f"partial-{uuid.uuid4().hex}-{place.name}")
    array, description = part.with_suffix(".npy"), part.with_suffix(".json")
    try:
        out = np.lib.format.open_memmap(array, mode="w+", dtype=np.dtype(dtype), shape=shape)
        fill(out)
        told = {"digest": digest_of_array(out), "key": key}
        del out
        description.write_text(json.dumps(told, indent=1), encoding="utf-8")
        array.replace(place.with_suffix(".npy"))
        description.replace(place.with_suffix(".json"))
    finally:
        array.unlink(missing_ok=True)
        description.unlink(missing_ok=True)
