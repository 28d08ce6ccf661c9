"""Reading the JSON and YAML files of a run folder: what cannot be read is a DataError that names the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from neuroface.errors import DataError

AGAIN = "Delete it and give the run's own train command again; what is finished is kept."
RUN_FILE = "run.json"
ACCEPTED = "accepted.json"  # findings of the audit that somebody says are right, and why


def read_json(path: Path, *keys: str) -> dict[str, Any]:
    """The mapping in a JSON file of a run. DataError when it is absent, damaged, or lacks one of `keys`."""
    return _read(path, json.loads, keys)


def read_yaml(path: Path, *keys: str) -> dict[str, Any]:
    """The mapping in a YAML file of a run. DataError when it is absent, damaged, or lacks one of `keys`."""
    return _read(path, _yaml, keys)


class _NoAliases(yaml.SafeLoader):
    """A run's own files hold none; a few lines of them stand for more values than any memory holds."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it holds an alias, which no run writes")
        return super().compose_node(parent, index)


def _yaml(text: str) -> Any:
    return yaml.load(text, Loader=_NoAliases)


def _read(path: Path, parse: Callable[[str], Any], keys: tuple[str, ...]) -> dict[str, Any]:
    try:
        value = parse(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise _unreadable(path, "it is nested too deeply") from None
    except (OSError, ValueError, yaml.YAMLError) as error:  # ValueError: damaged JSON, or bytes that are no text
        raise _unreadable(path, " ".join(str(error).split())) from None
    if not isinstance(value, dict):
        raise _unreadable(path, f"it holds {'nothing' if value is None else type(value).__name__}, not keys and values")
    absent = [key for key in keys if key not in value]
    if absent:
        raise _unreadable(path, f"it lacks {', '.join(absent)}")
    return value


def _unreadable(path: Path, why: str) -> DataError:
    """Without run.json nobody knows what a folder holds: it alone cannot be made again."""
    restore = f"Restore it from a copy, or delete {path.parent} and start again."
    return DataError(f"{path} cannot be read: {why.rstrip('.')}. {restore if path.name == RUN_FILE else AGAIN}")
