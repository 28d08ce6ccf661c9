"""Arrays on disk by what they were made from: what costs much to make, and is fitted to nobody, is made once.

An entry is a memory-mappable `.npy` and, beside it, a `.json` with its key and a digest of its bytes. Deleting the
folder at any time costs time, never a result.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

import neuroface
from neuroface.contents import user_cache
from neuroface.errors import ConfigError

GB = 10**9
ENTRIES = "[0-9a-f][0-9a-f]"  # folders of entries; the user's cache holds fetched models, too
LEFT_BEHIND_S = 86400.0  # a part that nobody finished in so long is of a process that was killed
TRIES = 3  # to read what was just made, while another process prunes


class Store:
    """A folder of arrays. folder: None for neuroface's own in the user's cache (XDG_CACHE_HOME, or else ~/.cache).

    limit_gb: what entries may take; where it is more, those that were not used for longest go. None: any size.
    made_bytes: what was not there, or damaged, and had to be made so far.
    """

    def __init__(self, folder: str | Path | None = None, *, limit_gb: float | None = None) -> None:
        if limit_gb is not None and not (isinstance(limit_gb, int | float) and limit_gb > 0):
            raise ConfigError(f"execution.store_limit_gb={limit_gb}: give a number above 0, or null for any size.")
        self.folder = Path(folder).expanduser() if folder else user_cache()
        self.limit_gb = limit_gb
        self.made_bytes = 0
        self._used: set[str] = set()

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
        at once, or prune: each entry appears whole or not at all. Errors: TypeError for a key that JSON does not know,
        ConfigError for a folder that cannot be written.
        """
        whole = {**key, "shape": list(shape), "dtype": dtype, "neuroface": neuroface.__version__}
        return self._kept(whole, lambda place: _write(place, whole, shape, dtype, fill))

    def content(self, key: Mapping[str, Any], make: Callable[[], bytes]) -> np.ndarray:
        """(n,) uint8: the bytes of this key, as many as there are; made where they are not there, or are damaged.

        Errors: those of `array`, and what `make` raises.
        """
        whole = {**key, "neuroface": neuroface.__version__}
        found = _read(self._place(whole))
        if found is not None:
            return found
        made = np.frombuffer(make(), dtype=np.uint8)
        fill = functools.partial(np.copyto, src=made)
        return self._kept(whole, lambda place: _write(place, whole, made.shape, "uint8", fill))

    def _place(self, whole: Mapping[str, Any]) -> Path:
        name = digest_of(whole)
        self._used.add(name)
        return self.folder / name[:2] / name

    def _kept(self, whole: Mapping[str, Any], write: Callable[[Path], None]) -> np.ndarray:
        place = self._place(whole)
        found = _read(place)
        if found is not None:
            return found
        for _ in range(TRIES):
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                write(place)
            except OSError as error:
                raise ConfigError(
                    f"{self.folder} cannot keep what was made: {error.strerror or error}. Set execution.store to a "
                    "folder with space that can be written."
                ) from error
            made = _read(place)
            if made is not None:
                self.made_bytes += made.nbytes
                if self.limit_gb is not None:
                    self.prune(self.limit_gb * GB)
                return made
        raise ConfigError(f"{place}.npy does not read back as it was written; set execution.store to another disk.")

    def entries(self) -> list[tuple[float, int, Path]]:
        """(when it was last used, bytes, place without ending) of each, the longest unused first."""
        found = []
        for description in self.folder.glob(f"{ENTRIES}/*.json"):
            if not description.name.startswith("partial-"):
                with suppress(FileNotFoundError):  # somebody prunes
                    state, array = description.stat(), description.with_suffix(".npy").stat()
                    found.append((state.st_mtime, state.st_size + array.st_size, description.with_suffix("")))
        return sorted(found)

    def prune(self, to_bytes: float) -> int:
        """Take away the longest unused entries until the others take so much at most; returns the bytes freed.

        What this store has given out stays, whatever it takes. Safe beside others: an array that somebody has open
        stays readable to them, and one that is gone is made again. Parts that killed processes left go, too.
        """
        freed = _sweep(self.folder)
        entries = self.entries()
        too_much = sum(size for _, size, _ in entries) - to_bytes
        for _, size, place in entries:
            if too_much <= 0:
                break
            if place.name not in self._used:
                place.with_suffix(".json").unlink(missing_ok=True)  # first: without it the array counts as absent
                place.with_suffix(".npy").unlink(missing_ok=True)
                too_much -= size
                freed += size
        return freed

    def size_bytes(self) -> int:
        """What all entries take on disk."""
        return sum(size for _, size, _ in self.entries())


def _sweep(folder: Path) -> int:
    """Take away what killed processes left half-made; returns its bytes."""
    freed = 0
    for part in folder.glob(f"{ENTRIES}/partial-*"):
        with suppress(FileNotFoundError):
            state = part.stat()
            if time.time() - state.st_mtime > LEFT_BEHIND_S:
                part.unlink()
                freed += state.st_size
    return freed


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
    if not isinstance(known, dict) or known.get("digest") != digest_of_array(array):
        return _damaged(place)
    with suppress(OSError):  # a store that can only be read is one, too
        os.utime(place.with_suffix(".json"))
    return array


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
