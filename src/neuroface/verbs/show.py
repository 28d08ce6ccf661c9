"""`neuroface show`: what a run folder holds, in words; its page in a browser, if asked."""

from __future__ import annotations

import webbrowser
from pathlib import Path

from neuroface.configuration.compose import compose
from neuroface.errors import ConfigError
from neuroface.studies import contents


def run(overrides: list[str]) -> None:
    """Tell of each folder how far it is, how it came out and where things are; open=true opens its page."""
    config, _ = compose("show", overrides)
    if not config.run:
        raise ConfigError("run= names a run folder: run=runs/NAME, or run=[A,B].")
    folders = [Path(str(name)) for name in ([config.run] if isinstance(config.run, str) else config.run)]
    print("\n\n".join(contents.told(folder) for folder in folders))
    for folder in folders if config.open else ():
        page = contents.page(folder)
        if page is None:
            raise ConfigError(f"{folder} has no page yet; neuroface report run={folder} draws that of a finished run.")
        if not webbrowser.open(page.resolve().as_uri()):
            raise ConfigError(f"no browser is found here. Open {page} where there is one; it needs no other file.")
