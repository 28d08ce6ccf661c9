"""Arguments of a Python call as the words of the command line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuroface.errors import ConfigError

BARE = r"[A-Za-z_./\-][\w./\-]*"  # what Hydra's grammar reads as text without quotes
NOT_TEXT = r"(?i)null|true|false|nan|inf"


def words_of(words: tuple[Any, ...], keys: Mapping[str, Any]) -> list[str]:
    """("cohort=folder", classifier="lstm", n=None) as ["cohort=folder", "classifier=lstm", "n=null"].

    keys: Python values; None is null, lists and mappings may be nested; keys with dots go in by **{"cohort.root": DIR}.
    Errors: ConfigError for a positional argument that is no key=value.
    """
    odd = [word for word in words if not isinstance(word, str) or "=" not in word]
    if odd:
        raise ConfigError(f"{odd[0]!r} is no word of the command line. Write key=value, as in 'classifier=lstm'.")
    return [*words, *(f"{key}={_written(value)}" for key, value in keys.items())]


def command_of(verb: str, words: list[str]) -> str:
    """The line to type in a shell."""
    return shlex.join(["neuroface", verb, *words])


def _written(value: Any) -> str:
    """A Python value in Hydra's grammar; a text alone is quoted by whoever composes."""
    if isinstance(value, str | Path):
        return str(value)
    return _nested(value)


def _nested(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_key(str(key))}:{_nested(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_nested, value)) + "]"
    if isinstance(value, str | Path):
        text = str(value)
        if re.fullmatch(BARE, text) and not re.fullmatch(NOT_TEXT, text):
            return text
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return repr(value.item() if hasattr(value, "item") else value)


def _key(text: str) -> str:
    """A key of a mapping, which the grammar knows without quotes only."""
    return re.sub(r"([\\()\[\]{}:=, \t])", r"\\\1", text)
