"""`neuroface list`: what there is to choose from, with a line of explanation each; plug-ins too."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from neuroface.configuration.compose import groups, option_node, options, targets_of
from neuroface.configuration.search_path import config_places, hydra_context, split_searchpath
from neuroface.errors import ConfigError, did_you_mean

CACHE = "cache"  # what was decoded and is kept for later runs; no group of choices


def run(arguments: list[str]) -> None:
    """Print the groups, the options that are named, or what the cache holds; hydra.searchpath=[...] adds folders."""
    arguments, folders = split_searchpath(arguments)
    with hydra_context(folders):
        known = groups()
        if not arguments:
            print("\n".join(f"{group:<12} {', '.join(options(group))}" for group in known))
            return
        for group in arguments:
            if group == CACHE:
                from neuroface.verbs.prune import told

                print(told())
                continue
            if group not in known:
                raise ConfigError(f"there is no group {group!r}." + did_you_mean(group, [*known, CACHE]))
            print("\n".join(_lines(group)))


def _lines(group: str) -> list[str]:
    names = options(group)
    width = max(map(len, names))
    lines = []
    for name in names:
        lines.append(f"{name:<{width}}  {_comment(group, name) or _docstring(option_node(group, name))}")
        if group == "features":
            targets = list(targets_of(option_node(group, name)))
            inner = max(len(key) for key, _ in targets)
            lines += [f"{'':<{width}}    {key:<{inner}}  {_first_line(node)}" for key, node in targets]
    return lines


def _comment(group: str, name: str) -> str:
    """The first comment line of an option's YAML that is not a directive."""
    for place in config_places():
        file = place / group / f"{name}.yaml"
        if file.is_file():
            for line in file.read_text(encoding="utf-8").splitlines():
                if line.startswith("#") and "@package" not in line:
                    return line.lstrip("# ").strip()
                if line.strip() and not line.startswith("#"):
                    break
    return ""


def _docstring(node: Any) -> str:
    return next((_first_line(node) for _, node in targets_of(node)), "")


def _first_line(node: dict[str, Any]) -> str:
    module, _, name = str(node["_target_"]).rpartition(".")
    try:
        return (inspect.getdoc(getattr(importlib.import_module(module), name)) or "").partition("\n")[0]
    except Exception as error:  # a third party's module may fail in any way; the others are listed all the same
        return f"cannot be imported: {error}"
