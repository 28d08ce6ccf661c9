"""`neuroface explain`: what the networks of a run looked at, each person seen by the fold that left them out."""

from __future__ import annotations

from neuroface.configuration.compose import compose
from neuroface.errors import ConfigError
from neuroface.studies.explain import explain
from neuroface.studies.folders import run_folders


def run(overrides: list[str]) -> None:
    """Write explain/ into each run folder: pictures, a table of every sample, and numbers over people."""
    config, _ = compose("explain", overrides)
    if not isinstance(config.panels, int) or config.panels < 0:
        raise ConfigError(f"panels is {config.panels!r}; it must be a whole number of at least 0.")
    if not isinstance(config.tiles, int) or config.tiles < 0 or config.tiles % 2:
        raise ConfigError(f"tiles is {config.tiles!r}; it must be an even number, so that tiles lie opposite, or 0.")
    for path in run_folders(config.run):
        print(explain(path, execution=config.execution, n_panels=config.panels, tiles=config.tiles))
