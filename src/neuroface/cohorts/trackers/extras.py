"""Libraries that only some files need."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from neuroface.errors import ConfigError


def needs(library: str, path: Path, tool: str) -> None:
    """ConfigError with the command that installs the library, where it is not there."""
    if find_spec(library) is None:
        raise ConfigError(f"{path.name} is {tool}'s; reading it needs {library}: pip install 'neuroface[points]'.")
