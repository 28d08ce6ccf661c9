"""Where Hydra looks for options: our own tree, installed plug-ins, and loose folders that the command line names."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from importlib.metadata import entry_points
from pathlib import Path
from typing import ClassVar

import hydra
import yaml
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.search_path_plugin import SearchPathPlugin

from neuroface.configuration.tree import PLUGIN_GROUP, config_dir
from neuroface.errors import ConfigError


def plugin_packages() -> list[str]:
    """Config packages that installed third parties offer through the entry-point group `neuroface.configs`."""
    return sorted({point.value for point in entry_points(group=PLUGIN_GROUP)})


class PluginConfigs(SearchPathPlugin):
    """Makes Hydra look for options in the installed plug-ins and in loose folders too, after our own tree."""

    folders: tuple[str, ...] = ()
    named: ClassVar[dict[str, None]] = {}  # every local folder so far: its code stays importable, so it stays known

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        for package in plugin_packages():
            search_path.append(provider=package, path=f"pkg://{package}")
        for folder in self.folders:
            search_path.append(provider="hydra.searchpath", path=folder)


Plugins.instance().register(PluginConfigs)


def named_folders() -> list[str]:
    """The loose folders that were named so far and are there."""
    return [folder for folder in PluginConfigs.named if Path(folder).is_dir()]


@contextmanager
def hydra_context(folders: Sequence[str] = ()) -> Iterator[None]:
    """Hydra set up on our configuration folder and loose ones beside it, whatever was set up before.

    Errors: ConfigError that names a YAML file which cannot be read.
    """
    GlobalHydra.instance().clear()
    PluginConfigs.folders = tuple(folders)
    for folder in map(str, folders):  # the code that its options name may lie beside them; workers inherit the path
        local = folder.removeprefix("file://")
        if "://" not in local:
            PluginConfigs.named[str(Path(local).resolve())] = None
            if local not in sys.path:
                sys.path.append(str(Path(local).resolve()))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with hydra.initialize_config_dir(str(config_dir()), version_base="1.3"):
                yield
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{mark.name}, line {mark.line + 1}" if mark else "a configuration file"
        raise ConfigError(f"{where}: this is no YAML ({error.problem}). Mend the file or leave it out.") from error
    finally:
        PluginConfigs.folders = ()


def split_searchpath(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words without hydra.searchpath=[...], and the loose folders that it names.

    Errors: ConfigError for a folder that is not there.
    """
    folders: list[str] = []
    for word in words:
        if word.startswith("hydra.searchpath="):
            try:
                value = OverridesParser.create().parse_override(word).value()
            except HydraException as error:
                raise ConfigError(f"{word} cannot be read. Write hydra.searchpath=[FOLDER].") from error
            folders += map(str, value if isinstance(value, list) else [value])
    for folder in folders:
        if not folder.startswith("pkg://") and not Path(folder.removeprefix("file://")).is_dir():
            raise ConfigError(f"hydra.searchpath names {folder}, which is no folder.")
    return [word for word in words if not word.startswith("hydra.searchpath=")], folders


def searchpath(folders: Sequence[str]) -> list[str]:
    """The word that names loose folders, if there are any: the inverse of split_searchpath."""
    return [f"hydra.searchpath=[{','.join(repr(folder) for folder in folders)}]"] if folders else []


def config_places() -> list[Path]:
    """The folders that hold options: our tree, plug-ins, loose folders. Needs a Hydra context."""
    places = []
    for element in GlobalHydra.instance().config_loader().get_search_path().get_path():
        scheme, _, rest = element.path.rpartition("://")
        if scheme == "pkg" and element.provider != "hydra":
            places.append(Path(str(resources.files(rest))))
        elif scheme in ("file", ""):
            places.append(Path(rest))
    return places
