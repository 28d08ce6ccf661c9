"""Where the configuration tree is."""

from __future__ import annotations

from pathlib import Path

from neuroface.errors import ConfigError

PLUGIN_GROUP = "neuroface.configs"  # entry points by which installed third parties offer packages of options


def config_dir() -> Path:
    """The configuration tree: inside an installed package, or beside the sources of an editable install."""
    package = Path(__file__).resolve().parents[1]
    for place in (package / "configs", package.parents[1] / "configs"):
        if (place / "train.yaml").is_file():
            return place
    raise ConfigError(f"the configuration tree is neither in {package} nor beside it; install neuroface again.")
