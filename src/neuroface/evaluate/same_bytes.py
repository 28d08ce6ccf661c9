"""Models kept by skops (0.16): the same bytes for the same model, and no torch in memory for a model without it.

skops writes memory addresses and the time of day into what it keeps. Importing it imports all of scikit-learn's
packages, to learn which types to trust; one of them, vendored, is an adapter that imports torch: half a gigabyte and
two seconds in every worker process.
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from types import ModuleType
from typing import Any

ADAPTERS = ("torch", "dask", "cupy")  # of sklearn.externals.array_api_compat: no estimator is in them
LEVEL = 1  # a forest gets 7 times smaller for 10 % more time


def kept_by_skops(model: Any) -> bytes:
    """What skops writes of a model, the same bytes at any time and in any process."""
    return without_addresses(_skops_io().dumps(model))


def _skops_io() -> ModuleType:
    """skops.io, imported without the adapters; whoever needs one of them imports it afterwards as always."""
    held_off = [f"sklearn.externals.array_api_compat.{name}" for name in ADAPTERS]
    held_off = [name for name in held_off if name not in sys.modules]
    sys.modules.update(dict.fromkeys(held_off))  # type: ignore[arg-type]  # None: its import fails, and is passed over
    try:
        import skops.io

        return skops.io
    finally:
        for name in held_off:
            sys.modules.pop(name, None)


def without_addresses(content: bytes) -> bytes:
    """A skops archive whose objects and members are numbered in the order of the schema, with one date for all.

    Which objects are one and the same, all that their addresses tell, stays as it is; equal plain values (numbers,
    words) count as one, because whether they are depends on the process that made them.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        schema = json.loads(archive.read("schema.json"))
        numbers: dict[Any, int] = {}
        names: dict[str, str] = {}
        members = [("schema.json", json.dumps(_numbered(schema, numbers, names), separators=(",", ":")).encode())]
        members += [(new, archive.read(old)) for old, new in names.items()]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, member in members:
            archive.writestr(zipfile.ZipInfo(name), member, zipfile.ZIP_DEFLATED, LEVEL)
    return out.getvalue()


def _numbered(node: Any, numbers: dict[Any, int], names: dict[str, str]) -> Any:
    """The node with numbers for addresses; `names` gets a new name for each member of the archive that it speaks of."""
    if isinstance(node, list):
        return [_numbered(item, numbers, names) for item in node]
    if not isinstance(node, dict):
        return node
    new: dict[str, Any] = {}
    plain = node.get("__loader__") == "JsonNode"
    for key, value in node.items():
        if key == "__id__":
            new[key] = numbers.setdefault(node.get("content") if plain else value, len(numbers))
        elif key == "file" and isinstance(value, str):
            ending = value.rpartition(".")[2]
            new[key] = names.setdefault(value, f"{len(names)}.{ending}")
        else:
            new[key] = _numbered(value, numbers, names)
    return new
